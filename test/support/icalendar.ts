/** Event bodies as a person's calendar program stores them. */

export interface EventText {
  readonly uid: string;
  /** Any text; escaped here. */
  readonly summary: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** Default 30. */
  readonly minutes?: number;
  /** Further content lines, e.g. `RRULE:FREQ=WEEKLY`. */
  readonly lines?: readonly string[];
}

const basic = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');

export function icsOf(event: EventText): string {
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//A person//Some calendar program//EN',
    'BEGIN:VEVENT',
    `UID:${event.uid}`,
    'DTSTAMP:20261101T000000Z',
    `DTSTART:${basic(event.startMs)}`,
    `DTEND:${basic(event.startMs + (event.minutes ?? 30) * 60_000)}`,
    `SUMMARY:${event.summary.replaceAll(/[\\;,]/g, String.raw`\$&`)}`,
    ...(event.lines ?? []),
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** Nine o'clock (UTC) so many days from today: always inside the window of default reads. */
export const daysAhead = (days: number, hour = 9): number =>
  Math.floor(Date.now() / 86_400_000) * 86_400_000 + days * 86_400_000 + hour * 3_600_000;
