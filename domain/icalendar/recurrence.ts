/** RRULE, RDATE and EXDATE: how a master repeats (RFC 5545 sections 3.8.5 and 3.3.10). */
import type { Recurrence } from '../event.ts';
import { canonicalRule } from '../hashes.ts';
import { dayMs, lastWallMs, readDuration } from './clock-value.ts';
import { setLines } from './edit.ts';
import { maxDates } from './limits.ts';
import { oneLine, rawLine, readProperty } from './property.ts';
import type { Span } from './span.ts';
import { asDate, readZoned, timeAt, type ZonedTime } from './time.ts';
import { linesOf, type Component } from './tree.ts';
import { tzidOf, type ZoneLookup } from './zones.ts';

/** More RDATE and EXDATE values than are ever read. */
export class TooManyDates extends Error {}

/**
 * Null for what does not repeat. EXRULE is not looked at: RFC 5545 took it out of the format, and the clients that
 * people compare with ignore it too. Throws TooManyDates.
 */
export function readRecurrence(master: Component, span: Span, zones: ZoneLookup): Recurrence | null {
  const rules = readRules(master);
  const budget = { left: maxDates };
  const dates =
    span.start.kind === 'date' ? conforming(readDates(master, zones, budget)) : readDates(master, zones, budget);
  if (rules.length === 0 && dates.length === 0) return null;
  const excluded = valuesOf(master, 'EXDATE', budget).flatMap(
    ({ text, property }) => readZoned(text, property, zones) ?? [],
  );
  return {
    localStart: span.localStart,
    duration: span.duration,
    rules,
    dates: dates.map(({ start, end }) => ({ start: start.time, end: end?.time ?? null })),
    excluded: excluded.map((one) => (span.start.kind === 'date' ? asDate(one) : one).time),
    zone: span.start.kind === 'instant' ? span.zone : null,
  };
}

/** RRULE values as written, in file order, each once. */
export function readRules(master: Component): string[] {
  const rules = linesOf(master, 'RRULE').map((line) => readProperty(line)?.values[0].trim() ?? '');
  return [...new Set(rules.filter((rule) => rule !== ''))];
}

/** Replaces all rules; true where that changed anything. Another order of a rule's parts is no change. */
export function writeRules(master: Component, wanted: readonly string[]): boolean {
  const next = wanted.map((rule) => oneLine(rule).replace(/^RRULE:/i, '')).filter((rule) => rule !== '');
  if (sameRules(readRules(master), next)) return false;
  setLines(
    master,
    ['RRULE'],
    next.map((rule) => rawLine('RRULE', rule)),
  );
  return true;
}

export const sameRules = (a: readonly string[], b: readonly string[]): boolean =>
  a.map(canonicalRule).sort().join(' ') === b.map(canonicalRule).sort().join(' ');

interface ReadDate {
  readonly start: ZonedTime;
  readonly end: ZonedTime | null;
}

/** RDATEs; a PERIOD has an end or a duration (RFC 5545 section 3.3.9). */
function readDates(master: Component, zones: ZoneLookup, budget: Budget): ReadDate[] {
  return valuesOf(master, 'RDATE', budget).flatMap(({ text, property }) => {
    const [from = '', to] = text.split('/', 2);
    const start = readZoned(from, property, zones);
    if (start === null) return [];
    const end = to === undefined ? null : (readZoned(to, property, zones) ?? endAfter(start, to, property, zones));
    return [{ start, end }];
  });
}

function endAfter(
  start: ZonedTime,
  text: string,
  property: WrittenValue['property'],
  zones: ZoneLookup,
): ZonedTime | null {
  const duration = readDuration(text);
  if (duration === null || start.time.kind === 'date') return null;
  const tzid = tzidOf(property);
  const zone = start.zone ?? (tzid === null ? null : zones(tzid));
  const wallMs = Math.min(lastWallMs, start.wallMs + duration.days * dayMs);
  const day = timeAt(wallMs, zone);
  if (day.kind === 'instant') return { time: { ...day, ms: day.ms + duration.exactMs }, zone, wallMs };
  const endMs = Math.min(lastWallMs, wallMs + duration.exactMs);
  return { time: timeAt(endMs, null), zone: null, wallMs: endMs };
}

/** Dates of an all-day series are days, also where the file says midnight; an end on the same day says nothing. */
const conforming = (dates: readonly ReadDate[]): ReadDate[] =>
  dates.map(({ start, end }) => {
    const [first, last] = [asDate(start), end === null ? null : asDate(end)];
    return { start: first, end: last !== null && last.wallMs > first.wallMs ? last : null };
  });

interface Budget {
  left: number;
}

interface WrittenValue {
  readonly text: string;
  readonly property: NonNullable<ReturnType<typeof readProperty>>;
}

function valuesOf(component: Component, name: string, budget: Budget): WrittenValue[] {
  const values: WrittenValue[] = [];
  for (const line of linesOf(component, name)) {
    const property = readProperty(line);
    if (property === null) continue;
    const texts = property.values[0].split(',');
    budget.left -= texts.length;
    if (budget.left < 0) throw new TooManyDates();
    for (const text of texts) values.push({ text, property });
  }
  return values;
}
