/** When a failing profile, calendar or resource is tried again: the policy that its verdict names, and what the server asked. */
import { clamp, delayOf, type BackoffPolicy } from '../backoff.ts';
import type { ErrorCode, Verdict } from '../errors.ts';
import type { Failure, MachineContext, MachineNumbers } from './machine.ts';

/** Refusals wait like probes: quick repeats of a refused password lock accounts. */
export function policyOf(verdict: Verdict, numbers: MachineNumbers): BackoffPolicy {
  if (verdict === 'rate_limited') return numbers.backoff.rateLimited;
  if (verdict === 'auth_suspect') return numbers.backoff.probe;
  return numbers.backoff.transient;
}

/** Epoch milliseconds of the next try after failure number `attempt`. */
export function tryAgainAt(policy: BackoffPolicy, attempt: number, context: MachineContext<unknown>): number {
  return context.nowMs + delayOf(policy, attempt, context.random);
}

/** The later of our own time and the server's, whose wish is believed only inside the bounds. */
export function respectRetryAfter(
  atMs: number,
  failure: Pick<Failure, 'retryAtMs'>,
  context: Pick<MachineContext<Pick<MachineNumbers, 'retryAfter'>>, 'nowMs' | 'numbers'>,
): number {
  if (failure.retryAtMs === null) return atMs;
  const { minMs, maxMs } = context.numbers.retryAfter;
  return Math.max(atMs, clamp(failure.retryAtMs, context.nowMs + minMs, context.nowMs + maxMs));
}

/** Between the probes of a quarantined profile: who needs no answer but a key that is back is not kept waiting. */
export const probePolicyOf = (code: ErrorCode, numbers: MachineNumbers): BackoffPolicy =>
  code === 'unsealable' ? numbers.backoff.unsealed : numbers.backoff.probe;
