/** New subscribers: a channel that an application opens, and the stream of an application and account. */
import { neverMs, type ChannelFilters, type SubscriberDoc } from '../channel.ts';
import type { AccountId, AppId, ChannelId, ProfileId } from '../ids.ts';

export interface ChannelRequest {
  readonly channelId: ChannelId;
  readonly appId: AppId;
  readonly accountId: AccountId;
  readonly callbackUrl: string;
  readonly filters: ChannelFilters;
}

/**
 * What was projected before is not told: the reader reads everything once when it opens a channel. `profiles` are
 * those of the account, read before this. The first notification is `verification`.
 */
export function newChannel(
  request: ChannelRequest,
  profiles: readonly { readonly _id: ProfileId; readonly projectedSeq: number }[],
  nowMs: number,
): SubscriberDoc {
  return {
    ...blank(request.appId, request.accountId, nowMs),
    _id: request.channelId,
    kind: 'channel',
    channelId: request.channelId,
    callbackUrl: request.callbackUrl,
    filters: request.filters,
    told: Object.fromEntries(profiles.map((one) => [one._id, one.projectedSeq])),
    notices: ['verification'],
    dueAtMs: nowMs,
  };
}

export const streamKey = (appId: AppId, accountId: AccountId): string => `stream|${appId}|${accountId}`;

/** A stream begins with the first commit of every profile, whenever it was switched on. */
export function newStream(appId: AppId, accountId: AccountId, nowMs: number): SubscriberDoc {
  return { ...blank(appId, accountId, nowMs), _id: streamKey(appId, accountId), kind: 'stream' };
}

function blank(appId: AppId, accountId: AccountId, nowMs: number): Omit<SubscriberDoc, '_id' | 'kind'> {
  return {
    rev: 1,
    appId,
    accountId,
    channelId: null,
    callbackUrl: null,
    filters: { calendarIds: null, onlyManaged: false },
    told: {},
    toldAtMs: nowMs,
    pendingSinceMs: null,
    dueAtMs: neverMs,
    notices: [],
    inFlight: null,
    failures: 0,
    open: 1,
    createdAtMs: nowMs,
  };
}
