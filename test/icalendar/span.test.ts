/** When an event is: value types, zones, missing and contradictory ends. */
import { describe, expect, it } from 'vitest';
import type { EventTime } from '../../domain/event.ts';
import { event, masterOf, utcMs } from './bodies.ts';

const date = (text: string): EventTime => ({ kind: 'date', date: text });
const floating = (local: string): EventTime => ({ kind: 'floating', local });
const at = (text: string, tzid = 'Etc/UTC'): EventTime => ({ kind: 'instant', ms: utcMs(text), tzid });
const berlin = 'Europe/Berlin';

type Row = readonly [what: string, lines: readonly string[], start: EventTime, end: EventTime];

const rows: readonly Row[] = [
  ['UTC', ['DTSTART:20260302T090000Z', 'DTEND:20260302T100000Z'], at('2026-03-02T09:00Z'), at('2026-03-02T10:00Z')],
  [
    'a zone by name without a definition',
    ['DTSTART;TZID=Europe/Berlin:20260302T090000', 'DTEND;TZID=Europe/Berlin:20260702T090000'],
    at('2026-03-02T08:00Z', berlin),
    at('2026-07-02T07:00Z', berlin),
  ],
  [
    'two zones',
    ['DTSTART;TZID=Europe/Berlin:20260302T090000', 'DTEND;TZID=America/New_York:20260302T090000'],
    at('2026-03-02T08:00Z', berlin),
    at('2026-03-02T14:00Z', 'America/New_York'),
  ],
  [
    'a Windows zone',
    ['DTSTART;TZID="W. Europe Standard Time":20260302T090000'],
    at('2026-03-02T08:00Z', berlin),
    at('2026-03-02T08:00Z', berlin),
  ],
  [
    'Z beside a TZID',
    ['DTSTART;TZID=Europe/Berlin:20260302T090000Z'],
    at('2026-03-02T09:00Z'),
    at('2026-03-02T09:00Z'),
  ],
  [
    'a wall time in the gap lies after it',
    ['DTSTART;TZID=Europe/Berlin:20260329T023000'],
    at('2026-03-29T01:30Z', berlin),
    at('2026-03-29T01:30Z', berlin),
  ],
  [
    'a repeated wall time is the first one',
    ['DTSTART;TZID=Europe/Berlin:20261025T023000'],
    at('2026-10-25T00:30Z', berlin),
    at('2026-10-25T00:30Z', berlin),
  ],
  [
    'floating',
    ['DTSTART:20260302T090000', 'DURATION:PT90M'],
    floating('2026-03-02T09:00:00'),
    floating('2026-03-02T10:30:00'),
  ],
  [
    'an unknown TZID floats',
    ['DTSTART;TZID=No/Where:20260302T090000'],
    floating('2026-03-02T09:00:00'),
    floating('2026-03-02T09:00:00'),
  ],
  ['a date', ['DTSTART;VALUE=DATE:20260302', 'DTEND;VALUE=DATE:20260304'], date('2026-03-02'), date('2026-03-04')],
  ['a date without VALUE', ['DTSTART:20260302'], date('2026-03-02'), date('2026-03-03')],
  [
    'VALUE=DATE before a time',
    ['DTSTART;VALUE=DATE:20260302T000000', 'DTEND;VALUE=DATE:20260303T000000'],
    date('2026-03-02'),
    date('2026-03-03'),
  ],
  ['a date with DURATION', ['DTSTART;VALUE=DATE:20260302', 'DURATION:P1W'], date('2026-03-02'), date('2026-03-09')],
  [
    'a date that ends on itself',
    ['DTSTART;VALUE=DATE:20260302', 'DTEND;VALUE=DATE:20260302'],
    date('2026-03-02'),
    date('2026-03-03'),
  ],
  [
    'a date that ends before',
    ['DTSTART;VALUE=DATE:20260302', 'DTEND;VALUE=DATE:20260228'],
    date('2026-03-02'),
    date('2026-03-03'),
  ],
  [
    'a date that ends at a time',
    ['DTSTART;VALUE=DATE:20260302', 'DTEND:20260303T120000Z'],
    date('2026-03-02'),
    date('2026-03-04'),
  ],
  [
    'a date that ends at midnight',
    ['DTSTART;VALUE=DATE:20260302', 'DTEND:20260303T000000'],
    date('2026-03-02'),
    date('2026-03-03'),
  ],
  [
    'a time that ends on a date',
    ['DTSTART;TZID=Europe/Berlin:20260302T200000', 'DTEND;VALUE=DATE:20260303'],
    at('2026-03-02T19:00Z', berlin),
    at('2026-03-02T23:00Z', berlin),
  ],
  [
    'a time that ends before it starts',
    ['DTSTART:20260302T090000Z', 'DTEND:20260302T080000Z'],
    at('2026-03-02T09:00Z'),
    at('2026-03-02T09:00Z'),
  ],
  ['a time without an end', ['DTSTART:20260302T090000Z'], at('2026-03-02T09:00Z'), at('2026-03-02T09:00Z')],
  [
    'an end that cannot be read',
    ['DTSTART:20260302T090000Z', 'DTEND:tomorrow'],
    at('2026-03-02T09:00Z'),
    at('2026-03-02T09:00Z'),
  ],
  [
    'a negative duration',
    ['DTSTART:20260302T090000Z', 'DURATION:-PT1H'],
    at('2026-03-02T09:00Z'),
    at('2026-03-02T09:00Z'),
  ],
  [
    'a zoned start with a floating end',
    ['DTSTART;TZID=Europe/Berlin:20260302T090000', 'DTEND:20260302T100000'],
    at('2026-03-02T08:00Z', berlin),
    at('2026-03-02T09:00Z', berlin),
  ],
  [
    'nominal days follow the wall clock',
    ['DTSTART;TZID=Europe/Berlin:20260328T120000', 'DURATION:P1D'],
    at('2026-03-28T11:00Z', berlin),
    at('2026-03-29T10:00Z', berlin),
  ],
  [
    'exact hours do not',
    ['DTSTART;TZID=Europe/Berlin:20260328T120000', 'DURATION:PT24H'],
    at('2026-03-28T11:00Z', berlin),
    at('2026-03-29T11:00Z', berlin),
  ],
  ['seconds left out', ['DTSTART:20260302T0900Z'], at('2026-03-02T09:00Z'), at('2026-03-02T09:00Z')],
  ['the extended form', ['DTSTART:2026-03-02T09:00:00Z'], at('2026-03-02T09:00Z'), at('2026-03-02T09:00Z')],
  ['a leap second', ['DTSTART:20261231T235960Z'], at('2026-12-31T23:59:59Z'), at('2026-12-31T23:59:59Z')],
  ['hour 24', ['DTSTART:20260302T240000Z'], at('2026-03-03T00:00Z'), at('2026-03-03T00:00Z')],
];

