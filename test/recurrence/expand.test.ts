/** Starts of a series: changes of offset, all-day and floating series, extra dates and exclusions. */
import { describe, expect, it } from 'vitest';
import { expandSeries } from '../../domain/recurrence/expand.ts';
import { recurrenceOf, stamp, time, windowOf, zoneNamed, type SeriesText } from './support.ts';

const berlin = zoneNamed('Europe/Berlin');

function expand(series: SeriesText, from: string, to: string): readonly string[] {
  const found = expandSeries(recurrenceOf(series), time(series.start), windowOf(from, to), berlin);
  expect(found.problem).toBeNull();
  return found.starts.map((start) => stamp(start.startMs));
}

describe('a daily series at 02:30', () => {
  const cases: readonly (readonly [
    name: string,
    start: string,
    from: string,
    to: string,
    starts: readonly string[],
  ])[] = [
    // Offset before the gap: +01:00, so 02:30 reads 03:30 on the clock.
    [
      'lies after the gap in Berlin',
      '2026-03-01T02:30:00 Europe/Berlin',
      '2026-03-28',
      '2026-03-31',
      ['2026-03-28T01:30Z', '2026-03-29T01:30Z', '2026-03-30T00:30Z'],
    ],
    [
      'takes the first reading in the overlap in Berlin',
      '2026-03-01T02:30:00 Europe/Berlin',
      '2026-10-24',
      '2026-10-27',
      ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'lies after the gap in New York',
      '2026-03-01T02:30:00 America/New_York',
      '2026-03-07',
      '2026-03-10',
      ['2026-03-07T07:30Z', '2026-03-08T07:30Z', '2026-03-09T06:30Z'],
    ],
    [
      '01:30 takes the first reading in the overlap in New York',
      '2026-03-01T01:30:00 America/New_York',
      '2026-10-31',
      '2026-11-03',
      ['2026-10-31T05:30Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z'],
    ],
  ];
  it.each(cases)('%s', (_, start, from, to, starts) => {
    expect(expand({ start, rules: ['FREQ=DAILY'] }, from, to)).toEqual(starts);
  });

  it('that begins in a gap is at 02:30 again on the next day', () => {
    const series = { start: '2026-03-29T02:30:00 Europe/Berlin', rules: ['FREQ=DAILY;COUNT=2'] };
    expect(expand(series, '2026-03-28', '2026-04-01')).toEqual(['2026-03-29T01:30Z', '2026-03-30T00:30Z']);
  });

  it('keeps the instant of a DTSTART that is the second reading', () => {
    const start = { kind: 'instant', ms: Date.parse('2026-10-25T01:30:00Z'), tzid: 'Europe/Berlin' } as const;
    const recurrence = recurrenceOf({ start: '2026-10-25T02:30:00 Europe/Berlin', rules: ['FREQ=DAILY;COUNT=2'] });
    const found = expandSeries(recurrence, start, windowOf('2026-10-24', '2026-10-28'), berlin);
    expect(found.starts.map((at) => stamp(at.startMs))).toEqual(['2026-10-25T01:30Z', '2026-10-26T01:30Z']);
  });
});

it('an hourly series keeps the hours of the clock: a gap and an overlap each hold the hour once', () => {
  const series = { start: '2026-01-01T00:00:00 Europe/Berlin', rules: ['FREQ=HOURLY;BYHOUR=1,2,3'] };
  expect(expand(series, '2026-03-29', '2026-03-30')).toEqual([
    '2026-03-29T00:00Z',
    '2026-03-29T01:00Z',
    '2026-03-29T23:00Z',
  ]);
  expect(expand(series, '2026-10-25', '2026-10-26')).toEqual(['2026-10-25T00:00Z', '2026-10-25T02:00Z']);
});

it('an all-day series lies at UTC midnights, whatever the zone of the calendar', () => {
  const series = { start: '2026-03-28', rules: ['FREQ=DAILY;COUNT=3'] };
  expect(expand(series, '2026-01-01', '2027-01-01')).toEqual([
    '2026-03-28T00:00Z',
    '2026-03-29T00:00Z',
    '2026-03-30T00:00Z',
  ]);
});

it('a floating series lies in the fallback zone', () => {
  const series = { start: '2026-03-28T09:00:00', rules: ['FREQ=DAILY;COUNT=2'] };
  expect(expand(series, '2026-01-01', '2027-01-01')).toEqual(['2026-03-28T08:00Z', '2026-03-29T07:00Z']);
});

