/** Properties over generated files and wishes: what is asked for is read back, what is not asked for keeps its bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import type { RequestedFields } from '../../domain/managed-event.ts';
import { calendar, corpus, linesIn, masterOf, plain } from './bodies.ts';

const seed = 20261121;
const nowMs = Date.UTC(2026, 10, 21);
const minuteMs = 60_000;

// What a caller may say: texts as the API lets them through, with everything that iCalendar has to escape.
const text = fc.string({
  unit: fc.constantFrom(...Array.from('aZ0 ,;:\\"^\'\n\t=%äß…𝄞é'), '\\n', '\\,', 'BEGIN:'),
  maxLength: 120,
});
const words = fc
  .string({ unit: fc.constantFrom(...Array.from('abcXYZ ,;:"^ä𝄞')), minLength: 1, maxLength: 90 })
  .filter((one) => one.trim() === one);
const zoneName = fc.constantFrom('Etc/UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe');
const startMs = fc
  .integer({ min: Date.UTC(2000, 0, 1) / minuteMs, max: Date.UTC(2040, 0, 1) / minuteMs })
  .map((n) => n * minuteMs);
const span = fc.oneof(
  fc.record({ startMs, minutes: fc.nat(10_000), tzid: zoneName }).map((one) => ({
    start: { kind: 'instant', ms: one.startMs, tzid: one.tzid } as const,
    end: { kind: 'instant', ms: one.startMs + one.minutes * minuteMs, tzid: one.tzid } as const,
  })),
  fc.record({ startMs, days: fc.integer({ min: 1, max: 400 }) }).map((one) => ({
    start: { kind: 'date', date: dayText(one.startMs) } as const,
    end: { kind: 'date', date: dayText(one.startMs + one.days * 1440 * minuteMs) } as const,
  })),
);
const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const degrees = fc.double({ min: -180, max: 180, noNaN: true }).map((one) => one.toFixed(6));
const location = fc.oneof(
  fc.constant(null),
  fc.record({ description: words, lat: fc.constant(null), long: fc.constant(null) }),
  fc.record({ description: fc.option(words), lat: degrees, long: degrees }),
);
const email = fc
  .tuple(fc.constantFrom('a', 'b.c', 'x+y', 'o%k', "d'e"), fc.constantFrom('x.y', 'Example.com'))
  .map(([a, b]) => `${a}@${b}`);
const person = fc.record({ email, displayName: fc.option(words) });

const generators = {
  summary: text,
  description: text,
  location,
  transparency: fc.constantFrom('opaque', 'transparent'),
  reminders: fc.uniqueArray(fc.nat(50_000), { maxLength: 5 }),
  url: fc.option(fc.webUrl({ withQueryParameters: true, withFragments: true })),
  private: fc.boolean(),
  color: fc.option(fc.constantFrom('#ff0000', '#00AAbb', 'teal')),
  categories: fc.uniqueArray(words, { maxLength: 5 }),
  recurrence: fc.constantFrom([], ['FREQ=DAILY;COUNT=3'], ['FREQ=WEEKLY;BYDAY=MO,TU', 'FREQ=MONTHLY;BYMONTHDAY=-1']),
  invited: fc.uniqueArray(person, { maxLength: 3, selector: (one) => one.email.toLowerCase() }),
} as const;

const wish: fc.Arbitrary<RequestedFields> = fc
  .tuple(span, fc.record(generators, { requiredKeys: [] }))
  .map(([times, fields]) => Object.assign(fields, times));

/** A second reading of a repeated hour is kept in UTC: the instant counts. */
const shownTime = (time: { readonly kind: string; readonly ms?: number }) => (time.kind === 'instant' ? time.ms : time);

