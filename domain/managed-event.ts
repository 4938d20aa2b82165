/** A managed event: what an application wants of one of its own events, and what became of it at the provider. */
import type { AppId, CalendarId, ProfileId, ResourceId } from './ids.ts';

/** A start or end as an application gives it. */
export type RequestedTime =
  | { readonly kind: 'date'; readonly date: string }
  /** `tzid` says where to show it. */
  | { readonly kind: 'instant'; readonly ms: number; readonly tzid: string };

export interface RequestedPerson {
  readonly email: string;
  readonly displayName: string | null;
}

/** Every field that a caller may set; absent = never set in this generation, so what the calendar holds stays. */
export interface RequestedFields {
  readonly summary?: string;
  readonly description?: string;
  readonly start?: RequestedTime;
  readonly end?: RequestedTime;
  readonly location?: {
    readonly description: string | null;
    readonly lat: string | null;
    readonly long: string | null;
  } | null;
  readonly transparency?: 'opaque' | 'transparent';
  /** Minutes before the start, in order of priority; `[]` clears. */
  readonly reminders?: readonly number[];
  readonly url?: string | null;
  readonly private?: boolean;
  readonly color?: string | null;
  readonly categories?: readonly string[];
  /** RRULE values; `[]` stops the repetition. */
  readonly recurrence?: readonly string[];
  /** The accumulated delta: invited and removed by e-mail address; others on the event stay. */
  readonly invited?: readonly RequestedPerson[];
  readonly removed?: readonly string[];
}

/** What a commit records of a managed event. */
export interface ManagedOutcome {
  readonly appId: AppId;
  readonly generation: number;
  /** The folded wish that was carried out; null after a delete. */
  readonly wanted: RequestedFields | null;
  /** Every intent of this event up to this n has been carried out or merged into one that has. */
  readonly throughN: number;
  readonly resourceId: ResourceId | null;
  /** Hash over `wanted`; null after a delete. */
  readonly requestedHash: string | null;
  /**
   * Observed hash of the resource as our write returned it: while the cache shows this one, nobody else touched it. The
   * projection makes it anew with the resource's, where a newer normaliser sees no difference.
   */
  readonly writtenHash: string | null;
}

/** The projection `managed_events`. */
export interface ManagedEventDoc extends ManagedOutcome {
  /** calendarId + `|` + eventId: a profile belongs to one application, so the application is implied. */
  readonly _id: string;
  readonly profileId: ProfileId;
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly seq: number;
}

export const managedKey = (calendarId: CalendarId, eventId: string): string => `${calendarId}|${eventId}`;

/** Between these are the keys of all managed events of a calendar: `}` comes after `|`. */
export const managedKeysOf = (calendarId: CalendarId): { readonly gt: string; readonly lt: string } => ({
  gt: managedKey(calendarId, ''),
  lt: `${calendarId}}`,
});
