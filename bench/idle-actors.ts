/**
 * What an idle profile actor costs: heap and resident memory per actor, after a turn each and a garbage collection.
 *
 * `kalends`: each id was nudged, ran one turn with the outcome idle, and passivated. `kalends_queued`: each id has one
 * nudge pending (the worst moment, after a restart with everything due). Beside them the floor, a Map from id to an
 * empty record, and the way it is usually done: an emitter, a Map and a timer for each. Each run is a process of its
 * own; the subjects take turns, so that a slow minute of the machine hits all of them. Prints one JSON line for each
 * subject and size.
 */
import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { promisify } from 'node:util';
import { createHost } from '../actors/runtime/host.ts';
import { runtime } from '../config/policies.ts';
import type { Clock } from '../domain/clock.ts';

const sizes = [10_000, 100_000];
const subjects = ['kalends', 'kalends_queued', 'floor', 'peer'] as const;
type Subject = (typeof subjects)[number];
const runs = Number(process.env.BENCH_RUNS ?? 7);

/** As long as real profile ids: `pro_` and a ULID. */
const idOf = (n: number): string => `pro_${String(n).padStart(26, '0')}`;

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  breathe: () => new Promise((resolve) => setImmediate(resolve)),
};

function newHost() {
  return createHost<string>({
    behaviour: { turn: async () => ({ kind: 'idle', nextWakeAtMs: 0 }) },
    clock,
    random: Math.random,
    concurrency: { pull: runtime.pullTurns, write: runtime.writeTurns },
    owns: () => true,
    onError: (error) => {
      throw error;
    },
  });
}

/** Makes `n` idle actors; answers what keeps them alive and how to check that they are there. */
const makers: {
  readonly [Name in Subject]: (n: number) => Promise<{ readonly kept: unknown; readonly proven: number }>;
} = {
  async kalends(n) {
    const host = newHost();
    host.start();
    for (let k = 0; k < n; k += 1) host.nudge(idOf(k), 'pull');
    await host.idle();
    const { turns, active } = host.stats();
    return { kept: host, proven: turns - active };
  },
  async kalends_queued(n) {
    const host = newHost();
    for (let k = 0; k < n; k += 1) host.nudge(idOf(k), 'pull');
    return { kept: host, proven: host.stats().queued.pull };
  },
  async floor(n) {
    const ids = new Map<string, object>();
    for (let k = 0; k < n; k += 1) ids.set(idOf(k), {});
    return { kept: ids, proven: ids.size };
  },
  async peer(n) {
    const actors = new Map<
      string,
      { readonly emitter: EventEmitter; readonly work: Map<string, number>; readonly timer: NodeJS.Timeout }
    >();
    for (let k = 0; k < n; k += 1) {
      const id = idOf(k);
      const emitter = new EventEmitter();
      const work = new Map([['polls', 0]]);
      emitter.on('wake', () => work.set('polls', (work.get('polls') ?? 0) + 1));
      const timer = setTimeout(() => emitter.emit('wake'), 3_600_000);
      timer.unref();
      actors.set(id, { emitter, work, timer });
    }
    return { kept: actors, proven: actors.size };
  },
};

async function memory(): Promise<{ readonly heap: number; readonly rss: number }> {
  if (global.gc === undefined) throw new Error('run with --expose-gc');
  for (let k = 0; k < 4; k += 1) {
    global.gc();
    await clock.breathe();
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss };
}

/** One measurement, in a process of its own; the code has been warmed so that compiled code is not counted. */
async function measure(subject: Subject, n: number): Promise<void> {
  await makers[subject](200);
  const before = await memory();
  const made = await makers[subject](n);
  const after = await memory();
  // Counted before anything is believed: an actor that did not run costs nothing.
  if (made.proven !== n) throw new Error(`${subject}: expected ${n} actors, found ${made.proven}`);
  console.log(JSON.stringify({ heap: (after.heap - before.heap) / n, rss: (after.rss - before.rss) / n }));
  if (made.kept === null) throw new Error('nothing was kept');
  process.exit(0);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (value: number): number => Math.round(value * 10) / 10;

function lineOf(
  subject: Subject,
  n: number,
  measured: readonly { readonly heap: number; readonly rss: number }[],
): string {
  const heaps = measured.map(({ heap }) => heap);
  return JSON.stringify({
    bench: 'idle-actors',
    subject,
    n,
    heapBytesPerActor: rounded(median(heaps)),
    rssBytesPerActor: rounded(median(measured.map(({ rss }) => rss))),
    runs: measured.length,
    median: rounded(median(heaps)),
    spread: [rounded(Math.min(...heaps)), rounded(Math.max(...heaps))],
  });
}

async function compare(): Promise<void> {
  const run = promisify(execFile);
  for (const n of sizes) {
    const measured = new Map(subjects.map((subject) => [subject, [] as { heap: number; rss: number }[]]));
    for (let k = 0; k < runs; k += 1) {
      for (const subject of subjects) {
        const { stdout } = await run(process.execPath, ['--expose-gc', import.meta.filename, subject, String(n)]);
        measured.get(subject)?.push(JSON.parse(stdout) as { heap: number; rss: number });
      }
    }
    for (const [subject, values] of measured) console.log(lineOf(subject, n, values));
  }
}

const [subject, size] = process.argv.slice(2);
if (subject === undefined) await compare();
else await measure(subject as Subject, Number(size));