describe('start and end', () => {
  it.each(rows)('%s', (_what, lines, start, end) => {
    const { start: from, end: to } = masterOf(event(...lines));
    expect({ start: from, end: to }).toEqual({ start, end });
  });

  it.each(['DTSTART;VALUE=DATE:99991231', 'DTSTART:99991231T235959Z', 'DTSTART:99991231T000000'])(
    'the end of all days stays in four digits: %s',
    (line) => {
      expect(JSON.stringify(masterOf(event(line, 'DURATION:P99999999W')))).not.toContain('+010000');
    },
  );
});

describe("Microsoft's all-day flag", () => {
  const flag = 'X-MICROSOFT-CDO-ALLDAYEVENT:TRUE';
  const tz = 'TZID="W. Europe Standard Time"';

  it('turns midnights into dates', () => {
    const master = masterOf(event(`DTSTART;${tz}:20260508T000000`, `DTEND;${tz}:20260510T000000`, flag));
    expect([master.start, master.end]).toEqual([date('2026-05-08'), date('2026-05-10')]);
  });

  it('is not believed where the times are no midnights', () => {
    const master = masterOf(event(`DTSTART;${tz}:20260508T010000`, `DTEND;${tz}:20260510T000000`, flag));
    expect(master.start.kind).toBe('instant');
  });

  it('turned off says nothing', () => {
    const master = masterOf(event('DTSTART:20260508T000000Z', 'X-MICROSOFT-CDO-ALLDAYEVENT:FALSE'));
    expect(master.start.kind).toBe('instant');
  });
});
