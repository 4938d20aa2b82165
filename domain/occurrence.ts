/** Occurrences: a normalised resource laid out on the time line, one entry for each single event or instance. */
import type { EventComponent, EventFields, NormalisedResource, ResourceProblem } from './event.ts';
import { recurrenceKeyOf } from './recurrence/key.ts';
import { defaultRecurrenceLimits, type RecurrenceLimits } from './recurrence/limits.ts';
import { instantOf, wallOfTime } from './recurrence/place.ts';
import { showSeries, type KeyedShown } from './recurrence/series.ts';
import { asWritten } from './recurrence/shape.ts';
import { utc } from './time/iana.ts';
import type { TimeWindow } from './time/window.ts';
import type { Zone } from './time/zone.ts';

export type { TimeWindow } from './time/window.ts';

export interface Occurrence {
  /** Original start in UTC basic form (`20261121T090000Z`; `20261121` for dates; `20261121T090000` for floating); null for a single event. */
  readonly recurrenceKey: string | null;
  readonly recurring: boolean;
  /** Dates as UTC midnights; floating times as if in the fallback zone. */
  readonly startMs: number;
  readonly endMs: number;
  /** The fields of this occurrence, its own start and end among them. */
  readonly fields: EventFields;
}

export interface OccurrenceList {
  /** By `startMs`, then by key. No two have the same key. */
  readonly occurrences: readonly Occurrence[];
  /** What is wrong with the recurrence; it affects this resource alone, which still shows what is known of it. */
  readonly problem: ResourceProblem | null;
}

/**
 * What the resource puts on the time line.
 *
 * Occurrences of a series show when they overlap the window. A single event shows whatever the window, and so do
 * exceptions that come without a series (an invitation to single occurrences): there are only as many as the body has.
 * Cancelled exceptions come with their status; whether they show is for the reader to decide.
 * Where a rule is refused, the series still shows DTSTART, its extra dates and its exceptions; see
 * `domain/recurrence/` for what a DTSTART outside its rule, exclusions of another value type, and THISANDFUTURE mean.
 *
 * @param fallback the zone of floating times, usually the calendar's.
 */
export function occurrencesOf(
  resource: NormalisedResource,
  window: TimeWindow,
  fallback: Zone,
  limits: RecurrenceLimits = defaultRecurrenceLimits,
): OccurrenceList {
  const { master, recurrence, exceptions } = resource;
  if (master === null || recurrence === null) {
    return { occurrences: sorted(withoutSeries(master, exceptions, fallback)), problem: null };
  }
  const { shown, problem } = showSeries({ master, recurrence, exceptions }, window, fallback, limits);
  return { occurrences: sorted(shown.map(recurringOccurrence)), problem };
}

const recurringOccurrence = ({ recurrenceKey, startMs, endMs, fields }: KeyedShown): Occurrence => ({
  recurrenceKey,
  recurring: true,
  startMs,
  endMs,
  fields,
});

function withoutSeries(
  master: EventComponent | null,
  exceptions: readonly EventComponent[],
  fallback: Zone,
): readonly Occurrence[] {
  const byKey = new Map<string | null, Occurrence>();
  if (master !== null) byKey.set(null, { recurrenceKey: null, recurring: false, ...asWritten(master, fallback) });
  for (const exception of exceptions) {
    const original = exception.recurrenceId;
    if (original === null) continue;
    const place = { wallMs: wallOfTime(original, utc), startMs: instantOf(original, fallback) };
    const recurrenceKey = recurrenceKeyOf(original.kind, place);
    byKey.set(recurrenceKey, { recurrenceKey, recurring: true, ...asWritten(exception, fallback) });
    // The only occurrence of an event that does not repeat: its exception stands for it.
    if (byKey.get(null)?.startMs === place.startMs) byKey.delete(null);
  }
  return [...byKey.values()];
}

const sorted = (occurrences: readonly Occurrence[]): readonly Occurrence[] =>
  [...occurrences].sort((a, b) => a.startMs - b.startMs || compareKeys(a.recurrenceKey ?? '', b.recurrenceKey ?? ''));

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
