/** A bulk delete: one ordered intent, carried out event by event, in the order of their ids, until none is left. */
import type { Attempt, BulkProgress, IntentDoc } from '../../domain/intent.ts';
import type { ManagedEventDoc } from '../../domain/managed-event.ts';
import type { Activation } from './activation.ts';
import { rejectIntents, replaceIntent, settleIntents, voidAttempt, waitsUntil, type Refusal } from './intents.ts';
import { unknownCallsOf } from './late-calls.ts';
import { refusedOf } from './permission.ts';
import { writeEventTurn } from './push.ts';

/** Managed events looked at in one turn: most of them may be gone already. */
const pageSize = 100;

/** One event's removal, or the end of the intent. */
export async function bulkDeleteTurn(activation: Activation, intent: IntentDoc): Promise<void> {
  const { documents } = activation.deps;
  const profileId = activation.profile._id;
  const begun: BulkProgress = intent.progress ?? { after: '', refusal: null };
  const page = await documents.find('managedOfProfile', { profileId, _id: { gt: begun.after } }, { limit: pageSize });
  let progress = begun;
  for (const event of page) {
    const left = await leaveOut(activation, intent, event);
    if (left === null) return deleteOrWait(activation, { ...intent, progress }, event);
    progress = { after: event._id, refusal: left.refusal ?? progress.refusal };
  }
  if (page.length === pageSize) return void (await voidAttempt(activation, intent, { progress }));
  const { refusal } = progress;
  return refusal === null ? settleIntents(activation, [intent]) : rejectIntents(activation, [intent], refusal);
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
  const calendarIds = intent.wish.kind === 'delete_all' ? intent.wish.calendarIds : null;
  const meant = event.wanted !== null && (calendarIds?.includes(event.calendarId) ?? true);
  if (!meant) return { refusal: null };
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

/** A calendar that was set aside has to be found well first, like for any other write. */
async function deleteOrWait(activation: Activation, intent: IntentDoc, event: ManagedEventDoc): Promise<void> {
  const state = activation.profile.calendars[event.calendarId]?.state;
  if (state?.name !== 'quarantined') return deleteOne(activation, intent, event);
  const notBeforeMs = Math.max(state.probeAtMs, waitsUntil(activation, 1));
  await replaceIntent(activation, { ...intent, notBeforeMs });
}

async function deleteOne(activation: Activation, intent: IntentDoc, event: ManagedEventDoc): Promise<void> {
  const { calendarId, eventId } = event;
  const attempt = attemptOn(intent, event);
  await writeEventTurn(activation, { calendarId, eventId, intents: [{ ...intent, attempt }], closes: false });
}
