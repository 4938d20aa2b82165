/** Whether an application may be told no: only while what it is told is so. */
import type { CalendarDoc } from '../../domain/calendar.ts';
import { isKalendsError, type KalendsError } from '../../domain/errors.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { NotAccepted } from './application.ts';

export interface AccessWatch {
  profileStored(profile: ProfileDoc): void;
  calendarProjected(calendar: CalendarDoc): void;
  storeFailed(): void;
  /** When it did so last. */
  storeFailedAtMs(): number;
  /** What is wrong with this answer to a call that was made then, for people; null: it may be given. */
  unfounded(error: unknown, profileId: string, calledAtMs: number): string | null;
}

const lockedStates: ReadonlySet<string> = new Set(['relink_required', 'disconnected']);

export function createAccessWatch(now: () => number): AccessWatch {
  /** What was so, and until when; Infinity: it still is. */
  const until = new Map<string, number>();
  const note = (what: string, holds: boolean): void => {
    if (holds) until.set(what, Infinity);
    else if (until.get(what) === Infinity) until.set(what, now());
  };
  const knownAtMs = new Map<string, number>();
  let failedAtMs = -Infinity;

  function isSo(error: unknown, profileId: string, sinceMs: number): boolean {
    const [cause, calendarId] = error instanceof NotAccepted ? [error.cause, error.calendarId] : [error, null];
    if (!isKalendsError(cause)) return false;
    const was = (what: string): boolean => (until.get(what) ?? -Infinity) >= sinceMs;
    switch (cause.code) {
      case 'store_unavailable':
        return failedAtMs >= sinceMs;
      case 'profile_locked':
        return calendarId !== null && was(`${profileId} is locked`);
      case 'calendar_unknown':
        return calendarId !== null && (knownAtMs.get(calendarId) ?? Infinity) >= sinceMs;
      case 'invalid_input':
        // A write to a calendar that is gone; nothing that applications send here is wrong in itself.
        return calendarId !== null && isAboutTheEnd(cause.fields) && was(`${calendarId} is gone`);
      default:
        return false;
    }
  }

  return {
    profileStored: ({ _id, state }) => note(`${_id} is locked`, lockedStates.has(state.name)),
    calendarProjected: ({ _id, deleted }) => {
      if (!knownAtMs.has(_id)) knownAtMs.set(_id, now());
      note(`${_id} is gone`, deleted);
    },
    storeFailed: () => {
      failedAtMs = now();
    },
    storeFailedAtMs: () => failedAtMs,
    unfounded: (error, profileId, calledAtMs) =>
      isLost(error) || isSo(error, profileId, calledAtMs) ? null : `was answered with ${String(error)}`,
  };
}

const isLost = (error: unknown): boolean => error instanceof Error && error.message === 'the connection was lost';

const isAboutTheEnd = (fields: KalendsError['fields'] = null): boolean =>
  fields !== null &&
  Object.keys(fields).join() === 'calendar_id' &&
  fields['calendar_id']?.every((one) => one.key === 'errors.calendar_deleted') === true;