it('several rules are one set', () => {
  const series = { start: '2026-03-02T09:00:00Z', rules: ['FREQ=WEEKLY;COUNT=2', 'FREQ=DAILY;COUNT=2'] };
  expect(expand(series, '2026-01-01', '2027-01-01')).toEqual([
    '2026-03-02T09:00Z',
    '2026-03-03T09:00Z',
    '2026-03-09T09:00Z',
  ]);
});

describe('an exclusion', () => {
  const daily = ['FREQ=DAILY;COUNT=3'];
  const zoned = '2026-03-02T09:00:00 Europe/Berlin';
  const left = ['2026-03-02T08:00Z', '2026-03-04T08:00Z'];
  const cases: readonly (readonly [name: string, start: string, excluded: string, left: readonly string[]])[] = [
    ['of the same zone', zoned, '2026-03-03T09:00:00 Europe/Berlin', left],
    ['in UTC', zoned, '2026-03-03T08:00:00Z', left],
    ['in another zone', zoned, '2026-03-03T03:00:00 America/New_York', left],
    ['without a zone', zoned, '2026-03-03T09:00:00', left],
    ['that says UTC but means the local time', zoned, '2026-03-03T09:00:00Z', left],
    ['as a date', zoned, '2026-03-03', left],
    [
      'that names no start',
      zoned,
      '2026-03-03T10:15:00Z',
      ['2026-03-02T08:00Z', '2026-03-03T08:00Z', '2026-03-04T08:00Z'],
    ],
    [
      'of an all-day start as a UTC time',
      '2026-03-02',
      '2026-03-03T00:00:00Z',
      ['2026-03-02T00:00Z', '2026-03-04T00:00Z'],
    ],
    [
      'of an all-day start as a local midnight',
      '2026-03-02',
      '2026-03-03T00:00:00 Europe/Berlin',
      ['2026-03-02T00:00Z', '2026-03-04T00:00Z'],
    ],
    ['of a floating start by its digits', '2026-03-02T09:00:00', '2026-03-03T09:00:00', left],
    ['of DTSTART', zoned, zoned, ['2026-03-03T08:00Z', '2026-03-04T08:00Z']],
  ];
  it.each(cases)('%s', (_, start, excluded, expected) => {
    expect(expand({ start, rules: daily, excluded: [excluded] }, '2026-01-01', '2027-01-01')).toEqual(expected);
  });

  it('by instant goes before one by digits', () => {
    // 09:00Z is the second start; taken by its digits it would be the first.
    const series = {
      start: zoned,
      rules: ['FREQ=DAILY;COUNT=1;BYHOUR=9'],
      dates: ['2026-03-02T10:00:00 Europe/Berlin'],
      excluded: ['2026-03-02T09:00:00Z'],
    };
    expect(expand(series, '2026-01-01', '2027-01-01')).toEqual(['2026-03-02T08:00Z']);
  });
});

describe('an extra date', () => {
  it('joins the set once, in order', () => {
    const series = {
      start: '2026-03-02T09:00:00Z',
      dates: ['2026-03-01T09:00:00Z', '2026-03-05T10:00:00 Europe/Berlin', '2026-03-02T09:00:00Z'],
    };
    expect(expand(series, '2026-01-01', '2027-01-01')).toEqual([
      '2026-03-01T09:00Z',
      '2026-03-02T09:00Z',
      '2026-03-05T09:00Z',
    ]);
  });

  it('as a date in a timed series is at the time of DTSTART', () => {
    const series = { start: '2026-03-02T09:00:00 Europe/Berlin', dates: ['2026-07-02'] };
    expect(expand(series, '2026-01-01', '2027-01-01')).toEqual(['2026-03-02T08:00Z', '2026-07-02T07:00Z']);
  });

  it('as a PERIOD brings its own end, also for a start that a rule gives', () => {
    const series: SeriesText = {
      start: '2026-03-02T09:00:00Z',
      rules: ['FREQ=DAILY;COUNT=2'],
      dates: [['2026-03-03T09:00:00Z', '2026-03-03T12:00:00Z']],
    };
    const found = expandSeries(recurrenceOf(series), time(series.start), windowOf('2026-03-01', '2026-04-01'), berlin);
    expect(found.starts.map((start) => start.endMs)).toEqual([null, Date.parse('2026-03-03T12:00:00Z')]);
  });
});
