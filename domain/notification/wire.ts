/** The wire form of webhooks: the envelope that existing clients expect, and its signature. */
import { createHmac } from 'node:crypto';
import type { ChannelFilters, InFlight, SubscriberDoc } from '../channel.ts';

/** As the API shows filters: what was not asked for is left out. */
export function filtersBody(filters: ChannelFilters): Readonly<Record<string, unknown>> {
  return {
    ...(filters.calendarIds === null ? {} : { calendar_ids: filters.calendarIds }),
    ...(filters.onlyManaged ? { only_managed: true } : {}),
  };
}

/** As the API shows a channel, and as each notification names it. */
export function channelBody(
  subscriber: Pick<SubscriberDoc, 'channelId' | 'callbackUrl' | 'filters'>,
): Readonly<Record<string, unknown>> {
  return {
    channel_id: subscriber.channelId,
    callback_url: subscriber.callbackUrl,
    filters: filtersBody(subscriber.filters),
  };
}

/** JSON text; the same for every attempt of one notification. Times as `YYYY-MM-DDTHH:MM:SSZ`, without fractions. */
export function notificationBody(
  inFlight: Pick<InFlight, 'notification' | 'changesSinceMs'>,
  subscriber: Pick<SubscriberDoc, 'channelId' | 'callbackUrl' | 'filters'>,
): string {
  const { notification: type, changesSinceMs } = inFlight;
  const notification = changesSinceMs === null ? { type } : { type, changes_since: wholeSeconds(changesSinceMs) };
  return JSON.stringify({ notification, channel: channelBody(subscriber) });
}

/** Rounded down, so that a reader asking for everything from there misses nothing. */
export const wholeSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** One base64 HMAC-SHA256 of the body for each active secret, comma separated: any match passes at the receiver. */
export const signature = (body: string, secrets: readonly string[]): string =>
  secrets.map((secret) => createHmac('sha256', secret).update(body).digest('base64')).join(',');
