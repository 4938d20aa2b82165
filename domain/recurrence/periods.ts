/** The periods of a rule (its years, months … seconds): where each begins, and which starts it holds. */
import { civilDate, dayMs, dayNumber, hourMs, minuteMs, monthLength, secondMs, weekBegin } from './days.ts';
import { spend, type StepBudget } from './limits.ts';
import { dayMatches, mod, type Plan } from './plan.ts';
import type { Frequency } from './rule.ts';

/** A rule's periods (years, months … seconds), numbered from the one that holds DTSTART. */
export interface Periods {
  beginMs(index: number): number;
  /** The last period that begins at or before this wall time; 0 when that is before DTSTART. */
  indexAt(wallMs: number): number;
  /** The period to look at after this one: periods that cannot match are jumped over. */
  next(index: number): number;
  /** Matching starts of this period, ascending; those before `floorMs` may be left out. Null: budget used up. */
  startsOf(index: number, budget: StepBudget, floorMs: number): readonly number[] | null;
  /** How many starts every period has; null when that varies. */
  readonly perPeriod: number | null;
}

export const isSubDaily = (frequency: Frequency): boolean =>
  frequency === 'hourly' || frequency === 'minutely' || frequency === 'secondly';

export const periodsOf = (plan: Plan): Periods => (isSubDaily(plan.frequency) ? clockPeriods(plan) : dayPeriods(plan));

const limitsMonths = (plan: Plan): boolean =>
  plan.months.length + plan.weekNumbers.length + plan.yearDays.length + plan.monthDays.length > 0;

function dayPeriods(plan: Plan): Periods {
  const grid = dayGrid(plan);
  const regular = plan.positions.length === 0 && !limitsMonths(plan) && grid.fixedDays !== null;
  return {
    beginMs: (index) => grid.firstDay(index) * dayMs,
    indexAt: (wallMs) => Math.max(0, grid.indexOf(Math.floor(wallMs / dayMs))),
    next: (index) => index + 1,
    startsOf(index, budget, floorMs) {
      const whole = plan.positions.length > 0;
      const firstDay = grid.firstDay(index);
      const from = whole ? firstDay : Math.max(firstDay, Math.floor(floorMs / dayMs));
      const days = matchingDays(plan, from, grid.endDay(index), budget);
      if (days === null) return null;
      return whole ? positioned(plan, days, budget) : crossed(days, plan.times, budget);
    },
    perPeriod: regular ? (grid.fixedDays ?? 0) * plan.times.length : null,
  };
}

interface DayGrid {
  firstDay(index: number): number;
  /** Exclusive. */
  endDay(index: number): number;
  indexOf(day: number): number;
  /** Matching days in each period where BYDAY alone decides; null for months and years. */
  readonly fixedDays: number | null;
}

function dayGrid(plan: Plan): DayGrid {
  const startDay = Math.floor(plan.startMs / dayMs);
  const start = civilDate(startDay);
  if (plan.frequency === 'yearly') {
    const yearOf = (index: number): number => start.year + index * plan.interval;
    return {
      firstDay: (index) => dayNumber(yearOf(index), 1, 1),
      endDay: (index) => dayNumber(yearOf(index) + 1, 1, 1),
      indexOf: (day) => Math.floor((civilDate(day).year - start.year) / plan.interval),
      fixedDays: null,
    };
  }
  if (plan.frequency === 'monthly') {
    const monthIndex = (date: { year: number; month: number }): number => date.year * 12 + date.month - 1;
    const firstDay = (index: number): number => {
      const months = monthIndex(start) + index * plan.interval;
      return dayNumber(Math.floor(months / 12), mod(months, 12) + 1, 1);
    };
    const endDay = (index: number): number => {
      const date = civilDate(firstDay(index));
      return firstDay(index) + monthLength(date.year, date.month);
    };
    const indexOf = (day: number): number =>
      Math.floor((monthIndex(civilDate(day)) - monthIndex(start)) / plan.interval);
    return { firstDay, endDay, indexOf, fixedDays: null };
  }
  const weekly = plan.frequency === 'weekly';
  const base = weekly ? weekBegin(startDay, plan.weekStart) : startDay;
  const length = weekly ? 7 : 1;
  const fixedDays = weekly ? plan.weekdays.length : plan.weekdays.length === 0 ? 1 : null;
  const firstDay = (index: number): number => base + index * length * plan.interval;
  return {
    firstDay,
    endDay: (index) => firstDay(index) + length,
    indexOf: (day) => Math.floor((day - base) / (length * plan.interval)),
    fixedDays,
  };
}

