/** Occurrences of a resource: windows, ends, exceptions, orphans, THISANDFUTURE, keys and order. */
import { describe, expect, it } from 'vitest';
import type { EventComponent, NormalisedResource } from '../../domain/event.ts';
import { occurrencesOf, type Occurrence } from '../../domain/occurrence.ts';
import { component, resource, seriesOf, stamp, time, windowOf, zoneNamed } from './support.ts';

const berlin = zoneNamed('Europe/Berlin');
const november = windowOf('2026-11-01', '2026-12-01');

const show = (body: NormalisedResource, window = november): readonly Occurrence[] =>
  occurrencesOf(body, window, berlin).occurrences;
const line = (one: Occurrence): string =>
  `${one.recurrenceKey ?? '-'} ${stamp(one.startMs)}/${stamp(one.endMs)} ${one.fields.summary}`;
const lines = (body: NormalisedResource, window = november): readonly string[] => show(body, window).map(line);

const exception = (
  recurrenceId: string,
  start: string,
  end: string,
  changes: Partial<EventComponent> = {},
): EventComponent => component(start, end, { recurrenceId: time(recurrenceId), summary: 'Moved', ...changes });

const weekly = { start: '2026-11-02T09:00:00 Europe/Berlin', rules: ['FREQ=WEEKLY;COUNT=4'] };

describe('a single event', () => {
  it('shows whatever the window, without a key', () => {
    const [one, ...rest] = show(resource(component('1999-01-01T10:00:00Z', '1999-01-01T11:00:00Z'), null));
    expect(rest).toEqual([]);
    expect(one).toMatchObject({ recurrenceKey: null, recurring: false, startMs: Date.parse('1999-01-01T10:00:00Z') });
    expect(one?.fields).not.toHaveProperty('recurrenceId');
    expect(one?.fields).not.toHaveProperty('thisAndFuture');
  });

  it.each([
    ['2026-03-29', '2026-03-30', '- 2026-03-29T00:00Z/2026-03-30T00:00Z Stand-up'],
    ['2026-03-28T23:00:00', '2026-03-29T09:00:00', '- 2026-03-28T22:00Z/2026-03-29T07:00Z Stand-up'],
  ])('%s lies at UTC midnights or in the fallback zone', (start, end, expected) => {
    expect(lines(resource(component(start, end), null))).toEqual([expected]);
  });

  it('is replaced by an exception of its only occurrence', () => {
    const master = component('2026-11-02T09:00:00Z', '2026-11-02T10:00:00Z');
    const moved = exception('2026-11-02T09:00:00Z', '2026-11-03T09:00:00Z', '2026-11-03T10:00:00Z');
    expect(lines(resource(master, null, [moved]))).toEqual([
      '20261102T090000Z 2026-11-03T09:00Z/2026-11-03T10:00Z Moved',
    ]);
  });
});

describe('a body that could not be read', () => {
  it('shows nothing', () => {
    expect(show(resource(null, null))).toEqual([]);
  });
});

