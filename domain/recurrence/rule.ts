/** Recurrence rules: RRULE text to a closed type, as lenient as real calendars need and no more. */
import type { ResourceProblem } from '../event.ts';
import { readUntil, type Until } from './until.ts';

export type Frequency = 'yearly' | 'monthly' | 'weekly' | 'daily' | 'hourly' | 'minutely' | 'secondly';

/** 0 is Monday. */
export interface RuleWeekday {
  readonly weekday: number;
  /** `2` in 2MO, `-1` in -1FR; null for every one. */
  readonly nth: number | null;
}

/** An empty list means that the part is absent. Lists are sorted and hold no value twice. */
export interface Rule {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly count: number | null;
  readonly until: Until | null;
  /** 0 is Monday. */
  readonly weekStart: number;
  readonly months: readonly number[];
  readonly weekNumbers: readonly number[];
  readonly yearDays: readonly number[];
  readonly monthDays: readonly number[];
  readonly weekdays: readonly RuleWeekday[];
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly seconds: readonly number[];
  readonly positions: readonly number[];
}

export type ParsedRule =
  | { readonly rule: Rule; readonly problem: null }
  | { readonly rule: null; readonly problem: ResourceProblem };

/**
 * Reads an RRULE value (RFC 5545, section 3.3.10); never throws, nonsense is a `recurrence_invalid`.
 *
 * Lenient: any case, spaces, a leading `RRULE:`, stray semicolons, X- parts (ignored), COUNT beside UNTIL (whichever
 * ends first), UNTIL in any form, BYDAY with a number where it has no meaning (the number is ignored, as dateutil
 * does), BYMONTHDAY, BYYEARDAY and BYWEEKNO with shorter frequencies (they limit, as in dateutil and rrule.js).
 * Refused as `recurrence_unsupported`: another calendar than the Gregorian (RSCALE), SKIP other than OMIT, parts of a
 * later standard. Refused as invalid: a value out of its range, INTERVAL or COUNT of 0, a part that comes twice.
 */
export function parseRule(text: string): ParsedRule {
  try {
    return { rule: readRule(splitParts(text)), problem: null };
  } catch (error) {
    if (error instanceof Refusal) return { rule: null, problem: error.problem };
    throw error;
  }
}

/** Stays inside this file: the shortest way out of nested readers. */
class Refusal extends Error {
  readonly problem: ResourceProblem;
  constructor(code: ResourceProblem['code'], detail: string) {
    super(detail);
    this.problem = { code, detail: detail.slice(0, 200) };
  }
}

const invalid = (detail: string): Refusal => new Refusal('recurrence_invalid', detail);
const unsupported = (detail: string): Refusal => new Refusal('recurrence_unsupported', detail);

const knownParts = new Set(
  'FREQ INTERVAL COUNT UNTIL WKST BYMONTH BYWEEKNO BYYEARDAY BYMONTHDAY BYDAY BYHOUR BYMINUTE BYSECOND BYSETPOS'.split(
    ' ',
  ),
);

function splitParts(text: string): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const piece of text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .split(';')) {
    const [name = '', value = ''] = piece.split('=', 2).map((side) => side.trim());
    if (name === '' || name.startsWith('X-')) continue;
    if (name === 'RSCALE' && value === 'GREGORIAN') continue;
    if (name === 'SKIP' && value === 'OMIT') continue;
    if (!knownParts.has(name)) throw unsupported(`the rule part ${name}=${value} is not supported`);
    if (parts.has(name)) throw invalid(`the rule part ${name} comes twice`);
    parts.set(name, value);
  }
  return parts;
}

const frequencies: Readonly<Record<string, Frequency>> = {
  YEARLY: 'yearly',
  MONTHLY: 'monthly',
  WEEKLY: 'weekly',
  DAILY: 'daily',
  HOURLY: 'hourly',
  MINUTELY: 'minutely',
  SECONDLY: 'secondly',
};

