/** A profile: one connected login at one provider, its machine states, and what its actor keeps between turns. */
import type { AccountId, AppId, CalendarId, ProfileId, ResourceId, RunId } from './ids.ts';
import type { LateCall } from './intent.ts';
import type { CalendarState } from './machines/calendar.ts';
import type { ProfileState } from './machines/profile-states.ts';

/** What the HTTP API calls `provider_name`; an open set. */
export type ProviderName = 'cronofy' | 'caldav' | 'apple' | 'google' | 'exchange' | 'live_connect' | 'memory';

/** AES-256-GCM under a key ring; all three parts base64url. */
export interface Sealed {
  readonly keyId: string;
  readonly nonce: string;
  readonly box: string;
}

/** What the provider learned when the profile was connected; opaque outside the provider's folder. */
export type ProviderRoot = Readonly<Record<string, string>>;

/** What an operator, or a person who connected again, asked of a profile; its actor carries it out first of all. */
export type ProfileRequest = PlainRequest | HeldRequest | RepairRequest | RebuildRequest;

export type PlainRequest = 'relinked' | 'disconnect' | 'reinstate' | 'resync' | 'pull';

/** What servers said was gone since then is looked for again. */
export interface RepairRequest {
  readonly kind: 'repair_deletions';
  readonly sinceMs: number;
}

/** The projections are put right where they differ from the log. */
export interface RebuildRequest {
  readonly kind: 'rebuild';
}

/** An operator's word about removals that are held: they are believed, or their claims are forgotten. */
export interface HeldRequest {
  readonly kind: 'release_held' | 'discard_held';
  readonly resourceIds: readonly ResourceId[];
  readonly note: string;
}

/** Not to be tried before `untilMs`, after so many failures in a row. */
export interface SetBack {
  readonly times: number;
  readonly untilMs: number;
}

export interface CalendarWork {
  readonly state: CalendarState;
  readonly nextPollAtMs: number;
  /** When something last changed there: decides how often it is polled. */
  readonly changedAtMs: number;
  /** Consecutive failures of this calendar alone. */
  readonly failures: number;
  /** When the last turn began that read a delta or a listing to its end; null before the first, and when what it named had vanished. */
  readonly readAtMs: number | null;
  /** Where the log ended after the last such turn; absent before the first. */
  readonly readSeq?: number;
  /** The last `readAtMs` of which everything has arrived: what the cache shows is at least as new. */
  readonly freshAtMs: number | null;
  /** What was written there stopped the whole profile, so often in a row: no write is tried before that time; absent: none did. */
  readonly writesSetBack?: SetBack;
  /** Where the log ended when the calendar, which had been gone, came back: what it held until then may be there again. */
  readonly backSeq?: number;
}

/** What a turn asks its provider about, or what somebody asked of the profile. */
export type BegunScope =
  /** `request`: the first of `requests`. */
  | { readonly kind: 'profile' | 'list' | 'request' }
  | { readonly kind: 'calendar'; readonly calendarId: CalendarId }
  /** The number of the event's last intent, and how often that had been tried before. */
  | { readonly kind: 'event'; readonly n: number; readonly attempts: number };

/** A turn that asks its provider, or carries out what was asked of the profile: stored before, struck off at its end. */
export interface BegunTurn {
  /** The run of the process that began it: where that is another one, it died before the end. */
  readonly process: RunId;
  readonly scope: BegunScope;
}

export interface MissingCalendar {
  readonly calendarId: CalendarId;
  readonly sinceMs: number;
  readonly checkedAtMs: number | null;
}

/** The collection `profiles`: written by the profile's actor alone, after `connect` inserted it. */
export interface ProfileDoc {
  readonly _id: ProfileId;
  readonly rev: number;
  readonly appId: AppId;
  readonly accountId: AccountId;
  readonly provider: ProviderName;
  /** The login as people know it, e.g. an address: the API's `profile_name`. */
  readonly name: string;
  /** Unique, so that a login connected twice at once is one profile: see `loginOf`. */
  readonly login: string;
  /** Where invitations of this profile come from, as its calendar server names it. */
  readonly email: string | null;
  /** The person's other addresses there: an invitation to one of them is to this person; absent: none. */
  readonly aliases?: readonly string[];
  readonly credentials: Sealed | null;
  readonly root: ProviderRoot;
  /** What the person typed, see `Connected`: where an account that has moved is looked for, too; absent: not known. */
  readonly address?: string;
  readonly state: ProfileState;
  /** In order; emptied by the actor. */
  readonly requests: readonly ProfileRequest[];
  /** How often the first of them was begun; absent: never. */
  readonly requestTries?: number;
  readonly calendars: Readonly<Record<CalendarId, CalendarWork>>;
  /** When the calendar list is read next. */
  readonly nextListAtMs: number;
  /** Processes in a row that died while they read it; absent: none. */
  readonly listDeaths?: number;
  /** Calendars missing from the last list, and when each was last asked for directly; null: it waits for that. */
  readonly missingCalendars: readonly MissingCalendar[];
  /** `YYYY-MM-DD` of the horizon that is projected; null before the first. */
  readonly horizonDay: string | null;
  readonly zoneData: string | null;
  readonly projector: number;
  readonly slot: number;
  readonly nextWakeAtMs: number;
  /** Absent or null: none runs. */
  readonly begun?: BegunTurn | null;
  /** The host that it waits for, see `HostState`; absent or null: none. */
  readonly waitsFor?: string | null;
  /** Applications were told of an outage of its host, or of all its calendars, and not of its end. */
  readonly outageToldAtMs?: number | null;
  readonly projectedSeq: number;
  readonly projectedAtMs: number;
  /** Calls of unknown outcome, for as long as they are looked out for; absent: none. */
  readonly lateCalls?: readonly LateCall[];
  /** No intent beyond this n was ever attempted. */
  readonly attemptedThroughN: number;
  readonly initialSyncAtMs: number | null;
  /** Volatile, outside the log: how fresh the calendar is that was seen in full longest ago; null while one never was. */
  readonly freshAtMs: number | null;
  readonly createdAtMs: number;
}
