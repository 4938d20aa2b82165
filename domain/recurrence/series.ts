/** A series with its exceptions: which occurrences show in a window, under which key and with which fields. */
import type { EventComponent, Recurrence, ResourceProblem } from '../event.ts';
import { overlapsWindow, type TimeWindow } from '../time/window.ts';
import type { Zone } from '../time/zone.ts';
import { dayMs } from './days.ts';
import { expandSeries } from './expand.ts';
import { recurrenceKeyOf } from './key.ts';
import type { RecurrenceLimits } from './limits.ts';
import { instantOf, placeInSeries, wallOfStart, zoneOfSeries } from './place.ts';
import { asWritten, fieldsOf, rangeShape, shown, type Shape, type Shown } from './shape.ts';
import { StartIndex } from './start-index.ts';

export interface Series {
  readonly master: EventComponent;
  readonly recurrence: Recurrence;
  readonly exceptions: readonly EventComponent[];
}

export interface KeyedShown extends Shown {
  readonly recurrenceKey: string;
}

/**
 * What shows of a series in the window, in no order.
 *
 * An exception takes the place of the start that it names, wherever that lies; it shows where it is itself inside the
 * window, also when the series has no such start any more (servers keep those, and so do people's calendars). Of two
 * exceptions of one start the later in the body counts.
 */
export function showSeries(
  series: Series,
  window: TimeWindow,
  fallback: Zone,
  limits: RecurrenceLimits,
): { readonly shown: readonly KeyedShown[]; readonly problem: ResourceProblem | null } {
  const { master, recurrence } = series;
  const kind = master.start.kind;
  const zone = zoneOfSeries(recurrence, master.start, fallback);
  const usual: Shape = { fields: fieldsOf(master), zone, duration: recurrence.duration, shiftMs: null };
  const placed = series.exceptions.flatMap((exception) => placeException(exception, series, zone, fallback));
  const ranges = placed
    .filter(({ exception }) => exception.thisAndFuture)
    .map(({ exception, place }) => ({ fromMs: place.startMs, shape: rangeShape(exception, place, usual, fallback) }))
    .sort((a, b) => a.fromMs - b.fromMs);
  const shapes = [usual, ...ranges.map((range) => range.shape)];
  const { starts, problem } = expandSeries(
    recurrence,
    master.start,
    widened(window, shapes, recurrence, fallback),
    fallback,
    limits,
  );

  const index = new StartIndex(starts);
  const exceptions = new Map<string, KeyedShown>();
  for (const { exception, place } of placed) {
    const [match] = exception.recurrenceId === null ? [] : index.find(exception.recurrenceId, kind, zone, fallback);
    if (match !== undefined) index.remove(match);
    const recurrenceKey = recurrenceKeyOf(kind, match ?? place);
    exceptions.set(recurrenceKey, { recurrenceKey, ...asWritten(exception, fallback) });
  }
  const ordinary = index.all().map((start): KeyedShown => {
    const range = ranges.findLast((candidate) => candidate.fromMs <= start.startMs);
    const { startMs, endMs, fields } = shown(range?.shape ?? usual, start);
    return { recurrenceKey: recurrenceKeyOf(kind, start), startMs, endMs, fields };
  });
  const all = [...ordinary.filter((entry) => !exceptions.has(entry.recurrenceKey)), ...exceptions.values()];
  return { shown: all.filter((entry) => overlapsWindow(entry.startMs, entry.endMs, window)), problem };
}

interface PlacedException {
  readonly exception: EventComponent;
  readonly place: { readonly wallMs: number; readonly startMs: number };
}

/** A component without a recurrence id is no exception; the normaliser gives none. */
function placeException(exception: EventComponent, series: Series, zone: Zone, fallback: Zone): PlacedException[] {
  if (exception.recurrenceId === null) return [];
  const kind = series.master.start.kind;
  const place = placeInSeries(exception.recurrenceId, kind, wallOfStart(series.recurrence), zone, fallback);
  return [{ exception, place }];
}

/** The window of original starts whose occurrences may show in `window`. */
function widened(window: TimeWindow, shapes: readonly Shape[], recurrence: Recurrence, fallback: Zone): TimeWindow {
  let backMs = 0;
  let aheadMs = 0;
  for (const { duration, shiftMs } of shapes) {
    backMs = Math.max(backMs, duration.days * dayMs + duration.exactMs + (shiftMs ?? 0));
    aheadMs = Math.max(aheadMs, -(shiftMs ?? 0));
  }
  for (const { start, end } of recurrence.dates) {
    if (end !== null) backMs = Math.max(backMs, instantOf(end, fallback) - instantOf(start, fallback));
  }
  // Days more: nominal days have up to 25 hours, and a shift may cross zones.
  return { fromMs: window.fromMs - backMs - 2 * dayMs, toMs: window.toMs + aheadMs + 2 * dayMs };
}
