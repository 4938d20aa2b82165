/** What the occurrences of a stretch of a series look like: fields, duration, and how far they lie from their key. */
import type { EventComponent, EventFields, EventTime, Recurrence } from '../event.ts';
import { ianaZone } from '../time/iana.ts';
import { dateOf, localOf, toWall, type Zone } from '../time/zone.ts';
import { dayMs } from './days.ts';
import { instantOf, wallOfTime, type SeriesStart } from './place.ts';

/** What one occurrence is to a reader, without its name. */
export interface Shown {
  readonly startMs: number;
  readonly endMs: number;
  readonly fields: EventFields;
}

export interface Shape {
  readonly fields: EventFields;
  /** The zone that its own start is in: wall times become instants by it. */
  readonly zone: Zone;
  readonly duration: Recurrence['duration'];
  /** Wall milliseconds from the original start to the shown one; null where nothing was moved. */
  readonly shiftMs: number | null;
}

/** Without what only says which occurrences the component is about. */
export function fieldsOf(component: EventComponent): EventFields {
  const { recurrenceId: _recurrenceId, thisAndFuture: _thisAndFuture, ...fields } = component;
  return fields;
}

/** The component at its own start and end, as a single event or an exception shows. */
export function asWritten(component: EventComponent, fallback: Zone): Shown {
  const startMs = instantOf(component.start, fallback);
  return { startMs, endMs: Math.max(startMs, instantOf(component.end, fallback)), fields: fieldsOf(component) };
}

/**
 * RANGE=THISANDFUTURE (RFC 5545, section 3.2.13): all following occurrences get the exception's fields and duration,
 * and are moved by as much as it is from the occurrence that it names. The move is one of wall time, so that a series
 * that is moved from nine to ten stays at ten in winter.
 */
export function rangeShape(
  exception: EventComponent,
  original: { readonly wallMs: number },
  master: Shape,
  fallback: Zone,
): Shape {
  const { start, end } = exception;
  // The same name: a zone that only the file defines has no name of its own in a time.
  const known = start.kind === 'instant' && start.tzid !== tzidOf(master.fields.start) ? ianaZone(start.tzid) : null;
  const zone = known ?? (start.kind === 'floating' ? fallback : master.zone);
  const lengthMs = Math.max(0, instantOf(end, fallback) - instantOf(start, fallback));
  return {
    fields: fieldsOf(exception),
    zone,
    duration:
      start.kind === 'instant'
        ? { days: 0, exactMs: lengthMs }
        : { days: Math.floor(lengthMs / dayMs), exactMs: lengthMs % dayMs },
    shiftMs: wallOfTime(start, zone) - original.wallMs,
  };
}

/** The occurrence that `start` names, in this shape. */
export function shown(shape: Shape, start: SeriesStart): Shown {
  const { kind } = shape.fields.start;
  const wallMs = start.wallMs + (shape.shiftMs ?? 0);
  const startMs = shape.shiftMs === null ? start.startMs : instantAt(kind, shape.zone, wallMs);
  const end = endOf(shape, start, wallMs, startMs);
  const fields: EventFields = {
    ...shape.fields,
    start: timeAt(kind, wallMs, startMs, tzidOf(shape.fields.start)),
    end: timeAt(kind, end.wallMs, end.endMs, tzidOf(shape.fields.end)),
  };
  return { startMs, endMs: end.endMs, fields };
}

function endOf(shape: Shape, start: SeriesStart, wallMs: number, startMs: number): { wallMs: number; endMs: number } {
  const { kind } = shape.fields.start;
  const { days, exactMs } = shape.duration;
  if (start.endMs !== null) {
    const lengthMs = start.endMs - start.startMs;
    const wholeMs = kind === 'date' ? Math.ceil(lengthMs / dayMs) * dayMs : lengthMs;
    return { wallMs: wallMs + wholeMs, endMs: startMs + wholeMs };
  }
  if (kind === 'date') {
    const end = wallMs + (days + Math.ceil(exactMs / dayMs)) * dayMs;
    return { wallMs: end, endMs: end };
  }
  if (kind === 'floating') {
    const end = wallMs + days * dayMs + exactMs;
    return { wallMs: end, endMs: Math.max(startMs, shape.zone.toInstant(end)) };
  }
  const nominal = days === 0 ? startMs : shape.zone.toInstant(toWall(shape.zone, startMs) + days * dayMs);
  return { wallMs, endMs: nominal + exactMs };
}

const instantAt = (kind: EventTime['kind'], zone: Zone, wallMs: number): number =>
  kind === 'date' ? Math.floor(wallMs / dayMs) * dayMs : zone.toInstant(wallMs);

const tzidOf = (time: EventTime): string => (time.kind === 'instant' ? time.tzid : 'Etc/UTC');

function timeAt(kind: EventTime['kind'], wallMs: number, ms: number, tzid: string): EventTime {
  if (kind === 'date') return { kind, date: dateOf(wallMs) };
  return kind === 'floating' ? { kind, local: localOf(wallMs) } : { kind, ms, tzid };
}
