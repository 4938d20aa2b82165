/** A clock that stands still until a test advances it; sleepers wake in order, each with its consequences, before the next. */
import type { Clock } from '../../domain/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time forward, waking whoever is due at their own moments, and settles what follows from each. */
  advance(ms: number): Promise<void>;
  /** Lets everything that needs no time run until nothing more happens. */
  settle(): Promise<void>;
  /** How many are asleep: a leak check. */
  sleepers(): number;
}

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** `startMs` is both the first `now` and, minus itself, the first `monotonic` (0). */
export function createFakeClock(startMs: number): FakeClock {
  let nowMs = startMs;
  let breathing = 0;
  const asleep = new Set<Sleeper>();

  const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  async function settle(): Promise<void> {
    await turnOfTheLoop();
    if (breathing > 0) return settle();
    await turnOfTheLoop();
  }

  /** Of those due at the same moment the one that fell asleep first: a Set keeps that order. */
  function firstDue(untilMs: number): Sleeper | null {
    let first: Sleeper | null = null;
    for (const sleeper of asleep) {
      if (sleeper.atMs <= untilMs && (first === null || sleeper.atMs < first.atMs)) first = sleeper;
    }
    return first;
  }

  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    sleepers: () => asleep.size,
    settle,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        const sleeper: Sleeper = {
          atMs: nowMs + Math.max(0, ms),
          wake() {
            asleep.delete(sleeper);
            signal?.removeEventListener('abort', cancel);
            resolve();
          },
        };
        const cancel = (): void => {
          asleep.delete(sleeper);
          reject(reasonOf(signal));
        };
        if (signal?.aborted) return cancel();
        signal?.addEventListener('abort', cancel, { once: true });
        asleep.add(sleeper);
      });
    },
    async breathe() {
      breathing += 1;
      await turnOfTheLoop();
      breathing -= 1;
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let sleeper = firstDue(untilMs); sleeper !== null; sleeper = firstDue(untilMs)) {
        nowMs = Math.max(nowMs, sleeper.atMs);
        sleeper.wake();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}

const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error('aborted');
