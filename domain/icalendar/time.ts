/** A time property as an event's time: DATE, UTC, local with TZID, floating (RFC 5545 sections 3.3.4 and 3.3.5). */
import type { EventTime } from '../event.ts';
import { utc } from '../time/iana.ts';
import { dateOf, dayOf, localOf, toWall, wallOf, type Zone } from '../time/zone.ts';
import { dateText, dayMs, localText, readTime, utcText, type WrittenTime } from './clock-value.ts';
import { rawLine, type Property } from './property.ts';
import type { Line } from './tree.ts';
import { tzidOf, type ZoneLookup } from './zones.ts';

/** A time with the zone that its digits are to be read in; null for dates and floating times. */
export interface ZonedTime {
  readonly time: EventTime;
  readonly zone: Zone | null;
  readonly wallMs: number;
}

/** The zone shown for times that are known only by their offsets. */
export const utcName = 'Etc/UTC';

/** One value in the light of its property's TZID and VALUE. */
export function readZoned(text: string, property: Property, zones: ZoneLookup): ZonedTime | null {
  const written = readTime(text);
  if (written === null) return null;
  const read = zoned(written, tzidOf(property), zones);
  // `VALUE=DATE` before a DATE-TIME: the day is meant.
  return property.type === 'date' ? asDate(read) : read;
}

function zoned(written: WrittenTime, tzid: string | null, zones: ZoneLookup): ZonedTime {
  const { form, wallMs } = written;
  if (form === 'date') return { time: dateTime(wallMs), zone: null, wallMs };
  // `Z` counts also beside a TZID, which RFC 5545 forbids and clients write.
  const zone = form === 'utc' ? utc : tzid === null ? null : zones(tzid);
  return { time: timeAt(wallMs, zone), zone, wallMs };
}

/** A wall time in a zone; without one it floats. */
export function timeAt(wallMs: number, zone: Zone | null): EventTime {
  if (zone === null) return { kind: 'floating', local: localOf(wallMs) };
  return { kind: 'instant', ms: zone.toInstant(wallMs), tzid: zone.iana ?? utcName };
}

/** The day of a time, as its own clock shows it. */
export function asDate(time: ZonedTime): ZonedTime {
  const wallMs = Math.floor(time.wallMs / dayMs) * dayMs;
  return { time: dateTime(wallMs), zone: null, wallMs };
}

export const dateTime = (wallMs: number): EventTime => ({ kind: 'date', date: dateOf(wallMs) });

/** What a clock on the wall shows; `zone` for instants. */
export function wallTime(time: EventTime, zone: Zone | null): number {
  if (time.kind === 'date') return dayOf(time.date);
  if (time.kind === 'floating') return wallOf(time.local);
  return zone === null ? time.ms : toWall(zone, time.ms);
}

/** A property line for a time; `tzid` null with an instant gives the UTC form. */
export function timeLine(name: string, time: EventTime, zone: Zone | null, tzid: string | null): Line {
  if (time.kind === 'date') return rawLine(name, dateText(dayOf(time.date)), { value: 'DATE' });
  if (time.kind === 'floating') return rawLine(name, localText(wallOf(time.local)));
  if (tzid === null || zone === null) return rawLine(name, utcText(time.ms));
  return rawLine(name, localText(toWall(zone, time.ms)), { tzid });
}

export function sameTime(a: EventTime, b: EventTime): boolean {
  if (a.kind === 'date') return b.kind === 'date' && a.date === b.date;
  if (a.kind === 'floating') return b.kind === 'floating' && a.local === b.local;
  return b.kind === 'instant' && a.ms === b.ms && a.tzid === b.tzid;
}
