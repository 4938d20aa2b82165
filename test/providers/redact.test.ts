/** What is kept of answers as evidence holds no secret and nothing of a calendar, however it is encoded, split or cut. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../config/policies.ts';
import { redact, secretsOf } from '../../providers/redact.ts';

describe('excerpts for evidence', () => {
  test.each([
    ['Authorization: Basic dXNlcjpwYXNz\nnext line', 'dXNlcjpwYXNz'],
    ['proxy-authorization=Bearer abc.def.ghi', 'abc.def.ghi'],
    ['you sent Digest dGhlIHNlY3JldA==', 'dGhlIHNlY3JldA'],
    ['Set-Cookie: session=s3cr3t; path=/', 's3cr3t'],
    ['{"password": "open sesame", "x": 1}', 'sesame'],
    ['token=abcdefgh&x=1', 'abcdefgh'],
    ['see https://alice:wonderland@cal.example/x', 'wonderland'],
    ['BEGIN:VCALENDAR\r\nSUMMARY:Dentist\r\nEND:VCALENDAR', 'Dentist'],
    ['<C:calendar-data>BEGIN:VCALENDAR SUMMARY:Dentist</C:calendar-data>', 'Dentist'],
    ['<C:calendar-data>SUMMARY:Dentist and no end', 'Dentist'],
    ['SUMMARY;LANGUAGE=en:Dentist', 'Dentist'],
    ['ATTENDEE;CN=Bob:mailto:bob@example.com', 'bob@'],
  ])('%s loses its secret', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  test('what proves a failure stays', () => {
    expect(redact('<D:error><D:valid-sync-token/></D:error>')).toBe('<D:error><D:valid-sync-token/></D:error>');
  });

  test('no excerpt is longer than its limit', () => {
    expect(redact('x'.repeat(1_000_000)).length).toBe(limits.excerptCharacters);
  });

  test('a password is hidden in every form in which a server may send it back', () => {
    const password = 'pa ss/wö:rd';
    const forms = [password, encodeURIComponent(password), Buffer.from(`me:${password}`).toString('base64')];
    for (const form of forms) expect(redact(`you said ${form}!`, secretsOf('me', password))).not.toContain(form);
  });

  test('a given secret never survives, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 700 }), fc.string({ maxLength: 700 }), (before, after) => {
        expect(redact(`${before}correct-horse${after}`, ['correct-horse'])).not.toContain('correct-horse');
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('nothing that went in comes out', () => {
  const password = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 6, maxLength: 24 }),
    fc.string({ unit: fc.constantFrom(...'aB3 é"\\/<>&\'+%=:;,{}[]~\n'.split('')), minLength: 6, maxLength: 24 }),
  );
  const username = fc.constantFrom('ada', 'ada@example.com', 'Ada Lovelace');

  /** Every way in which servers and libraries are known to write back what they were sent. */
  const encodings: Readonly<Record<string, (password: string, username: string) => string>> = {
    'as it is': (secret) => secret,
    'of Basic': (secret, name) => Buffer.from(`${name}:${secret}`).toString('base64'),
    'of Basic in a header': (secret, name) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
    'of Basic in a URL': (secret, name) => encodeURIComponent(Buffer.from(`${name}:${secret}`).toString('base64')),
    'in base64': (secret) => Buffer.from(secret).toString('base64'),
    percent: (secret) => encodeURIComponent(secret),
    'percent in lower case': (secret) => encodeURIComponent(secret).replaceAll(/%../g, (hex) => hex.toLowerCase()),
    form: (secret) => new URLSearchParams({ x: secret }).toString().slice(2),
    JSON: (secret) => JSON.stringify(secret).slice(1, -1),
    "JSON as PHP's": (secret) =>
      JSON.stringify(secret)
        .slice(1, -1)
        .replaceAll('/', '\\/')
        .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    'XML, with entities by number': (secret) => secret.replaceAll(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`),
    "XML, as PHP's": (secret) =>
      secret.replaceAll(/[&<>"']/g, (mark) => `&#${String(mark.charCodeAt(0)).padStart(3, '0')};`),
    'XML, as Go and Python do': (secret) =>
      secret.replaceAll(/[&<>"']/g, (mark) => `&#x${mark.charCodeAt(0).toString(16)};`),
    'XML with a few names': (secret) =>
      secret.replaceAll('&', '&amp;').replaceAll('<', '&#60;').replaceAll("'", '&apos;'),
    'entities throughout': (secret) => secret.replaceAll(/./gsu, (point) => `&#${point.codePointAt(0)};`),
    XML: (secret) =>
      secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  };

  /** White space is not kept by `redact`, so it does not tell two texts apart. */
  const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  const marks = ['[redacted]', '[calendar contents]'];
  const telling = (form: string): boolean => form.length >= 6 && !marks.some((mark) => mark.includes(form));
  const noise = fc.string({
    unit: fc.constantFrom('x', ' ', '\n', '<', '"', '=', ':', 'password', '&'),
    maxLength: 60,
  });

  test.each(Object.entries(encodings))('%s', (_name, encode) => {
    fc.assert(
      fc.property(password, username, noise, noise, fc.nat(9_000), (secret, name, before, after, padding) => {
        fc.pre(secret.isWellFormed());
        const form = encode(secret, name);
        fc.pre(telling(plain(form)) && plain(form) === form.trim());
        const page = `${' '.repeat(padding)}${before}${form}${after}`;
        const excerpt = redact(page, secretsOf(name, secret));
        expect(excerpt).not.toContain(plain(form));
        expect(excerpt.length).toBeLessThanOrEqual(limits.excerptCharacters);
      }),
      { seed: 20_261_120, numRuns: 400 },
    );
  });

  test('a secret that the cut would split leaves no half of itself', () => {
    const secret = 'correct-horse-battery-staple';
    for (let padding = 3_900; padding < 4_100; padding += 1) {
      const excerpt = redact(`${' '.repeat(padding)}${secret} after`, [secret]);
      expect(excerpt, `after ${padding} spaces`).not.toMatch(/correct|horse|battery|staple/);
    }
  });

  test('nor one that is split inside one of its entities', () => {
    const secret = "a'b'c'd'e'f'g'h'i";
    const written = secret.replaceAll("'", '&#x00027;');
    for (let padding = 3_800; padding < 4_100; padding += 1) {
      const excerpt = redact(`${' '.repeat(padding)}${written} after`, [secret]);
      expect(excerpt, `after ${padding} spaces`).not.toMatch(/[a-i]'|&/);
    }
  });

  test('a secret inside another one does not leave the rest of that one', () => {
    expect(redact('token abcdefghij end', ['cde', 'abcdefghij'])).not.toMatch(/ab|fghij/);
  });
});
