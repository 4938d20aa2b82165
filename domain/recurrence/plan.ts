/** A rule together with what it takes from DTSTART: which days match, and which times of a period. */
import {
  civilDate,
  dayMs,
  hourMs,
  minuteMs,
  monthLength,
  secondMs,
  weekNumberOf,
  weekdayOf,
  yearLength,
} from './days.ts';
import { dayNumber } from './days.ts';
import type { Rule } from './rule.ts';

/**
 * A rule that no longer depends on DTSTART but for its alignment (INTERVAL) and its lower bound: section 3.3.10,
 * "information, not contained in the rule, […] is derived from DTSTART". That is what makes skipping ahead possible.
 */
export interface Plan extends Rule {
  /** Wall milliseconds of DTSTART. */
  readonly startMs: number;
  /** Exactly what a period holds: in the day for days and longer, in the hour and in the minute for those; ascending. */
  readonly times: readonly number[];
}

/** How many times of day (hour, minute) a plan would hold: asked before `planOf` builds them. */
export const timesCount = (rule: Rule): number =>
  atLeastOne(rule.hours) * atLeastOne(rule.minutes) * atLeastOne(rule.seconds);

const atLeastOne = (list: readonly number[]): number => Math.max(1, list.length);

export function planOf(rule: Rule, startMs: number): Plan {
  const withDays = { ...rule, ...impliedDays(rule, startMs) };
  return { ...withDays, startMs, times: timesOf(rule, startMs) };
}

function impliedDays(rule: Rule, startMs: number): Partial<Rule> {
  const start = civilDate(Math.floor(startMs / dayMs));
  const weekdays = [{ weekday: weekdayOf(Math.floor(startMs / dayMs)), nth: null }];
  const hasDay = rule.yearDays.length + rule.monthDays.length + rule.weekdays.length > 0;
  if (hasDay) return {};
  if (rule.frequency === 'weekly') return { weekdays };
  if (rule.frequency === 'monthly') return { monthDays: [start.day] };
  if (rule.frequency !== 'yearly') return {};
  if (rule.weekNumbers.length > 0) return { weekdays };
  return { months: rule.months.length > 0 ? rule.months : [start.month], monthDays: [start.day] };
}

function timesOf(rule: Rule, startMs: number): readonly number[] {
  const own = (list: readonly number[], unitMs: number, size: number): readonly number[] =>
    list.length > 0 ? list : [Math.floor(mod(startMs, unitMs * size) / unitMs)];
  const seconds = rule.frequency === 'secondly' ? [0] : own(rule.seconds, secondMs, 60);
  if (rule.frequency === 'secondly' || rule.frequency === 'minutely') return seconds.map((value) => value * secondMs);
  const minutes = own(rule.minutes, minuteMs, 60);
  const hours = rule.frequency === 'hourly' ? [0] : own(rule.hours, hourMs, 24);
  return hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => hour * hourMs + minute * minuteMs + second * secondMs)),
  );
}

export const mod = (value: number, size: number): number => ((value % size) + size) % size;

/** Whether the rule's BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY and BYDAY all let this day pass. */
export function dayMatches(plan: Plan, days: number): boolean {
  const weekday = weekdayOf(days);
  if (plan.weekdays.length > 0 && !plan.weekdays.some((entry) => entry.weekday === weekday)) return false;
  const date = civilDate(days);
  if (plan.months.length > 0 && !plan.months.includes(date.month)) return false;
  if (plan.monthDays.length > 0 && !eitherEnd(plan.monthDays, date.day, monthLength(date.year, date.month)))
    return false;
  if (plan.yearDays.length > 0) {
    const ofYear = days - dayNumber(date.year, 1, 1) + 1;
    if (!eitherEnd(plan.yearDays, ofYear, yearLength(date.year))) return false;
  }
  if (plan.weekNumbers.length > 0) {
    const week = weekNumberOf(days, plan.weekStart);
    if (!eitherEnd(plan.weekNumbers, week.number, week.ofYear)) return false;
  }
  return plan.weekdays.length === 0 || plan.weekdays.some((entry) => isNth(plan, entry.weekday, entry.nth, days));
}

/** `value` counted from 1 up, or from -1 down. */
const eitherEnd = (list: readonly number[], value: number, size: number): boolean =>
  list.includes(value) || list.includes(value - size - 1);

/** Numbers count inside the month, and inside the year for YEARLY without BYMONTH. */
function isNth(plan: Plan, weekday: number, nth: number | null, days: number): boolean {
  if (weekday !== weekdayOf(days)) return false;
  if (nth === null) return true;
  const date = civilDate(days);
  const inYear = plan.frequency === 'yearly' && plan.months.length === 0;
  const place = inYear ? days - dayNumber(date.year, 1, 1) + 1 : date.day;
  const size = inYear ? yearLength(date.year) : monthLength(date.year, date.month);
  return nth > 0 ? Math.ceil(place / 7) === nth : Math.ceil((size - place + 1) / 7) === -nth;
}
