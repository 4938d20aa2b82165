/** Odd but realistic files: what Outlook, Exchange, Google, Apple, Zimbra and others really write. */
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import { occurrencesOf } from '../../domain/occurrence.ts';
import { utc } from '../../domain/time/iana.ts';
import { corpus, fromCorpus, linesIn, plain, utcMs } from './bodies.ts';
import { expected, refused, shown } from './corpus-expected.ts';

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

describe('laid out', () => {
  const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
  const layOut = (name: string) => {
    const window = { fromMs: utcMs('2026-01-01T00:00Z'), toMs: utcMs('2028-03-01T00:00Z') };
    const { occurrences, problem } = occurrencesOf(parseResource(fromCorpus(name)), window, utc);
    const times = occurrences.map(
      ({ startMs, endMs, fields }) =>
        `${minute(startMs)} ${minute(endMs)}${fields.status === 'cancelled' ? ' cancelled' : ''}`,
    );
    return { times, problem };
  };

  it.each(Object.entries(shown))('%s', (name, times) => {
    expect(layOut(name)).toEqual({ times, problem: null });
  });

  it.each(Object.entries(refused))('%s, but for its rule', (name, { code, times }) => {
    expect(layOut(name)).toMatchObject({ times, problem: { code } });
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
    const start = { kind: 'instant', ms: utcMs('2026-09-01T08:00Z'), tzid: 'Europe/Berlin' } as const;
    const end = { ...start, ms: utcMs('2026-09-01T09:00Z') };
    const times = master?.start.kind === 'instant' ? { start, end } : {};
    const fields = { ...times, summary: 'Neu', description: 'Neu', url: 'https://example.com/neu' };
    const written = writeEvent({ base: body, fields, uid: 'x', nowMs: 0 });
    // A resource that is moved drops no property of another program, whatever it means to it.
    expect(strangeLines(written)).toEqual(strangeLines(body));
    expect(parseResource(written)).toMatchObject({ problem: null, master: { summary: 'Neu', description: 'Neu' } });
  });
});
