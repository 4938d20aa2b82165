/** Hrefs in every escaping and form name one path, paths become refs and back, and what would climb out is no ref. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKalendsError } from '../../../domain/errors.ts';
import {
  absoluteFrom,
  checkRef,
  decodePath,
  encodePath,
  normalPath,
  relativeTo,
} from '../../../providers/caldav/href.ts';

const base = 'https://p42-caldav.icloud.com/123/calendars/work/';

describe('hrefs', () => {
  test.each([
    ['/cal/a.ics', '/cal/a.ics'],
    ['https://caldav.icloud.com:443/cal/a.ics', '/cal/a.ics'],
    ['http://other.internal:5232/cal/a.ics', '/cal/a.ics'],
    [' /cal/a.ics\n', '/cal/a.ics'],
    ['a.ics', '/123/calendars/work/a.ics'],
    ['/cal/me%40example.com/', '/cal/me@example.com/'],
    ['/cal/me@example.com/', '/cal/me@example.com/'],
    ['/c%61l/%7euser/', '/cal/~user/'],
    ['/cal/a%20b+c.ics', '/cal/a b+c.ics'],
    ['/cal/%C3%BC.ics', '/cal/ü.ics'],
    ['/cal/ü.ics', '/cal/ü.ics'],
    ['/cal/%c3%bc.ics', '/cal/ü.ics'],
    ['/cal/a%2Fb.ics', '/cal/a%2Fb.ics'],
    ['/cal/a%2fb.ics', '/cal/a%2Fb.ics'],
    ['/cal/100%25.ics', '/cal/100%25.ics'],
    ['/cal/100%.ics', '/cal/100%25.ics'],
    ['/cal/%FF.ics', '/cal/%FF.ics'],
    ['/cal/%00%0a.ics', '/cal/%00%0A.ics'],
    ['/cal/../cal/./a.ics', '/cal/a.ics'],
    ['/cal/%2e%2e/x.ics', '/x.ics'],
    ['//cal//a.ics', '/cal/a.ics'],
    ['/cal/a.ics?x=1#y', '/cal/a.ics'],
    // Xandikos, of what is not there
    ['http%3A//127.0.0.1%3A8080/cal/no%2520such/', '/cal/no such/'],
    ['http%3A//%FF/', '/123/calendars/work/http:/%FF/'],
    ['', null],
    ['http://[', null],
    ['mailto:a@b', null],
  ])('%s names %s', (href, path) => {
    expect(normalPath(href, base)).toBe(path);
  });

  test('the wire form of a normal path leads back to it', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const href = `/${segments.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`;
        const path = normalPath(href, base);
        if (path === null) throw new Error(`${href} was not understood`);
        expect(normalPath(encodePath(path), base)).toBe(path);
        expect(encodePath(path)).toMatch(/^[\x21-\x7E]+$/);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('any escaping of the same bytes names the same path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (name) => {
        const escaped = [...new TextEncoder().encode(name.toWellFormed())]
          .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
          .join('');
        expect(decodePath(escaped)).toBe(decodePath(encodeURIComponent(name.toWellFormed())));
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  test('refs are relative to their collection, or whole where they lie elsewhere', () => {
    expect(relativeTo('/cal/', '/cal/a.ics')).toBe('a.ics');
    expect(relativeTo('/cal/', '/other/a.ics')).toBe('/other/a.ics');
    expect(relativeTo('/cal/', '/cal/')).toBe('/cal/');
    expect(absoluteFrom('/cal/', 'a.ics')).toBe('/cal/a.ics');
    expect(absoluteFrom('/cal/', '/other/a.ics')).toBe('/other/a.ics');
  });

  test.each(['', '.', '..', 'a/../b.ics', '../x.ics', 'a//b.ics', './a.ics'])('%j is no ref', (ref) => {
    expect(() => checkRef(ref)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  test.each(['a.ics', 'sub/a.ics', '/elsewhere/a.ics', '...ics', 'a..b'])('%j is a ref', (ref) => {
    expect(checkRef(ref)).toBe(ref);
    expect(isKalendsError(ref)).toBe(false);
  });
});