describe('a series', () => {
  it('names each occurrence by its start', () => {
    expect(lines(seriesOf(weekly))).toEqual([
      '20261102T080000Z 2026-11-02T08:00Z/2026-11-02T09:00Z Stand-up',
      '20261109T080000Z 2026-11-09T08:00Z/2026-11-09T09:00Z Stand-up',
      '20261116T080000Z 2026-11-16T08:00Z/2026-11-16T09:00Z Stand-up',
      '20261123T080000Z 2026-11-23T08:00Z/2026-11-23T09:00Z Stand-up',
    ]);
  });

  it('of dates and of floating times has keys of their kind, and fields too', () => {
    const [date] = show(seriesOf({ start: '2026-11-02', rules: ['FREQ=WEEKLY'] }));
    expect(date).toMatchObject({
      recurrenceKey: '20261102',
      fields: { start: { date: '2026-11-02' }, end: { date: '2026-11-03' } },
    });
    const [floating] = show(seriesOf({ start: '2026-11-02T09:00:00', rules: ['FREQ=WEEKLY'] }));
    expect(floating).toMatchObject({
      recurrenceKey: '20261102T090000',
      fields: { end: { local: '2026-11-02T10:00:00' } },
    });
    expect(stamp(floating?.startMs ?? 0)).toBe('2026-11-02T08:00Z');
  });

  it('shows what overlaps the window, not what touches it', () => {
    const body = seriesOf({
      start: '2026-10-01T23:00:00Z',
      duration: { days: 0, exactMs: 3_600_000 },
      rules: ['FREQ=DAILY'],
    });
    const day = windowOf('2026-11-02', '2026-11-03');
    expect(lines(body, day)).toEqual(['20261102T230000Z 2026-11-02T23:00Z/2026-11-03T00:00Z Stand-up']);
    const long = seriesOf({ start: '2026-10-01T23:00:00Z', duration: { days: 2, exactMs: 0 }, rules: ['FREQ=DAILY'] });
    expect(lines(long, day).map((text) => text.slice(0, 16))).toEqual([
      '20261031T230000Z',
      '20261101T230000Z',
      '20261102T230000Z',
    ]);
  });

  it('has ends that follow the wall for nominal days and the clock for exact time', () => {
    const rules = ['FREQ=DAILY;COUNT=1'];
    const start = '2026-10-24T12:00:00 Europe/Berlin';
    const nominal = seriesOf({ start, duration: { days: 1, exactMs: 0 }, rules });
    const exact = seriesOf({ start, duration: { days: 0, exactMs: 86_400_000 }, rules });
    const october = windowOf('2026-10-01', '2026-11-01');
    expect(stamp(show(nominal, october)[0]?.endMs ?? 0)).toBe('2026-10-25T11:00Z');
    expect(stamp(show(exact, october)[0]?.endMs ?? 0)).toBe('2026-10-25T10:00Z');
  });

  it('takes the end of a PERIOD', () => {
    const body = seriesOf({ ...weekly, rules: [], dates: [['2026-10-20T09:00:00Z', '2026-11-20T12:00:00Z']] });
    expect(lines(body)[0]).toBe('20261020T090000Z 2026-10-20T09:00Z/2026-11-20T12:00Z Stand-up');
  });

  it('with a refused rule shows its DTSTART and says why', () => {
    const found = occurrencesOf(seriesOf({ ...weekly, rules: ['FREQ=SECONDLY'] }), november, berlin);
    expect(found.occurrences.map(line)).toEqual(['20261102T080000Z 2026-11-02T08:00Z/2026-11-02T09:00Z Stand-up']);
    expect(found.problem?.code).toBe('recurrence_too_expensive');
  });
});

