/** Whether a write that ended without being done had a reason that was real (I4, I7). */
import type { IntentDoc } from '../../domain/intent.ts';
import type { Asked } from './requests.ts';

const minute = 60_000;
/** Clocks are a minute off, each in its direction. */
const apartMs = 2 * minute;
/** What is permitted, and there, is checked in the turn that ends a write, which the store may slow down. */
const checkedWithinMs = 5 * minute;
/** By the design, not by the policies as they happen to be. */
const expireAfterMs = 7 * 24 * 60 * minute;
/** Conflicts that end a write: one more than it is reconciled after. */
const conflictsLeast = 4;

export interface EndedWrite {
  readonly intent: IntentDoc;
  readonly acceptedAtMs: number;
  readonly nowMs: number;
  /** When its application may last have been without permission; null: it has it ever since the write was accepted. */
  readonly forbiddenAtMs: number | null;
  /** Until when its calendar was said to be gone, since the write was accepted; Infinity: it still is; null: it was not. */
  readonly calendarGoneUntilMs: number | null;
  /** A GET of this event named no version since the write was accepted, so that nothing could be written onto it. */
  readonly unversioned: boolean;
  /** What the server answered to writes of this event since the write was accepted. */
  readonly answers: readonly Asked[];
}

/** Why it should not have ended so, for people; null: it should. */
export function unjustified(write: EndedWrite): string | null {
  const { intent, acceptedAtMs, nowMs, forbiddenAtMs, calendarGoneUntilMs, unversioned, answers } = write;
  if (intent.state === 'expired') {
    const days = (nowMs - acceptedAtMs) / (24 * 60 * minute);
    return nowMs - acceptedAtMs < expireAfterMs - apartMs ? `it expired after ${days.toFixed(1)} days` : null;
  }
  const code = intent.reason?.code;
  if (code === 'not_permitted')
    return forbiddenAtMs === null || nowMs - forbiddenAtMs > checkedWithinMs ? 'the application may do it' : null;
  if (code === 'calendar_gone')
    return calendarGoneUntilMs === null || nowMs - calendarGoneUntilMs > checkedWithinMs
      ? 'its calendar is there'
      : null;
  if (code === 'conflicting_state') return unversioned ? null : 'the server named a version of it';
  // A bare 403 to a write is for good; the server of the simulation refuses nothing else so.
  if (code === 'content_refused')
    return answers.some(({ status }) => status === 403) ? null : 'the server refused no write of it';
  if (code !== 'write_conflict_persists') return 'the server refused nothing for good';
  const conflicts = answers.filter(isConflict).length;
  return conflicts < conflictsLeast ? `the server saw ${conflicts} conflicts` : null;
}

const isConflict = ({ status, faults }: Asked): boolean =>
  status === 409 || status === 412 || faults.includes('put_failure_in_207') || faults.includes('put_deleted_uid_400');
