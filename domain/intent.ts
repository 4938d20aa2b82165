/** An intent: a write that was accepted with 202, durable before the answer, and carried out by the profile's actor. */
import type { ErrorCode } from './errors.ts';
import type { AccountId, AppId, CalendarId, OperationId, ProfileId, ResourceId } from './ids.ts';
import type { RequestedFields } from './managed-event.ts';

/** What one request asked for. An upsert is a patch: omitted fields stay, attendees are a delta. */
export type Wish =
  | {
      readonly kind: 'upsert';
      readonly calendarId: CalendarId;
      readonly eventId: string;
      readonly patch: RequestedFields;
    }
  | { readonly kind: 'delete'; readonly calendarId: CalendarId; readonly eventId: string }
  /** One ordered intent that the actor evaluates: all managed events of these calendars; null = of all calendars. */
  | { readonly kind: 'delete_all'; readonly calendarIds: readonly CalendarId[] | null }
  | {
      readonly kind: 'create_calendar';
      readonly calendarId: CalendarId;
      readonly ref: string;
      readonly name: string;
      readonly color: string | null;
    };

/** Made durable before each provider call: what was about to be sent. An open one after a crash forces a read back. */
export interface Attempt {
  readonly action: 'put' | 'delete' | 'make_calendar';
  readonly resourceId: ResourceId | null;
  readonly ref: string;
  readonly generation: number;
  /** Observed hash of the body about to be sent; null for a delete. */
  readonly sentHash: string | null;
  /** Null for a create. */
  readonly baseEtag: string | null;
  readonly atMs: number;
  /** 1 for the first call made for this intent. */
  readonly number: number;
}

/**
 * A provider write that was given up and that nothing has shown the effect of: it may still come to have it, also when
 * its intent has been settled by another call.
 */
export interface LateCall {
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly n: number;
  readonly operationId: OperationId;
  readonly attempt: Attempt;
  /** When it could not have its effect any more, something stood where it would have written. */
  readonly shown?: true;
}

/** Whether this call may have carried out the intent, by itself or together with later ones of its event. */
export const mayHaveDone = (call: LateCall, { n, wish }: IntentDoc): boolean =>
  n === call.n ||
  (n < call.n &&
    (wish.kind === 'upsert' || wish.kind === 'delete') &&
    wish.calendarId === call.calendarId &&
    wish.eventId === call.eventId);

export type IntentState = 'queued' | 'attempting' | 'written' | 'merged' | 'rejected' | 'expired';

export interface BulkProgress {
  /** The calendar that it is in: whatever the intent waits for, it waits for there. */
  readonly calendarId: CalendarId;
  /** The id of the last managed event of that calendar that was dealt with; they are taken in the order of their ids. */
  readonly after: string;
  /** Calendars that it left, where something is to be waited for. */
  readonly waiting: readonly BulkPart[];
  /** Calendars that it has gone through: what was accepted later is carried out there. */
  readonly done: readonly CalendarId[];
  /** Why some event had to be left; the last reason counts. */
  readonly refusal: { readonly code: ErrorCode; readonly description: string } | null;
}

/** A bulk delete in a calendar that it has left for another, with the fields that its intent had there. */
export interface BulkPart extends Pick<IntentDoc, 'notBeforeMs' | 'afterReadMs' | 'afterReadSeq' | 'conflicts'> {
  readonly calendarId: CalendarId;
  readonly after: string;
}

/** The collection `intents`. Inserted by the API, decided by the actor. */
export interface IntentDoc {
  /** profileId + `|` + n, zero-padded. */
  readonly _id: string;
  readonly rev: number;
  readonly profileId: ProfileId;
  readonly accountId: AccountId;
  readonly appId: AppId;
  /** Order of acceptance within the profile, taken like a seq. */
  readonly n: number;
  readonly operationId: OperationId;
  readonly wish: Wish;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: IntentState;
  /** 1 while queued or attempting, else 0: stands in the index that the sweep uses. */
  readonly open: 0 | 1;
  /** Why it was rejected or expired, for people; null otherwise. */
  readonly reason: { readonly code: string; readonly description: string } | null;
  readonly attempt: Attempt | null;
  /** Provider calls made for this intent so far, the open one included; 0 from the start. */
  readonly attempts: number;
  /** Not carried out before this time: set after a failure that concerns this write alone; 0 from the start. */
  readonly notBeforeMs: number;
  /** Not carried out before its calendar was read in full after this time: what is there has to be seen first. Absent: no need. */
  readonly afterReadMs?: number;
  /** Where the log ended when that was asked for: a clock says nothing of what another one wrote down. */
  readonly afterReadSeq?: number;
  /**
   * Its actor knows of it, and the profile's wake-up says when there is something to be done: no sweep needs to look.
   * Absent or null from the start, so that a lost nudge is found.
   */
  readonly seen?: 1 | null;
  /** How often a conflict made the actor reconcile again. */
  readonly conflicts: number;
  /** How far a bulk delete has come; absent before its first calendar. */
  readonly progress?: BulkProgress;
  /** Nobody asked for it: a late call of ours overwrote what had been written, and this puts it right. */
  readonly repair?: true;
  /** The operation that this one was folded into. */
  readonly mergedInto: OperationId | null;
  readonly settledAtMs: number | null;
}

export interface NewIntent {
  readonly owner: { readonly profileId: ProfileId; readonly accountId: AccountId; readonly appId: AppId };
  readonly n: number;
  readonly operationId: OperationId;
  readonly wish: Wish;
  readonly nowMs: number;
  readonly expiresAtMs: number;
}

/** As it is accepted: nothing has been tried. */
export function newIntent({ owner, n, operationId, wish, nowMs, expiresAtMs }: NewIntent): IntentDoc {
  const { profileId, accountId, appId } = owner;
  return {
    _id: intentKey(profileId, n),
    rev: 1,
    profileId,
    accountId,
    appId,
    n,
    operationId,
    wish,
    acceptedAtMs: nowMs,
    expiresAtMs,
    state: 'queued',
    open: 1,
    reason: null,
    attempt: null,
    attempts: 0,
    notBeforeMs: 0,
    conflicts: 0,
    mergedInto: null,
    settledAtMs: null,
  };
}

/** Intents of one event have one key, and are carried out together; every other intent stands alone. */
export const eventKeyOf = ({ operationId, wish }: IntentDoc): string =>
  wish.kind === 'upsert' || wish.kind === 'delete' ? `${wish.calendarId}|${wish.eventId}` : operationId;

export const intentKey = (profileId: ProfileId, n: number): string => `${profileId}|${String(n).padStart(12, '0')}`;
