/** A bulk delete: one ordered intent, carried out calendar by calendar and event by event, until none is left. */
import type { CalendarId } from '../../domain/ids.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import { managedKeysOf, type ManagedEventDoc } from '../../domain/managed-event.ts';
import { dealtWith, goInto, goneThrough } from '../../domain/sync/bulk.ts';
import type { Activation } from './activation.ts';
import { rejectIntents, replaceIntent, settleIntents, voidAttempt, type Refusal } from './intents.ts';
import { noteLateCall, unknownCallsOf } from './late-calls.ts';
import { refusedOf } from './permission.ts';
import { writeEventTurn } from './push.ts';

/** Managed events looked at in one turn: most of them may be gone already. */
const pageSize = 100;

/** One event's removal in one of these calendars, in which nothing is to be waited for; or the end of the intent. */
export async function bulkDeleteTurn(
  activation: Activation,
  begun: IntentDoc,
  calendarIds: readonly CalendarId[],
): Promise<void> {
  if (calendarIds.length === 0) return end(activation, begun);
  const here = begun.progress?.calendarId;
  const isHere = (one: CalendarId): boolean => one === here;
  let intent = calendarIds.some(isHere) ? begun : await putDown(activation, begun);
  for (const calendarId of [...calendarIds.filter(isHere), ...calendarIds.filter((one) => !isHere(one))]) {
    intent = goInto(intent, calendarId);
    const page = await pageOf(activation, intent);
    for (const event of page) {
      const left = await leaveOut(activation, intent, event);
      // Stored before anything is asked there, so that a failure sets back the calendar that it was met in.
      if (left === null)
        return deleteOne(activation, isHere(calendarId) ? intent : await replaceIntent(activation, intent), event);
      intent = dealtWith(intent, event._id, left.refusal);
    }
    if (page.length === pageSize) break;
    intent = goneThrough(intent);
  }
  await voidAttempt(activation, intent);
}

/** In the calendar that it is in. */
async function pageOf({ deps, profile }: Activation, { progress }: IntentDoc): Promise<readonly ManagedEventDoc[]> {
  if (progress === undefined) return [];
  const { gt, lt } = managedKeysOf(progress.calendarId);
  const params = { profileId: profile._id, _id: { gt: progress.after === '' ? gt : progress.after, lt } };
  return deps.documents.find('managedOfProfile', params, { limit: pageSize });
}

async function end(activation: Activation, intent: IntentDoc): Promise<void> {
  const refusal = intent.progress?.refusal ?? null;
  return refusal === null ? settleIntents(activation, [intent]) : rejectIntents(activation, [intent], refusal);
}

/** It goes on elsewhere before it is known what became of a call: that is remembered as one that was given up. */
async function putDown(activation: Activation, intent: IntentDoc): Promise<IntentDoc> {
  const { attempt } = intent;
  if (attempt === null) return intent;
  const event = (await pageOf(activation, intent)).find((one) => attemptOn(intent, one) !== null);
  if (event !== undefined) await noteLateCall(activation, event, intent, attempt);
  return voidAttempt(activation, intent);
}

/**
 * Null for an event whose turn it is. What went with its calendar needs no removal; what must not be touched is left, but
 * what was called for while it was permitted is found out about first, by the turn that then refuses it.
 */
async function leaveOut(
  activation: Activation,
  intent: IntentDoc,
  event: ManagedEventDoc,
): Promise<{ readonly refusal: Refusal | null } | null> {
  if (event.wanted === null) return { refusal: null };
  const refused = await refusedOf(activation, { calendarId: event.calendarId, intents: [intent] });
  if (refused === null) return null;
  const { refusal } = refused;
  if (refusal.code === 'calendar_gone' || refusal.code === 'calendar_unknown') return { refusal: null };
  return (await mayBeDeleted(activation, intent, event)) ? null : { refusal };
}

/** A call for this event was made whose outcome is not known, or is known and not settled yet. */
async function mayBeDeleted(activation: Activation, intent: IntentDoc, event: ManagedEventDoc): Promise<boolean> {
  if (intent.attempts === 0) return false;
  const { calendarId, eventId, resourceId } = event;
  const late = unknownCallsOf(activation).filter((one) => one.n === intent.n);
  if (late.some((one) => one.calendarId === calendarId && one.eventId === eventId)) return true;
  if (attemptOn(intent, event) !== null) return true;
  const resource = resourceId === null ? null : await activation.deps.documents.get('resources', resourceId);
  return resource?.live !== 1;
}

/** An attempt of an earlier turn is this event's: it is the first that was not dealt with. */
const attemptOn = ({ attempt }: IntentDoc, { resourceId }: ManagedEventDoc): Attempt | null =>
  attempt?.resourceId === resourceId ? attempt : null;

async function deleteOne(activation: Activation, intent: IntentDoc, event: ManagedEventDoc): Promise<void> {
  const { calendarId, eventId } = event;
  const attempt = attemptOn(intent, event);
  await writeEventTurn(activation, { calendarId, eventId, intents: [{ ...intent, attempt }], closes: false });
}
