/** The log: a commit is one appended batch of changes of one profile, the truth that every projection is made from. */
import type { ObservedCalendar } from './calendar.ts';
import type { AccountId, AppId, CalendarId, OperationId, ProfileId, ResourceId, RunId } from './ids.ts';
import type { ManagedOutcome } from './managed-event.ts';
import type { NoticeType } from './notice.ts';
import type { Evidence, Observation } from './resource.ts';

export type Cause = 'pull' | 'write' | 'horizon' | 'zone' | 'repair' | 'operator' | 'state';

/** One recorded difference, or one observation that changed nothing. At most one per resource in a commit. */
export type Change =
  | { readonly kind: 'calendar_put'; readonly calendarId: CalendarId; readonly calendar: ObservedCalendar }
  | { readonly kind: 'calendar_gone'; readonly calendarId: CalendarId; readonly evidence: Evidence }
  | ({
      readonly kind: 'resource_put';
      readonly calendarId: CalendarId;
      readonly resourceId: ResourceId;
      readonly observedHash: string;
      readonly normaliser: number;
      /** False: an observation only (a new etag, a reordered body); it is kept and tells nobody. */
      readonly differs: boolean;
    } & Observation)
  | {
      readonly kind: 'resource_removed';
      readonly calendarId: CalendarId;
      readonly resourceId: ResourceId;
      readonly ref: string;
      readonly evidence: Evidence;
    }
  /** What became of a managed event: written, or emptied by a delete. */
  | ({
      readonly kind: 'managed';
      readonly calendarId: CalendarId;
      readonly eventId: string;
      /** This event's own; absent: all of the commit's. */
      readonly operations?: readonly OperationId[];
    } & ManagedOutcome)
  /** The horizon moved to a day, or zone data or code changed: every series is expanded again. */
  | { readonly kind: 'horizon'; readonly horizon: Horizon }
  | { readonly kind: 'notice'; readonly notice: NoticeType; readonly detail: string };

export type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;

/** What expansion depends on beside the resource itself. */
export interface Horizon {
  /** `YYYY-MM-DD`, UTC; the window is this day minus 42 to plus 201 days. */
  readonly day: string;
  /** Version of the zone data, e.g. `2026c`. */
  readonly zoneData: string;
  /** Version of the projecting code. */
  readonly projector: number;
}

/** The collection `commits`; `_id` is profileId + `|` + seq, zero-padded so that it sorts. */
export interface CommitDoc {
  readonly _id: string;
  readonly profileId: ProfileId;
  readonly accountId: AccountId;
  readonly appId: AppId;
  /** From 1, without a gap and without a fork. */
  readonly seq: number;
  /** Never less than that of the commit before it. */
  readonly atMs: number;
  readonly cause: Cause;
  /** Which activation wrote it: a timed-out append that finds its seq taken compares this before it believes in a second owner. */
  readonly runId: RunId;
  /** The operations that a write carried out. */
  readonly operations: readonly OperationId[];
  readonly changes: readonly Change[];
}

export const maxChangesPerCommit = 500;
export const maxBytesPerCommit = 4 * 1024 * 1024;

export const commitKey = (profileId: ProfileId, seq: number): string => `${profileId}|${String(seq).padStart(12, '0')}`;
