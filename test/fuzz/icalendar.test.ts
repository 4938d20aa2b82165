/** The iCalendar entrance: whatever it is given ends in a meaning or a problem, through laying out, showing and writing. */
import { expect, test } from 'vitest';
import type { CommitDoc } from '../../domain/commit.ts';
import { verdicts } from '../../domain/errors.ts';
import { isKalendsError } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/hashes.ts';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import type { RequestedFields } from '../../domain/managed-event.ts';
import { layOut } from '../../domain/projection/lay-out.ts';
import { expandSeries } from '../../domain/recurrence/expand.ts';
import { defaultRecurrenceLimits } from '../../domain/recurrence/limits.ts';
import { ianaZone, utc } from '../../domain/time/iana.ts';
import { eventRow, freeBusyRow } from '../../services/api/event-row.ts';
import { below, pick, type Seeded } from '../support/seeded.ts';
import { corpus } from '../icalendar/bodies.ts';
import { accountId, appId, profileId, resource } from '../sync/samples.ts';
import { fuzz, type Ending } from './kit.ts';

const windowAt = Date.UTC(2026, 10, 21);
const day = 86_400_000;
const window = { fromMs: windowAt - 42 * day, toMs: windowAt + 201 * day };
const berlin = ianaZone('Europe/Berlin') ?? utc;

const commit: CommitDoc = {
  _id: 'pro_1|1',
  profileId,
  accountId,
  appId,
  seq: 1,
  atMs: windowAt,
  cause: 'pull',
  runId: 'run_1' as CommitDoc['runId'],
  operations: [],
  changes: [],
};

const times = [
  '20261125T090000Z',
  '20261125T090000',
  '20261125',
  '00010101T000000Z',
  '99991231T235959Z',
  '20260329T023000',
  '20261025T023000',
  '20260230T000000',
  '19700101T000000Z',
  '20261125T240000',
  '20261125T235960Z',
];
const zones = [
  'Europe/Berlin',
  'W. Europe Standard Time',
  '/x/America/New_York',
  'Custom',
  'Etc/UTC',
  '"Eastern Time"',
  '__proto__',
];
const frequencies = ['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY', 'FORTNIGHTLY'];
const parts = [
  'INTERVAL=1',
  'INTERVAL=0',
  'INTERVAL=1000000000',
  'COUNT=2000000000',
  'COUNT=3',
  'UNTIL=20270101T000000Z',
  'UNTIL=20270101',
  'BYDAY=MO,TU,-1FR,53SU',
  'BYMONTHDAY=-31,31,29',
  'BYMONTH=2,13',
  'BYYEARDAY=366,-366',
  'BYWEEKNO=53',
  'BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23',
  `BYMINUTE=${Array.from({ length: 60 }, (_, one) => one).join(',')}`,
  `BYSECOND=${Array.from({ length: 61 }, (_, one) => one).join(',')}`,
  'BYSETPOS=-1,366',
  'WKST=SU',
  'RSCALE=CHINESE',
  'X-A=1',
];

const timed = (name: string, random: Seeded): string => {
  const value = pick(random, times);
  const kind = pick(random, [
    '',
    '',
    ';VALUE=DATE',
    ';VALUE=PERIOD',
    `;TZID=${pick(random, zones)}`,
    ';RANGE=THISANDFUTURE',
  ]);
  return `${name}${kind}:${value}${pick(random, ['', '', `,${pick(random, times)}`, '/PT1H', `/${pick(random, times)}`])}`;
};

const rule = (random: Seeded): string => {
  const chosen = Array.from({ length: below(random, 5) }, () => pick(random, parts));
  return `RRULE:${[`FREQ=${pick(random, frequencies)}`, ...chosen].join(';')}`;
};

const properties: readonly ((random: Seeded) => string)[] = [
  (random) => timed('DTSTART', random),
  (random) => timed('DTEND', random),
  (random) => timed('EXDATE', random),
  (random) => timed('RDATE', random),
  (random) => timed('RECURRENCE-ID', random),
  rule,
  rule,
  (random) => `DURATION:${pick(random, ['PT1H', 'P1D', '-P1D', 'P99999999999W', 'PT0S', 'P', 'P1DT'])}`,
  (random) => `UID:${pick(random, ['a', 'b', '', 'x'.repeat(2_000)])}`,
  (random) => `SUMMARY;LANGUAGE=de:${pick(random, ['x', '\\n\\,\\;\\\\', '\ud83d', '😀'.repeat(40)])}`,
  (random) => `SEQUENCE:${pick(random, ['1', '-1', '1e9', 'x'])}`,
  (random) => `STATUS:${pick(random, ['CANCELLED', 'TENTATIVE', 'X'])}`,
  (random) => `TRANSP:${pick(random, ['OPAQUE', 'TRANSPARENT', ''])}`,
  (random) =>
    `ATTENDEE;CN="${pick(random, ['a', 'a:b', "^n^'"])}";PARTSTAT=ACCEPTED:${pick(random, ['mailto:A@b.c', 'urn:uuid:1', ''])}`,
  (random) => `GEO:${pick(random, ['1;2', 'NaN;x', '91;181'])}`,
  (random) => `CATEGORIES:${pick(random, ['a,b', ',,,', 'a\\,b'])}`,
];

