/** Each property of a VEVENT and the field that it becomes. */
import { describe, expect, it } from 'vitest';
import { event, masterOf } from './bodies.ts';
import type { EventComponent } from '../../domain/event.ts';

type Row = readonly [what: string, lines: readonly string[], expected: Partial<EventComponent>];

const texts: readonly Row[] = [
  ['a summary is unescaped', ['SUMMARY:a\\, b\\; c\\\\d\\ne\\Nf'], { summary: 'a, b; c\\d\ne\nf' }],
  ['an unescaped summary is taken as it is', ['SUMMARY:a, b; c: d'], { summary: 'a, b; c: d' }],
  ['parameters of a summary do not matter', ['SUMMARY;LANGUAGE=de;X-A="b:c;d":Hallo'], { summary: 'Hallo' }],
  ['a name in any case is known', ['sUmmary:x'], { summary: 'x' }],
  ['a folded line is joined without the fold', ['SUMMARY:on', ' e', '\ttwo'], { summary: 'onetwo' }],
  ['a line may be folded inside its name', ['SUMM', ' ARY:x'], { summary: 'x' }],
  ['without texts they are empty', [], { summary: '', description: '' }],
  ['of two summaries the first counts', ['SUMMARY:a', 'SUMMARY:b'], { summary: 'a' }],
  ['a description keeps its spaces', ['DESCRIPTION:  x '], { description: '  x ' }],
];

const places: readonly Row[] = [
  ['words alone', ['LOCATION:Room\\, 4'], { location: { description: 'Room, 4', lat: null, long: null } }],
  ['an empty location is none', ['LOCATION:'], { location: null }],
  [
    'degrees keep their digits',
    ['GEO:48.10;-11.5000'],
    { location: { description: null, lat: '48.10', long: '-11.5000' } },
  ],
  ['degrees with a comma', ['GEO:48.1,11.5'], { location: { description: null, lat: '48.1', long: '11.5' } }],
  ['degrees that are none are left out', ['GEO:here;there'], { location: null }],
  [
    "Apple's structured place gives the degrees",
    ['LOCATION:Nino', 'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="a:b":geo:52.4,13.3'],
    { location: { description: 'Nino', lat: '52.4', long: '13.3' } },
  ],
];

const states: readonly Row[] = [
  ['no status is confirmed', [], { status: 'confirmed' }],
  ['tentative', ['STATUS:tentative'], { status: 'tentative' }],
  ['cancelled', ['STATUS:CANCELLED'], { status: 'cancelled' }],
  ['a status that nobody knows', ['STATUS:MAYBE'], { status: 'unknown' }],
  ['opaque by default', [], { transparency: 'opaque', extendedTransparency: 'opaque' }],
  ['transparent', ['TRANSP:transparent'], { transparency: 'transparent', extendedTransparency: 'transparent' }],
  ['an unheard-of transparency', ['TRANSP:MILKY'], { transparency: 'unknown', extendedTransparency: 'unknown' }],
  [
    'out of office',
    ['TRANSP:OPAQUE', 'X-MICROSOFT-CDO-BUSYSTATUS:OOF'],
    { transparency: 'opaque', extendedTransparency: 'out_of_office' },
  ],
  [
    'tentatively busy',
    ['X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE'],
    { transparency: 'opaque', extendedTransparency: 'tentative' },
  ],
  [
    'working elsewhere in time that stays free',
    ['TRANSP:TRANSPARENT', 'X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE'],
    { transparency: 'transparent', extendedTransparency: 'working_elsewhere' },
  ],
  ['free by the busy status alone', ['X-MICROSOFT-CDO-BUSYSTATUS:FREE'], { transparency: 'transparent' }],
  [
    'TRANSP wins over a stale busy status',
    ['TRANSP:TRANSPARENT', 'X-MICROSOFT-CDO-BUSYSTATUS:OOF'],
    { transparency: 'transparent', extendedTransparency: 'transparent' },
  ],
  ['public', ['CLASS:PUBLIC'], { private: false }],
  ['private', ['CLASS:private'], { private: true }],
  ['confidential', ['CLASS:CONFIDENTIAL'], { private: true }],
  ['a class that nobody knows is private', ['CLASS:X-TOP'], { private: true }],
];

