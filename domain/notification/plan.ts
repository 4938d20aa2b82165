/** The plan of one look at a subscriber: wait, pass over, freeze a notification, or attempt the frozen one. */
import { neverMs, type InFlight, type NotificationType, type SubscriberDoc } from '../channel.ts';
import type { DeliveryId } from '../ids.ts';
import { queued, type Net, type Span } from './net.ts';

export interface NotifyingPolicy {
  readonly quietMs: number;
  readonly maxDelayMs: number;
  readonly retryForMs: number;
  /** How long an attempt may take before another courier may make the next one. */
  readonly attemptMs: number;
}

export interface Facts {
  /** Of everything projected that is neither told nor in flight. */
  readonly net: Net;
  /** Names the notification if one is frozen now. */
  readonly deliveryId: DeliveryId;
}

export type Plan =
  | { readonly kind: 'wait'; readonly dueAtMs: number; readonly pendingSinceMs: number | null }
  /** Nothing to tell as a change up to here; notices found on the way are queued. */
  | {
      readonly kind: 'advance';
      readonly told: SubscriberDoc['told'];
      readonly notices: readonly NotificationType[];
      readonly dueAtMs: number;
    }
  | {
      readonly kind: 'freeze';
      readonly inFlight: InFlight;
      readonly notices: readonly NotificationType[];
      readonly dueAtMs: number;
    }
  | { readonly kind: 'attempt'; readonly inFlight: InFlight; readonly dueAtMs: number };

/** Until then nothing that the log or the projections may say changes the plan, so nobody need look; null: look now. */
export function restsUntil(subscriber: SubscriberDoc, nowMs: number): number | null {
  if (subscriber.open === 0) return neverMs;
  const committed =
    subscriber.inFlight !== null || (subscriber.pendingSinceMs !== null && subscriber.notices.length === 0);
  return committed && subscriber.dueAtMs > nowMs ? subscriber.dueAtMs : null;
}

/** False: `plan` decides by the document alone. */
export const needsNet = (subscriber: SubscriberDoc): boolean =>
  subscriber.open === 1 && subscriber.inFlight === null && subscriber.notices.length === 0;

export function plan(subscriber: SubscriberDoc, facts: Facts, nowMs: number, policy: NotifyingPolicy): Plan {
  const { inFlight, pendingSinceMs } = subscriber;
  if (subscriber.open === 0) return { kind: 'wait', dueAtMs: neverMs, pendingSinceMs: null };
  if (inFlight !== null) {
    if (subscriber.dueAtMs > nowMs) return { kind: 'wait', dueAtMs: subscriber.dueAtMs, pendingSinceMs };
    return attempt(inFlight, nowMs, policy);
  }
  const [notice, ...later] = subscriber.notices;
  if (notice !== undefined) {
    return { kind: 'freeze', inFlight: frozenNotice(subscriber, notice, facts), notices: later, dueAtMs: nowMs };
  }
  const { span, through, notices, flush } = facts.net;
  if (span === null) return passOver(subscriber, facts.net, nowMs);
  const sinceMs = Math.min(pendingSinceMs ?? nowMs, span.earliestAtMs, nowMs);
  const dueAtMs = flush ? nowMs : quietAt(span, sinceMs, nowMs, policy);
  if (dueAtMs > nowMs) return { kind: 'wait', dueAtMs, pendingSinceMs: sinceMs };
  const frozen = { ...blank(facts.deliveryId, 'change'), ...reach(subscriber, span), through };
  return { kind: 'freeze', inFlight: frozen, notices: queued(subscriber.notices, notices), dueAtMs: nowMs };
}

/** The log's times come from other nodes: a clock that is ahead must not postpone, one that is behind only hastens. */
function quietAt(span: Span, sinceMs: number, nowMs: number, policy: NotifyingPolicy): number {
  return Math.min(Math.min(span.latestAtMs, nowMs) + policy.quietMs, sinceMs + policy.maxDelayMs);
}

/**
 * A reader that asks for everything since `changesSinceMs` sees all that is frozen and all that came after the last
 * acknowledged notification: another profile's commit may be dated before it. Whole seconds, as the API writes them.
 */
function reach(subscriber: SubscriberDoc, span: Span): Pick<InFlight, 'changesSinceMs' | 'throughAtMs'> {
  const sinceMs = Math.min(subscriber.toldAtMs, span.earliestAtMs);
  return { changesSinceMs: Math.floor(sinceMs / 1_000) * 1_000, throughAtMs: span.latestAtMs };
}

function blank(deliveryId: DeliveryId, notification: NotificationType): Omit<InFlight, 'throughAtMs'> {
  return { deliveryId, notification, changesSinceMs: null, through: {}, firstAttemptAtMs: null, attempts: 0 };
}

const frozenNotice = (subscriber: SubscriberDoc, notice: NotificationType, facts: Facts): InFlight => ({
  ...blank(facts.deliveryId, notice),
  throughAtMs: subscriber.toldAtMs,
});

function passOver(subscriber: SubscriberDoc, net: Net, nowMs: number): Plan {
  const told = { ...subscriber.told, ...net.through };
  const ahead = Object.entries(net.through).some(
    ([id, seq]) => seq !== (subscriber.told as Record<string, number>)[id],
  );
  if (!ahead) return { kind: 'wait', dueAtMs: neverMs, pendingSinceMs: null };
  return { kind: 'advance', told, notices: net.notices, dueAtMs: net.flush ? nowMs : neverMs };
}

/** Counted before it is made: a crash leaves the number of the attempt behind. */
function attempt(inFlight: InFlight, nowMs: number, policy: NotifyingPolicy): Plan {
  const counted = {
    ...inFlight,
    attempts: inFlight.attempts + 1,
    firstAttemptAtMs: inFlight.firstAttemptAtMs ?? nowMs,
  };
  return { kind: 'attempt', inFlight: counted, dueAtMs: nowMs + policy.attemptMs };
}
