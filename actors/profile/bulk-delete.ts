/** A bulk delete: one ordered intent, carried out event by event until no managed event of its calendars is left. */
import type { CalendarId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { ManagedEventDoc } from '../../domain/managed-event.ts';
import type { Activation } from './activation.ts';
import { settleIntents, voidAttempt } from './intents.ts';
import { writeEventTurn } from './push.ts';

/** One event's removal, or the end of the intent. */
export async function bulkDeleteTurn(activation: Activation, intent: IntentDoc): Promise<void> {
  const calendarIds = intent.wish.kind === 'delete_all' ? intent.wish.calendarIds : null;
  const events = await wantedEvents(activation, calendarIds);
  const tried = intent.attempt;
  if (tried !== null) {
    const event = events.find((one) => one.resourceId === tried.resourceId);
    // Committed before a crash: only the attempt was left standing.
    if (event === undefined) await voidAttempt(activation, intent);
    else await deleteOne(activation, intent, event);
    return;
  }
  const [next] = events;
  if (next === undefined) return settleIntents(activation, [intent]);
  await deleteOne(activation, intent, next);
}

async function wantedEvents(
  activation: Activation,
  calendarIds: readonly CalendarId[] | null,
): Promise<ManagedEventDoc[]> {
  const { documents } = activation.deps;
  const all = await documents.find('managedOfProfile', { profileId: activation.profile._id });
  return all.filter((one) => one.wanted !== null && (calendarIds === null || calendarIds.includes(one.calendarId)));
}

async function deleteOne(activation: Activation, intent: IntentDoc, event: ManagedEventDoc): Promise<void> {
  const { calendarId, eventId } = event;
  await writeEventTurn(activation, { calendarId, eventId, intents: [intent], closes: false });
}