const people: readonly Row[] = [
  ['no organizer', [], { organizer: null, attendees: [] }],
  [
    'an organizer with a quoted name',
    ['ORGANIZER;CN="Doe, Jane":MAILTO:Jane@Example.com'],
    { organizer: { email: 'jane@example.com', displayName: 'Doe, Jane' } },
  ],
  [
    'a name with the escapes of RFC 6868',
    ["ORGANIZER;CN=a^'b^^c:mailto:a@b.c"],
    { organizer: { email: 'a@b.c', displayName: 'a"b^c' } },
  ],
  ['an address without mailto', ['ORGANIZER:a@b.c'], { organizer: { email: 'a@b.c', displayName: null } }],
  [
    'an address in the EMAIL parameter',
    ['ORGANIZER;EMAIL=a@b.c:/xyz/principal/'],
    { organizer: { email: 'a@b.c', displayName: null } },
  ],
  ['an address that is no e-mail', ['ORGANIZER:urn:uuid:1'], { organizer: null }],
  [
    'answers of attendees',
    [
      'ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.y',
      'ATTENDEE;PARTSTAT=declined:mailto:b@x.y',
      'ATTENDEE;PARTSTAT=TENTATIVE:mailto:c@x.y',
      'ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:d@x.y',
      'ATTENDEE:mailto:e@x.y',
      'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:q@x.y","mailto:r@x.y":mailto:f@x.y',
      'ATTENDEE;PARTSTAT=ACCEPTED:mailto:A@x.y',
    ],
    {
      attendees: [
        { email: 'a@x.y', displayName: null, status: 'accepted' },
        { email: 'b@x.y', displayName: null, status: 'declined' },
        { email: 'c@x.y', displayName: null, status: 'tentative' },
        { email: 'd@x.y', displayName: null, status: 'needs_action' },
        { email: 'e@x.y', displayName: null, status: 'needs_action' },
        { email: 'f@x.y', displayName: null, status: 'unknown' },
      ],
    },
  ],
];

const labels: readonly Row[] = [
  ['categories on several lines', ['CATEGORIES:a,b\\,c', 'CATEGORIES: d ,,a'], { categories: ['a', 'b,c', 'd'] }],
  ['a URL is not unescaped', ['URL;VALUE=URI:https://x.y/?a=1;b=2,3\\,4'], { url: 'https://x.y/?a=1;b=2,3\\,4' }],
  ['an empty URL is none', ['URL:'], { url: null }],
  ['a colour by name', ['COLOR:teal'], { color: 'teal' }],
  ['a colour by digits', ['COLOR:#AABBCC'], { color: '#AABBCC' }],
];

const alarm = (...lines: readonly string[]): string[] => ['BEGIN:VALARM', 'ACTION:DISPLAY', ...lines, 'END:VALARM'];

const reminders: readonly Row[] = [
  ['none', [], { reminders: [] }],
  [
    'minutes, ascending, each once',
    [...alarm('TRIGGER:-PT1H'), ...alarm('TRIGGER:-PT15M'), ...alarm('TRIGGER:-P0DT1H0M0S')],
    { reminders: [15, 60] },
  ],
  ['days and weeks', [...alarm('TRIGGER:-P1D'), ...alarm('TRIGGER;VALUE=DURATION:-P1W')], { reminders: [1440, 10080] }],
  ['at the start', alarm('TRIGGER;RELATED=START:PT0S'), { reminders: [0] }],
  ['after the start is left out', alarm('TRIGGER:PT10M'), { reminders: [] }],
  ['at a fixed time is left out', alarm('TRIGGER;VALUE=DATE-TIME:20260302T080000Z'), { reminders: [] }],
  ['relative to the end is left out', alarm('TRIGGER;RELATED=END:-PT10M'), { reminders: [] }],
];

describe.each([
  ['texts', texts],
  ['places', places],
  ['states', states],
  ['people', people],
  ['labels', labels],
  ['reminders', reminders],
] as const)('%s', (_group, rows) => {
  it.each(rows)('%s', (_what, lines, expected) => {
    expect(masterOf(event(...lines))).toMatchObject(expected);
  });
});