function readRule(parts: ReadonlyMap<string, string>): Rule {
  const frequency = frequencies[parts.get('FREQ') ?? ''];
  if (frequency === undefined) throw invalid(`FREQ=${parts.get('FREQ') ?? ''} is no frequency`);
  const list = (name: string, low: number, high: number): number[] => readList(name, parts.get(name), low, high);
  const signed = (name: string, high: number): number[] => list(name, -high, high).filter(refuseZero(name));
  return {
    frequency,
    interval: readPositive('INTERVAL', parts.get('INTERVAL')) ?? 1,
    count: readPositive('COUNT', parts.get('COUNT')),
    until: readEnd(parts.get('UNTIL')),
    weekStart: readWeekStart(parts.get('WKST')),
    months: list('BYMONTH', 1, 12),
    weekNumbers: signed('BYWEEKNO', 53),
    yearDays: signed('BYYEARDAY', 366),
    monthDays: signed('BYMONTHDAY', 31),
    weekdays: readWeekdays(parts.get('BYDAY'), numbersCount(frequency, parts)),
    hours: list('BYHOUR', 0, 23),
    minutes: list('BYMINUTE', 0, 59),
    // A leap second is legal; no clock here shows one, so it is the second before.
    seconds: unique(list('BYSECOND', 0, 60).map((second) => Math.min(second, 59))),
    positions: signed('BYSETPOS', 366),
  };
}

/** Section 3.3.10: a number with BYDAY has a meaning in MONTHLY, and in YEARLY without BYWEEKNO. */
const numbersCount = (frequency: Frequency, parts: ReadonlyMap<string, string>): boolean =>
  frequency === 'monthly' || (frequency === 'yearly' && (parts.get('BYWEEKNO') ?? '') === '');

const refuseZero = (name: string) => (value: number) => {
  if (value === 0) throw invalid(`${name} holds 0`);
  return true;
};

function readPositive(name: string, text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (!/^\+?\d{1,15}$/.test(text) || value < 1) throw invalid(`${name}=${text} is not a positive number`);
  return value;
}

/** An empty value counts as absent: some clients write `BYDAY=`. */
function readList(name: string, text: string | undefined, low: number, high: number): number[] {
  if (text === undefined || text === '') return [];
  return unique(
    text.split(',').map((piece) => {
      const value = Number(piece.trim());
      if (!/^[+-]?\d{1,3}$/.test(piece.trim()) || value < low || value > high)
        throw invalid(`${name} holds ${piece.trim()}, which is not between ${low} and ${high}`);
      return value;
    }),
  );
}

const unique = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

function readEnd(text: string | undefined): Until | null {
  if (text === undefined) return null;
  const until = readUntil(text);
  if (until === null) throw invalid(`UNTIL=${text} is no date`);
  return until;
}

const weekdayNames = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

function readWeekStart(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const weekday = weekdayNames.indexOf(text);
  if (weekday < 0) throw invalid(`WKST=${text} is no weekday`);
  return weekday;
}

function readWeekdays(text: string | undefined, numbered: boolean): RuleWeekday[] {
  if (text === undefined || text === '') return [];
  const seen = new Map<string, RuleWeekday>();
  for (const piece of text.split(',')) {
    const match = /^([+-]?\d{1,2})?\s*(MO|TU|WE|TH|FR|SA|SU)$/.exec(piece.trim());
    const number = Number(match?.[1] ?? NaN);
    if (match === null || number === 0 || Math.abs(number) > 53) throw invalid(`BYDAY holds ${piece.trim()}`);
    const nth = numbered && !Number.isNaN(number) ? number : null;
    const weekday = weekdayNames.indexOf(match[2] ?? '');
    seen.set(`${weekday} ${nth ?? ''}`, { weekday, nth });
  }
  return [...seen.values()].sort((a, b) => a.weekday - b.weekday || (a.nth ?? 0) - (b.nth ?? 0));
}
