/** Intents, resources and managed events for these suites. */
import type { AccountId, AppId, CalendarId, OperationId, ProfileId, ResourceId } from '../../domain/ids.ts';
import { newIntent, type IntentDoc, type Wish } from '../../domain/intent.ts';
import { managedKey, type ManagedEventDoc, type RequestedFields } from '../../domain/managed-event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { requestedHash } from '../../domain/hashes.ts';

export const profileId = 'pro_1' as ProfileId;
export const calendarId = 'cal_1' as CalendarId;
export const appId = 'app_1' as AppId;
export const accountId = 'acc_1' as AccountId;
export const nowMs = 1_800_000_000_000;

export function intent(n: number, wish: Wish, change: Partial<IntentDoc> = {}): IntentDoc {
  const owner = { profileId, accountId, appId };
  const operationId = `op_${n}` as OperationId;
  return { ...newIntent({ owner, n, operationId, wish, nowMs, expiresAtMs: nowMs + 1_000_000 }), ...change };
}

export const upsert = (n: number, patch: RequestedFields, eventId = 'x', change: Partial<IntentDoc> = {}): IntentDoc =>
  intent(n, { kind: 'upsert', calendarId, eventId, patch }, change);
export const remove = (n: number, eventId = 'x'): IntentDoc => intent(n, { kind: 'delete', calendarId, eventId });
export const removeAll = (n: number): IntentDoc => intent(n, { kind: 'delete_all', calendarIds: null });

export function resource(change: Partial<ResourceDoc> = {}): ResourceDoc {
  return {
    _id: 'rsc_1' as ResourceId,
    profileId,
    calendarId,
    ref: 'x.ics',
    uid: 'x',
    etag: '"1"',
    scheduleTag: null,
    body: 'body',
    format: 'icalendar',
    observedHash: 'as written',
    normaliser: 1,
    problem: null,
    recurring: false,
    live: 1,
    evidence: null,
    eventId: 'x',
    createdMs: nowMs,
    seq: 1,
    ...change,
  };
}

export function managed(wanted: RequestedFields | null, change: Partial<ManagedEventDoc> = {}): ManagedEventDoc {
  return {
    _id: managedKey(calendarId, 'x'),
    profileId,
    calendarId,
    eventId: 'x',
    appId,
    generation: 1,
    wanted,
    throughN: 1,
    resourceId: 'rsc_1' as ResourceId,
    requestedHash: wanted === null ? null : requestedHash(wanted),
    writtenHash: wanted === null ? null : 'as written',
    seq: 1,
    ...change,
  };
}
