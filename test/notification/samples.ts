/** Commits, changes and subscribers for the tests of notifications, complete, so that a test names only what it is about. */
import type { ChannelFilters, InFlight, SubscriberDoc } from '../../domain/channel.ts';
import { neverMs } from '../../domain/channel.ts';
import type { Cause } from '../../domain/commit.ts';
import type { AccountId, AppId, CalendarId, ChannelId, DeliveryId, ProfileId, ResourceId } from '../../domain/ids.ts';
import type { ChangeHeader, CommitHeader } from '../../domain/notification/relevance.ts';
import type { NotifyingPolicy } from '../../domain/notification/plan.ts';

export const appId = 'app_1' as AppId;
export const accountId = 'acc_1' as AccountId;
export const work = 'pro_work' as ProfileId;
export const home = 'pro_home' as ProfileId;
export const calendarId = 'cal_1' as CalendarId;
export const otherCalendarId = 'cal_2' as CalendarId;
export const resourceId = (name: string): ResourceId => `rsc_${name}` as ResourceId;
export const deliveryId = (n: number): DeliveryId => `dlv_${n}` as DeliveryId;

export const policy: NotifyingPolicy = {
  quietMs: 5_000,
  maxDelayMs: 30_000,
  retryForMs: 86_400_000,
  attemptMs: 15_000,
};

export const everything: ChannelFilters = { calendarIds: null, onlyManaged: false };

export const put = (name: string, differs = true): ChangeHeader => ({
  kind: 'resource_put',
  calendarId,
  resourceId: resourceId(name),
  differs,
});

export const removed = (name: string): ChangeHeader => ({
  kind: 'resource_removed',
  calendarId,
  resourceId: resourceId(name),
  evidence: { kind: 'direct_get', request: 'GET /x.ics', status: 404, collectionStatus: 207, atMs: 1 },
});

export const commit = (
  seq: number,
  atMs: number,
  changes: readonly ChangeHeader[],
  more: { readonly profileId?: ProfileId; readonly cause?: Cause } = {},
): CommitHeader => ({ profileId: more.profileId ?? work, seq, atMs, cause: more.cause ?? 'pull', changes });

export const subscriber = (change: Partial<SubscriberDoc> = {}): SubscriberDoc => ({
  _id: 'chn_1',
  rev: 1,
  kind: 'channel',
  appId,
  accountId,
  channelId: 'chn_1' as ChannelId,
  callbackUrl: 'https://app.example/hook',
  filters: everything,
  told: {},
  toldAtMs: 0,
  pendingSinceMs: null,
  dueAtMs: neverMs,
  notices: [],
  inFlight: null,
  failures: 0,
  open: 1,
  createdAtMs: 0,
  ...change,
});

export const inFlight = (change: Partial<InFlight> = {}): InFlight => ({
  deliveryId: deliveryId(1),
  notification: 'change',
  changesSinceMs: 10_000,
  through: { [work]: 3 },
  throughAtMs: 12_345,
  firstAttemptAtMs: null,
  attempts: 0,
  ...change,
});
