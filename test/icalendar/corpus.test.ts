/** Odd but realistic files: what Outlook, Exchange, Google, Apple, Zimbra and others really write. */
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import { corpus, fromCorpus, linesIn, plain, utcMs } from './bodies.ts';

const at = (text: string, tzid: string) => ({ kind: 'instant', ms: utcMs(text), tzid });
const berlin = 'Europe/Berlin';

const expected: Readonly<Record<string, object>> = {
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
  'google-all-day.ics': {
    master: {
      start: { kind: 'date', date: '2026-04-03' },
      end: { kind: 'date', date: '2026-04-07' },
      transparency: 'transparent',
    },
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

it("a new place takes Apple's structured one along", () => {
  const fields = { location: { description: 'Zuhause', lat: null, long: null } };
  const written = writeEvent({ base: fromCorpus('apple-travel.ics'), fields, uid: 'x', nowMs: 0 });
  expect(written).not.toContain('STRUCTURED-LOCATION');
  expect(written).toContain('X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M');
  expect(parseResource(written).master?.location).toEqual(fields.location);
});
