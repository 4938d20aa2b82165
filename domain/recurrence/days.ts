/** Arithmetic on days of the proleptic Gregorian calendar, in numbers of days since 1970. */

export const secondMs = 1_000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** `month` 1 … 12. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days since 1970 of a date; the algorithm of Howard Hinnant's `days_from_civil`. */
export function dayNumber(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

export function civilDate(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1,
  };
}

/** 0 is Monday. */
export const weekdayOf = (days: number): number => (((days + 3) % 7) + 7) % 7;

export const yearLength = (year: number): number => dayNumber(year + 1, 1, 1) - dayNumber(year, 1, 1);

export const monthLength = (year: number, month: number): number =>
  month === 12 ? 31 : dayNumber(year, month + 1, 1) - dayNumber(year, month, 1);

/** The first day of the week that holds this day. */
export const weekBegin = (days: number, weekStart: number): number => days - ((weekdayOf(days) - weekStart + 7) % 7);

/** Number of a week, from 1, and how many weeks its year has: week 1 is the first with four days in the year. */
export function weekNumberOf(days: number, weekStart: number): { readonly number: number; readonly ofYear: number } {
  const begin = weekBegin(days, weekStart);
  const { year } = civilDate(begin + 3);
  const first = weekBegin(dayNumber(year, 1, 4), weekStart);
  const next = weekBegin(dayNumber(year + 1, 1, 4), weekStart);
  return { number: (begin - first) / 7 + 1, ofYear: (next - first) / 7 };
}
