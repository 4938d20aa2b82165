/** Creating and editing: what each requested field becomes, and what it leaves alone. */
import { describe, expect, it } from 'vitest';
import { isKalendsError } from '../../domain/errors.ts';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import type { RequestedFields } from '../../domain/managed-event.ts';
import { calendar, event, linesIn, masterOf, utcMs, vevent } from './bodies.ts';

const nowMs = utcMs('2026-11-21T08:00Z');
const at = (text: string, tzid = 'Etc/UTC') => ({ kind: 'instant', ms: utcMs(text), tzid }) as const;
const date = (text: string) => ({ kind: 'date', date: text }) as const;

const create = (fields: RequestedFields, organizer?: { email: string; displayName: string | null }): string =>
  writeEvent({ base: null, fields, uid: 'new@test', nowMs, ...(organizer === undefined ? {} : { organizer }) });
const edit = (base: string, fields: RequestedFields): string =>
  writeEvent({ base, fields, uid: 'ignored@test', nowMs });
const refusal = (write: () => string): string => {
  try {
    return write();
  } catch (error) {
    return isKalendsError(error) ? error.code : 'no error of ours';
  }
};

const timed = { start: at('2026-12-01T09:00Z'), end: at('2026-12-01T10:00Z') };
const allDay = { start: date('2026-12-01'), end: date('2026-12-03') };

