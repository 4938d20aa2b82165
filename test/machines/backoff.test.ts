/** Backoff: grows, is capped, is spread downwards only, and stays finite whatever is asked. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoff } from '../../config/policies.ts';
import { clamp, delayOf } from '../../domain/backoff.ts';

const policy = fc
  .record({
    baseMs: fc.integer({ min: 1, max: 600_000 }),
    extraMs: fc.nat(100_000_000),
    jitter: fc.float({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ baseMs, extraMs, jitter }) => ({ baseMs, capMs: baseMs + extraMs, jitter }));
const attempt = fc.integer({ min: 1, max: 100_000 });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const runs = { numRuns: 500, seed: 20_261_120 };

test('a delay lies between the unspread delay without its random share, and the cap', () => {
  fc.assert(
    fc.property(policy, attempt, chance, (given, n, roll) => {
      const full = Math.min(given.capMs, given.baseMs * 2 ** Math.min(n - 1, 60));
      const delay = delayOf(given, n, () => roll);
      expect(delay).toBeLessThanOrEqual(given.capMs);
      expect(delay).toBeGreaterThanOrEqual(Math.floor(full * (1 - given.jitter)));
      expect(delay).toBeLessThanOrEqual(Math.ceil(full));
      expect(Number.isInteger(delay)).toBe(true);
    }),
    runs,
  );
});

test('with the same chance a later attempt never waits less', () => {
  fc.assert(
    fc.property(policy, attempt, chance, (given, n, roll) => {
      expect(delayOf(given, n + 1, () => roll)).toBeGreaterThanOrEqual(delayOf(given, n, () => roll));
    }),
    runs,
  );
});

test('without jitter it doubles up to the cap', () => {
  const plain = { baseMs: 1_000, capMs: 10_000, jitter: 0 };
  expect([1, 2, 3, 4, 5, 6].map((n) => delayOf(plain, n, () => 0.9))).toEqual([
    1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

test('an attempt that makes no sense counts as the first, and a huge one as the cap', () => {
  const plain = { baseMs: 1_000, capMs: 10_000, jitter: 0 };
  expect([0, -5, 0.5, Number.MAX_SAFE_INTEGER].map((n) => delayOf(plain, n, () => 0))).toEqual([
    1_000, 1_000, 1_000, 10_000,
  ]);
});

test('the probes of a quarantine go from five minutes to six hours, as the design says', () => {
  expect(delayOf(backoff.probe, 1, () => 0)).toBe(5 * 60_000);
  expect(delayOf(backoff.probe, 20, () => 0)).toBe(6 * 3_600_000);
});

test('a clamped value is the nearest inside the bounds', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), fc.nat(), (value, min, width) => {
      const clamped = clamp(value, min, min + width);
      expect(clamped).toBeGreaterThanOrEqual(min);
      expect(clamped).toBeLessThanOrEqual(min + width);
      if (value >= min && value <= min + width) expect(clamped).toBe(value);
    }),
    runs,
  );
});