function expectRead(body: string, fields: RequestedFields): void {
  const { master, recurrence, problem } = parseResource(body);
  expect(problem).toBeNull();
  if (master === null) throw new Error('no master');
  if (fields.start !== undefined && fields.recurrence === undefined)
    expect(shownTime(master.start)).toEqual(shownTime(fields.start));
  if (fields.end !== undefined && fields.recurrence === undefined)
    expect(shownTime(master.end)).toEqual(shownTime(fields.end));
  if (fields.summary !== undefined) expect(master.summary).toBe(fields.summary);
  if (fields.description !== undefined) expect(master.description).toBe(fields.description);
  if (fields.location !== undefined) expect(master.location).toEqual(fields.location);
  if (fields.transparency !== undefined) expect(master.transparency).toBe(fields.transparency);
  if (fields.reminders !== undefined) expect(master.reminders).toEqual(fields.reminders.toSorted((a, b) => a - b));
  if (fields.url !== undefined) expect(master.url).toBe(fields.url);
  if (fields.private !== undefined) expect(master.private).toBe(fields.private);
  if (fields.color !== undefined) expect(master.color).toBe(fields.color);
  if (fields.categories !== undefined) expect(master.categories.toSorted()).toEqual(fields.categories.toSorted());
  if (fields.recurrence !== undefined) expect(recurrence?.rules ?? []).toEqual(fields.recurrence);
  for (const one of fields.invited ?? []) {
    expect(master.attendees.map((attendee) => attendee.email)).toContain(one.email.toLowerCase());
  }
}

// Files as others write them: any known and unknown lines, folded anywhere, with alarms, zones and exceptions.
const line = fc.constantFrom(
  'SUMMARY;LANGUAGE=en:Old',
  'DESCRIPTION:Old\\, text\\nand more of it',
  'X-ALT-DESC;FMTTYPE=text/html:<p>Old</p>',
  'LOCATION;ALTREP="cid:x;y":Old',
  'GEO:48.1;11.5',
  'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="a;b:c":geo:1.5,2.5',
  'TRANSP:TRANSPARENT',
  'X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE',
  'CLASS:CONFIDENTIAL',
  'URL;VALUE=URI:https://old.x/',
  'COLOR:navy',
  'CATEGORIES:a,b',
  'CATEGORIES:c',
  'ORGANIZER;CN="Q, R":mailto:q@x.y',
  'ATTENDEE;PARTSTAT=ACCEPTED;X-NUM-GUESTS=0:mailto:a@x.y',
  'ATTENDEE;CN=Bad"quote:mailto:bad@x.y',
  'X-UNKNOWN;P="1:2;3":anything; at, all',
  'x-lower:case',
  'ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA',
  'PRIORITY:5',
  'not a content line',
  'SEQUENCE:7',
  'DTSTAMP:20250101T000000Z',
);
const alarm = ['BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT15M', 'X-ALARM:1', 'END:VALARM'];
const timeLines = fc.constantFrom(
  ['DTSTART:20260302T090000Z', 'DTEND:20260302T100000Z'],
  ['DTSTART;TZID=Europe/Berlin:20260302T090000', 'DURATION:PT1H'],
  ['DTSTART;VALUE=DATE:20260302'],
  ['DTSTART:20260302T090000', 'DTEND:20260302T100000', 'X-MICROSOFT-CDO-ALLDAYEVENT:FALSE'],
);
const fold = fc.integer({ min: 3, max: 90 });
const exception = [
  'BEGIN:VEVENT',
  'UID:u',
  'RECURRENCE-ID:20260309T090000Z',
  'SUMMARY:Exception',
  'X-EXCEPTION:1',
  'END:VEVENT',
];
const base = fc.oneof(
  fc
    .tuple(timeLines, fc.array(line, { maxLength: 14 }), fold, fc.boolean(), fc.boolean())
    .map(([times, lines, width, alarmed, excepted]) => {
      const own = ['BEGIN:VEVENT', 'UID:u', ...times, ...lines, ...(alarmed ? alarm : []), 'END:VEVENT'];
      const all = ['X-WR-CALNAME:Cal', ...(excepted ? exception : []), ...own];
      return calendar(...all.map((one) => one.replace(new RegExp(`(.{${width}})(?=.)`, 'gu'), '$1\r\n ')));
    }),
  fc.constantFrom(...corpus.map((one) => one.body).filter((body) => parseResource(body).master !== null)),
);

/** Which properties a field may touch. */
const concerns: Readonly<Record<keyof typeof generators, readonly string[]>> = {
  summary: ['SUMMARY'],
  description: ['DESCRIPTION', 'X-ALT-DESC'],
  location: ['LOCATION', 'GEO', 'X-APPLE-STRUCTURED-LOCATION'],
  transparency: ['TRANSP', 'X-MICROSOFT-CDO-BUSYSTATUS', 'X-MICROSOFT-CDO-INTENDEDSTATUS'],
  reminders: [],
  url: ['URL'],
  private: ['CLASS'],
  color: ['COLOR'],
  categories: ['CATEGORIES'],
  recurrence: ['RRULE', 'RDATE', 'EXDATE', 'SEQUENCE'],
  invited: ['ATTENDEE'],
};
const stamps = ['DTSTAMP', 'LAST-MODIFIED'];

