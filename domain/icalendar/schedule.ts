/** Writing DTSTART and DTEND as an application wants them, with the VTIMEZONE that they need. */
import { KalendsError } from '../errors.ts';
import type { EventTime } from '../event.ts';
import type { RequestedFields, RequestedTime } from '../managed-event.ts';
import { ianaZone, utc } from '../time/iana.ts';
import { dateOf, dayOf, toWall, type Zone } from '../time/zone.ts';
import { dayMs } from './clock-value.ts';
import { setLines } from './edit.ts';
import { tokenOf } from './property.ts';
import { allDayFlags, type Span } from './span.ts';
import { sameTime, timeLine } from './time.ts';
import { childrenOf, firstLine, type Component, type Line, type Node } from './tree.ts';
import { vtimezoneFor } from './vtimezone.ts';

/** For series without an end, VTIMEZONEs look this far ahead. */
const seriesYearsMs = 10 * 366 * dayMs;

/** A wanted time with its zone; null for dates. */
interface WantedTime {
  readonly time: EventTime;
  readonly zone: Zone | null;
}

export interface Place {
  /** The nodes that hold the event: where a VTIMEZONE goes. */
  readonly calendar: Node[];
  readonly event: Component;
  /** As it is; null for an event that is being created. */
  readonly span: Span | null;
  /** It repeats after this write. */
  readonly repeats: boolean;
}

/**
 * True where the times changed. DTEND is always written beside a changed DTSTART: iCloud refuses events without one.
 * A start named alone moves the end along where it would otherwise not come after it. Refuses with `invalid_input`.
 */
export function writeSchedule(place: Place, fields: Pick<RequestedFields, 'start' | 'end'>): boolean {
  const { event, span } = place;
  if (fields.start === undefined && fields.end === undefined && span !== null) return false;
  const start = fields.start === undefined ? null : wantedTime(fields.start);
  const startTime = start?.time ?? span?.start ?? refuse('an event needs a start');
  const end = fields.end === undefined ? null : wantedTime(fields.end);
  const endTime = end?.time ?? impliedEnd(startTime, span);
  if (startTime.kind !== endTime.kind) refuse('start and end must both be dates or both be times');
  if (span !== null && sameTime(startTime, span.start) && sameTime(endTime, span.end)) return false;
  const lastMs = endTime.kind === 'instant' ? endTime.ms : 0;
  // Lines that stay keep their bytes, unless they are midnights that only a flag made days.
  const keeps = (time: EventTime, before: EventTime | undefined): boolean =>
    before !== undefined && sameTime(time, before) && span?.flagged === false;
  if (!keeps(startTime, span?.start))
    setLines(event, ['DTSTART'], [lineFor('DTSTART', startTime, start, place, lastMs)]);
  if (!keeps(endTime, span?.end) || firstLine(event, 'DTEND') === null) {
    setLines(event, ['DTEND', 'DURATION'], [lineFor('DTEND', endTime, end ?? start, place, lastMs)]);
  }
  setAllDayFlags(event, startTime.kind === 'date');
  return true;
}

/** Where the end lies when only a start was named. */
function impliedEnd(start: EventTime, span: Span | null): EventTime {
  if (span === null || span.start.kind !== start.kind) {
    return start.kind === 'date' ? { kind: 'date', date: dateOf(dayOf(start.date) + dayMs) } : start;
  }
  if (isLater(span.end, start) || sameTime(start, span.start)) return span.end;
  const { days, exactMs } = span.duration;
  if (start.kind === 'instant') return { ...start, ms: start.ms + days * dayMs + exactMs };
  return start.kind === 'date' ? { kind: 'date', date: dateOf(dayOf(start.date) + days * dayMs) } : start;
}

function isLater(a: EventTime, b: EventTime): boolean {
  if (a.kind === 'instant' && b.kind === 'instant') return a.ms > b.ms;
  return a.kind === 'date' && b.kind === 'date' && a.date > b.date;
}

function wantedTime(wanted: RequestedTime): WantedTime {
  if (wanted.kind === 'date') {
    if (Number.isNaN(dayOf(wanted.date))) refuse(`${wanted.date} is no date`);
    return { time: wanted, zone: null };
  }
  const zone = ianaZone(wanted.tzid) ?? refuse(`${wanted.tzid} is no time zone`);
  // iCalendar knows no parts of seconds.
  return { time: { kind: 'instant', ms: Math.floor(wanted.ms / 1_000) * 1_000, tzid: zone.iana ?? zone.id }, zone };
}

function lineFor(name: string, time: EventTime, wanted: WantedTime | null, place: Place, lastMs: number): Line {
  if (time.kind !== 'instant') return timeLine(name, time, null, null);
  const zone = wanted?.zone ?? ianaZone(time.tzid) ?? utc;
  // The second reading of a repeated hour has no local form; a series needs its zone more than that hour.
  const local = zone !== utc && (place.repeats || zone.toInstant(toWall(zone, time.ms)) === time.ms);
  if (local) ensureTimeZone(place.calendar, zone, time.ms, place.repeats ? time.ms + seriesYearsMs : lastMs);
  return timeLine(name, time, zone, local ? zone.id : null);
}

/** A definition that the file brought stays as it is. */
function ensureTimeZone(calendar: Node[], zone: Zone, fromMs: number, toMs: number): void {
  if (childrenOf(calendar, 'VTIMEZONE').some((one) => tokenOf(one, 'TZID') === zone.id)) return;
  const definition = vtimezoneFor(zone, fromMs, Math.max(fromMs, toMs));
  const before = calendar.findIndex((node) => node.kind === 'component');
  calendar.splice(before === -1 ? calendar.length : before, 0, definition);
}

/** Microsoft's flags, where the file has them, must not contradict the times. */
function setAllDayFlags(event: Component, allDay: boolean): void {
  for (const name of allDayFlags) {
    const flag = tokenOf(event, name);
    if (flag !== null && (flag.toUpperCase() === 'TRUE') !== allDay) {
      setLines(event, [name], [{ kind: 'line', name, raw: `${name}:${allDay ? 'TRUE' : 'FALSE'}` }]);
    }
  }
}

function refuse(reason: string): never {
  throw new KalendsError('invalid_input', reason);
}
