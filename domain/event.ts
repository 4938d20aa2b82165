/** An event as Kalends understands it, whatever the provider's format: fields, times, and a normalised resource. */
import type { Zone } from './time/zone.ts';

/** A date has no zone; an instant remembers the zone that people wrote it in; a floating time has none. */
export type EventTime =
  /** `YYYY-MM-DD` */
  | { readonly kind: 'date'; readonly date: string }
  /** `tzid` is an IANA name; `Etc/UTC` where the zone is known only by its offsets. */
  | { readonly kind: 'instant'; readonly ms: number; readonly tzid: string }
  /** `YYYY-MM-DDTHH:MM:SS` */
  | { readonly kind: 'floating'; readonly local: string };

export type EventStatus = 'tentative' | 'confirmed' | 'cancelled' | 'unknown';
export type Transparency = 'opaque' | 'transparent' | 'unknown';
/** Finer than transparency where the provider says more (X-MICROSOFT-CDO-BUSYSTATUS). */
export type ExtendedTransparency = Transparency | 'tentative' | 'out_of_office' | 'working_elsewhere';
export type ParticipationStatus = 'needs_action' | 'accepted' | 'declined' | 'tentative' | 'unknown';

export interface Person {
  /** Lower-cased, without `mailto:`. */
  readonly email: string;
  readonly displayName: string | null;
}

export interface Attendee extends Person {
  readonly status: ParticipationStatus;
}

export interface EventLocation {
  readonly description: string | null;
  /** Decimal degrees as text, as the API carries them. */
  readonly lat: string | null;
  readonly long: string | null;
}

export interface EventFields {
  readonly summary: string;
  readonly description: string;
  readonly location: EventLocation | null;
  readonly start: EventTime;
  /** Exclusive; the same kind as `start`. */
  readonly end: EventTime;
  readonly status: EventStatus;
  readonly transparency: Transparency;
  readonly extendedTransparency: ExtendedTransparency;
  readonly organizer: Person | null;
  readonly attendees: readonly Attendee[];
  readonly categories: readonly string[];
  readonly private: boolean;
  readonly url: string | null;
  /** `#rrggbb` or a CSS name as the provider gave it. */
  readonly color: string | null;
  /** Minutes before the start, ascending; not part of the observed hash. */
  readonly reminders: readonly number[];
}

/** One VEVENT or its like: a single event, the master of a series, or an exception. */
export interface EventComponent extends EventFields {
  /** The original start that an exception replaces. */
  readonly recurrenceId: EventTime | null;
  /** RECURRENCE-ID;RANGE=THISANDFUTURE. */
  readonly thisAndFuture: boolean;
}

/** How a master repeats; times as in the file, so that comparison can be by instant and by local time. */
export interface Recurrence {
  /** DTSTART's wall time as written (`YYYY-MM-DDTHH:MM:SS`, or `YYYY-MM-DD`): rules repeat it, also out of a gap. */
  readonly localStart: string;
  /** How long each occurrence lasts: nominal days follow the wall clock over a change of offset, exact time does not. */
  readonly duration: { readonly days: number; readonly exactMs: number };
  /** RRULE values as text, e.g. `FREQ=WEEKLY;BYDAY=MO`. */
  readonly rules: readonly string[];
  /** Extra starts; one with an `end` comes from a PERIOD. */
  readonly dates: readonly { readonly start: EventTime; readonly end: EventTime | null }[];
  readonly excluded: readonly EventTime[];
  /** The zone that the rule is expanded in: the zone of DTSTART, UTC for UTC times; null for dates and floating times. */
  readonly zone: Zone | null;
}

/** Why a resource could not be understood in full; it is kept, reported, and affects no other. */
export interface ResourceProblem {
  readonly code:
    | 'resource_unparsable'
    | 'recurrence_too_expensive'
    | 'recurrence_unsupported'
    | 'recurrence_invalid'
    | 'resource_too_large';
  readonly detail: string;
}

/** What a body means. In memory only: it is derived again from the body wherever it is needed. */
export interface NormalisedResource {
  readonly uid: string | null;
  /** Null when the body holds exceptions only (an invitation to single occurrences). */
  readonly master: EventComponent | null;
  readonly recurrence: Recurrence | null;
  readonly exceptions: readonly EventComponent[];
  /** Hex SHA-256 over what decides whether something changed: alarms, DTSTAMP, SEQUENCE and order excluded. */
  readonly observedHash: string;
  readonly problem: ResourceProblem | null;
}

/** Which language a body is written in. */
export type BodyFormat = 'icalendar';

/** Body to meaning; never throws for a bad body: that is a `problem`. */
export type Normalise = (format: BodyFormat, body: string) => NormalisedResource;
