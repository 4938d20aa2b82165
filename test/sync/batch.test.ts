/** Batches of a multiget: as large as a server answers in the time that a write may wait. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextBatch, type BatchNumbers } from '../../domain/sync/batch.ts';

const numbers: BatchNumbers = { start: 100, min: 10, max: 500, targetMs: 3_000 };

/** The sizes asked for, until everything was. */
function played(
  resources: number,
  msOf: (asked: number) => number,
): { readonly asked: number[]; readonly longest: number } {
  const asked: number[] = [];
  let batch = numbers.start;
  let longest = 0;
  for (let left = resources; left > 0;) {
    const now = Math.min(left, batch);
    asked.push(now);
    // What the first took could not be known.
    if (asked.length > 1) longest = Math.max(longest, msOf(now));
    batch = nextBatch(batch, now, msOf(now), numbers);
    left -= now;
  }
  return { asked, longest };
}

test('grow to the most on a server that is quick', () => {
  expect(played(2_000, (asked) => asked * 2).asked).toEqual([100, 200, 400, 500, 500, 300]);
});

test('settle where a slow server needs the time aimed at', () => {
  const { asked } = played(500, (one) => one * 34);
  expect(asked.slice(0, 3)).toEqual([100, 88, 88]);
});

test('shrink at once on a server that becomes slow, to a floor', () => {
  expect(nextBatch(500, 500, 30_000, numbers)).toBe(50);
  expect(nextBatch(500, 500, 3_000_000, numbers)).toBe(10);
});

test('are not changed by a small question that was answered in time', () => {
  expect(nextBatch(88, 1, 1, numbers)).toBe(88);
  expect(nextBatch(88, 1, 2_999, numbers)).toBe(88);
});

test('stay within their bounds, and a steady server is never asked for more than fits after the first', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3_000 }),
      fc.double({ min: 0.01, max: 250, noNaN: true }),
      (resources, perRef) => {
        const { asked, longest } = played(resources, (one) => one * perRef);
        expect(Math.max(...asked)).toBeLessThanOrEqual(numbers.max);
        expect(longest).toBeLessThanOrEqual(numbers.targetMs + 2 * perRef);
      },
    ),
  );
});
