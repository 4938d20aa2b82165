/** One attempt of a frozen notification: compose it, hand it to its target, record the answer, and conclude. */
import { backoff, retryAfter } from '../../config/policies.ts';
import { delayOf } from '../../domain/backoff.ts';
import type { DeliveryDoc, InFlight, SubscriberDoc } from '../../domain/channel.ts';
import { toKalendsError } from '../../domain/errors.ts';
import type { ProfileId } from '../../domain/ids.ts';
import { respectRetryAfter } from '../../domain/machines/delays.ts';
import { netMessages } from '../../domain/notification/message.ts';
import { acknowledged, failed } from '../../domain/notification/outcome.ts';
import { notificationBody } from '../../domain/notification/wire.ts';
import type { LookDeps } from './look-deps.ts';
import type { Delivery, DeliveryAnswer, DeliveryPart, DeliveryTarget } from './target.ts';

/** `subscriber` is stored already, with this attempt counted in `inFlight`. */
export async function attempt(
  deps: LookDeps,
  target: DeliveryTarget,
  subscriber: SubscriberDoc,
  inFlight: InFlight,
): Promise<void> {
  const delivery = { subscriber, inFlight, parts: await compose(deps, subscriber, inFlight) };
  const atMs = deps.clock.now();
  const begun = deps.clock.monotonic();
  const answer = await deliver(target, delivery);
  await record(deps, delivery, answer, { atMs, tookMs: deps.clock.monotonic() - begun });
  await conclude(deps, subscriber, inFlight, answer);
}

async function compose(
  deps: LookDeps,
  subscriber: SubscriberDoc,
  inFlight: InFlight,
): Promise<readonly DeliveryPart[]> {
  if (subscriber.kind === 'channel') {
    return [{ id: inFlight.deliveryId, body: notificationBody(inFlight, subscriber) }];
  }
  const parts: DeliveryPart[] = [];
  for (const [id, to] of Object.entries(inFlight.through)) {
    const profileId = id as ProfileId;
    const after = subscriber.told[profileId] ?? 0;
    const { commits } = await deps.log.read(profileId, after, to, Number.POSITIVE_INFINITY);
    parts.push(...netMessages(subscriber, profileId, commits));
  }
  return parts;
}

async function deliver(target: DeliveryTarget, delivery: Delivery): Promise<DeliveryAnswer> {
  try {
    return await target.deliver(delivery);
  } catch (error) {
    const { code, message, retryAtMs } = toKalendsError(error);
    return { kind: 'refused', status: null, error: `${code}: ${message}`, retryAtMs };
  }
}

/** The log of deliveries is for people: where it cannot be written, telling goes on. */
async function record(
  deps: LookDeps,
  delivery: Delivery,
  answer: DeliveryAnswer,
  time: { readonly atMs: number; readonly tookMs: number },
): Promise<void> {
  const row = {
    ...rowOf(delivery, time),
    status: answer.status,
    error: answer.kind === 'refused' ? answer.error : null,
  };
  const { deliveryId, attempts } = delivery.inFlight;
  try {
    const rows: DeliveryDoc[] = [row];
    if (attempts > 1 && (await deps.store.get('deliveries', rowKey(deliveryId, attempts - 1))) === null) {
      const error = 'the process that made this attempt ended before it recorded the answer';
      rows.unshift({ ...row, _id: rowKey(deliveryId, attempts - 1), attempt: attempts - 1, status: null, error });
    }
    await deps.store.insertMany('deliveries', rows);
  } catch (error) {
    deps.report('warn', 'a delivery could not be recorded', { deliveryId, error });
  }
}

const rowKey = (deliveryId: string, attempts: number): string => `${deliveryId}|${attempts}`;

function rowOf({ subscriber, inFlight, parts }: Delivery, time: { readonly atMs: number; readonly tookMs: number }) {
  const { deliveryId, attempts, notification } = inFlight;
  // A stream's messages can be made again from the log; their names are enough.
  const body = subscriber.kind === 'channel' ? (parts[0]?.body ?? '') : JSON.stringify(parts.map((part) => part.id));
  return {
    _id: rowKey(deliveryId, attempts),
    subscriberId: subscriber._id,
    deliveryId,
    attempt: attempts,
    notification,
    body,
    ...time,
  };
}

/** Whoever else changed the document meanwhile (closed it, took the attempt over) is respected. */
async function conclude(
  deps: LookDeps,
  claimed: SubscriberDoc,
  inFlight: InFlight,
  answer: DeliveryAnswer,
): Promise<void> {
  for (let subscriber: SubscriberDoc | null = claimed; subscriber !== null;) {
    const mine = subscriber.inFlight?.deliveryId === inFlight.deliveryId && subscriber.open === 1;
    const overtaken = answer.kind === 'refused' && subscriber.inFlight?.attempts !== inFlight.attempts;
    if (!mine || overtaken) return;
    const next = concluded(deps, subscriber, inFlight, answer);
    if (await deps.store.replace('subscribers', next, subscriber.rev)) return reportOf(deps, next, inFlight, answer);
    subscriber = await deps.store.get('subscribers', claimed._id);
  }
}

function concluded(
  deps: LookDeps,
  subscriber: SubscriberDoc,
  inFlight: InFlight,
  answer: DeliveryAnswer,
): SubscriberDoc {
  const nowMs = deps.clock.now();
  if (answer.kind === 'accepted') return acknowledged(subscriber, inFlight, nowMs);
  const policy = subscriber.kind === 'stream' ? backoff.stream : backoff.webhook;
  const ownMs = nowMs + delayOf(policy, inFlight.attempts, deps.random);
  const retryAtMs = respectRetryAfter(ownMs, answer, { nowMs, numbers: { retryAfter } });
  return failed(subscriber, inFlight, { error: answer.error, retryAtMs }, nowMs, deps.policy);
}

function reportOf(deps: LookDeps, next: SubscriberDoc, inFlight: InFlight, answer: DeliveryAnswer): void {
  const fields = {
    subscriber: next._id,
    delivery: inFlight.deliveryId,
    notification: inFlight.notification,
    attempt: inFlight.attempts,
  };
  if (answer.kind === 'accepted') return deps.report('info', 'a notification was delivered', fields);
  if (next.inFlight === null) {
    return deps.report('error', 'a notification was given up; the next one reaches back to it', {
      ...fields,
      error: answer.error,
    });
  }
  deps.report('warn', 'a notification was not delivered and is tried again', {
    ...fields,
    error: answer.error,
    retryAtMs: next.dueAtMs,
  });
}