const many = (random: Seeded, most: number, one: () => string): string =>
  Array.from({ length: below(random, most + 1) }, one).join('');

const alarm = (random: Seeded): string =>
  `BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:${pick(random, ['-PT15M', 'PT99999999999H', 'x'])}\r\nEND:VALARM\r\n`;

const vevent = (random: Seeded): string =>
  `BEGIN:VEVENT\r\n${timed('DTSTART', random)}\r\n${many(random, 9, () => `${pick(random, properties)(random)}\r\n`)}${many(random, 2, () => alarm(random))}END:VEVENT\r\n`;

const observance = (random: Seeded): string =>
  `BEGIN:${pick(random, ['STANDARD', 'DAYLIGHT'])}\r\n${timed('DTSTART', random)}\r\n${rule(random)}\r\nTZOFFSETFROM:${pick(random, ['+0100', '-9999', '+000000', 'x'])}\r\nTZOFFSETTO:${pick(random, ['+0200', '+1400', ''])}\r\nEND:STANDARD\r\n`;

const vtimezone = (random: Seeded): string =>
  `BEGIN:VTIMEZONE\r\nTZID:${pick(random, zones)}\r\n${many(random, 3, () => observance(random))}END:VTIMEZONE\r\n`;

const grow = (random: Seeded): string =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${many(random, 2, () => vtimezone(random))}${many(random, 3, () => vevent(random))}END:VCALENDAR\r\n`;

const wishes: readonly RequestedFields[] = [
  { summary: 'Neu' },
  { description: 'x'.repeat(200), url: null, categories: ['a,b'], reminders: [5], color: 'teal', private: true },
  { recurrence: [] },
  { recurrence: ['FREQ=WEEKLY;BYDAY=MO'] },
  { start: { kind: 'date', date: '2026-12-01' }, end: { kind: 'date', date: '2026-12-02' } },
  {
    start: { kind: 'instant', ms: windowAt, tzid: 'Europe/Berlin' },
    end: { kind: 'instant', ms: windowAt + 3_600_000, tzid: 'America/New_York' },
    location: { description: 'x', lat: '1', long: '2' },
    invited: [{ email: 'Z@example.com', displayName: '"Z"; z' }],
    removed: ['a@b.c'],
  },
];

function read(input: string): Ending {
  const normalised = parseResource(input);
  const ending = normalised.problem === null ? 'meaning' : 'refusal';
  const shown = canonicalJson({ ...normalised, recurrence: null }).length;
  if (shown > 40 * input.length + 10_000) throw new Error(`${input.length} characters became ${shown}`);
  const { master, recurrence } = normalised;
  if (master === null || recurrence === null) return ending;
  const { steps, starts } = expandSeries(recurrence, master.start, window, berlin);
  expect(steps).toBeLessThanOrEqual(defaultRecurrenceLimits.stepsMax);
  const more = recurrence.dates.length + 1;
  expect(starts.length).toBeLessThanOrEqual(defaultRecurrenceLimits.occurrencesMax + more);
  return ending;
}

function show(input: string): void {
  const doc = resource({ body: input });
  const { events, standing } = layOut(doc, [], commit, {
    normalise: (_format, body) => parseResource(body),
    window,
    zone: berlin,
  });
  if (standing.problem !== null) expect(verdicts[standing.problem.code]).toBeDefined();
  const context = { calendars: new Map(), own: new Set<string>(), provisional: new Set<string>(), series: new Map() };
  for (const event of events.slice(0, 20)) {
    for (const localized of [true, false]) JSON.stringify(eventRow(event, { ...context, localized }));
    JSON.stringify(freeBusyRow(event, { ...context, localized: true }, true));
  }
  expect(new Set(events.map((one) => one._id)).size).toBe(events.length);
}

function write(input: string, random: Seeded): void {
  const fields = pick(random, wishes);
  let once: string;
  try {
    once = writeEvent({ base: input, fields, uid: 'u', nowMs: windowAt });
  } catch (error) {
    if (isKalendsError(error) && error.message.length < 1_000) return;
    throw error;
  }
  // What was read in part only is written onto as well as can be, and judged by nobody.
  if (parseResource(input).problem !== null) return;
  // What we sent must be readable, and say it once: else we would send it again for ever.
  expect(parseResource(once).problem).toBeNull();
  expect(writeEvent({ base: once, fields, uid: 'u', nowMs: windowAt + 1_000 })).toBe(once);
}

test('whatever it is given ends in a meaning or a problem, in bounded steps and memory, and so does a write onto it', async () => {
  const samples = corpus.map((one) => one.body);
  const words = [
    ...frequencies,
    ...parts,
    ...zones,
    ...times,
    'BEGIN:VEVENT\r\n',
    'END:VEVENT\r\n',
    '\r\n ',
    'VALUE=DATE',
    'TZID=',
  ];
  const { shareOfMeaning } = await fuzz({
    name: 'iCalendar',
    runs: 1_500,
    samples,
    words,
    grow,
    attempt: (input, random) => {
      const ending = read(input);
      show(input);
      write(input, random);
      return ending;
    },
  });
  expect(shareOfMeaning).toBeGreaterThan(0.1);
  expect(shareOfMeaning).toBeLessThan(0.9);
}, 86_400_000);
