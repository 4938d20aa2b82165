/** Event rows: a projected event as the HTTP API shows it. */
import type { CalendarDoc } from '../../domain/calendar.ts';
import type { EventLocation, ParticipationStatus } from '../../domain/event.ts';
import type { ResourceId } from '../../domain/ids.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import { localizedTime, wireInstant, wireTime } from '../../domain/wire/times.ts';

/** What rows depend on beside the event. */
export interface RowContext {
  readonly calendars: ReadonlyMap<string, CalendarDoc>;
  /** The person's own addresses, in lower case. */
  readonly own: ReadonlySet<string>;
  readonly localized: boolean;
  /** Ids of rows that show a write which has not landed yet. */
  readonly provisional: { has(id: string): boolean };
  /** Managed series: how they repeat and which occurrence comes first. */
  readonly series: ReadonlyMap<ResourceId, SeriesHead>;
}

export interface SeriesHead {
  /** Recurrence key of the first occurrence. */
  readonly firstKey: string;
  /** As the API shows it; null where the calendar repeats the event and the application did not. */
  readonly recurrence: Row | null;
}

export type Row = Readonly<Record<string, unknown>>;

/** Null where an event has none: the field is then left out, as clients expect. */
export function eventRow(event: EventDoc, context: RowContext): Row {
  const managed = event.eventId !== null;
  const later = managed && event.recurring && isLater(event, context);
  return {
    calendar_id: event.calendarId,
    ...(managed && !later ? { event_id: event.eventId } : {}),
    event_uid: event.eventUid,
    summary: event.summary,
    description: event.description,
    start: shownTime(event, 'start', context),
    end: shownTime(event, 'end', context),
    deleted: event.deleted === 1,
    created: wireInstant(event.createdMs),
    updated: wireInstant(event.updatedMs),
    ...(event.location === null ? {} : { location: shownLocation(event.location) }),
    participation_status: participation(event, context.own),
    attendees: event.attendees.map((one) => ({ email: one.email, display_name: one.displayName, status: one.status })),
    ...(event.organizer === null
      ? {}
      : { organizer: { email: event.organizer.email, display_name: event.organizer.displayName } }),
    transparency: event.transparency,
    extended_transparency: event.extendedTransparency,
    status: event.status,
    categories: event.categories,
    recurring: event.recurring,
    ...(event.recurring ? { series_identifier: event.resourceId } : {}),
    ...seriesFields(event, later, context),
    event_private: event.private,
    ...(event.url === null ? {} : { url: event.url }),
    options: {
      delete: managed && !later && event.deleted === 0,
      update: managed && !later && event.deleted === 0,
      change_participation_status: false,
    },
    ...(context.provisional.has(event._id) ? { kalends_provisional: true } : {}),
  };
}

/** Only the first occurrence of a managed series carries its event_id: writes to it concern the series. */
function isLater(event: EventDoc, context: RowContext): boolean {
  const head = context.series.get(event.resourceId);
  return head !== undefined && event.recurrenceKey !== head.firstKey;
}

function seriesFields(event: EventDoc, later: boolean, context: RowContext): Row {
  if (event.eventId === null || !event.recurring) return {};
  if (later) return { series_master: { event_id: event.eventId } };
  const head = context.series.get(event.resourceId);
  return head === undefined || head.recurrence === null ? {} : { recurrence: head.recurrence };
}

function shownTime(event: EventDoc, which: 'start' | 'end', context: RowContext): unknown {
  const ms = which === 'start' ? event.startMs : event.endMs;
  if (!context.localized) return wireTime(event[which], ms);
  return localizedTime(event[which], ms, context.calendars.get(event.calendarId)?.timeZone ?? 'Etc/UTC');
}

const shownLocation = ({ description, lat, long }: EventLocation): Row => ({
  ...(description === null ? {} : { description }),
  ...(lat === null ? {} : { lat }),
  ...(long === null ? {} : { long }),
});

/** Of somebody who is invited at several addresses: coming by one of them is coming, and an answer counts before none. */
const answers = ['accepted', 'tentative', 'declined', 'needs_action', 'unknown'] as const;

/** The person's own answer; the organizer of an event, and whoever is alone in one, takes part. */
export function participation(event: EventDoc, own: ReadonlySet<string>): ParticipationStatus {
  const selves = event.attendees.filter((one) => own.has(one.email));
  const answer = answers.find((status) => selves.some((one) => one.status === status));
  if (answer !== undefined) return answer;
  const alone = event.attendees.length === 0 && event.organizer === null;
  return alone || (event.organizer !== null && own.has(event.organizer.email)) ? 'accepted' : 'unknown';
}

export type FreeBusyStatus = 'busy' | 'tentative' | 'free' | 'unknown';

/** Declined and cancelled do not take time; an invitation without an answer does, so that nobody is booked twice. */
export function freeBusyStatus(event: EventDoc, own: ReadonlySet<string>): FreeBusyStatus {
  const answer = participation(event, own);
  if (event.status === 'cancelled' || answer === 'declined' || event.transparency === 'transparent') return 'free';
  if (event.extendedTransparency === 'working_elsewhere') return 'free';
  const tentative =
    event.status === 'tentative' || answer === 'tentative' || event.extendedTransparency === 'tentative';
  return tentative ? 'tentative' : 'busy';
}

export function freeBusyRow(event: EventDoc, context: RowContext, withIds: boolean): Row {
  return {
    calendar_id: event.calendarId,
    ...(withIds ? { event_uid: event.eventUid, ...(event.eventId === null ? {} : { event_id: event.eventId }) } : {}),
    start: shownTime(event, 'start', context),
    end: shownTime(event, 'end', context),
    free_busy_status: freeBusyStatus(event, context.own),
    ...(context.provisional.has(event._id) ? { kalends_provisional: true } : {}),
  };
}
