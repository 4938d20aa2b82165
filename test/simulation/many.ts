/** Many seeds on several threads, with what they come to in sum. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createCoverage, type Coverage } from './coverage.ts';
import type { Least } from './outcome.ts';
import type { Counts } from './watch.ts';
import type { Answer } from './worker.ts';

export interface Sum {
  readonly seeds: number;
  readonly failed: readonly Answer['outcome'][];
  readonly steps: number;
  readonly simulatedMs: number;
  readonly tookMs: number;
  readonly crashes: number;
  readonly accepted: number;
  readonly notifications: number;
  readonly counts: Counts;
  readonly faults: ReadonlyMap<string, number>;
  readonly coverage: Coverage;
  /** The smallest numbers of any seed. */
  readonly least: Least;
}

export interface ManyOptions {
  readonly from: number;
  readonly seeds: number;
  readonly threads?: number;
  /** Ends early after this many failing seeds. */
  readonly failuresMax?: number;
  /** The flags of the threads' processes, e.g. what mutates the code. */
  readonly execArgv?: readonly string[];
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly progress?: (done: number, failed: number) => void;
}

export async function runMany(options: ManyOptions): Promise<Sum> {
  const { from, seeds, failuresMax = 5 } = options;
  const startedAt = performance.now();
  const coverage = createCoverage();
  const answers: Answer['outcome'][] = [];
  const faults = new Map<string, number>();
  let next = from;
  const failed = (): Answer['outcome'][] => answers.filter((one) => one.violation !== null);
  const take = ({ outcome, hits }: Answer): void => {
    answers.push(outcome);
    coverage.add(hits);
    for (const [name, times] of outcome.faults) faults.set(name, (faults.get(name) ?? 0) + times);
    options.progress?.(answers.length, failed().length);
  };
  const nextSeed = (): number | null => (next < from + seeds && failed().length < failuresMax ? next++ : null);
  const threads = Math.min(options.threads ?? availableParallelism(), seeds);
  await Promise.all(Array.from({ length: threads }, () => oneThread(nextSeed, take, options)));
  const sum = (of: (one: Answer['outcome']) => number): number => answers.reduce((total, one) => total + of(one), 0);
  const least = (of: (one: Least) => number): number => Math.min(...answers.map((one) => of(one.least)));
  return {
    seeds: answers.length,
    failed: failed().toSorted((a, b) => a.seed - b.seed),
    steps: sum((one) => one.step),
    simulatedMs: sum((one) => one.simulatedMs),
    tookMs: performance.now() - startedAt,
    crashes: sum((one) => one.crashes),
    accepted: sum((one) => one.accepted),
    notifications: sum((one) => one.notifications),
    counts: {
      commits: sum((one) => one.counts.commits),
      removals: sum((one) => one.counts.removals),
      held: sum((one) => one.counts.held),
      phantoms: sum((one) => one.counts.phantoms),
      attempts: sum((one) => one.counts.attempts),
    },
    faults,
    coverage,
    least: {
      steps: least((one) => one.steps),
      crashes: least((one) => one.crashes),
      nodes: least((one) => one.nodes),
      clocksApartMs: least((one) => one.clocksApartMs),
      calendars: least((one) => one.calendars),
      sameUid: least((one) => one.sameUid),
    },
  };
}

function oneThread(
  nextSeed: () => number | null,
  take: (answer: Answer) => void,
  { execArgv = [], env = {} }: ManyOptions,
): Promise<void> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    execArgv: [...execArgv],
    env: { ...process.env, ...env },
  });
  return new Promise((resolve, reject) => {
    const goOn = (): void => {
      const seed = nextSeed();
      if (seed === null) void worker.terminate().then(() => resolve());
      else worker.postMessage(seed, []);
    };
    worker.on('message', (answer: Answer) => {
      take(answer);
      goOn();
    });
    worker.on('error', reject);
    goOn();
  });
}
