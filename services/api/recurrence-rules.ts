/** Recurrence on the wire: the rules of an upsert to RRULE values, and back for readers. */
import type { RequestedTime } from '../../domain/managed-event.ts';
import { ianaZone } from '../../domain/time/iana.ts';
import { dateOf, dayOf, toWall } from '../../domain/time/zone.ts';
import { parseWireTime } from '../../domain/wire/times.ts';
import { isObject, type Params } from './params.ts';
import type { Problems } from './problems.ts';

const frequencies: Readonly<Record<string, string>> = {
  daily: 'DAILY',
  weekly: 'WEEKLY',
  monthly: 'MONTHLY',
  yearly: 'YEARLY',
};

const weekdays: Readonly<Record<string, string>> = {
  monday: 'MO',
  tuesday: 'TU',
  wednesday: 'WE',
  thursday: 'TH',
  friday: 'FR',
  saturday: 'SA',
  sunday: 'SU',
};

const dayMs = 86_400_000;
/** iCalendar writes years with four digits. */
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59);

/** By its own names alone: every object also answers to `constructor`. */
const named = (table: Readonly<Record<string, string>>, name: unknown): string | undefined =>
  typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined;

/**
 * `{rules: [{frequency, interval, by_day, count | until}]}` → RRULE values; `[]` where an empty list stops the series;
 * undefined where it, or the list in it, is absent or has problems. One rule is what calendars can carry everywhere.
 */
export function readRecurrence(
  value: unknown,
  start: RequestedTime | undefined,
  problems: Problems,
): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const rules = isObject(value) ? value['rules'] : value;
  if (rules === undefined || rules === null) return undefined;
  if (!Array.isArray(rules)) {
    problems.add('recurrence.rules', 'errors.must_be_array', 'must be a list of rules');
    return undefined;
  }
  if (rules.length > 1) {
    problems.add('recurrence.rules', 'errors.max_recurrence_rules_exceeded', 'must have at most one rule');
    return undefined;
  }
  const texts = (rules as readonly unknown[]).map((rule, index) => readRule(rule, index, start, problems));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function readRule(
  rule: unknown,
  index: number,
  start: RequestedTime | undefined,
  problems: Problems,
): string | undefined {
  const field = (name: string): string => `recurrence.rules[${index}].${name}`;
  if (!isObject(rule)) {
    problems.add(`recurrence.rules[${index}]`, 'errors.must_be_object', 'must be an object');
    return undefined;
  }
  const frequency = readFrequency(rule['frequency'], field('frequency'), problems);
  const interval = readCount(rule['interval'], field('interval'), problems);
  const count = readCount(rule['count'], field('count'), problems);
  const until = readUntil(rule['until'], field('until'), start, problems);
  const byDay = readByDay(rule['by_day'], field('by_day'), frequency, problems);
  if (count !== undefined && until !== undefined) {
    const text = 'count and until cannot be combined';
    problems.add(field('until'), 'errors.not_supported_count_until_combination', text);
  }
  if (frequency === undefined) return undefined;
  return [
    `FREQ=${frequency}`,
    ...(interval === undefined || interval === 1 ? [] : [`INTERVAL=${interval}`]),
    ...(byDay === undefined ? [] : [`BYDAY=${byDay.join(',')}`]),
    ...(count === undefined ? [] : [`COUNT=${count}`]),
    ...(until === undefined ? [] : [`UNTIL=${until}`]),
  ].join(';');
}

function readFrequency(value: unknown, field: string, problems: Problems): string | undefined {
  if (value === undefined || value === null) {
    problems.add(field, 'errors.required', 'frequency must be specified');
    return undefined;
  }
  const frequency = named(frequencies, value);
  if (frequency === undefined) {
    problems.add(field, 'errors.not_recognized', 'must be daily, weekly, monthly or yearly');
  }
  return frequency;
}

function readCount(value: unknown, field: string, problems: Problems): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 10_000) return value;
  problems.add(field, 'errors.must_be_integer_greater_than_zero', 'must be an integer from 1 to 10000');
  return undefined;
}

/** UNTIL has the type of DTSTART (RFC 5545 3.3.10): a date, or the last second of that day in the event's zone in UTC. */
function readUntil(
  value: unknown,
  field: string,
  start: RequestedTime | undefined,
  problems: Problems,
): string | undefined {
  if (value === undefined || value === null) return undefined;
  const until = typeof value === 'string' ? parseWireTime(value) : null;
  if (until === null || until.kind !== 'date') {
    problems.add(field, 'errors.must_be_date', 'must be a date as 2026-11-21');
    return undefined;
  }
  if (start === undefined || start.kind === 'date') return until.date.replaceAll('-', '');
  const zone = ianaZone(start.tzid);
  const nextMidnight = dayOf(until.date) + dayMs;
  return basicInstant(Math.min((zone === null ? nextMidnight : zone.toInstant(nextMidnight)) - 1_000, lastMs));
}

/** `20261121T225959Z`: UNTIL values and recurrence keys. */
export const basicInstant = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

function readByDay(
  value: unknown,
  field: string,
  frequency: string | undefined,
  problems: Problems,
): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) {
    problems.add(field, 'errors.must_be_array', 'must be a list of weekdays');
    return undefined;
  }
  if (value.length === 0) return undefined;
  if (frequency !== undefined && frequency !== 'WEEKLY') {
    problems.add(field, 'errors.not_supported', 'by_day is supported for weekly rules only');
    return undefined;
  }
  const days = (value as readonly unknown[]).map((day) => named(weekdays, day));
  if (days.every((day) => day !== undefined)) return [...new Set(days)];
  problems.add(field, 'errors.not_recognized', 'must hold weekdays in lower case, e.g. monday');
  return undefined;
}

/** RRULE values as readers of a managed series see them; parts that the API has no word for are left out. */
export function wireRecurrence(rules: readonly string[], start: RequestedTime): Params {
  return { rules: rules.map((rule) => wireRule(new Map(rule.split(';').map(pair)), start)) };
}

const pair = (part: string): [string, string] => {
  const at = part.indexOf('=');
  return [part.slice(0, at).toUpperCase(), part.slice(at + 1)];
};

function wireRule(parts: ReadonlyMap<string, string>, start: RequestedTime): Params {
  const days = parts.get('BYDAY')?.split(',');
  const until = parts.get('UNTIL');
  return {
    frequency: parts.get('FREQ')?.toLowerCase(),
    interval: Number(parts.get('INTERVAL') ?? 1),
    ...(days === undefined ? {} : { by_day: days.map((day) => nameOf(weekdays, day)) }),
    ...(parts.has('COUNT') ? { count: Number(parts.get('COUNT')) } : {}),
    ...(until === undefined ? {} : { until: untilDate(until, start) }),
  };
}

const nameOf = (table: Readonly<Record<string, string>>, value: string): string =>
  Object.keys(table).find((name) => table[name] === value) ?? value.toLowerCase();

function untilDate(until: string, start: RequestedTime): string {
  const digits = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})Z)?$/.exec(until);
  if (digits === null) return until;
  const [, year, month, day, hours, minutes, seconds] = digits;
  const zone = start.kind === 'instant' ? ianaZone(start.tzid) : null;
  if (hours === undefined || zone === null) return `${year}-${month}-${day}`;
  return dateOf(toWall(zone, Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)));
}
