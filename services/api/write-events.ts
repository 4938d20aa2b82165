/** Writing events: validate, authorise, make the intent durable. Carrying it out is the actor's business. */
import type { Caller } from '../../domain/account.ts';
import type { OperationId } from '../../domain/ids.ts';
import { managedKey, type RequestedFields } from '../../domain/managed-event.ts';
import type { ApiContext } from './context.ts';
import type { Intake } from './intake.ts';
import type { Params } from './params.ts';
import { requireScope, writableCalendar, type WritableCalendar } from './permission.ts';
import { readDelete, readUpsert, type UpsertRequest } from './upsert-patch.ts';

export interface EventWriter {
  /** `POST /v1/calendars/{id}/events`: answers the receipt of a durable intent. */
  upsert(caller: Caller, calendarId: string, body: Params): Promise<OperationId>;
  /** `DELETE /v1/calendars/{id}/events`: also accepted when there is nothing to delete. */
  remove(caller: Caller, calendarId: string, body: Params): Promise<OperationId>;
}

export function createEventWriter(context: ApiContext, intake: Intake): EventWriter {
  return {
    async upsert(caller, calendarId, body) {
      requireScope(caller, 'create_event');
      const target = await writableCalendar(context.documents, caller, calendarId);
      const request = readUpsert(body, context.providerOf(target.profile.provider).capabilities.attendees);
      const { _id: calendar } = target.calendar;
      const patch = await settleReminders(context, target, request);
      const wish = { kind: 'upsert', calendarId: calendar, eventId: request.eventId, patch } as const;
      const { operationId } = await intake.accept(caller, target.profile._id, wish);
      return operationId;
    },
    async remove(caller, calendarId, body) {
      requireScope(caller, 'delete_event');
      const { calendar, profile } = await writableCalendar(context.documents, caller, calendarId);
      const { eventId } = readDelete(body);
      const wish = { kind: 'delete', calendarId: calendar._id, eventId } as const;
      const { operationId } = await intake.accept(caller, profile._id, wish);
      return operationId;
    },
  };
}

/**
 * Reminders that are for the creation alone are dropped when the event is there, or is about to be. What is open is read
 * first: a write that lands in between is then seen twice, and never not at all.
 */
async function settleReminders(
  context: ApiContext,
  { calendar, profile }: WritableCalendar,
  { eventId, patch, remindersCreateOnly }: UpsertRequest,
): Promise<RequestedFields> {
  if (!remindersCreateOnly || patch.reminders === undefined) return patch;
  const open = await context.documents.find('openIntentsOfProfile', { profileId: profile._id, open: 1 });
  const managed = await context.documents.get('managed_events', managedKey(calendar._id, eventId));
  let exists = managed !== null && managed.wanted !== null;
  for (const { n, wish } of open) {
    if (n <= (managed?.throughN ?? 0)) continue;
    if (wish.kind === 'delete_all') exists = exists && !(wish.calendarIds?.includes(calendar._id) ?? true);
    else if (wish.kind !== 'create_calendar' && wish.calendarId === calendar._id && wish.eventId === eventId) {
      exists = wish.kind === 'upsert';
    }
  }
  const { reminders: _reminders, ...rest } = patch;
  return exists ? rest : patch;
}
