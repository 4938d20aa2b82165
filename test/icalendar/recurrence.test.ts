/** RRULE, RDATE, EXDATE and RECURRENCE-ID: what a series says of itself. */
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { calendar, event, recurrenceOf, utcMs, vevent } from './bodies.ts';

const at = (text: string, tzid = 'Etc/UTC') => ({ kind: 'instant', ms: utcMs(text), tzid });

describe('a series', () => {
  it('keeps its wall time, its zone and its exact length', () => {
    const lines = [
      'DTSTART;TZID=Europe/Berlin:20260329T023000',
      'DTEND;TZID=Europe/Berlin:20260329T043000',
      'RRULE:FREQ=DAILY',
    ];
    const { zone, ...rest } = recurrenceOf(event(...lines));
    expect(zone?.iana).toBe('Europe/Berlin');
    expect(rest).toEqual({
      localStart: '2026-03-29T02:30:00',
      duration: { days: 0, exactMs: 3_600_000 },
      rules: ['FREQ=DAILY'],
      dates: [],
      excluded: [],
    });
  });

  it('of days lasts days and has no zone', () => {
    const recurrence = recurrenceOf(
      event('DTSTART;VALUE=DATE:20260302', 'DTEND;VALUE=DATE:20260304', 'RRULE:FREQ=WEEKLY'),
    );
    expect(recurrence).toMatchObject({ localStart: '2026-03-02', duration: { days: 2, exactMs: 0 }, zone: null });
  });

  it('in UTC repeats in UTC, a floating one in no zone', () => {
    expect(recurrenceOf(event('RRULE:FREQ=DAILY')).zone?.id).toBe('Etc/UTC');
    expect(recurrenceOf(event('DTSTART:20260302T090000', 'RRULE:FREQ=DAILY')).zone).toBeNull();
  });

  it('splits DURATION into nominal days and exact time', () => {
    expect(recurrenceOf(event('DURATION:P1W2DT3H', 'RRULE:FREQ=MONTHLY')).duration).toEqual({
      days: 9,
      exactMs: 10_800_000,
    });
  });

  it('may have several rules, each counted once; empty ones are none', () => {
    const lines = ['RRULE:FREQ=DAILY;COUNT=2', 'RRULE:', 'RRULE: FREQ=WEEKLY ', 'RRULE:FREQ=DAILY;COUNT=2'];
    expect(recurrenceOf(event(...lines)).rules).toEqual(['FREQ=DAILY;COUNT=2', 'FREQ=WEEKLY']);
  });

  it('excludes dates of all forms', () => {
    const lines = [
      'EXDATE:20260303T090000Z,20260304T090000Z',
      'EXDATE;TZID=Europe/Berlin:20260305T100000',
      'EXDATE;VALUE=DATE:20260306',
      'EXDATE:garbage,20260307T090000Z',
    ];
    expect(recurrenceOf(event('RRULE:FREQ=DAILY', ...lines)).excluded).toEqual([
      at('2026-03-03T09:00Z'),
      at('2026-03-04T09:00Z'),
      at('2026-03-05T09:00Z', 'Europe/Berlin'),
      { kind: 'date', date: '2026-03-06' },
      at('2026-03-07T09:00Z'),
    ]);
  });

  it('adds dates, with an end where they are periods', () => {
    const lines = [
      'RDATE:20260401T090000Z',
      'RDATE;VALUE=PERIOD:20260402T090000Z/20260402T100000Z,20260403T090000Z/PT2H',
    ];
    expect(recurrenceOf(event(...lines)).dates).toEqual([
      { start: at('2026-04-01T09:00Z'), end: null },
      { start: at('2026-04-02T09:00Z'), end: at('2026-04-02T10:00Z') },
      { start: at('2026-04-03T09:00Z'), end: at('2026-04-03T11:00Z') },
    ]);
  });

  it('is none where only EXDATE is left', () => {
    expect(parseResource(event('EXDATE:20260303T090000Z')).recurrence).toBeNull();
  });

  it('flagged all-day excludes days and has exceptions of days', () => {
    const zone = 'TZID=W. Europe Standard Time';
    const flag = 'X-MICROSOFT-CDO-ALLDAYEVENT:TRUE';
    const times = [`DTSTART;${zone}:20260504T000000`, `DTEND;${zone}:20260505T000000`, flag];
    const body = calendar(
      ...vevent(...times, 'RRULE:FREQ=WEEKLY', `EXDATE;${zone}:20260511T000000`),
      ...vevent(
        ...times.map((line) => line.replace('0504', '0519').replace('0505', '0520')),
        `RECURRENCE-ID;${zone}:20260518T000000`,
      ),
    );
    expect(recurrenceOf(body).excluded).toEqual([{ kind: 'date', date: '2026-05-11' }]);
    expect(parseResource(body).exceptions).toMatchObject([
      { recurrenceId: { kind: 'date', date: '2026-05-18' }, start: { kind: 'date', date: '2026-05-19' } },
    ]);
  });
});

describe('exceptions', () => {
  it('are keyed by their original start and know THISANDFUTURE', () => {
    const body = calendar(
      ...vevent('RRULE:FREQ=DAILY'),
      ...vevent('RECURRENCE-ID:20260303T090000Z', 'DTSTART:20260303T110000Z'),
      ...vevent('RECURRENCE-ID;RANGE=THISANDFUTURE:20260304T090000Z', 'DTSTART:20260304T120000Z'),
    );
    expect(parseResource(body).exceptions).toMatchObject([
      { recurrenceId: at('2026-03-03T09:00Z'), thisAndFuture: false, start: at('2026-03-03T11:00Z') },
      { recurrenceId: at('2026-03-04T09:00Z'), thisAndFuture: true, start: at('2026-03-04T12:00Z') },
    ]);
  });

  it('without a master are accepted', () => {
    const resource = parseResource(calendar(...vevent('RECURRENCE-ID:20260303T090000Z')));
    expect(resource).toMatchObject({ uid: 'one@test', master: null, recurrence: null, problem: null });
    expect(resource.exceptions).toHaveLength(1);
  });

  it('of one original start count once: the highest SEQUENCE, then the last', () => {
    const exception = (sequence: number, summary: string) =>
      vevent('RECURRENCE-ID:20260303T090000Z', `SEQUENCE:${sequence}`, `SUMMARY:${summary}`);
    const body = calendar(
      ...vevent('RRULE:FREQ=DAILY'),
      ...exception(2, 'a'),
      ...exception(2, 'b'),
      ...exception(1, 'c'),
    );
    expect(parseResource(body).exceptions.map((one) => one.summary)).toEqual(['b']);
  });

  it('without a start of their own stand at their original start', () => {
    const body = calendar(...vevent('RRULE:FREQ=DAILY'), ...vevent('RECURRENCE-ID:20260303T090000Z', 'NO-DTSTART:x'));
    expect(parseResource(body).exceptions).toMatchObject([{ start: at('2026-03-03T09:00Z') }]);
  });

  it('that cannot be placed are a problem, not a silent loss', () => {
    const body = calendar(...vevent('RRULE:FREQ=DAILY'), ...vevent('RECURRENCE-ID:some day'));
    expect(parseResource(body)).toMatchObject({
      uid: 'one@test',
      master: null,
      problem: { code: 'resource_unparsable' },
    });
  });
});