describe('an exception', () => {
  const usual = lines(seriesOf(weekly));
  const replaced = (key: string): readonly string[] => usual.filter((text) => !text.startsWith(key));

  it.each([
    ['the same zone', '2026-11-09T09:00:00 Europe/Berlin'],
    ['UTC', '2026-11-09T08:00:00Z'],
    ['no zone', '2026-11-09T09:00:00'],
    ['UTC where the local time is meant', '2026-11-09T09:00:00Z'],
    ['a date', '2026-11-09'],
  ])('takes the place of the start that it names in %s, and keeps its key', (_, recurrenceId) => {
    const moved = exception(recurrenceId, '2026-11-10T12:00:00Z', '2026-11-10T13:00:00Z');
    expect(lines(seriesOf(weekly, [moved]))).toEqual(
      [...replaced('20261109'), '20261109T080000Z 2026-11-10T12:00Z/2026-11-10T13:00Z Moved'].sort(),
    );
  });

  it('that is moved into the window shows, one that is moved out of it does not', () => {
    const into = exception('2027-03-01T09:00:00 Europe/Berlin', '2026-11-30T12:00:00Z', '2026-11-30T13:00:00Z');
    const out = exception('2026-11-09T09:00:00 Europe/Berlin', '2027-02-01T12:00:00Z', '2027-02-01T13:00:00Z');
    const body = seriesOf({ ...weekly, rules: ['FREQ=WEEKLY;UNTIL=20270401T000000Z'] }, [into, out]);
    expect(lines(body)).toEqual([
      ...replaced('20261109'),
      '20261130T080000Z 2026-11-30T08:00Z/2026-11-30T09:00Z Stand-up',
      '20270301T080000Z 2026-11-30T12:00Z/2026-11-30T13:00Z Moved',
    ]);
  });

  it('of a start that the series does not have shows all the same', () => {
    const stray = exception('2026-11-11T09:00:00 Europe/Berlin', '2026-11-25T12:00:00Z', '2026-11-25T13:00:00Z');
    expect(lines(seriesOf(weekly, [stray]))).toEqual([
      ...usual,
      '20261111T080000Z 2026-11-25T12:00Z/2026-11-25T13:00Z Moved',
    ]);
  });

  it('that is cancelled comes with its status', () => {
    const cancelled = exception('2026-11-09T08:00:00Z', '2026-11-09T08:00:00Z', '2026-11-09T09:00:00Z', {
      status: 'cancelled',
    });
    expect(show(seriesOf(weekly, [cancelled])).map((one) => one.fields.status)).toEqual([
      'confirmed',
      'cancelled',
      'confirmed',
      'confirmed',
    ]);
  });

  it('given twice counts once: the later one', () => {
    const first = exception('2026-11-09T08:00:00Z', '2026-11-09T10:00:00Z', '2026-11-09T11:00:00Z', {
      summary: 'First',
    });
    const second = exception('2026-11-09T09:00:00 Europe/Berlin', '2026-11-09T12:00:00Z', '2026-11-09T13:00:00Z', {
      summary: 'Second',
    });
    expect(lines(seriesOf(weekly, [first, second])).filter((text) => text.startsWith('20261109'))).toEqual([
      '20261109T080000Z 2026-11-09T12:00Z/2026-11-09T13:00Z Second',
    ]);
  });

  it('of an all-day series may be timed', () => {
    const timed = exception('2026-11-09', '2026-11-09T12:00:00Z', '2026-11-09T13:00:00Z');
    const body = seriesOf({ start: '2026-11-02', rules: ['FREQ=WEEKLY;COUNT=2'] }, [timed]);
    expect(lines(body)).toEqual([
      '20261102 2026-11-02T00:00Z/2026-11-03T00:00Z Stand-up',
      '20261109 2026-11-09T12:00Z/2026-11-09T13:00Z Moved',
    ]);
  });

  it('without a series shows whatever the window, as recurring', () => {
    const body = resource(null, null, [
      exception('2027-11-10T09:00:00Z', '2027-11-10T10:00:00Z', '2027-11-10T11:00:00Z'),
      exception('2026-11-09', '2026-11-10', '2026-11-11'),
      exception('2026-11-09T09:00:00', '2026-11-12T09:00:00', '2026-11-12T10:00:00'),
    ]);
    expect(show(body).every((one) => one.recurring)).toBe(true);
    expect(lines(body)).toEqual([
      '20261109 2026-11-10T00:00Z/2026-11-11T00:00Z Moved',
      '20261109T090000 2026-11-12T08:00Z/2026-11-12T09:00Z Moved',
      '20271110T090000Z 2027-11-10T10:00Z/2027-11-10T11:00Z Moved',
    ]);
  });
});

