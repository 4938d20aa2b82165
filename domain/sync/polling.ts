/** Polling: when a calendar is looked at next, from how lately something changed in it. */
import type { Random } from '../clock.ts';

export interface PollingNumbers {
  readonly baseMs: number;
  readonly activeMs: number;
  readonly activeForMs: number;
  readonly quietMs: number;
  readonly quietAfterMs: number;
  /** Share of the interval by which it varies, so that load spreads. */
  readonly jitter: number;
}

export function nextPollAt(changedAtMs: number, nowMs: number, numbers: PollingNumbers, random: Random): number {
  const quietForMs = nowMs - changedAtMs;
  const interval =
    quietForMs < numbers.activeForMs
      ? numbers.activeMs
      : quietForMs > numbers.quietAfterMs
        ? numbers.quietMs
        : numbers.baseMs;
  return nowMs + spread(interval, numbers.jitter, random);
}

/** `interval` ± half of its jitter share. */
export const spread = (intervalMs: number, jitter: number, random: Random): number =>
  Math.round(intervalMs * (1 + jitter * (random() - 0.5)));
