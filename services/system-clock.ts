/** The real clock and the real dice: the only place that reads either. */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Clock, Random } from '../domain/clock.ts';

/** Longer than this Node's timers wrap around; a longer sleep is several. */
const longestTimerMs = 2_000_000_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    for (let left = ms; left > 0; left -= longestTimerMs) {
      await setTimeout(Math.min(left, longestTimerMs), undefined, signal === undefined ? {} : { signal });
    }
  },
  breathe: async () => {
    await setImmediate();
  },
};

export const systemRandom: Random = () => Math.random();
