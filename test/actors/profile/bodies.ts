/** Bodies and wishes for these suites. */
import type { RequestedFields } from '../../../domain/managed-event.ts';

const file = (...lines: readonly string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');

/** A single event; `start` as in a file, e.g. `20261125T090000Z`. */
export const ics = (uid: string, summary: string, more: readonly string[] = [], start = '20261125T090000Z'): string =>
  file(
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20261101T000000Z',
    `DTSTART:${start}`,
    ...(more.some((line) => line.startsWith('DTEND') || line.startsWith('DURATION')) ? [] : ['DURATION:PT1H']),
    `SUMMARY:${summary}`,
    ...more,
    'END:VEVENT',
  );

export const series = (uid: string, summary: string, rule: string, start = '20261102T090000Z'): string =>
  ics(uid, summary, [`RRULE:${rule}`], start);

export const wish = (summary: string, more: RequestedFields = {}): RequestedFields => ({
  summary,
  start: { kind: 'instant', ms: Date.UTC(2026, 10, 26, 9), tzid: 'Europe/Berlin' },
  end: { kind: 'instant', ms: Date.UTC(2026, 10, 26, 10), tzid: 'Europe/Berlin' },
  ...more,
});
