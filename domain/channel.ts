/** Channels, subscribers and deliveries: who is told of changes, how far each has been told, and every attempt. */
import type { AccountId, AppId, CalendarId, ChannelId, DeliveryId, ProfileId } from './ids.ts';

export interface ChannelFilters {
  /** Null: all calendars. */
  readonly calendarIds: readonly CalendarId[] | null;
  readonly onlyManaged: boolean;
}

/** What a notification is about, fixed before its first attempt. */
export type NotificationType =
  | 'verification'
  | 'change'
  | 'profile_initial_sync_completed'
  | 'profile_disconnected'
  | 'profile_quarantined'
  | 'profile_reinstated'
  | 'profile_relinked';

/** Frozen before the first attempt: the same ranges are told again until they are acknowledged. */
export interface InFlight {
  readonly deliveryId: DeliveryId;
  readonly notification: NotificationType;
  /** The reader asks for everything from here, epoch milliseconds; null where the type has none. */
  readonly changesSinceMs: number | null;
  /** profileId → the last seq that this notification covers. */
  readonly through: Readonly<Record<ProfileId, number>>;
  /** The largest commit time covered: becomes `toldAtMs`. */
  readonly throughAtMs: number;
  readonly firstAttemptAtMs: number | null;
  readonly attempts: number;
}

/** A notification that was not delivered in time: its changes are not lost, the next one reaches back to them. */
export interface GivenUp {
  readonly deliveryId: DeliveryId;
  readonly notification: NotificationType;
  readonly atMs: number;
  readonly attempts: number;
  /** Why the last attempt failed, for people. */
  readonly error: string;
}

/** The collection `subscribers`: a channel, or the stream of an application and account. */
export interface SubscriberDoc {
  readonly _id: string;
  readonly rev: number;
  readonly kind: 'channel' | 'stream';
  readonly appId: AppId;
  readonly accountId: AccountId;
  readonly channelId: ChannelId | null;
  readonly callbackUrl: string | null;
  readonly filters: ChannelFilters;
  /** profileId → the last seq told, or given up. A profile that is not named has been told nothing. */
  readonly told: Readonly<Record<ProfileId, number>>;
  /** The high-water mark of the last acknowledged notification, epoch milliseconds; after one that was given up, where that one reached back to. */
  readonly toldAtMs: number;
  /** When the first change that is not told yet was seen; null while there is none. */
  readonly pendingSinceMs: number | null;
  /** When the courier looks at this subscriber next; a number far in the future while nothing is due. */
  readonly dueAtMs: number;
  /** Notices that wait besides changes, oldest first. */
  readonly notices: readonly NotificationType[];
  readonly inFlight: InFlight | null;
  /** Failed attempts since the last success. */
  readonly failures: number;
  /** The last notification that was given up; absent while there was none. */
  readonly givenUp?: GivenUp;
  readonly open: 0 | 1;
  readonly createdAtMs: number;
}

/** The collection `deliveries`: one attempt each, kept for 30 days. */
export interface DeliveryDoc {
  /** deliveryId + `|` + attempt. */
  readonly _id: string;
  readonly subscriberId: string;
  readonly deliveryId: DeliveryId;
  readonly attempt: number;
  readonly notification: NotificationType;
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number | null;
  readonly error: string | null;
  /** What was sent, as sent. */
  readonly body: string;
}

/** Nothing is due: later than any date that matters. */
export const neverMs = 8_640_000_000_000_000;
