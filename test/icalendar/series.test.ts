/** Editing a series: what becomes of EXDATE, RDATE and exceptions. */
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import type { RequestedFields } from '../../domain/managed-event.ts';
import { calendar, linesIn, utcMs, vevent } from './bodies.ts';

const at = (text: string, tzid = 'Europe/Berlin') => ({ kind: 'instant', ms: utcMs(text), tzid }) as const;
const date = (text: string) => ({ kind: 'date', date: text }) as const;

/** Mondays at 9 in Berlin over the change of offset, without March 16, the 23rd at 14:00, and extra on March 31. */
const series = (rule = 'FREQ=WEEKLY;BYDAY=MO') =>
  calendar(
    ...vevent(
      'DTSTART;TZID=Europe/Berlin:20260302T090000',
      'DTEND;TZID=Europe/Berlin:20260302T100000',
      `RRULE:${rule}`,
      'EXDATE;TZID=Europe/Berlin:20260316T090000,20260406T090000',
      'RDATE;TZID=Europe/Berlin:20260331T090000',
      'SEQUENCE:1',
    ),
    ...vevent(
      'RECURRENCE-ID;TZID=Europe/Berlin:20260323T090000',
      'DTSTART;TZID=Europe/Berlin:20260323T140000',
      'DTEND;TZID=Europe/Berlin:20260323T150000',
      'SUMMARY:Later',
    ),
  );
const edit = (base: string, fields: RequestedFields) => linesIn(writeEvent({ base, fields, uid: 'x', nowMs: 0 }));
const about = (lines: readonly string[]) => lines.filter((line) => /^(EXDATE|RDATE|RECURRENCE-ID|SUMMARY)/.test(line));
const untouched = about(linesIn(series()));