describe('a new event', () => {
  it('is the smallest legal file', () => {
    expect(linesIn(create({ ...timed, summary: 'Hello' }))).toEqual([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Kalends//Kalends//EN',
      'BEGIN:VEVENT',
      'UID:new@test',
      'DTSTAMP:20261121T080000Z',
      'CREATED:20261121T080000Z',
      'LAST-MODIFIED:20261121T080000Z',
      'SEQUENCE:0',
      'TRANSP:OPAQUE',
      'DTSTART:20261201T090000Z',
      'DTEND:20261201T100000Z',
      'SUMMARY:Hello',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ]);
  });

  it('of days has dates, an exclusive end, and is free unless said otherwise', () => {
    const body = create(allDay);
    expect(linesIn(body)).toEqual(expect.arrayContaining(['DTSTART;VALUE=DATE:20261201', 'DTEND;VALUE=DATE:20261203']));
    expect(masterOf(body).transparency).toBe('transparent');
    expect(masterOf(create({ ...allDay, transparency: 'opaque' })).transparency).toBe('opaque');
    expect(masterOf(create({ ...timed, transparency: 'transparent' })).transparency).toBe('transparent');
  });

  it('in a zone has local times and the definition of that zone, once', () => {
    const lines = linesIn(
      create({ start: at('2026-12-01T09:00Z', 'Europe/Berlin'), end: at('2026-12-01T10:00Z', 'Europe/Berlin') }),
    );
    expect(lines).toContain('DTSTART;TZID=Europe/Berlin:20261201T100000');
    expect(lines).toContain('DTEND;TZID=Europe/Berlin:20261201T110000');
    expect(lines.filter((line) => line === 'TZID:Europe/Berlin')).toHaveLength(1);
    expect(lines.indexOf('BEGIN:VTIMEZONE')).toBeLessThan(lines.indexOf('BEGIN:VEVENT'));
  });

  it('keeps two zones apart', () => {
    const body = create({
      start: at('2026-12-01T09:00Z', 'Europe/Berlin'),
      end: at('2026-12-01T20:00Z', 'America/New_York'),
    });
    expect(masterOf(body)).toMatchObject({
      start: at('2026-12-01T09:00Z', 'Europe/Berlin'),
      end: at('2026-12-01T20:00Z', 'America/New_York'),
    });
  });

  it('in the second reading of a repeated hour is written in UTC', () => {
    const body = create({
      start: at('2026-10-25T01:30Z', 'Europe/Berlin'),
      end: at('2026-10-25T02:30Z', 'Europe/Berlin'),
    });
    expect(masterOf(body)).toMatchObject({
      start: at('2026-10-25T01:30Z'),
      end: at('2026-10-25T02:30Z', 'Europe/Berlin'),
    });
  });

  it('without an end has one all the same', () => {
    expect(linesIn(create({ start: date('2026-12-31') }))).toContain('DTEND;VALUE=DATE:20270101');
    expect(linesIn(create({ start: timed.start }))).toContain('DTEND:20261201T090000Z');
  });

  it('carries every field', () => {
    const fields = {
      ...timed,
      summary: 'Größe; a, b\\n\nc',
      description: 'Zeile 1\r\nZeile 2\u0007',
      location: { description: 'Raum 4, Haus B', lat: '52.5', long: '-13.4' },
      url: 'https://x.y/?a=1,2;3',
      private: true,
      color: '#ff00aa',
      categories: ['a,b', ' c '],
      recurrence: ['FREQ=WEEKLY;BYDAY=MO', 'RRULE:FREQ=YEARLY'],
      reminders: [60, 10, 10, 0],
      invited: [{ email: 'Ann@X.y', displayName: 'Ann "A", Dr.' }],
    };
    const body = create(fields, { email: 'me@x.y', displayName: null });
    expect(parseResource(body)).toMatchObject({
      uid: 'new@test',
      problem: null,
      recurrence: { rules: ['FREQ=WEEKLY;BYDAY=MO', 'FREQ=YEARLY'] },
      master: {
        summary: 'Größe; a, b\\n\nc',
        description: 'Zeile 1\nZeile 2',
        location: fields.location,
        url: fields.url,
        private: true,
        color: '#ff00aa',
        categories: ['a,b', 'c'],
        reminders: [0, 10, 60],
        attendees: [{ email: 'ann@x.y', displayName: 'Ann "A", Dr.', status: 'needs_action' }],
        organizer: { email: 'me@x.y', displayName: null },
      },
    });
  });

  it('has no organizer where nobody is invited, and none where none is given', () => {
    expect(create(timed, { email: 'me@x.y', displayName: null })).not.toContain('ORGANIZER');
    expect(create({ ...timed, invited: [{ email: 'a@x.y', displayName: null }] })).not.toContain('ORGANIZER');
  });

  it('asks attendees to answer', () => {
    const lines = linesIn(create({ ...timed, invited: [{ email: 'a@x.y', displayName: 'A' }] }));
    expect(lines).toContain('ATTENDEE;CN=A;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:a@x.y');
  });

  it('has the first five reminders', () => {
    expect(masterOf(create({ ...timed, reminders: [60, 5, 4, 3, 2, 1] })).reminders).toEqual([2, 3, 4, 5, 60]);
  });

  it('has lines of at most 75 octets that split no character', () => {
    const summary = '𝄞ä…x'.repeat(60);
    const body = create({ ...timed, summary, url: `https://x.y/${'z'.repeat(300)}` });
    for (const line of body.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(Buffer.from(body).toString()).toBe(body);
    expect(masterOf(body).summary).toBe(summary);
  });

  it('lets no value begin a line of its own', () => {
    const evil = 'x\r\nATTACH:evil\nBEGIN:VALARM';
    const people = [{ email: `a@x.y\r\nATTACH:evil`, displayName: evil }];
    const body = create({
      ...timed,
      summary: evil,
      url: evil,
      color: evil,
      categories: [evil],
      recurrence: [`FREQ=DAILY\r\nATTACH:evil`],
      invited: people,
    });
    expect(linesIn(body).filter((line) => /^(ATTACH|BEGIN:VALARM)/.test(line))).toEqual([]);
  });

  it.each([
    ['no start', {}],
    ['an end only', { end: timed.end }],
    ['a date beside a time', { start: date('2026-12-01'), end: timed.end }],
    ['a zone that nobody knows', { start: at('2026-12-01T09:00Z', 'No/Where') }],
    ['a date that is none', { start: date('soon') }],
  ] as const)('is refused with %s', (_what, fields) => {
    expect(refusal(() => create(fields))).toBe('invalid_input');
  });
});

const base = calendar(
  'X-WR-CALNAME:Mine',
  ...vevent(
    'DTSTAMP:20260101T000000Z',
    'X-BEFORE;X-P="a:b":1',
    'SUMMARY;LANGUAGE=de:Alt',
    'LOCATION;ALTREP="http://x.y":Raum',
    'X-MICROSOFT-CDO-BUSYSTATUS:OOF',
    'DURATION:PT1H',
    'CATEGORIES:a',
    'CATEGORIES:b',
    'ATTENDEE;CN=A;PARTSTAT=ACCEPTED;X-P=1:mailto:a@x.y',
    'ATTENDEE;CN=B:mailto:b@x.y',
    'URL:https://x.y/',
    'SEQUENCE:4',
    'COLOR:red',
    'CLASS:CONFIDENTIAL',
    'BEGIN:VALARM',
    'ACTION:AUDIO',
    'TRIGGER:-PT10M',
    'X-IN-ALARM:1',
    'END:VALARM',
  ),
);

describe('an edit', () => {
  const changed = (fields: RequestedFields) => {
    const [before, after] = [linesIn(base), linesIn(edit(base, fields))];
    const stamps = /^(DTSTAMP|LAST-MODIFIED):/;
    return {
      gone: before.filter((line) => !after.includes(line) && !stamps.test(line)),
      added: after.filter((line) => !before.includes(line) && !stamps.test(line)),
    };
  };

  it.each([
    ['summary', { summary: 'Neu' }, ['SUMMARY;LANGUAGE=de:Alt'], ['SUMMARY:Neu']],
    ['summary away', { summary: '' }, ['SUMMARY;LANGUAGE=de:Alt'], []],
    ['description', { description: 'Neu' }, [], ['DESCRIPTION:Neu']],
    [
      'location',
      { location: { description: 'Saal', lat: '1', long: '2' } },
      ['LOCATION;ALTREP="http://x.y":Raum'],
      ['LOCATION:Saal', 'GEO:1;2'],
    ],
    ['degrees alone', { location: { description: 'Raum', lat: '1', long: '2' } }, [], ['GEO:1;2']],
    ['location away', { location: null }, ['LOCATION;ALTREP="http://x.y":Raum'], []],
    ['transparency', { transparency: 'transparent' }, ['X-MICROSOFT-CDO-BUSYSTATUS:OOF'], ['TRANSP:TRANSPARENT']],
    ['transparency as it is', { transparency: 'opaque' }, [], []],
    ['url', { url: 'https://x.z/' }, ['URL:https://x.y/'], ['URL:https://x.z/']],
    ['url away', { url: null }, ['URL:https://x.y/'], []],
    ['public', { private: false }, ['CLASS:CONFIDENTIAL'], ['CLASS:PUBLIC']],
    ['private as it is', { private: true }, [], []],
    ['colour', { color: '#00ff00' }, ['COLOR:red'], ['COLOR:#00ff00']],
    ['colour away', { color: null }, ['COLOR:red'], []],
    ['categories', { categories: ['c', 'a'] }, ['CATEGORIES:a', 'CATEGORIES:b'], ['CATEGORIES:c,a']],
    ['categories in another order', { categories: ['b', 'a'] }, [], []],
    ['categories away', { categories: [] }, ['CATEGORIES:a', 'CATEGORIES:b'], []],
    [
      'attendees',
      {
        invited: [
          { email: 'C@x.y', displayName: null },
          { email: 'A@X.Y', displayName: 'Other' },
        ],
        removed: ['B@x.y', 'z@x.y'],
      },
      ['ATTENDEE;CN=B:mailto:b@x.y'],
      ['ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:C@x.y'],
    ],
    ['reminders as they are', { reminders: [10] }, [], []],
    [
      'end',
      { end: at('2026-03-02T11:00Z') },
      ['DURATION:PT1H', 'SEQUENCE:4'],
      ['DTEND:20260302T110000Z', 'SEQUENCE:5'],
    ],
    [
      'start, with the end moving along',
      { start: at('2026-03-02T12:00Z') },
      ['DTSTART:20260302T090000Z', 'DURATION:PT1H', 'SEQUENCE:4'],
      ['DTSTART:20260302T120000Z', 'DTEND:20260302T130000Z', 'SEQUENCE:5'],
    ],
    ['times as they are', { start: at('2026-03-02T09:00Z'), end: at('2026-03-02T10:00Z') }, [], []],
    ['rule', { recurrence: ['FREQ=DAILY'] }, ['SEQUENCE:4'], ['RRULE:FREQ=DAILY', 'SEQUENCE:5']],
  ] as const satisfies readonly (readonly [string, RequestedFields, readonly string[], readonly string[]])[])(
    'of %s changes nothing else',
    (_what, fields, gone, added) => {
      const result = changed(fields);
      expect(result.gone.toSorted()).toEqual([...gone].sort());
      expect(result.added.toSorted()).toEqual([...added].sort());
    },
  );

  it('of reminders replaces every alarm, and an empty list clears them', () => {
    expect(masterOf(edit(base, { reminders: [30] })).reminders).toEqual([30]);
    expect(edit(base, { reminders: [30] })).not.toContain('X-IN-ALARM');
    expect(edit(base, { reminders: [] })).not.toContain('VALARM');
  });

  it('of an empty list clears alarms that are no reminders for us', () => {
    const absolute = event('BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER;VALUE=DATE-TIME:20260302T080000Z', 'END:VALARM');
    expect(edit(absolute, { reminders: [] })).not.toContain('VALARM');
  });

  it('that changes nothing is the base itself, line breaks included', () => {
    const unixBase = base.replaceAll('\r\n', '\n');
    expect(edit(unixBase, { summary: 'Alt', reminders: [10], url: 'https://x.y/' })).toBe(unixBase);
    expect(edit(unixBase, {})).toBe(unixBase);
  });

  it('is written with CRLF whatever the base has', () => {
    expect(edit(base.replaceAll('\r\n', '\n'), { summary: 'Neu' })).toBe(edit(base, { summary: 'Neu' }));
  });

  it('keeps the UID of the base and its unknown parts', () => {
    const body = edit(base, { summary: 'Neu' });
    expect(parseResource(body).uid).toBe('one@test');
    for (const line of ['X-WR-CALNAME:Mine', 'X-BEFORE;X-P="a:b":1', 'X-IN-ALARM:1'])
      expect(linesIn(body)).toContain(line);
  });

  it('stamps the time of the edit, but never an earlier one than there was', () => {
    expect(linesIn(edit(base, { summary: 'Neu' }))).toEqual(
      expect.arrayContaining(['DTSTAMP:20261121T080000Z', 'LAST-MODIFIED:20261121T080000Z']),
    );
    const ahead = event('DTSTAMP:20300101T000000Z');
    expect(linesIn(edit(ahead, { summary: 'Neu' }))).toContain('DTSTAMP:20300101T000000Z');
  });

  it('puts new properties before alarms', () => {
    const lines = linesIn(edit(base, { description: 'Neu' }));
    expect(lines.indexOf('DESCRIPTION:Neu')).toBeLessThan(lines.indexOf('BEGIN:VALARM'));
  });

  it('uses the definition of a zone that the file brought', () => {
    const withZone = calendar('BEGIN:VTIMEZONE', 'TZID:Europe/Berlin', 'X-KEEP:1', 'END:VTIMEZONE', ...vevent());
    const body = edit(withZone, {
      start: at('2026-12-01T09:00Z', 'Europe/Berlin'),
      end: at('2026-12-01T10:00Z', 'Europe/Berlin'),
    });
    expect(linesIn(body).filter((line) => line === 'BEGIN:VTIMEZONE')).toHaveLength(1);
    expect(body).toContain('X-KEEP:1');
  });

  it('turns a timed event into days and back', () => {
    const days = edit(base, allDay);
    expect(masterOf(days)).toMatchObject(allDay);
    expect(masterOf(edit(days, timed))).toMatchObject(timed);
  });

  it("turns Microsoft's midnights into dates when they move", () => {
    const flagged = event('DTSTART:20260508T000000', 'DTEND:20260509T000000', 'X-MICROSOFT-CDO-ALLDAYEVENT:TRUE');
    expect(edit(flagged, { start: date('2026-05-08'), end: date('2026-05-09') })).toBe(flagged);
    const longer = edit(flagged, { end: date('2026-05-10') });
    expect(linesIn(longer)).toEqual(
      expect.arrayContaining(['DTSTART;VALUE=DATE:20260508', 'DTEND;VALUE=DATE:20260510']),
    );
    expect(linesIn(edit(flagged, timed))).toContain('X-MICROSOFT-CDO-ALLDAYEVENT:FALSE');
  });

  it('leaves VEVENTs of other UIDs alone', () => {
    const two = calendar(...vevent('UID:a', 'SUMMARY:1'), ...vevent('UID:b', 'SUMMARY:2'));
    expect(edit(two, { summary: 'Neu' })).toContain('SUMMARY:2');
  });

  it.each([
    ['a body that is no calendar', '<html></html>'],
    ['a body that was cut', base.slice(0, -30)],
    ['only exceptions', calendar(...vevent('RECURRENCE-ID:20260303T090000Z'))],
    ['only a task', calendar('BEGIN:VTODO', 'UID:t', 'END:VTODO')],
    ['an event without a start', event('NO-DTSTART:x')],
  ])('of %s is refused', (_what, body) => {
    expect(refusal(() => edit(body, { summary: 'x', ...timed }))).toBe('resource_unparsable');
  });

  it('of a body with 150,000 lines is made', () => {
    expect(masterOf(edit(event('X-A:1\r\n'.repeat(150_000)), { summary: 'Neu' })).summary).toBe('Neu');
  });
});