function matchingDays(plan: Plan, from: number, end: number, budget: StepBudget): number[] | null {
  const days: number[] = [];
  let day = from;
  while (day < end) {
    if (!spend(budget, 1)) return null;
    const { year, month } = civilDate(day);
    if (plan.months.length > 0 && !plan.months.includes(month)) {
      day = dayNumber(year, month, 1) + monthLength(year, month);
    } else {
      if (dayMatches(plan, day)) days.push(day);
      day += 1;
    }
  }
  return days;
}

function crossed(days: readonly number[], times: readonly number[], budget: StepBudget): number[] | null {
  if (!spend(budget, days.length * times.length)) return null;
  return days.flatMap((day) => times.map((time) => day * dayMs + time));
}

/** BYSETPOS picks from a period's days × times, which need not be built for it. */
function positioned(plan: Plan, days: readonly number[], budget: StepBudget): number[] | null {
  const size = days.length * plan.times.length;
  if (!spend(budget, plan.positions.length)) return null;
  const picked = new Set<number>();
  for (const position of plan.positions) {
    const place = position > 0 ? position - 1 : size + position;
    if (place >= 0 && place < size) picked.add(place);
  }
  return [...picked]
    .sort((a, b) => a - b)
    .map((place) => {
      const day = days[Math.floor(place / plan.times.length)] ?? 0;
      return day * dayMs + (plan.times[place % plan.times.length] ?? 0);
    });
}

/** Hours, minutes and seconds: a day, hour or minute that cannot match is jumped over as a whole. */
function clockPeriods(plan: Plan): Periods {
  const unitMs = plan.frequency === 'hourly' ? hourMs : plan.frequency === 'minutely' ? minuteMs : secondMs;
  const stepMs = unitMs * plan.interval;
  const base = Math.floor(plan.startMs / unitMs) * unitMs;
  const beginMs = (index: number): number => base + index * stepMs;
  const lookup = memoByDay(plan);
  const filters = clockFilters(plan);
  /** When the obstacle that keeps this moment from matching ends; null when nothing does. */
  const blockedUntil = (atMs: number): number | null => {
    if (!lookup(Math.floor(atMs / dayMs))) return Math.floor(atMs / dayMs) * dayMs + dayMs;
    for (const [list, sizeMs, count] of filters) {
      const begin = Math.floor(atMs / sizeMs) * sizeMs;
      if (list.length > 0 && !list.includes(mod(begin / sizeMs, count))) return begin + sizeMs;
    }
    return null;
  };
  const one = unitMs === secondMs ? [0] : plan.times;
  const filtered = filters.some(([list]) => list.length > 0) || limitsMonths(plan) || plan.weekdays.length > 0;
  return {
    beginMs,
    indexAt: (wallMs) => Math.max(0, Math.floor((wallMs - base) / stepMs)),
    next(index) {
      const end = blockedUntil(beginMs(index));
      return end === null ? index + 1 : Math.max(index + 1, Math.ceil((end - base) / stepMs));
    },
    startsOf(index, budget) {
      const begin = beginMs(index);
      if (blockedUntil(begin) !== null) return [];
      if (!spend(budget, one.length)) return null;
      const starts = one.map((time) => begin + time);
      if (plan.positions.length === 0) return starts;
      return starts.filter(
        (_, place) => plan.positions.includes(place + 1) || plan.positions.includes(place - starts.length),
      );
    },
    perPeriod: filtered || plan.positions.length > 0 ? null : one.length,
  };
}

type ClockFilter = readonly [list: readonly number[], sizeMs: number, count: number];

function clockFilters(plan: Plan): readonly ClockFilter[] {
  const hours: ClockFilter = [plan.hours, hourMs, 24];
  const minutes: ClockFilter = [plan.minutes, minuteMs, 60];
  const seconds: ClockFilter = [plan.seconds, secondMs, 60];
  if (plan.frequency === 'hourly') return [hours];
  return plan.frequency === 'minutely' ? [hours, minutes] : [hours, minutes, seconds];
}

function memoByDay(plan: Plan): (day: number) => boolean {
  let last = NaN;
  let matches = false;
  return (day) => {
    if (day === last) return matches;
    last = day;
    matches = dayMatches(plan, day);
    return matches;
  };
}
