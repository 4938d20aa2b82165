/** A selection: which events a read asks for, from its parameters to bounds that the store and the exact test use. */
import type { EventDoc } from '../../domain/projected-event.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import type { WireTime } from '../../domain/wire/times.ts';
import { ianaZone } from '../../domain/time/iana.ts';
import { dateOf, dayOf, toWall, type Zone } from '../../domain/time/zone.ts';
import { horizon } from '../../config/policies.ts';
import { readBoolean, readTexts, readTime, readZone, type Params } from './params.ts';
import { collectProblems, type Problems } from './problems.ts';

/** One edge of the window. */
export interface Edge {
  /** Where the day begins in the caller's zone: what timed events are compared with. */
  readonly ms: number;
  /** The same day's midnight in UTC: what all-day events, whose days have no zone, are compared with. */
  readonly dayMs: number;
  /** False for the default window, which does not apply to managed events. */
  readonly given: boolean;
}

export interface Selection {
  /** Null: all calendars of the account. */
  readonly calendarIds: readonly string[] | null;
  /** Null: no edge on this side. */
  readonly from: Edge | null;
  /** Exclusive. */
  readonly to: Edge | null;
  /** Only events that changed at this time or later; null for all. */
  readonly changedSinceMs: number | null;
  readonly includeDeleted: boolean;
  readonly managed: 'excluded' | 'included' | 'only';
  readonly localized: boolean;
  /** Free/busy rows carry `event_uid` and `event_id`. */
  readonly withIds: boolean;
}

const dayMs = 86_400_000;

export const namesCalendars = (params: Params): boolean =>
  params['calendar_ids'] !== undefined || params['calendar_ids[]'] !== undefined;

/** Rejects with `invalid_input`. `calendars` are those of the account, the deleted ones too; needed if some are named. */
export function readSelection(params: Params, calendars: ReadonlyMap<string, CalendarDoc>, nowMs: number): Selection {
  const problems = collectProblems();
  const from = readTime(params['from'], 'from', problems);
  const to = readTime(params['to'], 'to', problems);
  const since = readTime(params['last_modified'], 'last_modified', problems);
  const only = readBoolean(params, 'only_managed', problems);
  const too = readBoolean(params, 'include_managed', problems);
  const moved = readBoolean(params, 'include_moved', problems);
  const changesOnly = since !== undefined && from === undefined && to === undefined;
  const zone = readDayZone(params, changesOnly, problems);
  const calendarIds = readCalendarIds(params, calendars, problems);
  refuseUnsupported(params, problems);
  const selection: Selection = {
    calendarIds,
    // A read of changes alone has no window: whoever mirrors must hear of an event that moved out of any.
    ...windowOf({ from, to, zone, nowMs, open: changesOnly || (moved && since !== undefined) }),
    changedSinceMs: since === undefined ? null : startOf(since, zone),
    includeDeleted: readBoolean(params, 'include_deleted', problems),
    managed: only ? 'only' : too ? 'included' : 'excluded',
    localized: readBoolean(params, 'localized_times', problems),
    withIds: readBoolean(params, 'include_ids', problems),
  };
  if (selection.from?.given === true && selection.to?.given === true && selection.to.ms < selection.from.ms) {
    problems.add('to', 'errors.invalid_time_pair', 'to must not be before from');
  }
  problems.throwIfAny();
  return selection;
}

/** `tzid` says what the days of from and to mean: required, unless the read names neither and needs no default ones. */
function readDayZone(params: Params, optional: boolean, problems: Problems): Zone {
  const name = params['tzid'];
  if (!optional && (name === undefined || name === null || name === '')) {
    problems.add('tzid', 'errors.required', 'tzid must be specified');
  }
  return zoneNamed(readZone(name, 'tzid', problems) ?? 'Etc/UTC');
}

function zoneNamed(tzid: string): Zone {
  const zone = ianaZone(tzid);
  if (zone === null) throw new Error(`${tzid} was checked before`);
  return zone;
}