describe('THISANDFUTURE', () => {
  const daily = { start: '2026-10-20T09:00:00 Europe/Berlin', rules: ['FREQ=DAILY;COUNT=10'] };
  const autumn = windowOf('2026-10-01', '2026-12-01');

  it('moves and describes all that follow, on the wall clock, under their own keys', () => {
    const range = exception(
      '2026-10-23T09:00:00 Europe/Berlin',
      '2026-10-23T10:00:00 Europe/Berlin',
      '2026-10-23T10:30:00 Europe/Berlin',
      { thisAndFuture: true },
    );
    expect(lines(seriesOf(daily, [range]), autumn).slice(2, 7)).toEqual([
      '20261022T070000Z 2026-10-22T07:00Z/2026-10-22T08:00Z Stand-up',
      '20261023T070000Z 2026-10-23T08:00Z/2026-10-23T08:30Z Moved',
      '20261024T070000Z 2026-10-24T08:00Z/2026-10-24T08:30Z Moved',
      '20261025T080000Z 2026-10-25T09:00Z/2026-10-25T09:30Z Moved',
      '20261026T080000Z 2026-10-26T09:00Z/2026-10-26T09:30Z Moved',
    ]);
  });

  it('gives way to a later one and to an exception of a single start', () => {
    const at = (day: string, changes: Partial<EventComponent>): EventComponent =>
      exception(
        `2026-10-${day}T09:00:00 Europe/Berlin`,
        `2026-10-${day}T09:00:00 Europe/Berlin`,
        `2026-10-${day}T10:00:00 Europe/Berlin`,
        changes,
      );
    const body = seriesOf(daily, [
      at('27', { summary: 'Second', thisAndFuture: true }),
      at('22', { summary: 'First', thisAndFuture: true }),
      at('24', { summary: 'Alone' }),
    ]);
    expect(show(body, autumn).map((one) => one.fields.summary)).toEqual([
      'Stand-up',
      'Stand-up',
      'First',
      'First',
      'Alone',
      'First',
      'First',
      'Second',
      'Second',
      'Second',
    ]);
  });

  it('that moves far brings occurrences into the window', () => {
    const range = exception(
      '2026-10-20T09:00:00 Europe/Berlin',
      '2027-05-20T09:00:00 Europe/Berlin',
      '2027-05-20T10:00:00 Europe/Berlin',
      { thisAndFuture: true },
    );
    const body = seriesOf(daily, [range]);
    expect(show(body, autumn)).toEqual([]);
    expect(lines(body, windowOf('2027-05-21', '2027-05-22'))).toEqual([
      '20261021T070000Z 2027-05-21T07:00Z/2027-05-21T08:00Z Moved',
    ]);
  });

  it('that moves back brings occurrences into the window, too', () => {
    const range = exception(
      '2027-05-20T09:00:00 Europe/Berlin',
      '2026-11-20T09:00:00 Europe/Berlin',
      '2026-11-20T10:00:00 Europe/Berlin',
      { thisAndFuture: true },
    );
    const body = seriesOf({ start: '2027-05-19T09:00:00 Europe/Berlin', rules: ['FREQ=DAILY;COUNT=3'] }, [range]);
    expect(lines(body, windowOf('2026-11-21', '2026-11-22'))).toEqual([
      '20270521T070000Z 2026-11-21T08:00Z/2026-11-21T09:00Z Moved',
    ]);
  });

  it('into another zone follows that zone', () => {
    const range = exception(
      '2026-10-24T09:00:00 Europe/Berlin',
      '2026-10-24T09:00:00 America/New_York',
      '2026-10-24T10:00:00 America/New_York',
      { thisAndFuture: true },
    );
    expect(lines(seriesOf(daily, [range]), autumn).slice(4, 6)).toEqual([
      '20261024T070000Z 2026-10-24T13:00Z/2026-10-24T14:00Z Moved',
      '20261025T080000Z 2026-10-25T13:00Z/2026-10-25T14:00Z Moved',
    ]);
  });
});

it('occurrences come by start, then by key', () => {
  const together = ['09', '16', '23'].map((day) =>
    exception(`2026-11-${day}T08:00:00Z`, '2026-11-02T08:00:00Z', '2026-11-02T09:00:00Z'),
  );
  expect(show(seriesOf(weekly, [...together].reverse())).map((one) => one.recurrenceKey)).toEqual([
    '20261102T080000Z',
    '20261109T080000Z',
    '20261116T080000Z',
    '20261123T080000Z',
  ]);
});
