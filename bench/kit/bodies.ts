/** The events that are measured with: about 800 bytes each, with a VTIMEZONE and two attendees. */

const zone = [
  'BEGIN:VTIMEZONE',
  'TZID:Europe/Berlin',
  'BEGIN:DAYLIGHT',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'TZNAME:CEST',
  'DTSTART:19700329T020000',
  'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
  'END:DAYLIGHT',
  'BEGIN:STANDARD',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'TZNAME:CET',
  'DTSTART:19701025T030000',
  'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
  'END:STANDARD',
  'END:VTIMEZONE',
];

const dayMs = 86_400_000;

/** Every 20th event repeats weekly, 26 times. */
const seriesEvery = 20;

/** The same numbers in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface BenchEvent {
  /** The name of its file. */
  readonly name: string;
  readonly body: string;
}

/**
 * Starts lie from 300 days before `aroundMs` to 200 after it, so that some of the series (5 %, weekly) are outside of
 * any horizon.
 */
export function benchEvents(count: number, aroundMs: number): BenchEvent[] {
  const random = seeded(20_261_120);
  const firstDay = Math.floor(aroundMs / dayMs) - 300;
  return Array.from({ length: count }, (_, n) => {
    const day = firstDay + Math.floor(random() * 500);
    // Never between two and three at night, where a change of offset would make the wall time a matter of opinion.
    const hour = 6 + Math.floor(random() * 14);
    const minute = 15 * Math.floor(random() * 4);
    return { name: `event-${n}.ics`, body: benchEvent(n, { dayMs: day * dayMs, hour, minute }, n % seriesEvery === 0) };
  });
}

/** Ten single events a day from `firstDayMs` on, the first at eight o'clock: ten days hold a hundred. */
export function spacedEvents(count: number, firstDayMs: number): BenchEvent[] {
  return Array.from({ length: count }, (_, n) => {
    const start = { dayMs: firstDayMs + Math.floor(n / 10) * dayMs, hour: 8 + (n % 10), minute: 0 };
    return { name: `event-${n}.ics`, body: benchEvent(n, start, false) };
  });
}

/** One of them with another note: what a person changed. */
export function changedEvent(body: string, note: string): string {
  return body.replace(/NOTE: [^\r\n]*/, `NOTE: ${note}`);
}

interface WallStart {
  /** Midnight in UTC of the day. */
  readonly dayMs: number;
  readonly hour: number;
  readonly minute: number;
}

function benchEvent(n: number, start: WallStart, weekly: boolean): string {
  const date = new Date(start.dayMs).toISOString().slice(0, 10).replaceAll('-', '');
  const clock = (hour: number): string => `${String(hour).padStart(2, '0')}${String(start.minute).padStart(2, '0')}00`;
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Bench//Calendar//EN',
    ...zone,
    'BEGIN:VEVENT',
    `UID:bench-${n}@kalends.example`,
    'DTSTAMP:20261101T080000Z',
    `DTSTART;TZID=Europe/Berlin:${date}T${clock(start.hour)}`,
    `DTEND;TZID=Europe/Berlin:${date}T${clock(start.hour + 1)}`,
    ...(weekly ? ['RRULE:FREQ=WEEKLY;COUNT=26'] : []),
    `SUMMARY:Meeting ${n}`,
    `LOCATION:Room ${n % 40}`,
    'ORGANIZER:mailto:jane@example.com',
    'ATTENDEE;PARTSTAT=ACCEPTED:mailto:jane@example.com',
    `ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:guest-${n % 100}@example.com`,
    'DESCRIPTION:NOTE: as planned',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ];
  return lines.join('\r\n');
}
