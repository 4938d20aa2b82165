/** The projection `events`: one document for each single event and each occurrence inside the horizon; what reads serve. */
import type { EventFields } from './event.ts';
import type { AccountId, CalendarId, EventUid, ProfileId, ResourceId } from './ids.ts';

export interface EventDoc extends Omit<EventFields, 'reminders'> {
  /** resource id, or resource id + `|` + recurrence key. */
  readonly _id: string;
  readonly eventUid: EventUid;
  readonly accountId: AccountId;
  readonly profileId: ProfileId;
  readonly calendarId: CalendarId;
  readonly resourceId: ResourceId;
  /** Original start in UTC basic form (`20261121T090000Z`, `20261121` for dates); null for a single event. */
  readonly recurrenceKey: string | null;
  readonly uid: string | null;
  readonly recurring: boolean;
  /** The managed event's own key; null for an external event. */
  readonly eventId: string | null;
  readonly managed: 0 | 1;
  /** Where it lies on the time line; dates as UTC midnights, floating times as if in the calendar's zone. */
  readonly startMs: number;
  readonly endMs: number;
  /** 1 where it lasts longer than `longEventMs`: readers look for those by their end, for all others by their start. */
  readonly long: 0 | 1;
  readonly deleted: 0 | 1;
  readonly createdMs: number;
  /** When a reader would first have seen it as it is: the time of the commit that last changed it. */
  readonly updatedMs: number;
  /** Hash over everything above that a reader sees, without the stamps. */
  readonly shownHash: string;
  /** The seq of the last commit that changed this document. */
  readonly seq: number;
}

/** Longer than nearly every event, so that a window looks back only this far for what still runs when it begins. */
export const longEventMs = 2 * 86_400_000;

export const isLong = (startMs: number, endMs: number): 0 | 1 => (endMs - startMs > longEventMs ? 1 : 0);
