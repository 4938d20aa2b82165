/** What decides whether a resource changed, and the hash of what an application asked for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, canonicalRule, requestedHash } from '../../domain/hashes.ts';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { calendar, corpus, crlf, event, linesIn, vevent } from './bodies.ts';

const hashOf = (body: string): string => parseResource(body).observedHash;

const master = [
  'UID:one@test',
  'DTSTAMP:20260101T000000Z',
  'CREATED:20260101T000000Z',
  'LAST-MODIFIED:20260101T000000Z',
  'SEQUENCE:1',
  'DTSTART;TZID=Europe/Berlin:20260302T090000',
  'DTEND;TZID=Europe/Berlin:20260302T100000',
  'RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=9',
  'RDATE;TZID=Europe/Berlin:20260303T090000,20260305T090000',
  'EXDATE;TZID=Europe/Berlin:20260304T090000',
  'EXDATE;TZID=Europe/Berlin:20260309T090000',
  'SUMMARY:Summary',
  'DESCRIPTION:Description',
  'LOCATION:Room',
  'GEO:1;2',
  'STATUS:CONFIRMED',
  'TRANSP:OPAQUE',
  'CLASS:PUBLIC',
  'URL:https://x.y/',
  'COLOR:teal',
  'CATEGORIES:a,b',
  'ORGANIZER;CN=O:mailto:o@x.y',
  'ATTENDEE;CN=A;PARTSTAT=ACCEPTED:mailto:a@x.y',
  'ATTENDEE;CN=B;PARTSTAT=DECLINED:mailto:b@x.y',
  'X-VENDOR:1',
];
const exception = [
  'UID:one@test',
  'RECURRENCE-ID;TZID=Europe/Berlin:20260311T090000',
  'DTSTART;TZID=Europe/Berlin:20260311T110000',
  'SUMMARY:Later',
];
const bodyOf = (lines: readonly string[], other: readonly string[] = exception): string =>
  calendar(...vevent(...lines), ...vevent(...other));
const base = bodyOf(master);
const replaced = (before: string, after: string): string => {
  expect(base).toContain(before);
  return base.replace(before, after);
};

describe('the observed hash stays', () => {
  it.each([
    ['DTSTAMP', 'DTSTAMP:20260101T000000Z', 'DTSTAMP:20260201T000000Z'],
    ['CREATED', 'CREATED:20260101T000000Z', 'CREATED:20250101T000000Z'],
    ['LAST-MODIFIED', 'LAST-MODIFIED:20260101T000000Z', 'LAST-MODIFIED:20260301T000000Z'],
    ['SEQUENCE', 'SEQUENCE:1', 'SEQUENCE:2'],
    ['PRODID', 'PRODID:-//test//test//EN', 'PRODID:-//other//EN'],
    ['an unknown property', 'X-VENDOR:1', 'X-VENDOR:2\r\nX-MORE:3'],
    ['the order of parameters', 'CN=A;PARTSTAT=ACCEPTED', 'PARTSTAT=ACCEPTED;CN=A'],
    ['an unknown parameter', 'ATTENDEE;CN=A;', 'ATTENDEE;CN=A;X-NUM-GUESTS=0;'],
    ['the order of the parts of a rule', 'FREQ=WEEKLY;BYDAY=MO,WE;COUNT=9', 'COUNT=9;BYDAY=WE,MO;FREQ=WEEKLY'],
    ['folding', 'DESCRIPTION:Description', 'DESCR\r\n IPTION:De\r\n\tscription'],
    ['the order of categories', 'CATEGORIES:a,b', 'CATEGORIES:b\r\nCATEGORIES:a'],
    [
      'dates on one line',
      'EXDATE;TZID=Europe/Berlin:20260304T090000\r\n',
      'EXDATE;TZID=Europe/Berlin:20260309T090000,20260304T090000\r\n',
    ],
    ['an alarm', 'X-VENDOR:1', 'BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM'],
    [
      'a definition of the zone',
      'BEGIN:VEVENT',
      'BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT',
    ],
    ['a default that is written out', 'TRANSP:OPAQUE\r\n', ''],
    ['an address in another case', 'mailto:a@x.y', 'MAILTO:A@X.Y'],
  ])('over %s', (_what, before, after) => {
    expect(hashOf(replaced(before, after))).toBe(hashOf(base));
  });

  it('over any order of properties and components', () => {
    const shuffled = fc.tuple(fc.shuffledSubarray(master, { minLength: master.length }), fc.boolean());
    fc.assert(
      fc.property(shuffled, ([lines, turned]) => {
        const events = [vevent(...lines), vevent(...exception)];
        const body = calendar(...(turned ? events.toReversed() : events).flat());
        expect(hashOf(body)).toBe(hashOf(base));
      }),
      { seed: 20261121, numRuns: 100 },
    );
  });

  it.each(corpus)('over the line breaks of $name', ({ body }) => {
    expect(hashOf(crlf(linesIn(body.trimEnd())))).toBe(hashOf(body));
  });
});

describe('the observed hash changes', () => {
  it.each([
    ['UID', 'UID:one@test', 'UID:two@test'],
    ['start', '20260302T090000', '20260302T091500'],
    ['end', '20260302T100000', '20260302T101500'],
    ['zone of the start', 'DTSTART;TZID=Europe/Berlin', 'DTSTART;TZID=Europe/Paris'],
    ['kind of time', 'DTSTART;TZID=Europe/Berlin', 'DTSTART'],
    ['rule', 'COUNT=9', 'COUNT=8'],
    ['extra date', '20260305T090000', '20260306T090000'],
    ['excluded date', '20260304T090000', '20260316T090000'],
    ['summary', 'SUMMARY:Summary', 'SUMMARY:Other'],
    ['description', 'DESCRIPTION:Description', 'DESCRIPTION:Other'],
    ['location', 'LOCATION:Room', 'LOCATION:Hall'],
    ['degrees', 'GEO:1;2', 'GEO:1;3'],
    ['status', 'STATUS:CONFIRMED', 'STATUS:TENTATIVE'],
    ['transparency', 'TRANSP:OPAQUE', 'TRANSP:TRANSPARENT'],
    ['busy status', 'TRANSP:OPAQUE', 'TRANSP:OPAQUE\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF'],
    ['class', 'CLASS:PUBLIC', 'CLASS:PRIVATE'],
    ['URL', 'URL:https://x.y/', 'URL:https://x.y/z'],
    ['colour', 'COLOR:teal', 'COLOR:red'],
    ['category', 'CATEGORIES:a,b', 'CATEGORIES:a,c'],
    ['organizer', 'ORGANIZER;CN=O:mailto:o@x.y', 'ORGANIZER;CN=O:mailto:p@x.y'],
    ['name of an attendee', 'ATTENDEE;CN=A;', 'ATTENDEE;CN=AA;'],
    ['answer of an attendee', 'PARTSTAT=ACCEPTED', 'PARTSTAT=TENTATIVE'],
    ['attendee', 'ATTENDEE;CN=B;PARTSTAT=DECLINED:mailto:b@x.y\r\n', ''],
    ['exception', 'SUMMARY:Later', 'SUMMARY:Much later'],
    [
      'original start of an exception',
      'RECURRENCE-ID;TZID=Europe/Berlin:20260311',
      'RECURRENCE-ID;TZID=Europe/Berlin:20260316',
    ],
    ['reach of an exception', 'RECURRENCE-ID;', 'RECURRENCE-ID;RANGE=THISANDFUTURE;'],
  ])('with the %s', (_what, before, after) => {
    expect(hashOf(replaced(before, after))).not.toBe(hashOf(base));
  });

  it('with a length that is nominal instead of exact', () => {
    const day = (duration: string) =>
      event('DTSTART;TZID=Europe/Berlin:20260302T090000', `DURATION:${duration}`, 'RRULE:FREQ=DAILY');
    expect(hashOf(day('P1D'))).not.toBe(hashOf(day('PT24H')));
  });

  it('with the definition of a zone that only the file knows', () => {
    const custom = (offset: string) =>
      calendar(
        'BEGIN:VTIMEZONE',
        'TZID:Mine',
        'BEGIN:STANDARD',
        'DTSTART:19700101T000000',
        `TZOFFSETFROM:${offset}`,
        `TZOFFSETTO:${offset}`,
        'END:STANDARD',
        'END:VTIMEZONE',
        ...vevent('DTSTART;TZID=Mine:20260302T090000', 'RRULE:FREQ=DAILY'),
      );
    expect(hashOf(custom('+0130'))).not.toBe(hashOf(custom('+0145')));
  });
});

describe('canonical JSON', () => {
  it('sorts keys, keeps null and lists, drops what is absent', () => {
    expect(canonicalJson({ b: [2, { d: null, c: 'x"' }], a: undefined, A: true })).toBe(
      '{"A":true,"b":[2,{"c":"x\\"","d":null}]}',
    );
  });

  it('is JSON of the same value, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 20261121 },
    );
  });
});

describe('the requested hash', () => {
  it('does not depend on the order of fields', () => {
    expect(requestedHash({ summary: 'a', url: null })).toBe(requestedHash({ url: null, summary: 'a' }));
  });

  it('tells absent from null and from empty', () => {
    const hashes = [{}, { url: null }, { url: '' }, { reminders: [] }, { recurrence: [] }, { location: null }].map(
      requestedHash,
    );
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

it('a rule in canonical form keeps its meaning and drops only the order', () => {
  expect(canonicalRule('wkst=mo;FREQ=weekly; BYDAY=WE,MO;')).toBe('BYDAY=MO,WE;FREQ=WEEKLY;WKST=MO');
});

it('of what nobody can read does not depend on the line ends with which it arrives', () => {
  const body = 'BEGIN:VCALENDAR\r\nnothing\r\n';
  expect(hashOf(body.replaceAll('\r\n', '\n'))).toBe(hashOf(body));
  expect(hashOf(body.replace('nothing', 'something'))).not.toBe(hashOf(body));
});
