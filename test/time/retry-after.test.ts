/** Retry-After in both of its forms, clamped to what is sensible, and null where it says nothing. */
import { describe, expect, test } from 'vitest';
import { retryAfter } from '../../config/policies.ts';
import { retryAtMs } from '../../domain/retry-after.ts';

const now = Date.UTC(2026, 10, 21, 9, 0, 0);

describe('Retry-After', () => {
  test.each([
    ['seconds', { 'retry-after': ['90'] }, now + 90_000],
    ['seconds with spaces', { 'retry-after': [' 90 '] }, now + 90_000],
    ['a date', { 'retry-after': ['Sat, 21 Nov 2026 09:02:00 GMT'] }, now + 120_000],
    ['an obsolete date', { 'retry-after': ['Saturday, 21-Nov-26 09:02:00 GMT'] }, now + 120_000],
    [
      'a date by a clock that is an hour ahead',
      { 'retry-after': ['Sat, 21 Nov 2026 10:02:00 GMT'], date: ['Sat, 21 Nov 2026 10:00:00 GMT'] },
      now + 120_000,
    ],
    ['a date in the past', { 'retry-after': ['Sat, 21 Nov 2020 09:02:00 GMT'] }, now + retryAfter.minMs],
    ['zero', { 'retry-after': ['0'] }, now + retryAfter.minMs],
    ['a year', { 'retry-after': ['31536000'] }, now + retryAfter.maxMs],
    ['a number beyond all numbers', { 'retry-after': ['9'.repeat(400)] }, now + retryAfter.maxMs],
    ['nothing', {}, null],
    ['an empty header', { 'retry-after': [''] }, null],
    ['a negative number', { 'retry-after': ['-5'] }, null],
    ['a fraction', { 'retry-after': ['1.5'] }, null],
    ['words', { 'retry-after': ['in a while'] }, null],
    ['a date that is none', { 'retry-after': ['Sat, 99 Foo 2026 09:02:00 GMT'] }, null],
  ] as const)('as %s', (_form, headers, expected) => {
    expect(retryAtMs(headers, now, retryAfter)).toBe(expected);
  });
});
