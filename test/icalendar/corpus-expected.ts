/** What each file of the corpus means: its fields, and where it is laid out on the time line. */
import { utcMs } from './bodies.ts';

const at = (text: string, tzid: string) => ({ kind: 'instant', ms: utcMs(text), tzid });
const berlin = 'Europe/Berlin';

export const expected: Readonly<Record<string, object>> = {
  'apple-birthday-1604.ics': {
    master: {
      start: { kind: 'date', date: '1604-02-29' },
      end: { kind: 'date', date: '1604-03-01' },
      transparency: 'transparent',
      reminders: [900],
    },
    recurrence: { localStart: '1604-02-29', rules: ['FREQ=YEARLY'], duration: { days: 1, exactMs: 0 } },
  },
  'apple-exception-outside-rule.ics': {
    recurrence: { rules: ['FREQ=WEEKLY;COUNT=2;BYDAY=TU'] },
    exceptions: [{ recurrenceId: at('2026-06-04T16:00Z', berlin), start: at('2026-06-04T16:30Z', berlin) }],
  },
  'apple-travel.ics': {
    master: {
      summary: 'Abendessen 🍝',
      start: at('2026-06-12T17:00Z', berlin),
      location: {
        description: 'Trattoria\nHauptstraße 1, 10827 Berlin, Deutschland',
        lat: '52.486243',
        long: '13.354812',
      },
      url: 'https://example.com/menu?a=1;b=2,3',
      reminders: [15],
    },
  },
  'caldavsynchronizer-night-shift.ics': {
    master: { start: at('2025-10-26T00:30Z', berlin), end: at('2025-10-26T01:30Z', berlin) },
    recurrence: { zone: berlin, localStart: '2025-10-26T02:30:00' },
  },
  'date-without-value.ics': {
    master: { start: { kind: 'date', date: '2026-04-01' }, end: { kind: 'date', date: '2026-04-02' } },
    recurrence: {
      rules: [],
      dates: [
        { start: { kind: 'date', date: '2026-05-01' }, end: null },
        { start: { kind: 'date', date: '2026-05-02' }, end: null },
      ],
    },
  },
  'davx5-exact-day.ics': {
    // A day by the stop watch: where the clock skips an hour it ends at one.
    master: { start: at('2026-03-28T11:00Z', berlin), end: at('2026-03-29T11:00Z', berlin) },
    recurrence: { duration: { days: 0, exactMs: 86_400_000 } },
  },
  'evolution-moment-without-end.ics': {
    master: { start: at('2026-03-20T16:30Z', berlin), end: at('2026-03-20T16:30Z', berlin) },
    recurrence: { zone: berlin, rules: ['FREQ=WEEKLY;COUNT=3;BYDAY=FR'], duration: { days: 0, exactMs: 0 } },
  },
  'exchange-custom-zone.ics': {
    master: { start: at('2026-06-15T06:30Z', 'Etc/UTC'), end: at('2026-06-15T07:30Z', 'Etc/UTC') },
  },
  'exchange-series.ics': {
    master: {
      summary: 'Jour fixe',
      location: { description: 'Raum 5; Süd', lat: null, long: null },
      private: true,
      extendedTransparency: 'tentative',
      organizer: { email: 'petra.zimmer@example.org', displayName: 'Zimmer, Petra' },
      attendees: [{ email: 'jan.mueller@example.org', displayName: 'Müller, Jan', status: 'tentative' }],
    },
    recurrence: {
      zone: berlin,
      localStart: '2026-01-07T09:00:00',
      excluded: [at('2026-07-22T07:00Z', berlin), at('2026-08-05T07:00Z', berlin)],
    },
    exceptions: [
      {
        recurrenceId: at('2026-01-21T08:00Z', berlin),
        start: at('2026-01-21T13:00Z', berlin),
        extendedTransparency: 'out_of_office',
      },
    ],
  },
  'exchange-until-date.ics': {
    uid: '040000008200E00074C5B7101A82E00800000000C0C0C0C0C0C0DC01000000000000000010000000CCCCDDDDEEEEFFFF0000111122223333',
    master: {
      start: at('2026-03-27T07:00Z', berlin),
      location: null,
      extendedTransparency: 'out_of_office',
      organizer: { email: 'petra.zimmer@example.org', displayName: 'Zimmer, Petra' },
      attendees: [{ email: 'jan.mueller@example.org', status: 'needs_action' }],
      reminders: [15],
    },
    recurrence: { zone: berlin, rules: ['FREQ=DAILY;UNTIL=20260331;INTERVAL=1'] },
  },
  'feed-holiday-without-end.ics': {
    master: {
      start: { kind: 'date', date: '2026-05-01' },
      end: { kind: 'date', date: '2026-05-02' },
      transparency: 'transparent',
    },
    recurrence: null,
  },
  'google-all-day.ics': {
    master: {
      start: { kind: 'date', date: '2026-04-03' },
      end: { kind: 'date', date: '2026-04-07' },
      transparency: 'transparent',
    },
  },
  'google-cancelled-exception.ics': {
    master: { status: 'confirmed' },
    exceptions: [{ recurrenceId: at('2026-05-11T08:00Z', berlin), status: 'cancelled' }],
  },
  'google-exceptions-first.ics': {
    uid: '3kq5utc@google.com',
    master: {
      summary: 'Standup',
      start: at('2026-03-19T08:00Z', berlin),
      end: at('2026-03-19T08:15Z', berlin),
      location: null,
      attendees: [{ email: 'ada@example.com', status: 'accepted' }, { displayName: 'Room 5, Berlin' }],
    },
    recurrence: { zone: berlin, excluded: [at('2026-04-02T07:00Z', 'Etc/UTC')] },
    exceptions: [
      {
        summary: 'Standup (nachmittags)',
        recurrenceId: at('2026-03-26T08:00Z', 'Etc/UTC'),
        start: at('2026-03-26T15:00Z', 'Etc/UTC'),
      },
    ],
  },
  'google-import-floating.ics': {
    master: {
      start: { kind: 'floating', local: '2026-04-01T12:00:00' },
      end: { kind: 'floating', local: '2026-04-02T14:00:00' },
    },
  },
  'google-meeting.ics': {
    master: {
      attendees: [
        { status: 'accepted' },
        { email: 'bjoern@example.com', displayName: 'Björn Überall', status: 'needs_action' },
        {},
      ],
      private: true,
      reminders: [10],
    },
    recurrence: { rules: ['FREQ=WEEKLY;WKST=MO;UNTIL=20260630T215959Z;BYDAY=MO'], excluded: [{}, {}] },
    exceptions: [{ summary: 'Planung (verschoben)', recurrenceId: at('2026-03-09T13:00Z', berlin) }],
  },
  'google-start-beside-rule.ics': {
    master: { start: at('2026-04-07T07:00Z', berlin) },
    recurrence: { rules: ['FREQ=WEEKLY;UNTIL=20260420T215959Z;BYDAY=MO'] },
  },
  'icloud-invitation.ics': {
    master: {
      organizer: { email: 'anna@example.com', displayName: 'Anna Beispiel' },
      attendees: [
        { email: 'anna@example.com', displayName: 'Anna Beispiel', status: 'accepted' },
        { email: 'bert@example.com', displayName: 'Bert, Dr.', status: 'declined' },
      ],
    },
  },
  'icloud-rscale-chinese.ics': {
    master: {
      summary: '中秋节',
      start: { kind: 'date', date: '2026-09-25' },
      end: { kind: 'date', date: '2026-09-26' },
    },
  },
  'icloud-rscale-gregorian.ics': {
    recurrence: { rules: ['RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT;COUNT=3;BYMONTHDAY=31'] },
  },
  'kontact-zone-by-location.ics': {
    // The definition knows no summer; the place that it names does.
    master: { start: at('2026-03-25T18:30Z', berlin), end: at('2026-03-25T20:30Z', berlin) },
    recurrence: { zone: berlin },
  },
  'korganizer-week-number.ics': {
    recurrence: { rules: ['FREQ=YEARLY;COUNT=5;BYDAY=MO,TU;BYWEEKNO=20'] },
  },
  'nominal-day.ics': {
    master: {
      start: at('2026-03-28T11:00Z', berlin),
      // A day later by the clock, over the change of offset.
      end: at('2026-03-29T10:00Z', berlin),
      status: 'tentative',
      categories: ['Dienst', 'Wochenende'],
      color: 'darkorange',
    },
    recurrence: { duration: { days: 1, exactMs: 0 } },
  },
  'oracle-this-and-future.ics': {
    exceptions: [{ recurrenceId: at('2026-06-15T08:00Z', 'Etc/UTC'), thisAndFuture: true }],
  },
  'orphan-exceptions.ics': {
    uid: 'orphan-1',
    master: null,
    exceptions: [{ thisAndFuture: false }, { thisAndFuture: true }],
  },
  'outlook-all-day.ics': {
    uid: '040000008200E00074C5B7101A82E00800000000A0A0A0A0A0A0DC01000000000000000010000000AAAABBBBCCCCDDDDEEEEFFFF00001111',
    master: {
      start: { kind: 'date', date: '2026-05-08' },
      end: { kind: 'date', date: '2026-05-10' },
      extendedTransparency: 'transparent',
    },
  },
  'outlook-display-zone.ics': {
    master: {
      summary: 'Teamrunde',
      // A display name in German: known by its definition alone.
      start: at('2026-03-16T08:00Z', 'Etc/UTC'),
      end: at('2026-03-16T09:00Z', 'Etc/UTC'),
      extendedTransparency: 'opaque',
      reminders: [15],
    },
    recurrence: { localStart: '2026-03-16T09:00:00', excluded: [at('2026-03-23T08:00Z', 'Etc/UTC')] },
  },
  'outlook-last-working-day.ics': {
    master: { start: at('2026-01-30T15:00Z', berlin) },
    recurrence: { zone: berlin, rules: ['FREQ=MONTHLY;COUNT=5;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'] },
  },
  'phone-interval-zero.ics': { recurrence: { rules: ['FREQ=DAILY;INTERVAL=0;COUNT=3'] } },
  'phone-lowercase-rule.ics': { recurrence: { rules: ['freq=weekly;count=3;byday=we,fr'] } },
  'planner-x-rule-part.ics': {
    recurrence: { rules: ['FREQ=WEEKLY;X-SCHULFREI=2026-03-09;COUNT=3;BYDAY=MO'] },
  },
  'sloppy-empty-rule.ics': { master: { summary: 'Einmal' }, recurrence: null },
  'sloppy-export.ics': {
    master: {
      summary: 'Kaffee; Kuchen, Tee',
      description: 'First line',
      status: 'cancelled',
      start: { kind: 'floating', local: '2026-04-01T08:00:00' },
      end: { kind: 'floating', local: '2026-04-01T08:00:00' },
      attendees: [{ email: 'someone@example.com' }],
      location: { description: 'Küche' },
    },
  },
  'task-only.ics': { uid: 'task-1', master: null, exceptions: [] },
  'thunderbird-categories.ics': {
    master: { categories: ['Musik', 'Verein, e.V.', 'Privat'], color: 'teal', reminders: [1440] },
  },
  'yahoo-local-until.ics': {
    recurrence: { zone: 'America/New_York', rules: ['FREQ=WEEKLY;INTERVAL=1;BYDAY=TH;UNTIL=20260319T090000'] },
  },
  'zimbra-periods.ics': {
    master: { start: at('2026-03-05T15:00Z', 'America/New_York'), end: at('2026-03-05T15:30Z', 'America/New_York') },
    recurrence: {
      dates: [
        { start: at('2026-03-10T18:00Z', 'America/New_York'), end: at('2026-03-10T19:00Z', 'America/New_York') },
        { start: at('2026-03-11T18:00Z', 'America/New_York'), end: at('2026-03-11T20:00Z', 'America/New_York') },
      ],
      excluded: [{ kind: 'date', date: '2026-03-06' }],
    },
  },
  'zimbra-prefixed-zone.ics': {
    master: { start: at('2026-03-10T13:30Z', 'America/New_York'), end: at('2026-03-10T14:15Z', 'America/New_York') },
    recurrence: {
      rules: ['FREQ=DAILY;COUNT=5'],
      duration: { days: 0, exactMs: 2_700_000 },
      excluded: [at('2026-03-11T13:30Z', 'America/New_York')],
    },
  },
};