/** The lines of all but the properties named; without the components that `leftOut` names. */
function linesBut(body: string, names: readonly string[], leftOut: 'alarms' | 'exceptions' | null): string[] {
  const blocks: string[][] = [[]];
  for (const one of linesIn(body.trimEnd()).filter((line_) => line_ !== '')) {
    const bare = one.replace(/\r\n[ \t]/g, '');
    if (/^BEGIN:(VALARM|VEVENT)$/.test(bare)) blocks.push([]);
    if (!names.includes(/^[^:;]*/.exec(bare)?.[0].toUpperCase() ?? '')) blocks.at(-1)?.push(one);
    if (/^END:(VALARM|VEVENT)$/.test(bare)) blocks.push([]);
  }
  const is = (block: readonly string[], pattern: RegExp) => pattern.test(block.join('\n').replace(/\r\n[ \t]/g, ''));
  return blocks
    .filter((block) => leftOut !== 'alarms' || !is(block, /^BEGIN:VALARM/))
    .filter((block) => leftOut !== 'exceptions' || !is(block, /^BEGIN:VEVENT[^]*\nRECURRENCE-ID/))
    .flat();
}

describe('a wish', () => {
  it('for a new event is read back as it was said', () => {
    fc.assert(
      fc.property(wish, (fields) => expectRead(writeEvent({ base: null, fields, uid: 'u', nowMs }), fields)),
      { seed, numRuns: 400 },
    );
  });

  it('onto any file is read back as it was said', () => {
    fc.assert(
      fc.property(base, wish, (body, fields) =>
        expectRead(writeEvent({ base: body, fields, uid: 'u', nowMs }), fields),
      ),
      { seed, numRuns: 600 },
    );
  });

  it('carried out once is carried out: a second time changes nothing', () => {
    fc.assert(
      fc.property(base, wish, (body, fields) => {
        const once = writeEvent({ base: body, fields, uid: 'u', nowMs });
        expect(writeEvent({ base: once, fields, uid: 'u', nowMs: nowMs + 1_000_000 })).toBe(once);
      }),
      { seed, numRuns: 400 },
    );
  });

  it('is one and the same body each time it is written', () => {
    fc.assert(
      fc.property(wish, (fields) => {
        const write = () => writeEvent({ base: null, fields, uid: 'u', nowMs });
        expect(write()).toBe(write());
        expect(plain(parseResource(write()))).toEqual(plain(parseResource(write())));
      }),
      { seed, numRuns: 50 },
    );
  });
});

describe.each(Object.keys(generators) as (keyof typeof generators)[])('an edit of %s alone', (field) => {
  it('leaves every other line as it was, byte for byte and in order', () => {
    const value: fc.Arbitrary<unknown> = generators[field];
    const without = field === 'reminders' ? 'alarms' : field === 'recurrence' ? 'exceptions' : null;
    let edits = 0;
    fc.assert(
      fc.property(base, value, (body, wanted) => {
        const written = writeEvent({ base: body, fields: { [field]: wanted }, uid: 'u', nowMs });
        if (written !== body) edits += 1;
        const names = [...stamps, ...concerns[field]];
        expect(linesBut(written, names, without)).toEqual(linesBut(body, names, without));
      }),
      { seed, numRuns: 200 },
    );
    expect(edits).toBeGreaterThan(20);
  });

  it('leaves exceptions and the other fields as they were', () => {
    const value: fc.Arbitrary<unknown> = generators[field];
    fc.assert(
      fc.property(base, value, (body, wanted) => {
        const written = writeEvent({ base: body, fields: { [field]: wanted }, uid: 'u', nowMs });
        const others = (text_: string) => {
          const {
            [field as 'summary']: _field,
            attendees: _attendees,
            extendedTransparency: _extended,
            ...rest
          } = masterOf(text_);
          return rest;
        };
        expect(others(written)).toEqual(others(body));
        if (field !== 'recurrence') expect(parseResource(written).exceptions).toEqual(parseResource(body).exceptions);
      }),
      { seed, numRuns: 200 },
    );
  });
});
