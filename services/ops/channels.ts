/** Looking at channels: how far each was told, what waits, and every attempt of the last 30 days. */
import type { DeliveryDoc, SubscriberDoc } from '../../domain/channel.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { OpsContext } from './context.ts';
import { iso } from './iso.ts';

export interface ChannelRow {
  readonly channel_id: string;
  readonly account_id: string;
  readonly callback_url: string | null;
  /** Everything before it was acknowledged. */
  readonly told_until: string | null;
  /** When the first change that is not told yet was seen. */
  readonly pending_since: string | null;
  readonly next_attempt_at: string | null;
  /** Failed attempts since the last success. */
  readonly failures: number;
  readonly given_up: SubscriberDoc['givenUp'] | null;
}

export async function listChannels({ documents }: Pick<OpsContext, 'documents'>): Promise<readonly ChannelRow[]> {
  const subscribers = await documents.find('openSubscribers', { open: 1 });
  return subscribers.filter((one) => one.kind === 'channel').map(rowOf);
}

const rowOf = (one: SubscriberDoc): ChannelRow => ({
  channel_id: one.channelId ?? one._id,
  account_id: one.accountId,
  callback_url: one.callbackUrl,
  told_until: iso(one.toldAtMs),
  pending_since: iso(one.pendingSinceMs),
  next_attempt_at: iso(one.dueAtMs),
  failures: one.failures,
  given_up: one.givenUp ?? null,
});

export interface DeliveryRow {
  readonly at: string | null;
  readonly delivery_id: string;
  readonly attempt: number;
  readonly notification: string;
  /** Of the answer; null where there was none. */
  readonly status: number | null;
  readonly took_ms: number;
  readonly error: string | null;
}

/** The newest last, at most this many. */
const deliveriesMax = 100;

export async function listDeliveries(
  { documents }: Pick<OpsContext, 'documents'>,
  channel: string,
): Promise<readonly DeliveryRow[]> {
  if ((await documents.get('subscribers', channel)) === null) {
    throw new KalendsError('not_known', `there is no channel ${channel}`, {
      ids: { channel },
      next: '`kalends ops channels` lists those that are open',
    });
  }
  const newest = await documents.find(
    'deliveriesOfSubscriber',
    { subscriberId: channel },
    { limit: deliveriesMax, descending: true },
  );
  return newest.reverse().map(attemptOf);
}

const attemptOf = (one: DeliveryDoc): DeliveryRow => ({
  at: iso(one.atMs),
  delivery_id: one.deliveryId,
  attempt: one.attempt,
  notification: one.notification,
  status: one.status,
  took_ms: Math.round(one.tookMs),
  error: one.error,
});
