/** Many seeds on several threads, with what they come to in sum. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createCoverage, type Coverage } from './coverage.ts';
import type { Least } from './outcome.ts';
import type { Counts, Violation } from './watch.ts';
import type { Answer } from './worker.ts';

/** What came of a seed that violates an invariant. */
export type Failure = Answer['outcome'] & { readonly violation: Violation };

export interface Sum {
  readonly seeds: number;
  /** By seed. Seeds are begun in order and ended once begun, so the first is the lowest that fails, whatever the threads. */
  readonly failed: readonly Failure[];
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
  /** Ends early: asked with all that failed so far. Five are enough unless it is given. */
  readonly enough?: (failed: readonly Failure[]) => boolean;
  /** The flags of the threads, e.g. what mutates the code; this process's unless they are given. */
  readonly execArgv?: readonly string[];
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly progress?: (done: number, failed: number) => void;
  /** At once, for each seed that fails. */
  readonly fails?: (failure: Failure) => void;
}

export async function runMany(options: ManyOptions): Promise<Sum> {
  const { from, seeds, enough = (failures) => failures.length >= 5 } = options;
  const startedAt = performance.now();
  const coverage = createCoverage();
  const answers: Answer['outcome'][] = [];
  const faults = new Map<string, number>();
  const failed: Failure[] = [];
  let next = from;
  const take = ({ outcome, hits }: Answer): void => {
    answers.push(outcome);
    coverage.add(hits);
    for (const [name, times] of outcome.faults) faults.set(name, (faults.get(name) ?? 0) + times);
    if (isFailure(outcome)) {
      failed.push(outcome);
      options.fails?.(outcome);
    }
    options.progress?.(answers.length, failed.length);
  };
  const nextSeed = (): number | null => (next < from + seeds && !enough(failed) ? next++ : null);
  const length = Math.min(options.threads ?? availableParallelism(), seeds);
  const workers = Array.from({ length }, () => startThread(options));
  try {
    await Promise.all(workers.map((one) => runSeeds(one, nextSeed, take)));
  } finally {
    await Promise.all(workers.map((one) => one.terminate()));
  }
  const sum = (of: (one: Answer['outcome']) => number): number => answers.reduce((total, one) => total + of(one), 0);
  const least = (of: (one: Least) => number): number => Math.min(...answers.map((one) => of(one.least)));
  return {
    seeds: answers.length,
    failed: failed.toSorted((a, b) => a.seed - b.seed),
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

const isFailure = (outcome: Answer['outcome']): outcome is Failure => outcome.violation !== null;

const startThread = ({ execArgv = process.execArgv, env = {} }: ManyOptions): Worker =>
  new Worker(new URL('worker.ts', import.meta.url), { execArgv: [...execArgv], env: { ...process.env, ...env } });

/** Rejects with the seed in which the thread ended, when something ends it. */
function runSeeds(worker: Worker, nextSeed: () => number | null, take: (answer: Answer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let seed: number | null = null;
    const goOn = (): void => {
      seed = nextSeed();
      if (seed === null) resolve();
      else worker.postMessage(seed, []);
    };
    worker.on('message', (answer: Answer) => {
      take(answer);
      goOn();
    });
    worker.on('error', (cause) => reject(new Error(`seed ${seed} ended its thread: ${String(cause)}`, { cause })));
    goOn();
  });
}
