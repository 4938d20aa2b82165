/** The sweeps that bound a lost nudge: due actors and queued intents are found in the store, whatever was lost. */
import type { Clock } from '../../domain/clock.ts';
import type { Lane } from './behaviour.ts';

export interface SweepOptions<Id extends string> {
  readonly clock: Clock;
  /** Ids whose persisted wake-up is at or before `nowMs`, the longest due first. */
  readonly dueIds: (nowMs: number, limit: number) => Promise<readonly Id[]>;
  /** The next ids in their order, after `after`, for which an accepted write waits; none: there are no more. */
  readonly idsWithOpenIntents: (after: Id | null, limit: number) => Promise<readonly Id[]>;
  readonly nudge: (id: Id, lane: Lane) => void;
  readonly owns: (id: Id) => boolean;
  readonly policies: { readonly dueSweepMs: number; readonly intentSweepMs: number; readonly sweepBatch: number };
  /** A sweep failed; the next comes at its time. Must not throw. */
  readonly onError: (error: unknown, sweep: 'due' | 'intents') => void;
  /**
   * How many actors are set aside after failures, or wait for room. They stay due in the store: asking for that many more keeps them
   * from filling every batch and starving the rest.
   */
  readonly aside?: () => number;
}

export interface Sweeps {
  /** The first sweeps run at once. */
  start(): void;
  /** Resolves when no sweep runs and no timer is left. */
  stop(): Promise<void>;
}

/** However many actors fail or wait, one sweep reads no more than this many batches. */
const batchesMax = 10;

export function createSweeps<Id extends string>(options: SweepOptions<Id>): Sweeps {
  const { clock, policies, nudge, owns, onError } = options;
  const stopping = new AbortController();
  let loops: readonly Promise<void>[] = [];

  function limit(): number {
    return Math.min(policies.sweepBatch + (options.aside?.() ?? 0), policies.sweepBatch * batchesMax);
  }

  /** Where the last sweep for intents left off. */
  let after: Id | null = null;

  /** Goes round all of them: those of an actor that cannot work stay open for days, and must hide nobody's. */
  async function waitingIds(): Promise<readonly Id[]> {
    const found: Id[] = [];
    for (let batch = 0; batch < batchesMax && !stopping.signal.aborted; batch += 1) {
      const ids: readonly Id[] = await options.idsWithOpenIntents(after, policies.sweepBatch);
      found.push(...ids);
      after = ids.at(-1) ?? null;
      if (after === null) break;
    }
    return found;
  }

  async function sweep(name: 'due' | 'intents'): Promise<void> {
    const lane = name === 'due' ? 'sweep' : 'write';
    try {
      const ids = await (name === 'due' ? options.dueIds(clock.now(), limit()) : waitingIds());
      if (stopping.signal.aborted) return;
      for (const id of ids) if (owns(id)) nudge(id, lane);
    } catch (error) {
      onError(error, name);
    }
  }

  async function repeat(name: 'due' | 'intents', everyMs: number): Promise<void> {
    while (!stopping.signal.aborted) {
      await sweep(name);
      if (stopping.signal.aborted) return;
      try {
        await clock.sleep(everyMs, stopping.signal);
      } catch {
        return;
      }
    }
  }

  return {
    start() {
      if (loops.length > 0 || stopping.signal.aborted) return;
      loops = [repeat('due', policies.dueSweepMs), repeat('intents', policies.intentSweepMs)];
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
