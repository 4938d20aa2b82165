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