/** From 2026 to the first two months of 2028, as the person's calendar shows them: start and end in UTC. */
export const shown: Readonly<Record<string, readonly string[]>> = {
  'apple-birthday-1604.ics': ['2028-02-29T00:00 2028-03-01T00:00'],
  'apple-exception-outside-rule.ics': [
    '2026-06-02T16:00 2026-06-02T17:00',
    '2026-06-04T16:30 2026-06-04T17:30',
    '2026-06-09T16:00 2026-06-09T17:00',
  ],
  'caldavsynchronizer-night-shift.ics': [
    // In a gap the offset before it counts, in an overlap the first of both (RFC 5545 3.3.5).
    '2026-03-29T01:30 2026-03-29T02:30',
    '2026-10-25T00:30 2026-10-25T01:30',
  ],
  'davx5-exact-day.ics': ['2026-03-28T11:00 2026-03-29T11:00', '2026-03-29T10:00 2026-03-30T10:00'],
  'evolution-moment-without-end.ics': [
    '2026-03-20T16:30 2026-03-20T16:30',
    '2026-03-27T16:30 2026-03-27T16:30',
    '2026-04-03T15:30 2026-04-03T15:30',
  ],
  'exchange-until-date.ics': [
    '2026-03-27T07:00 2026-03-27T17:00',
    '2026-03-28T07:00 2026-03-28T17:00',
    '2026-03-29T06:00 2026-03-29T16:00',
    '2026-03-30T06:00 2026-03-30T16:00',
    '2026-03-31T06:00 2026-03-31T16:00',
  ],
  'feed-holiday-without-end.ics': ['2026-05-01T00:00 2026-05-02T00:00'],
  'google-cancelled-exception.ics': [
    '2026-05-04T08:00 2026-05-04T08:30',
    // With its status: who reads decides.
    '2026-05-11T08:00 2026-05-11T08:30 cancelled',
    '2026-05-18T08:00 2026-05-18T08:30',
  ],
  'google-exceptions-first.ics': [
    '2026-03-19T08:00 2026-03-19T08:15',
    '2026-03-26T15:00 2026-03-26T16:00',
    '2026-04-09T07:00 2026-04-09T07:15',
  ],
  'google-start-beside-rule.ics': [
    '2026-04-07T07:00 2026-04-07T07:30',
    '2026-04-13T07:00 2026-04-13T07:30',
    '2026-04-20T07:00 2026-04-20T07:30',
  ],
  'icloud-rscale-gregorian.ics': [
    '2026-01-31T08:00 2026-01-31T08:15',
    '2026-03-31T07:00 2026-03-31T07:15',
    '2026-05-31T07:00 2026-05-31T07:15',
  ],
  'kontact-zone-by-location.ics': ['2026-03-25T18:30 2026-03-25T20:30', '2026-04-01T17:30 2026-04-01T19:30'],
  'korganizer-week-number.ics': [
    '2026-05-11T06:00 2026-05-11T10:00',
    '2026-05-12T06:00 2026-05-12T10:00',
    '2027-05-17T06:00 2027-05-17T10:00',
    '2027-05-18T06:00 2027-05-18T10:00',
  ],
  'nominal-day.ics': ['2026-03-28T11:00 2026-03-29T10:00', '2026-03-29T10:00 2026-03-30T10:00'],
  'oracle-this-and-future.ics': [
    '2026-06-01T08:00 2026-06-01T09:00',
    '2026-06-08T08:00 2026-06-08T09:00',
    '2026-06-15T10:00 2026-06-15T10:30',
    '2026-06-22T10:00 2026-06-22T10:30',
  ],
  'outlook-display-zone.ics': [
    '2026-03-16T08:00 2026-03-16T09:00',
    '2026-03-30T07:00 2026-03-30T08:00',
    '2026-04-06T07:00 2026-04-06T08:00',
  ],
  'outlook-last-working-day.ics': [
    '2026-01-30T15:00 2026-01-30T16:00',
    '2026-02-27T15:00 2026-02-27T16:00',
    '2026-03-31T14:00 2026-03-31T15:00',
    '2026-04-30T14:00 2026-04-30T15:00',
    '2026-05-29T14:00 2026-05-29T15:00',
  ],
  'phone-lowercase-rule.ics': [
    '2026-04-01T06:00 2026-04-01T06:30',
    '2026-04-03T06:00 2026-04-03T06:30',
    '2026-04-08T06:00 2026-04-08T06:30',
  ],
  'planner-x-rule-part.ics': [
    '2026-03-02T07:00 2026-03-02T07:45',
    '2026-03-09T07:00 2026-03-09T07:45',
    '2026-03-16T07:00 2026-03-16T07:45',
  ],
  'sloppy-empty-rule.ics': ['2026-04-01T06:00 2026-04-01T07:00'],
  'yahoo-local-until.ics': [
    '2026-03-05T14:00 2026-03-05T15:00',
    '2026-03-12T13:00 2026-03-12T14:00',
    '2026-03-19T13:00 2026-03-19T14:00',
  ],
  'zimbra-periods.ics': [
    '2026-03-05T15:00 2026-03-05T15:30',
    '2026-03-07T15:00 2026-03-07T15:30',
    '2026-03-10T18:00 2026-03-10T19:00',
    '2026-03-11T18:00 2026-03-11T20:00',
  ],
};

/** Rules that are not guessed at: the code says why, and what the file says without them is shown. */
export const refused: Readonly<Record<string, { readonly code: string; readonly times: readonly string[] }>> = {
  'icloud-rscale-chinese.ics': { code: 'recurrence_unsupported', times: ['2026-09-25T00:00 2026-09-26T00:00'] },
  'phone-interval-zero.ics': { code: 'recurrence_invalid', times: ['2026-04-01T06:00 2026-04-01T06:30'] },
};
