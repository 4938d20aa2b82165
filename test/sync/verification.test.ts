/** Sampling held removals: each batch reaches over all that are due, and all are asked for in the end. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ResourceId } from '../../domain/ids.ts';
import type { HeldRemoval } from '../../domain/sync/checkpoint.ts';
import { nextToVerify } from '../../domain/sync/verification.ts';

const nowMs = 1_800_000_000_000;
const held = (count: number, nextCheckAtMs = nowMs): HeldRemoval[] =>
  Array.from({ length: count }, (_, k) => ({
    resourceId: `rsc_${k}` as ResourceId,
    ref: `e${k}.ics`,
    reason: 'absent',
    sinceMs: 0,
    checks: 0,
    nextCheckAtMs,
    suspicious: true,
  }));
const refs = (some: readonly HeldRemoval[]): string[] => some.map((one) => one.ref);

test('the first batch reaches from the first to the last of them', () => {
  expect(refs(nextToVerify(held(101), 5, nowMs))).toEqual(['e0.ics', 'e25.ics', 'e50.ics', 'e75.ics', 'e100.ics']);
  expect(refs(nextToVerify(held(3), 2, nowMs))).toEqual(['e0.ics', 'e2.ics']);
  expect(refs(nextToVerify(held(3), 1, nowMs))).toEqual(['e0.ics']);
});

test('what is not due is not asked for, and counts for no distance', () => {
  const mixed = [...held(10, nowMs + 1), ...held(3)];
  expect(refs(nextToVerify(mixed, 2, nowMs))).toEqual(['e0.ics', 'e2.ics']);
  expect(nextToVerify(held(10, nowMs + 1), 2, nowMs)).toEqual([]);
});

test('a part of them that lies together and is wider than a distance is always met', () => {
  const sizes = fc.record({ count: fc.integer({ min: 1, max: 500 }), max: fc.integer({ min: 2, max: 30 }) });
  fc.assert(
    fc.property(sizes, fc.nat(), ({ count, max }, place) => {
      const all = held(count);
      const width = Math.min(count, Math.ceil(count / (max - 1)) + 1);
      const from = place % (count - width + 1);
      const part = new Set(refs(all.slice(from, from + width)));
      expect(refs(nextToVerify(all, max, nowMs)).some((ref) => part.has(ref))).toBe(true);
    }),
    { seed: 20_261_120, numRuns: 300 },
  );
});

test('every batch is full while it can be, and nobody is forgotten', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 30 }), (count, max) => {
      let left = held(count);
      for (let batches = 0; left.length > 0; batches += 1) {
        expect(batches).toBeLessThan(Math.ceil(count / max));
        const asked = new Set(refs(nextToVerify(left, max, nowMs)));
        expect(asked.size).toBe(Math.min(max, left.length));
        left = left.filter((one) => !asked.has(one.ref));
      }
    }),
    { seed: 20_261_121, numRuns: 100 },
  );
});
