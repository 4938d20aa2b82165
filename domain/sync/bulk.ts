/** A bulk delete on its way: it goes through its calendars one by one, and waits in each by itself. */
import type { CalendarId } from '../ids.ts';
import type { BulkPart, BulkProgress, IntentDoc } from '../intent.ts';

/** The calendars that it has yet to go through; `all`: those that one means which names none. */
export function calendarsLeft({ wish, progress }: IntentDoc, all: readonly CalendarId[]): readonly CalendarId[] {
  if (wish.kind !== 'delete_all') return [];
  return (wish.calendarIds ?? all).filter((one) => progress?.done.includes(one) !== true);
}

/** Until when it waits in that calendar. One that has not begun waits in all. */
export function waitsInUntil({ progress, notBeforeMs }: IntentDoc, calendarId: CalendarId): number {
  if (progress === undefined || progress.calendarId === calendarId) return notBeforeMs;
  return progress.waiting.find((one) => one.calendarId === calendarId)?.notBeforeMs ?? 0;
}

/** When it may go on in one calendar or another. */
export const waitsOf = ({ progress, notBeforeMs }: IntentDoc): readonly number[] => [
  notBeforeMs,
  ...(progress?.waiting.map((one) => one.notBeforeMs) ?? []),
];

/** The bulk delete as it goes on in that calendar, where no attempt of another calendar's is open. */
export function goInto(intent: IntentDoc, calendarId: CalendarId): IntentDoc {
  const { afterReadMs: _elsewhere, afterReadSeq: _then, progress, ...rest } = intent;
  if (progress?.calendarId === calendarId) return intent;
  const waiting = progress === undefined ? [] : partsOf(intent, progress);
  const { after, ...waits } = waiting.find((one) => one.calendarId === calendarId) ?? notBegun(calendarId);
  const { calendarId: _here, ...fields } = waits;
  const others = waiting.filter((one) => one.calendarId !== calendarId);
  const { done, refusal } = progress ?? { done: [], refusal: null };
  return { ...rest, ...fields, progress: { calendarId, after, waiting: others, done, refusal } };
}

const notBegun = (calendarId: CalendarId): BulkPart => ({ calendarId, after: '', notBeforeMs: 0, conflicts: 0 });

/** Those that wait, together with the one that it leaves now, unless it has gone through it. */
function partsOf(intent: IntentDoc, { calendarId, after, waiting, done }: BulkProgress): readonly BulkPart[] {
  if (done.includes(calendarId)) return waiting;
  const { notBeforeMs, conflicts, afterReadMs, afterReadSeq } = intent;
  const read = afterReadMs === undefined || afterReadSeq === undefined ? {} : { afterReadMs, afterReadSeq };
  return [...waiting, { calendarId, after, notBeforeMs, conflicts, ...read }];
}

/** One managed event, by its id, is deleted or left. */
export function dealtWith(intent: IntentDoc, after: string, refusal: BulkProgress['refusal']): IntentDoc {
  const { progress } = intent;
  if (progress === undefined) return intent;
  return { ...intent, progress: { ...progress, after, refusal: refusal ?? progress.refusal } };
}

/** Nothing is left in the calendar that it is in, nor open there. */
export function goneThrough(intent: IntentDoc): IntentDoc {
  const { progress } = intent;
  if (progress === undefined) return intent;
  const done = [...progress.done, progress.calendarId];
  return { ...intent, attempt: null, notBeforeMs: 0, conflicts: 0, progress: { ...progress, done } };
}
