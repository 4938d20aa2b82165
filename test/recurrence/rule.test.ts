/** RRULE texts: what is read, what is forgiven, what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRule } from '../../domain/recurrence/rule.ts';

describe('a rule', () => {
  it('is read with all its parts, sorted and without repeats', () => {
    const text =
      'FREQ=YEARLY;INTERVAL=2;COUNT=7;UNTIL=20271231T235959Z;WKST=SU;BYMONTH=3,1,3;BYWEEKNO=-1,2;BYYEARDAY=100;' +
      'BYMONTHDAY=-1,+5;BYDAY=MO,TU;BYHOUR=9;BYMINUTE=30;BYSECOND=0,60;BYSETPOS=-1';
    expect(parseRule(text)).toEqual({
      problem: null,
      rule: {
        frequency: 'yearly',
        interval: 2,
        count: 7,
        until: { kind: 'utc', ms: Date.parse('2027-12-31T23:59:59Z') },
        weekStart: 6,
        months: [1, 3],
        weekNumbers: [-1, 2],
        yearDays: [100],
        monthDays: [-1, 5],
        weekdays: [
          { weekday: 0, nth: null },
          { weekday: 1, nth: null },
        ],
        hours: [9],
        minutes: [30],
        seconds: [0, 59],
        positions: [-1],
      },
    });
  });

  it.each([
    ['FREQ=MONTHLY;BYDAY=2MO', 2],
    ['FREQ=YEARLY;BYDAY=-1MO', -1],
    ['FREQ=WEEKLY;BYDAY=2MO', null],
    ['FREQ=YEARLY;BYWEEKNO=3;BYDAY=2MO', null],
  ])('%s: the number counts where it has a meaning', (text, nth) => {
    expect(parseRule(text).rule?.weekdays).toEqual([{ weekday: 0, nth }]);
  });

  it.each([
    ['20260102', { kind: 'date', wallMs: Date.parse('2026-01-02') }],
    ['2026-01-02', { kind: 'date', wallMs: Date.parse('2026-01-02') }],
    ['20260102T030405', { kind: 'local', wallMs: Date.parse('2026-01-02T03:04:05Z') }],
    ['20260102t030405z', { kind: 'utc', ms: Date.parse('2026-01-02T03:04:05Z') }],
  ])('UNTIL=%s is read', (text, until) => {
    expect(parseRule(`FREQ=DAILY;UNTIL=${text}`).rule?.until).toEqual(until);
  });

  it('has no part that is empty', () => {
    expect(parseRule('FREQ=DAILY;BYDAY=;BYHOUR=;COUNT=;WKST=').rule).toEqual(parseRule('FREQ=DAILY').rule);
  });

  it.each([
    'FREQ=FORTNIGHTLY',
    'FREQ=DAILY;FREQ=WEEKLY',
    'FREQ=DAILY;COUNT=-1',
    'FREQ=DAILY;COUNT=1.5',
    'FREQ=DAILY;INTERVAL=1e3',
    'FREQ=DAILY;UNTIL=',
    'FREQ=DAILY;UNTIL=tomorrow',
    'FREQ=DAILY;UNTIL=20269999',
    'FREQ=DAILY;WKST=XX',
    'FREQ=DAILY;BYHOUR=24',
    'FREQ=DAILY;BYMINUTE=60',
    'FREQ=DAILY;BYSECOND=61',
    'FREQ=DAILY;BYMONTH=0',
    'FREQ=DAILY;BYMONTH=13',
    'FREQ=MONTHLY;BYMONTHDAY=0',
    'FREQ=MONTHLY;BYMONTHDAY=32',
    'FREQ=MONTHLY;BYDAY=0MO',
    'FREQ=MONTHLY;BYDAY=54MO',
    'FREQ=MONTHLY;BYDAY=XX',
    'FREQ=YEARLY;BYYEARDAY=367',
    'FREQ=YEARLY;BYWEEKNO=54',
    'FREQ=DAILY;BYSETPOS=0',
  ])('%s is invalid', (text) => {
    expect(parseRule(text)).toMatchObject({ rule: null, problem: { code: 'recurrence_invalid' } });
  });

  it.each(['RSCALE=HEBREW;FREQ=YEARLY', 'FREQ=MONTHLY;SKIP=FORWARD;RSCALE=GREGORIAN', 'FREQ=YEARLY;BYEASTER=1'])(
    '%s is not supported',
    (text) => {
      expect(parseRule(text)).toMatchObject({ rule: null, problem: { code: 'recurrence_unsupported' } });
    },
  );

  it('is never a reason to throw, and its problem stays short', () => {
    const piece = fc.constantFrom(
      'FREQ',
      'DAILY',
      '=',
      ';',
      ',',
      'BYDAY',
      'MO',
      '-',
      '1',
      'UNTIL',
      'T',
      'Z',
      '99999999',
      ' ',
      'ß',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (written) => {
        const { rule, problem } = parseRule(written);
        expect((rule === null) !== (problem === null)).toBe(true);
        expect(problem?.detail.length ?? 0).toBeLessThanOrEqual(200);
      }),
      { seed: 20_261_121, numRuns: 2_000 },
    );
  });
});