function readCalendarIds(
  params: Params,
  calendars: ReadonlyMap<string, CalendarDoc>,
  problems: Problems,
): readonly string[] | null {
  const asked = readTexts(params, 'calendar_ids', problems);
  if (asked === null) return null;
  const unknown = asked.filter((id) => !calendars.has(id));
  if (unknown.length > 0) {
    problems.add('calendar_ids', 'errors.invalid_calendar_ids', 'names calendars that this account does not have');
  }
  return asked;
}

/** What Cronofy knows and Kalends has no answer to; false means the same as absent. */
function refuseUnsupported(params: Params, problems: Problems): void {
  for (const name of ['include_geo', 'google_event_ids']) {
    if (readBoolean(params, name, problems)) problems.add(name, 'errors.not_supported', `${name} is not supported yet`);
  }
}

interface WindowRequest {
  readonly from: WireTime | undefined;
  readonly to: WireTime | undefined;
  readonly zone: Zone;
  readonly nowMs: number;
  /** No window at all. */
  readonly open: boolean;
}

function windowOf({ from, to, zone, nowMs, open }: WindowRequest): Pick<Selection, 'from' | 'to'> {
  if (open) return { from: null, to: null };
  const today = dayOf(dateOf(toWall(zone, nowMs)));
  const standard = (days: number): Edge => ({ ...edgeOfDay(today + days * dayMs, zone), given: false });
  return {
    from: from === undefined ? standard(-horizon.pastDays) : { ...edgeOf(from, zone, 'down'), given: true },
    to: to === undefined ? standard(horizon.futureDays) : { ...edgeOf(to, zone, 'up'), given: true },
  };
}

const edgeOfDay = (day: number, zone: Zone): { ms: number; dayMs: number } => ({ ms: zone.toInstant(day), dayMs: day });

/** The edge at a time in the middle of a day takes in the all-day events of that day. */
function edgeOf(time: WireTime, zone: Zone, towards: 'up' | 'down'): { ms: number; dayMs: number } {
  if (time.kind === 'date') return edgeOfDay(dayOf(time.date), zone);
  const wall = toWall(zone, time.ms);
  const midnight = dayOf(dateOf(wall));
  return { ms: time.ms, dayMs: towards === 'up' && wall > midnight ? midnight + dayMs : midnight };
}

const startOf = (time: WireTime, zone: Zone): number =>
  time.kind === 'instant' ? time.ms : zone.toInstant(dayOf(time.date));

/** Indexes hold dates and instants side by side: these bounds take in both readings of an edge; `selects` is exact. */
export const earliestOf = (edge: Edge): number => Math.min(edge.ms, edge.dayMs);
export const latestOf = (edge: Edge): number => Math.max(edge.ms, edge.dayMs);

/** The edges that apply to a kind of event. */
export const edgesFor = (selection: Selection, managed: 0 | 1): { from: Edge | null; to: Edge | null } => ({
  from: applies(selection.from, managed) ? selection.from : null,
  to: applies(selection.to, managed) ? selection.to : null,
});

const applies = (edge: Edge | null, managed: 0 | 1): boolean => edge !== null && (edge.given || managed === 0);

/**
 * Starts before `to`, ends on or after `from`: a timed event that ends exactly where `from` begins is selected; an
 * all-day event whose last day is the day before is not, because its end is exclusive.
 */
export function selects(
  selection: Selection,
  event: Pick<EventDoc, 'start' | 'startMs' | 'endMs' | 'deleted' | 'managed' | 'updatedMs'>,
): boolean {
  if (event.deleted === 1 && !selection.includeDeleted) return false;
  if (selection.managed !== 'included' && (event.managed === 1) !== (selection.managed === 'only')) return false;
  if (selection.changedSinceMs !== null && event.updatedMs < selection.changedSinceMs) return false;
  const { from, to } = edgesFor(selection, event.managed);
  if (event.start.kind === 'date') {
    return (to === null || event.startMs < to.dayMs) && (from === null || event.endMs > from.dayMs);
  }
  return (to === null || event.startMs < to.ms) && (from === null || event.endMs >= from.ms);
}
