/**
 * What becomes of EXDATE, RDATE and exceptions when a series is written anew. All three name occurrences by their
 * original start, so they say nothing any more once that start is another one (RFC 5545 section 3.8.4.4).
 *
 * - Only the start moved: they move along. A rule without BY… parts follows its start, so they move by the whole
 *   distance; any other rule keeps its days, so they move by the time of day alone.
 * - Only UNTIL or COUNT changed: they stay; exceptions after the new UNTIL go.
 * - Another rule, times instead of days, or no repetition any more: they go, as Google and Exchange do it.
 */
import type { EventTime } from '../event.ts';
import { canonicalRule } from '../hashes.ts';
import { dayOf, wallOf, type Zone } from '../time/zone.ts';
import { clampWall, dateText, dayMs, localText, readTime, utcText } from './clock-value.ts';
import { removeLines, replaceLine } from './edit.ts';
import { paramOf, rawLine, readProperty, type Property } from './property.ts';
import type { Span } from './span.ts';
import { readZoned, utcName, wallTime } from './time.ts';
import { linesOf, type Component, type Line } from './tree.ts';
import type { ZoneLookup } from './zones.ts';

export interface SeriesState {
  readonly rules: readonly string[];
  readonly span: Span;
}

/** What is done to everything that names an occurrence by its original start. */
export type Realignment =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  /** Wall times move by `wallMs`, dates by `daysMs`. */
  | { readonly kind: 'shift'; readonly wallMs: number; readonly daysMs: number };

export function realignment(before: SeriesState, after: SeriesState): Realignment {
  if (before.rules.length === 0) return { kind: 'keep' };
  if (before.span.start.kind !== after.span.start.kind || patternOf(before.rules) !== patternOf(after.rules)) {
    return { kind: 'drop' };
  }
  const moved = wallStart(after.span) - wallStart(before.span);
  const days = dayOf(after.span.localStart.slice(0, 10)) - dayOf(before.span.localStart.slice(0, 10));
  const sameZone = before.span.zone?.id === after.span.zone?.id;
  if (moved === 0 && sameZone) return { kind: 'keep' };
  const follows = before.rules.every(followsStart);
  return { kind: 'shift', wallMs: follows ? moved : moved - days, daysMs: follows ? days : 0 };
}

/** The rules without their ends. */
const patternOf = (rules: readonly string[]): string =>
  rules
    .map((rule) =>
      partsOf(rule)
        .filter((part) => !/^(UNTIL|COUNT)=/.test(part))
        .join(';'),
    )
    .sort()
    .join(' ');

const partsOf = (rule: string): string[] => canonicalRule(rule).split(';');

/** Its occurrences move when DTSTART moves by days: nothing but the start says which days they are. */
function followsStart(rule: string): boolean {
  const parts = partsOf(rule);
  const daily =
    parts.includes('FREQ=DAILY') && !parts.some((part) => part.startsWith('INTERVAL=') && part !== 'INTERVAL=1');
  return !daily && !parts.some((part) => part.startsWith('BY'));
}

const wallStart = (span: Span): number =>
  span.localStart.length === 10 ? dayOf(span.localStart) : wallOf(span.localStart);

/** Moves every date of a property along. */
export function shiftLines(
  component: Component,
  names: readonly string[],
  by: Extract<Realignment, { kind: 'shift' }>,
  series: { readonly before: Span; readonly after: Span; readonly tzid: string | null; readonly zones: ZoneLookup },
): void {
  for (const name of names) {
    for (const line of linesOf(component, name)) {
      const property = readProperty(line);
      if (property === null) continue;
      const texts = property.values[0].split(',').map((value) =>
        value
          .split('/')
          .map((text) => shifted(text, readZoned(text, property, series.zones)?.time ?? null, by, series))
          .join('/'),
      );
      replaceLine(component, line, rewritten(name, texts.join(','), property, series));
    }
  }
}

function shifted(
  text: string,
  time: EventTime | null,
  by: Extract<Realignment, { kind: 'shift' }>,
  series: { readonly before: Span; readonly after: Span },
): string {
  // The duration of a PERIOD, or what was never a time.
  if (time === null) return text;
  if (time.kind === 'date') return dateText(clampWall(dayOf(time.date) + by.daysMs));
  const wallMs = clampWall(wallTime(time, series.before.zone) + by.wallMs);
  if (series.before.start.kind === 'date') return dateText(clampWall(Math.floor(wallMs / dayMs) * dayMs + by.daysMs));
  return isUtc(series.after.zone) ? utcText(wallMs) : localText(wallMs);
}

function rewritten(
  name: string,
  value: string,
  property: Property,
  series: { readonly after: Span; readonly tzid: string | null },
): Line {
  const range = paramOf(property, 'range');
  const days = series.after.start.kind === 'date' || property.type === 'date';
  return rawLine(name, value, {
    ...(range === null ? {} : { range }),
    ...(days ? { value: 'DATE' } : property.type === 'period' ? { value: 'PERIOD' } : {}),
    ...(!days && series.tzid !== null && !isUtc(series.after.zone) ? { tzid: series.tzid } : {}),
  });
}

const isUtc = (zone: Zone | null): boolean => zone?.id === utcName;

/** Forgets everything about single occurrences that the master itself says. */
export const dropOccurrences = (master: Component): void => removeLines(master, ['EXDATE', 'RDATE', 'EXRULE']);

/** Whether an original start lies after the last UNTIL; never where a rule has none. */
export function isAfterEnd(original: EventTime, rules: readonly string[], zone: Zone | null): boolean {
  const ends = rules.map((rule) => readTime(/(?:^|;)UNTIL=([^;]+)/i.exec(rule)?.[1] ?? ''));
  if (ends.length === 0) return false;
  return ends.every((end) => {
    if (end === null) return false;
    if (end.form === 'date') return Math.floor(wallTime(original, zone) / dayMs) * dayMs > end.wallMs;
    if (end.form === 'utc' && original.kind === 'instant') return original.ms > end.wallMs;
    return wallTime(original, zone) > end.wallMs;
  });
}
