/** Outcomes: the subscriber's document after a plan, an acknowledgement, a failure, or its end. */
import type { InFlight, SubscriberDoc } from '../channel.ts';
import { unreachable } from '../errors.ts';
import { queued } from './net.ts';
import type { NotifyingPolicy, Plan } from './plan.ts';

/** The document that carries a plan; equal to the given one but for `rev` where the plan changes nothing. */
export function planned(subscriber: SubscriberDoc, plan: Plan): SubscriberDoc {
  const rev = subscriber.rev + 1;
  switch (plan.kind) {
    case 'wait':
      return { ...subscriber, rev, dueAtMs: plan.dueAtMs, pendingSinceMs: plan.pendingSinceMs };
    case 'advance': {
      const notices = queued(subscriber.notices, plan.notices);
      return { ...subscriber, rev, told: plan.told, notices, pendingSinceMs: null, dueAtMs: plan.dueAtMs };
    }
    case 'freeze': {
      const { inFlight, notices, dueAtMs } = plan;
      return { ...subscriber, rev, inFlight, notices, pendingSinceMs: null, dueAtMs };
    }
    case 'attempt':
      return { ...subscriber, rev, inFlight: plan.inFlight, dueAtMs: plan.dueAtMs };
    default:
      return unreachable(plan);
  }
}

/** A wait that the stored document says already. */
export const standsAlready = (subscriber: SubscriberDoc, plan: Plan): boolean =>
  plan.kind === 'wait' && plan.dueAtMs === subscriber.dueAtMs && plan.pendingSinceMs === subscriber.pendingSinceMs;

/** What was in flight is told; the next look is due at once, for more may have come meanwhile. */
export function acknowledged(subscriber: SubscriberDoc, inFlight: InFlight, nowMs: number): SubscriberDoc {
  return {
    ...subscriber,
    rev: subscriber.rev + 1,
    told: { ...subscriber.told, ...inFlight.through },
    toldAtMs: Math.max(subscriber.toldAtMs, inFlight.throughAtMs),
    inFlight: null,
    failures: 0,
    dueAtMs: nowMs,
  };
}

export interface Failure {
  /** For people. */
  readonly error: string;
  readonly retryAtMs: number;
}

/**
 * The same notification again later, a last time at the end of the retry period, then it is given up. A stream is not:
 * its messages are all that it has, and no later one reaches back to them.
 */
export function failed(
  subscriber: SubscriberDoc,
  inFlight: InFlight,
  failure: Failure,
  nowMs: number,
  policy: Pick<NotifyingPolicy, 'retryForMs'>,
): SubscriberDoc {
  const lastAtMs = (inFlight.firstAttemptAtMs ?? nowMs) + policy.retryForMs;
  const next = { ...subscriber, rev: subscriber.rev + 1, failures: subscriber.failures + 1 };
  if (subscriber.kind === 'stream') return { ...next, dueAtMs: failure.retryAtMs };
  if (nowMs < lastAtMs) return { ...next, dueAtMs: Math.min(failure.retryAtMs, lastAtMs) };
  return { ...next, ...givenUp(subscriber, inFlight, failure.error, nowMs) };
}

/**
 * It is not tried again, but its changes are not lost for the reader: the next notification reaches back as far as
 * this one did.
 */
function givenUp(subscriber: SubscriberDoc, inFlight: InFlight, error: string, nowMs: number): Partial<SubscriberDoc> {
  const { deliveryId, notification, attempts, changesSinceMs } = inFlight;
  return {
    told: { ...subscriber.told, ...inFlight.through },
    toldAtMs: Math.min(subscriber.toldAtMs, changesSinceMs ?? subscriber.toldAtMs),
    inFlight: null,
    dueAtMs: nowMs,
    givenUp: { deliveryId, notification, attempts, atMs: nowMs, error },
  };
}

/** Closed for good: nothing is told any more. */
export const closed = (subscriber: SubscriberDoc): SubscriberDoc => ({
  ...subscriber,
  rev: subscriber.rev + 1,
  open: 0,
});
