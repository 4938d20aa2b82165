/** Where times lie in a series: as its wall times, and as instants. */
import type { EventTime, Recurrence } from '../event.ts';
import { ianaZone, utc } from '../time/iana.ts';
import { dayOf, toWall, wallOf, type Zone } from '../time/zone.ts';
import { dayMs } from './days.ts';

/** One start of a series. */
export interface SeriesStart {
  /** As written or as the rule has it; out of a gap it still shows the wall time that never was. */
  readonly wallMs: number;
  /** Dates as UTC midnights. */
  readonly startMs: number;
  /** Where an RDATE with a PERIOD says so; null for the usual duration. */
  readonly endMs: number | null;
}

/** How the wall times of a series become instants: all-day ones lie at UTC midnights. */
export const zoneOfSeries = (recurrence: Recurrence, start: EventTime, fallback: Zone): Zone =>
  start.kind === 'date' ? utc : (recurrence.zone ?? fallback);

export const wallOfStart = (recurrence: Recurrence): number =>
  recurrence.localStart.length === 10 ? dayOf(recurrence.localStart) : wallOf(recurrence.localStart);

/**
 * Where a time lies in a series whose DTSTART is of `kind` and has the wall time `firstWallMs`, from the value alone:
 * the answer does not depend on what the rules give.
 */
export function placeInSeries(
  time: EventTime,
  kind: EventTime['kind'],
  firstWallMs: number,
  zone: Zone,
  fallback: Zone,
): { readonly wallMs: number; readonly startMs: number } {
  if (kind === 'date') {
    const wallMs = Math.floor(writtenWall(time, fallback) / dayMs) * dayMs;
    return { wallMs, startMs: wallMs };
  }
  if (time.kind === 'instant') return { wallMs: toWall(zone, time.ms), startMs: time.ms };
  const timeOfDay = firstWallMs - Math.floor(firstWallMs / dayMs) * dayMs;
  const wallMs = time.kind === 'date' ? dayOf(time.date) + timeOfDay : wallOf(time.local);
  return { wallMs, startMs: zone.toInstant(wallMs) };
}

/** The digits of a time as they were written. */
export function writtenWall(time: EventTime, fallback: Zone): number {
  if (time.kind === 'date') return dayOf(time.date);
  if (time.kind === 'floating') return wallOf(time.local);
  return toWall(ianaZone(time.tzid) ?? fallback, time.ms);
}

/** The digits of a time as a clock in `zone` shows them. */
export const wallOfTime = (time: EventTime, zone: Zone): number =>
  time.kind === 'instant' ? toWall(zone, time.ms) : time.kind === 'date' ? dayOf(time.date) : wallOf(time.local);

/** Where a time lies on the time line: dates at UTC midnights, floating times as if in `fallback`. */
export const instantOf = (time: EventTime, fallback: Zone): number =>
  time.kind === 'instant' ? time.ms : time.kind === 'date' ? dayOf(time.date) : fallback.toInstant(wallOf(time.local));
