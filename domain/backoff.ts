/** How long until a failed thing is tried again: exponential, capped, spread by chance. */
import type { Random } from './clock.ts';

/** `base × 2^(attempt-1)`, at most `capMs`; `jitter` is the share of that delay that is random, 0 … 1. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  readonly jitter: number;
}

/** 2^40 × 1 ms is 35 years: beyond it only the cap matters, and the product stays finite. */
const doublingsMax = 40;

/**
 * The delay in whole milliseconds before the try that follows failure number `attempt` (from 1; less counts as 1).
 * It lies in `[full × (1 - jitter), full]`, so the cap is never exceeded and jitter only ever shortens.
 */
export function delayOf(policy: BackoffPolicy, attempt: number, random: Random): number {
  const doublings = clamp(Math.floor(attempt) - 1, 0, doublingsMax);
  const full = Math.min(policy.capMs, policy.baseMs * 2 ** doublings);
  return Math.round(full * (1 - clamp(policy.jitter, 0, 1) * random()));
}

/** The value inside `[min, max]` that is nearest to `value`; where the bounds cross, `min` wins. */
export function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
