/** Odd but realistic files: what Outlook, Exchange, Google, Apple, Zimbra and others really write. */
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import { occurrencesOf } from '../../domain/occurrence.ts';
import { utc } from '../../domain/time/iana.ts';
import { corpus, fromCorpus, linesIn, plain, utcMs } from './bodies.ts';

const at = (text: string, tzid: string) => ({ kind: 'instant', ms: utcMs(text), tzid });
const berlin = 'Europe/Berlin';

const expected: Readonly<Record<string, object>> = {
  'apple-birthday-1604.ics': {
    master: {
      start: { kind: 'date', date: '1604-02-29' },
      end: { kind: 'date', date: '1604-03-01' },
      transparency: 'transparent',
      reminders: [900],
    },
    recurrence: { localStart: '1604-02-29', rules: ['FREQ=YEARLY'], duration: { days: 1, exactMs: 0 } },
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
  'google-all-day.ics': {
    master: {
      start: { kind: 'date', date: '2026-04-03' },
      end: { kind: 'date', date: '2026-04-07' },
      transparency: 'transparent',
    },
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
  'icloud-invitation.ics': {
    master: {
      organizer: { email: 'anna@example.com', displayName: 'Anna Beispiel' },
      attendees: [
        { email: 'anna@example.com', displayName: 'Anna Beispiel', status: 'accepted' },
        { email: 'bert@example.com', displayName: 'Bert, Dr.', status: 'declined' },
      ],
    },
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

it('every file of the corpus is expected and every expectation has its file', () => {
  expect(corpus.map((one) => one.name)).toEqual(Object.keys(expected).sort());
});

describe.each(corpus)('$name', ({ name, body }) => {
  it('means what its program meant', () => {
    expect(plain(parseResource(body))).toMatchObject({ problem: null, ...expected[name] });
  });
});

describe.each(corpus.filter((one) => parseResource(one.body).master !== null))('an edit of $name', ({ body }) => {
  it('of nothing is the file itself', () => {
    const { master } = parseResource(body);
    const fields = { summary: master?.summary ?? '', url: master?.url ?? null, categories: master?.categories ?? [] };
    expect(writeEvent({ base: body, fields, uid: 'x', nowMs: 0 })).toBe(body);
  });

  it('of the summary changes that line and the stamps, nothing else', () => {
    const written = writeEvent({ base: body, fields: { summary: 'Neu' }, uid: 'x', nowMs: Date.UTC(2026, 10, 21) });
    expect(linesIn(written)).toContain('SUMMARY:Neu');
    const others = (text: string) =>
      linesIn(text).filter((line) => !/^(SUMMARY|DTSTAMP|LAST-MODIFIED)[;:]/.test(line) && line !== '');
    expect(others(written)).toEqual(others(body));
    expect({ ...parseResource(written).master, summary: '' }).toEqual({ ...parseResource(body).master, summary: '' });
  });
});

it("a new description takes Outlook's stale HTML copy along and leaves the rest of Outlook's properties", () => {
  const written = writeEvent({
    base: fromCorpus('outlook-all-day.ics'),
    fields: { description: 'Halle 4' },
    uid: 'x',
    nowMs: 0,
  });
  expect(written).not.toContain('X-ALT-DESC');
  expect(written).toContain('X-MICROSOFT-DISALLOW-COUNTER:FALSE');
});

it('a zone whose name is escaped in the parameter as in the definition is that zone as well', () => {
  const body = fromCorpus('outlook-display-zone.ics');
  const escaped = body.replaceAll(/(?<=TZID="[^"]*), /g, '\\, ');
  expect(escaped).toContain(String.raw`DTSTART;TZID="(UTC+01:00) Amsterdam\, Berlin`);
  expect(plain(parseResource(escaped))).toEqual(plain(parseResource(body)));
});

it("a new place takes Apple's structured one along", () => {
  const fields = { location: { description: 'Zuhause', lat: null, long: null } };
  const written = writeEvent({ base: fromCorpus('apple-travel.ics'), fields, uid: 'x', nowMs: 0 });
  expect(written).not.toContain('STRUCTURED-LOCATION');
  expect(written).toContain('X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M');
  expect(parseResource(written).master?.location).toEqual(fields.location);
});

/** In the year 2026 and the first two months of 2028, as the person's calendar shows them: start and end in UTC. */
const shown: Readonly<Record<string, readonly string[]>> = {
  'apple-birthday-1604.ics': ['2028-02-29T00:00 2028-03-01T00:00'],
  'exchange-until-date.ics': [
    '2026-03-27T07:00 2026-03-27T17:00',
    '2026-03-28T07:00 2026-03-28T17:00',
    '2026-03-29T06:00 2026-03-29T16:00',
    '2026-03-30T06:00 2026-03-30T16:00',
    '2026-03-31T06:00 2026-03-31T16:00',
  ],
  'google-exceptions-first.ics': [
    '2026-03-19T08:00 2026-03-19T08:15',
    '2026-03-26T15:00 2026-03-26T16:00',
    '2026-04-09T07:00 2026-04-09T07:15',
  ],
  'nominal-day.ics': ['2026-03-28T11:00 2026-03-29T10:00', '2026-03-29T10:00 2026-03-30T10:00'],
  'outlook-display-zone.ics': [
    '2026-03-16T08:00 2026-03-16T09:00',
    '2026-03-30T07:00 2026-03-30T08:00',
    '2026-04-06T07:00 2026-04-06T08:00',
  ],
  'zimbra-periods.ics': [
    '2026-03-05T15:00 2026-03-05T15:30',
    '2026-03-07T15:00 2026-03-07T15:30',
    '2026-03-10T18:00 2026-03-10T19:00',
    '2026-03-11T18:00 2026-03-11T20:00',
  ],
};

describe('laid out', () => {
  const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

  it.each(Object.entries(shown))('%s', (name, expectedTimes) => {
    const window = { fromMs: utcMs('2026-01-01T00:00Z'), toMs: utcMs('2028-03-01T00:00Z') };
    const { occurrences, problem } = occurrencesOf(parseResource(fromCorpus(name)), window, utc);
    expect(problem).toBeNull();
    expect(occurrences.map(({ startMs, endMs }) => `${minute(startMs)} ${minute(endMs)}`)).toEqual(expectedTimes);
  });
});

describe('what is not understood', () => {
  const strange = corpus.filter(({ body }) => /^X-/m.test(body) && parseResource(body).master !== null);
  const strangeLines = (text: string): string[] => linesIn(text).filter((line) => /^X-(?!ALT-DESC)/.test(line));

  it('occurs in most of the corpus', () => {
    expect(strange.length).toBeGreaterThan(7);
  });

  it.each(strange)('keeps its bytes and its place when $name is moved, renamed and described anew', ({ body }) => {
    const { master } = parseResource(body);
    const start = { kind: 'instant', ms: utcMs('2026-09-01T08:00Z'), tzid: berlin } as const;
    const end = { ...start, ms: utcMs('2026-09-01T09:00Z') };
    const times = master?.start.kind === 'instant' ? { start, end } : {};
    const fields = { ...times, summary: 'Neu', description: 'Neu', url: 'https://example.com/neu' };
    const written = writeEvent({ base: body, fields, uid: 'x', nowMs: 0 });
    // A resource that is moved drops no property of another program, whatever it means to it.
    expect(strangeLines(written)).toEqual(strangeLines(body));
    expect(parseResource(written)).toMatchObject({ problem: null, master: { summary: 'Neu', description: 'Neu' } });
  });
});
