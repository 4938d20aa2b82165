/** Bodies that nobody should send: each ends in a meaning or a typed problem, and none is expensive. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../domain/icalendar/parse.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import { isKalendsError } from '../../domain/errors.ts';
import { calendar, corpus, event, masterOf, vevent } from './bodies.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a body that is no calendar', () => {
  it.each([
    ['empty', ''],
    ['only spaces', ' \r\n \n'],
    ['HTML', '<!DOCTYPE html>\n<html><body>Maintenance: back soon</body></html>'],
    ['a vCard', 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nEND:VCARD\r\n'],
    ['cut inside a VEVENT', event('SUMMARY:x').slice(0, -40)],
    ['cut before the last END', event('SUMMARY:x').replace('END:VCALENDAR\r\n', '')],
    ['crossed components', 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VEVENT\n'],
    ['without a start', event('NO-DTSTART:x')],
    ['with a start on February 31', event('DTSTART:20260231T090000Z')],
    ['with a start in month 13', event('DTSTART;VALUE=DATE:20261301')],
    ['with a start in year 0', event('DTSTART;VALUE=DATE:00000101')],
  ])('is kept and reported: %s', (_what, body) => {
    const resource = parseResource(body);
    expect(resource).toMatchObject({
      master: null,
      recurrence: null,
      exceptions: [],
      problem: { code: 'resource_unparsable' },
    });
    expect(resource.observedHash).toBe(sha256(body.replaceAll('\r\n', '\n')));
  });

  it('keeps the UID where that can be read', () => {
    expect(parseResource(event('UID:abc', 'NO-DTSTART:x')).uid).toBe('abc');
  });
});

describe('what is said of a broken body', () => {
  it.each([
    ['crossed', `BEGIN:VCALENDAR\nBEGIN:${'A'.repeat(100_000)}\nEND:VCALENDAR\n`],
    ['cut', `BEGIN:VCALENDAR\nBEGIN:${'A'.repeat(100_000)}\n`],
  ])('is short, however long the names in it: %s', (_what, body) => {
    const { problem } = parseResource(body);
    expect(problem?.detail.length).toBeLessThanOrEqual(200);
    expect(problem?.detail).toContain('AAA');
  });
});

describe('a body that is too much', () => {
  const deep = (levels: number): string =>
    'BEGIN:VCALENDAR\n' +
    'BEGIN:X\n'.repeat(levels) +
    'END:X\n'.repeat(levels) +
    vevent('SUMMARY:x').join('\n') +
    '\nEND:VCALENDAR\n';

  it.each([
    ['nested 50,000 deep', deep(50_000)],
    ['over 4 million characters', event(`X-A:${'x'.repeat(4 * 1024 * 1024)}`)],
    ['200,001 lines', event('X-A:1\r\n'.repeat(200_001))],
    ['20,001 excluded dates', event('RRULE:FREQ=DAILY', `EXDATE:${'20260303T090000Z,'.repeat(20_001)}`)],
    ['5,001 events', calendar(...Array.from({ length: 5_001 }, () => vevent('SUMMARY:x')).flat())],
  ])('is refused: %s', (_what, body) => {
    expect(parseResource(body)).toMatchObject({
      master: null,
      problem: { code: 'resource_too_large' },
      observedHash: sha256(body.replaceAll('\r\n', '\n')),
    });
  });

  it('ten levels are read', () => {
    expect(masterOf(deep(10)).summary).toBe('x');
  });
});

describe('a body that is odd but not broken', () => {
  it('of 400,000 folded lines is one line', () => {
    expect(masterOf(event(`SUMMARY:${'x\r\n '.repeat(400_000)}y`)).summary).toBe(`${'x'.repeat(400_000)}y`);
  });

  it('of 150,000 lines of garbage keeps its event', () => {
    expect(masterOf(event('%$ garbage\r\n'.repeat(150_000), 'SUMMARY:x')).summary).toBe('x');
  });

  it.each([
    ['an unmatched quote', 'ATTENDEE;CN="x:mailto:a@b.c'],
    ['a parameter without a name', 'DESCRIPTION;=x:y'],
    ['a parameter without a value', 'LOCATION;X'],
    ['names of object properties', '__proto__:x'],
    ['parameters of object properties', 'X-A;__proto__=x;constructor=y;VALUE=toString:z'],
    ['a component that was never opened', 'END:VALARM'],
    ['a word like a component', 'BEGIN: the story'],
    ['control characters', '\u0000\u0001\u001b[0m'],
    ['100,000 at signs', `ATTENDEE:mailto:${'@'.repeat(100_000)}`],
    ['100,000 backslashes', `DESCRIPTION:${'\\'.repeat(100_000)}`],
    ['1,000,000 parameters', `ATTENDEE;${'a=b;'.repeat(1_000_000)}c=d:mailto:a@b.c`],
    ['1,000,000 parameters after a quoted colon', `ATTENDEE;q=":";${'a=b;'.repeat(1_000_000)}c=d:mailto:a@b.c`],
  ])('a line with %s costs no more than itself', (_what, line) => {
    expect(masterOf(event(line, 'SUMMARY:x')).summary).toBe('x');
  });

  it.each([
    ['LF', (body: string) => body.replaceAll('\r\n', '\n')],
    ['CR', (body: string) => body.replaceAll('\r\n', '\r')],
    ['doubled CR', (body: string) => body.replaceAll('\r\n', '\r\r\n')],
    ['a byte order mark', (body: string) => `\uFEFF${body}`],
    ['blank lines before, between and after', (body: string) => `\r\n\r\n${body.replaceAll('\r\n', '\r\n\r\n')}\r\n`],
    ['no last line break', (body: string) => body.slice(0, -2)],
    ['lower case components', (body: string) => body.replaceAll('VEVENT', 'vevent').replaceAll('BEGIN', 'begin')],
  ])('with %s means the same', (_what, change) => {
    const body = event('SUMMARY:one', ' two', 'LOCATION:x');
    expect(parseResource(change(body))).toEqual(parseResource(body));
  });

  it('a VEVENT without a VCALENDAR is read', () => {
    expect(masterOf(`${vevent('SUMMARY:x').join('\n')}\n`).summary).toBe('x');
  });

  it('of VEVENTs with several UIDs the first UID counts', () => {
    const resource = parseResource(calendar(...vevent('UID:a', 'SUMMARY:1'), ...vevent('UID:b', 'SUMMARY:2')));
    expect(resource).toMatchObject({ uid: 'a', master: { summary: '1' }, exceptions: [], problem: null });
  });

  it('of VEVENTs with several UIDs stays the same event when its first exception goes', () => {
    const body = calendar(
      ...vevent('UID:a', 'RECURRENCE-ID:20260303T090000Z', 'SUMMARY:moved'),
      ...vevent('UID:b', 'SUMMARY:other'),
      ...vevent('UID:a', 'RRULE:FREQ=DAILY;COUNT=3', 'SUMMARY:1'),
    );
    const written = writeEvent({ base: body, fields: { recurrence: [] }, uid: 'x', nowMs: 0 });
    expect(parseResource(written)).toMatchObject({ uid: 'a', master: { summary: '1' }, exceptions: [] });
    expect(written).toContain('SUMMARY:other');
  });

  it('of two masters the one with the higher SEQUENCE counts', () => {
    const resource = parseResource(
      calendar(...vevent('SEQUENCE:2', 'SUMMARY:1'), ...vevent('SEQUENCE:1', 'SUMMARY:2')),
    );
    expect(resource.master?.summary).toBe('1');
  });

  it('a VEVENT without a UID has none', () => {
    expect(parseResource(calendar('BEGIN:VEVENT', 'DTSTART:20260302T090000Z', 'END:VEVENT'))).toMatchObject({
      uid: null,
      problem: null,
    });
  });

  it.each(['VTODO', 'VJOURNAL'])('a %s is no event and no error', (name) => {
    const resource = parseResource(calendar(`BEGIN:${name}`, 'UID:t1', 'SUMMARY:x', `END:${name}`));
    expect(resource).toMatchObject({ uid: 't1', master: null, recurrence: null, exceptions: [], problem: null });
  });

  it('an empty VCALENDAR is no event and no error', () => {
    expect(parseResource(calendar())).toMatchObject({ uid: null, master: null, problem: null });
  });
});

describe('any text', () => {
  /** What may come out of an edit: a body or one of ours. */
  const writes = (base: string): void => {
    try {
      writeEvent({ base, fields: { summary: 'x' }, uid: 'u', nowMs: 0 });
    } catch (error) {
      expect(isKalendsError(error)).toBe(true);
    }
  };

  it('has a meaning or a problem, and the same one twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const body = calendar(...vevent(text));
        expect(parseResource(body).observedHash).toBe(parseResource(body).observedHash);
        writes(body);
      }),
      { seed: 20261121, numRuns: 500 },
    );
  });

  it('cut from real files anywhere is a problem, never half a calendar', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (one, share) => {
          const whole = one.body.trimEnd();
          const resource = parseResource(whole.slice(0, Math.floor(whole.length * share)));
          expect(resource.problem?.code).toBe('resource_unparsable');
          expect([resource.master, resource.exceptions]).toEqual([null, []]);
        },
      ),
      { seed: 20261121, numRuns: 500 },
    );
  });

  it('mutated from real files never throws', () => {
    const edit = fc.record({ at: fc.nat(), cut: fc.nat(30), add: fc.string({ unit: 'binary', maxLength: 8 }) });
    fc.assert(
      fc.property(fc.constantFrom(...corpus), fc.array(edit, { minLength: 1, maxLength: 6 }), (one, edits) => {
        let body = one.body;
        for (const { at, cut, add } of edits) {
          const from = at % (body.length + 1);
          body = body.slice(0, from) + add + body.slice(from + cut);
        }
        const { problem, observedHash } = parseResource(body);
        expect(problem?.code ?? 'resource_unparsable').toMatch(/^resource_(unparsable|too_large)$/);
        expect(observedHash).toMatch(/^[0-9a-f]{64}$/);
        writes(body);
      }),
      { seed: 20261121, numRuns: 1_000 },
    );
  });
});