describe('what names single occurrences', () => {
  it('stays when something else changes', () => {
    expect(about(edit(series(), { description: 'x' }))).toEqual(untouched);
    expect(about(edit(series(), { end: at('2026-03-02T09:30Z') }))).toEqual(untouched);
  });

  it('moves along with the time of day, over changes of offset', () => {
    const lines = edit(series(), { start: at('2026-03-02T09:30Z'), end: at('2026-03-02T10:30Z') });
    expect(about(lines)).toEqual([
      'EXDATE;TZID=Europe/Berlin:20260316T103000,20260406T103000',
      'RDATE;TZID=Europe/Berlin:20260331T103000',
      'RECURRENCE-ID;TZID=Europe/Berlin:20260323T103000',
      'SUMMARY:Later',
    ]);
    expect(lines).toContain('DTSTART;TZID=Europe/Berlin:20260323T140000');
    expect(lines).toContain('SEQUENCE:2');
  });

  it('stays readable where it would move out of the years that a file can write', () => {
    const base = calendar(
      ...vevent('DTSTART:99991201T090000Z', 'RRULE:FREQ=WEEKLY', 'EXDATE:00010108T090000Z', 'DURATION:PT1H'),
      ...vevent('RECURRENCE-ID:00010115T090000Z', 'DTSTART:99991215T120000Z', 'SUMMARY:Later'),
    );
    const lines = edit(base, { start: at('2026-03-02T09:00Z', 'Etc/UTC'), end: at('2026-03-02T10:00Z', 'Etc/UTC') });
    expect(about(lines).slice(0, 2)).toEqual(['EXDATE:00010101T000000Z', 'RECURRENCE-ID:00010101T000000Z']);
    expect(parseResource(`${lines.join('\r\n')}\r\n`).problem).toBeNull();
  });

  it('moves along into another zone', () => {
    const lines = edit(series(), {
      start: at('2026-03-02T15:00Z', 'America/New_York'),
      end: at('2026-03-02T16:00Z', 'America/New_York'),
    });
    expect(about(lines).slice(0, 3)).toEqual([
      'EXDATE;TZID=America/New_York:20260316T100000,20260406T100000',
      'RDATE;TZID=America/New_York:20260331T100000',
      'RECURRENCE-ID;TZID=America/New_York:20260323T100000',
    ]);
  });

  it('moves along into UTC', () => {
    const lines = edit(series(), {
      start: at('2026-03-02T08:00Z', 'Etc/UTC'),
      end: at('2026-03-02T09:00Z', 'Etc/UTC'),
    });
    expect(about(lines)[0]).toBe('EXDATE:20260316T080000Z,20260406T080000Z');
  });

  it('keeps its days where the rule names them', () => {
    const lines = edit(series(), { start: at('2026-03-09T07:00Z'), end: at('2026-03-09T08:00Z') });
    expect(about(lines)[0]).toBe('EXDATE;TZID=Europe/Berlin:20260316T080000,20260406T080000');
  });

  it('moves by days where only the start names them', () => {
    const lines = edit(series('FREQ=WEEKLY'), { start: at('2026-03-03T07:00Z'), end: at('2026-03-03T08:00Z') });
    expect(about(lines)[0]).toBe('EXDATE;TZID=Europe/Berlin:20260317T080000,20260407T080000');
    const daily = edit(series('FREQ=DAILY'), { start: at('2026-03-03T07:00Z'), end: at('2026-03-03T08:00Z') });
    expect(about(daily)[0]).toBe('EXDATE;TZID=Europe/Berlin:20260316T080000,20260406T080000');
  });

  it('stays when only the end of the rule changes, but exceptions after it go', () => {
    expect(about(edit(series(), { recurrence: ['BYDAY=MO;FREQ=WEEKLY;UNTIL=20260601T000000Z'] }))).toEqual(untouched);
    expect(about(edit(series(), { recurrence: ['FREQ=WEEKLY;BYDAY=MO;COUNT=20'] }))).toEqual(untouched);
    expect(about(edit(series(), { recurrence: ['FREQ=WEEKLY;BYDAY=MO;UNTIL=20260320T000000Z'] }))).toEqual(
      untouched.slice(0, 2),
    );
  });

  it.each([
    ['another rule', { recurrence: ['FREQ=WEEKLY;BYDAY=TU'] }],
    ['days instead of times', { start: date('2026-03-02'), end: date('2026-03-03') }],
    ['the end of all repetition', { recurrence: [] }],
  ] as const)('goes with %s', (_what, fields) => {
    expect(about(edit(series(), fields))).toEqual([]);
  });

  it('is nothing any more once it no longer repeats', () => {
    const body = writeEvent({ base: series(), fields: { recurrence: [] }, uid: 'x', nowMs: 0 });
    expect(parseResource(body)).toMatchObject({ recurrence: null, exceptions: [], problem: null });
  });

  it('of days moves with days', () => {
    const base = calendar(
      ...vevent('DTSTART;VALUE=DATE:20260302', 'RRULE:FREQ=MONTHLY', 'EXDATE;VALUE=DATE:20260402'),
      ...vevent('RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20260502', 'DTSTART;VALUE=DATE:20260504'),
    );
    expect(about(edit(base, { start: date('2026-03-05'), end: date('2026-03-06') }))).toEqual([
      'EXDATE;VALUE=DATE:20260405',
      'RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260505',
    ]);
  });

  it('of periods moves at both ends, or keeps its length', () => {
    const period = 'RDATE;VALUE=PERIOD:20260401T090000Z/20260401T100000Z,20260402T090000Z/PT2H';
    const base = calendar(...vevent('RRULE:FREQ=MONTHLY', period));
    expect(about(edit(base, { start: at('2026-03-02T10:00Z', 'Etc/UTC') }))).toEqual([
      'RDATE;VALUE=PERIOD:20260401T100000Z/20260401T110000Z,20260402T100000Z/PT2H',
    ]);
  });
});

it('a new series in a zone keeps its zone even where its first time is ambiguous', () => {
  const fields = { start: at('2026-10-25T01:30Z'), end: at('2026-10-25T02:30Z'), recurrence: ['FREQ=DAILY'] };
  const body = writeEvent({ base: null, fields, uid: 'x', nowMs: 0 });
  expect(parseResource(body).recurrence).toMatchObject({
    localStart: '2026-10-25T02:30:00',
    zone: { iana: 'Europe/Berlin' },
  });
});
