/** Hostile and odd recurrences: the right answer where there is one, else a problem of that series alone, always within the limits. */
import { describe, expect, it } from 'vitest';
import { expandSeries } from '../../domain/recurrence/expand.ts';
import { defaultRecurrenceLimits } from '../../domain/recurrence/limits.ts';
import { recurrenceOf, stamp, time, utc, windowOf, type SeriesText } from './support.ts';

const window = windowOf('2026-01-01', '2027-01-01');

function expand(series: SeriesText): { starts: readonly string[]; problem: string | null; steps: number } {
  const found = expandSeries(recurrenceOf(series), time(series.start), window, utc);
  return {
    starts: found.starts.map((start) => stamp(start.startMs)),
    problem: found.problem?.code ?? null,
    steps: found.steps,
  };
}

const numbers = (count: number, first = 0): string => Array.from({ length: count }, (_, n) => n + first).join(',');

describe('a rule that cannot be served is refused, and the series still shows its DTSTART and extra dates', () => {
  const refused: readonly (readonly [name: string, start: string, rule: string, code: string])[] = [
    ['every second since 1970', '1970-01-01T00:00:00Z', 'FREQ=SECONDLY', 'recurrence_too_expensive'],
    ['every second from the window on', '2026-01-01T00:00:00Z', 'FREQ=SECONDLY', 'recurrence_too_expensive'],
    ['every minute', '2026-01-01T00:00:00Z', 'FREQ=MINUTELY', 'recurrence_too_expensive'],
    [
      'every second, an impossible position',
      '2026-01-01T00:00:00Z',
      'FREQ=SECONDLY;INTERVAL=7;BYSETPOS=9',
      'recurrence_too_expensive',
    ],
    [
      'all BY parts at once',
      '2026-01-01T00:00:00Z',
      `FREQ=YEARLY;BYMONTH=${numbers(12, 1)};BYHOUR=${numbers(24)};BYMINUTE=${numbers(60)};BYSECOND=${numbers(60)}`,
      'recurrence_too_expensive',
    ],
    [
      'a count that has to be counted from year 1',
      '0001-01-01T00:00:00Z',
      'FREQ=DAILY;COUNT=2000000000;BYMONTHDAY=1',
      'recurrence_too_expensive',
    ],
    ['no interval', '2026-01-05T09:00:00Z', 'FREQ=DAILY;INTERVAL=0', 'recurrence_invalid'],
    ['a negative interval', '2026-01-05T09:00:00Z', 'FREQ=DAILY;INTERVAL=-1', 'recurrence_invalid'],
    ['no count', '2026-01-05T09:00:00Z', 'FREQ=DAILY;COUNT=0', 'recurrence_invalid'],
    ['an empty rule', '2026-01-05T09:00:00Z', '', 'recurrence_invalid'],
    ['no frequency', '2026-01-05T09:00:00Z', 'INTERVAL=2', 'recurrence_invalid'],
    ['another calendar', '2026-01-05T09:00:00Z', 'RSCALE=CHINESE;FREQ=YEARLY', 'recurrence_unsupported'],
    ['a part of no standard', '2026-01-05T09:00:00Z', 'FREQ=YEARLY;BYEASTER=0', 'recurrence_unsupported'],
    ['hours of an all-day event', '2026-01-05', 'FREQ=HOURLY', 'recurrence_invalid'],
  ];
  it.each(refused)('%s', (_, start, rule, code) => {
    const extra = '2026-05-01T10:00:00Z';
    const found = expand({ start, rules: [rule], dates: start.length === 10 ? [] : [extra] });
    const own = start.startsWith('2026') ? [stamp(Date.parse(start))] : [];
    expect(found.starts).toEqual([...own, ...(start.length === 10 ? [] : ['2026-05-01T10:00Z'])]);
    expect(found.problem).toBe(code);
    expect(found.steps).toBeLessThanOrEqual(defaultRecurrenceLimits.stepsMax);
  });

  it('and what its other rules give', () => {
    const found = expand({ start: '2026-01-05T09:00:00Z', rules: ['FREQ=SECONDLY;COUNT=0', 'FREQ=WEEKLY;COUNT=2'] });
    expect(found).toMatchObject({ starts: ['2026-01-05T09:00Z', '2026-01-12T09:00Z'], problem: 'recurrence_invalid' });
  });

  it('and all rules of a series share one budget', () => {
    const found = expand({
      start: '2026-01-01T00:00:00Z',
      rules: Array<string>(4_000).fill('FREQ=SECONDLY;BYSETPOS=9'),
    });
    expect(found.problem).toBe('recurrence_too_expensive');
    expect(found.steps).toBe(defaultRecurrenceLimits.stepsMax);
  });

  it('and too many parts are not looked at', () => {
    const excluded = Array<string>(5_001).fill('2026-01-01T00:00:00Z');
    const found = expand({ start: '2026-01-01T00:00:00Z', rules: ['FREQ=DAILY'], excluded });
    expect(found).toMatchObject({ starts: ['2026-01-01T00:00Z'], problem: 'recurrence_too_expensive', steps: 0 });
  });

  it('and a window without an end ends all the same', () => {
    const start = '2026-01-01T00:00:00Z';
    const recurrence = recurrenceOf({ start, rules: ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'] });
    const found = expandSeries(recurrence, time(start), { fromMs: window.fromMs, toMs: Infinity }, utc);
    expect(found.problem?.code).toBe('recurrence_too_expensive');
  });
});

describe('a legitimate rule is served, in few steps', () => {
  const served: readonly (readonly [name: string, series: SeriesText, starts: readonly string[], steps: number])[] = [
    [
      '30 February has no occurrence but DTSTART',
      { start: '2026-01-05T09:00:00Z', rules: ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'] },
      ['2026-01-05T09:00Z'],
      120,
    ],
    [
      'each minute of 30 February',
      { start: '2026-01-05T09:00:00Z', rules: ['FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30'] },
      ['2026-01-05T09:00Z'],
      500,
    ],
    [
      'yearly since 1604, as Apple writes birthdays',
      { start: '1604-03-04', rules: ['FREQ=YEARLY'] },
      ['2026-03-04T00:00Z'],
      200,
    ],
    [
      'every 365 days since year 1',
      { start: '0001-01-01T00:00:00Z', rules: ['FREQ=DAILY;INTERVAL=365'] },
      ['2026-08-28T00:00Z'],
      20,
    ],
    [
      'an interval of a thousand million days',
      { start: '2026-02-01T09:00:00Z', rules: ['FREQ=DAILY;INTERVAL=1000000000'] },
      ['2026-02-01T09:00Z'],
      10,
    ],
    [
      'an interval of a thousand million years',
      { start: '2026-02-01T09:00:00Z', rules: ['FREQ=YEARLY;INTERVAL=1000000000'] },
      ['2026-02-01T09:00Z'],
      100,
    ],
    [
      'seconds that make a month',
      { start: '2026-11-01T09:00:00Z', rules: ['FREQ=SECONDLY;INTERVAL=2592000'] },
      ['2026-11-01T09:00Z', '2026-12-01T09:00Z', '2026-12-31T09:00Z'],
      20,
    ],
    ['a count that ended long ago', { start: '0001-01-01T00:00:00Z', rules: ['FREQ=DAILY;COUNT=1000'] }, [], 20],
    [
      'a count that ends in the window',
      { start: '1926-01-01T00:00:00Z', rules: ['FREQ=DAILY;COUNT=36527'] },
      ['2026-01-01T00:00Z', '2026-01-02T00:00Z'],
      20,
    ],
    [
      'UNTIL before DTSTART',
      { start: '2026-02-01T09:00:00Z', rules: ['FREQ=DAILY;UNTIL=20250101T000000Z'] },
      ['2026-02-01T09:00Z'],
      10,
    ],
    [
      'UNTIL as a date keeps the last day',
      { start: '2026-02-01T09:00:00Z', rules: ['FREQ=DAILY;UNTIL=20260202'] },
      ['2026-02-01T09:00Z', '2026-02-02T09:00Z'],
      20,
    ],
    [
      'UNTIL in local time is in the zone of DTSTART',
      { start: '2026-02-01T09:00:00 America/New_York', rules: ['FREQ=DAILY;UNTIL=20260202T090000'] },
      ['2026-02-01T14:00Z', '2026-02-02T14:00Z'],
      20,
    ],
    [
      'UNTIL in UTC is an instant',
      { start: '2026-02-01T09:00:00 America/New_York', rules: ['FREQ=DAILY;UNTIL=20260202T135959Z'] },
      ['2026-02-01T14:00Z'],
      20,
    ],
    [
      'UNTIL with a time keeps the last day of an all-day series',
      { start: '2026-02-01', rules: ['FREQ=DAILY;UNTIL=20260202T000000Z'] },
      ['2026-02-01T00:00Z', '2026-02-02T00:00Z'],
      20,
    ],
    [
      'COUNT beside UNTIL: whichever ends first',
      { start: '2026-02-01T09:00:00Z', rules: ['FREQ=DAILY;COUNT=3;UNTIL=20260202T090000Z'] },
      ['2026-02-01T09:00Z', '2026-02-02T09:00Z'],
      20,
    ],
    [
      'X- parts, lower case and stray semicolons',
      { start: '2026-02-01T09:00:00Z', rules: ['rrule:freq=daily;;x-what=1;count=2;'] },
      ['2026-02-01T09:00Z', '2026-02-02T09:00Z'],
      20,
    ],
    [
      'RSCALE=GREGORIAN',
      { start: '2026-02-01T09:00:00Z', rules: ['RSCALE=GREGORIAN;FREQ=DAILY;COUNT=1'] },
      ['2026-02-01T09:00Z'],
      20,
    ],
    [
      'a number with BYDAY where it means nothing',
      { start: '2026-12-21T09:00:00Z', rules: ['FREQ=WEEKLY;BYDAY=1MO'] },
      ['2026-12-21T09:00Z', '2026-12-28T09:00Z'],
      40,
    ],
    [
      'the last working day of the month',
      { start: '2026-10-30T09:00:00Z', rules: ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'] },
      ['2026-10-30T09:00Z', '2026-11-30T09:00Z', '2026-12-31T09:00Z'],
      140,
    ],
    [
      'the second of each day',
      { start: '2026-12-30T08:00:00Z', rules: ['FREQ=DAILY;BYHOUR=8,12,16;BYSETPOS=2'] },
      ['2026-12-30T08:00Z', '2026-12-30T12:00Z', '2026-12-31T12:00Z'],
      40,
    ],
    [
      'week 20',
      { start: '2025-05-12T09:00:00Z', rules: ['FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO'] },
      ['2026-05-11T09:00Z'],
      800,
    ],
    [
      'week 20, on the weekday of DTSTART',
      { start: '2025-05-14T09:00:00Z', rules: ['FREQ=YEARLY;BYWEEKNO=20'] },
      ['2026-05-13T09:00Z'],
      800,
    ],
    [
      '31st: only months that have one',
      { start: '2025-08-31', rules: ['FREQ=MONTHLY;INTERVAL=3'] },
      ['2026-05-31T00:00Z', '2026-08-31T00:00Z'],
      300,
    ],
    [
      'BYHOUR with an all-day start is ignored',
      { start: '2026-12-30', rules: ['FREQ=DAILY;BYHOUR=9,10'] },
      ['2026-12-30T00:00Z', '2026-12-31T00:00Z'],
      30,
    ],
  ];
  it.each(served)('%s', (_, series, starts, steps) => {
    const found = expand(series);
    expect(found.starts).toEqual(starts);
    expect(found.problem).toBeNull();
    expect(found.steps).toBeLessThanOrEqual(steps);
  });

  it('daily since year 1, without walking there', () => {
    const found = expand({ start: '0001-01-01T12:00:00Z', rules: ['FREQ=DAILY'] });
    expect(found.starts).toHaveLength(365);
    expect(found.steps).toBeLessThan(1_200);
  });

  it('daily two thousand million times', () => {
    const found = expand({ start: '2025-01-01T12:00:00Z', rules: ['FREQ=DAILY;COUNT=2000000000'] });
    expect(found.starts).toHaveLength(365);
    expect(found.steps).toBeLessThan(1_200);
  });

  it('hourly over the whole horizon', () => {
    const start = '2020-01-01T00:00:00Z';
    const horizon = windowOf('2026-01-01', '2026-09-01');
    const found = expandSeries(recurrenceOf({ start, rules: ['FREQ=HOURLY'] }), time(start), horizon, utc);
    expect(found.starts).toHaveLength(243 * 24);
    expect(found.problem).toBeNull();
  });
});

describe('a DTSTART that its rule does not match', () => {
  const thursday = '2026-11-05T20:00:00Z';

  it('is the first occurrence and counts towards COUNT', () => {
    const found = expand({ start: thursday, rules: ['FREQ=WEEKLY;COUNT=3;BYDAY=WE'] });
    expect(found.starts).toEqual(['2026-11-05T20:00Z', '2026-11-11T20:00Z', '2026-11-18T20:00Z']);
  });

  it('can be excluded, and still counts', () => {
    const found = expand({ start: thursday, rules: ['FREQ=WEEKLY;COUNT=3;BYDAY=WE'], excluded: [thursday] });
    expect(found.starts).toEqual(['2026-11-11T20:00Z', '2026-11-18T20:00Z']);
  });
});
