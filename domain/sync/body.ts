/** The body of a managed event: the resource as it stands, changed only in what the application wants. */
import { writeEvent } from '../icalendar/write.ts';
import type { AppId, CalendarId } from '../ids.ts';
import type { RequestedFields } from '../managed-event.ts';
import { resourceName } from './reconcile.ts';

export interface BodyInput {
  readonly appId: AppId;
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly generation: number;
  readonly wanted: RequestedFields;
  /** The resource as received; null for a new one. */
  readonly body: string | null;
  readonly nowMs: number;
  /** The profile's own address: who invites, where people are invited and the event names nobody yet. */
  readonly organizer: string | null;
}

/** The UID of a resource that we create, from its name. */
export const uidOf = (name: string): string => `${name}@kalends`;

/** Whether some Kalends may have made it. */
export const isOwnUid = (uid: string): boolean => uid.endsWith('@kalends');

/** Throws `resource_unparsable` when what stands there cannot be changed without losing something. */
export function bodyOf(input: BodyInput): string {
  const uid = uidOf(resourceName(input, input.generation));
  const organizer = input.organizer === null ? null : { email: input.organizer, displayName: null };
  return writeEvent({ base: input.body, fields: input.wanted, uid, nowMs: input.nowMs, organizer });
}
