/** Idle actors in a process of their own: makes as many as asked, proves that they are there, says what they weigh. */
import { EventEmitter } from 'node:events';
import { createHost } from '../../actors/runtime/host.ts';
import { runtime } from '../../config/policies.ts';
import { systemClock, systemRandom } from '../../services/system-clock.ts';
import type { SubjectActions } from '../kit/subject.ts';
import { activateProfiles, fillStore, openStore, readProfiles } from './supervisors.ts';

export interface Weight {
  /** Bytes for each actor. */
  readonly heap: number;
  readonly rss: number;
}

/** `kept` keeps them alive; `proven` is how many are there. */
interface Made {
  readonly kept: unknown;
  readonly proven: number;
}

/** As long as real profile ids: `pro_` and a ULID. */
const idOf = (n: number): string => `pro_${String(n).padStart(26, '0')}`;

function newHost() {
  return createHost<string>({
    behaviour: { turn: async () => ({ kind: 'idle', nextWakeAtMs: 0 }) },
    clock: systemClock,
    random: systemRandom,
    concurrency: { pull: runtime.pullTurns, write: runtime.writeTurns },
    owns: () => true,
    onError: (error) => {
      throw error;
    },
  });
}

interface Asked {
  readonly n: number;
  /** The file that `fill` made. */
  readonly path: string;
}

const makers = {
  /** Real profile supervisors over a store on disk: each was activated, found nothing due, and passivated. */
  supervisors: ({ n }: Asked) => activateProfiles(n),
  /** The same documents read by the same engine, and nothing done with them. */
  store_reads: ({ n }: Asked) => readProfiles(n),
  /** The runtime alone: each id was nudged, ran one turn with the outcome idle, and passivated. */
  runtime: async ({ n }: Asked): Promise<Made> => {
    const host = newHost();
    host.start();
    for (let k = 0; k < n; k += 1) host.nudge(idOf(k), 'pull');
    await host.idle();
    const { turns, active } = host.stats();
    return { kept: host, proven: turns - active };
  },
  /** Each id has one nudge pending: the worst moment, after a restart with everything due. */
  runtime_queued: async ({ n }: Asked): Promise<Made> => {
    const host = newHost();
    for (let k = 0; k < n; k += 1) host.nudge(idOf(k), 'pull');
    return { kept: host, proven: host.stats().queued.pull };
  },
  /** The floor: a Map from id to an empty record. */
  floor: async ({ n }: Asked): Promise<Made> => {
    const ids = new Map<string, object>();
    for (let k = 0; k < n; k += 1) ids.set(idOf(k), {});
    return { kept: ids, proven: ids.size };
  },
  /** The way it is usually done: an emitter, a Map and a timer for each. */
  emitter: async ({ n }: Asked): Promise<Made> => {
    const actors = new Map<string, { emitter: EventEmitter; work: Map<string, number>; timer: NodeJS.Timeout }>();
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
} as const satisfies Record<string, (asked: Asked) => Promise<Made>>;

export type IdleSubject = keyof typeof makers;
export const idleSubjects = Object.keys(makers) as IdleSubject[];

async function memory(): Promise<Weight> {
  if (global.gc === undefined) throw new Error('run with --expose-gc');
  for (let k = 0; k < 4; k += 1) {
    global.gc();
    await systemClock.breathe();
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss };
}

/** Enough that compiled code and the runtime's own structures are there before anything is weighed. */
const warmUp = 200;

export const subject = {
  fill: async ({ n, path }: Asked) => {
    await fillStore(n, path);
    // Settles what a first activation writes, so that every measured one finds the same.
    await openStore(path);
    return (await activateProfiles(n)).proven;
  },
  weigh: async ({ subject: name, ...asked }: Asked & { readonly subject: IdleSubject }): Promise<Weight> => {
    if (name === 'supervisors' || name === 'store_reads') await openStore(asked.path);
    await makers[name]({ ...asked, n: Math.min(warmUp, asked.n) });
    const before = await memory();
    const made = await makers[name](asked);
    const after = await memory();
    // Counted before anything is believed: an actor that did not run costs nothing.
    if (made.proven !== asked.n) throw new Error(`${name}: expected ${asked.n} actors, found ${made.proven}`);
    if (made.kept === null) throw new Error('nothing was kept');
    return { heap: (after.heap - before.heap) / asked.n, rss: (after.rss - before.rss) / asked.n };
  },
} satisfies SubjectActions;
