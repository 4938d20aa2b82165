/** The guard: absence is never believed, and no more tombstones than a person is likely to make. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { guard } from '../../config/policies.ts';
import type { ResourceId } from '../../domain/ids.ts';
import type { Evidence } from '../../domain/resource.ts';
import type { RemovalTally } from '../../domain/sync/checkpoint.ts';
import { guardRemovals, isPlausible, type Nomination } from '../../domain/sync/guard.ts';

const nowMs = 1_800_000_000_000;
const proof: Evidence = { kind: 'tombstone', request: 'REPORT', status: 404, atMs: nowMs };

const nominations = (count: number, evidence: Evidence | null = proof): Nomination[] =>
  Array.from({ length: count }, (_, k) => ({
    resourceId: `rsc_${k}` as ResourceId,
    ref: `${k}.ics`,
    reason: evidence === null ? 'absent' : 'tombstone',
    evidence,
  }));

const decide = (many: readonly Nomination[], liveCount: number, tally: readonly RemovalTally[] = []) =>
  guardRemovals({ nominations: many, liveCount, tally, breakerHolds: false, nowMs, numbers: guard });

test('a few tombstones are believed', () => {
  const { believed, held, suspicious, tally } = decide(nominations(5), 40);
  expect([believed.length, held.length, suspicious]).toEqual([5, 0, false]);
  expect(tally).toEqual([{ atMs: nowMs, count: 5 }]);
});

test('a tenth of a large calendar is believed, one more is not', () => {
  expect(decide(nominations(100), 1_000).believed).toHaveLength(100);
  expect(decide(nominations(101), 1_000)).toMatchObject({ believed: [], suspicious: true });
});

test('all that a calendar holds is never believed, however little it is', () => {
  expect(decide(nominations(1), 1)).toMatchObject({ believed: [], suspicious: true });
});

test('absence is held, however little it is', () => {
  expect(decide(nominations(1, null), 1_000)).toMatchObject({ believed: [], suspicious: false });
  expect(decide(nominations(1, null), 1_000).held).toHaveLength(1);
});

test('small steps do not slip past within a day', () => {
  const tally = [{ atMs: nowMs - 3_600_000, count: 5 }];
  expect(decide(nominations(1), 20, tally).believed).toEqual([]);
  const yesterday = [{ atMs: nowMs - guard.windowMs, count: 5 }];
  expect(decide(nominations(1), 20, yesterday)).toMatchObject({ suspicious: false, tally: [{ count: 1 }] });
});

test('nothing nominated is nothing decided', () => {
  expect(decide([], 10)).toEqual({ believed: [], held: [], tally: [], suspicious: false });
});

test('however a calendar is emptied, within a day no more than the allowance goes unverified', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 30 }),
      (size, pages) => {
        let live = size;
        let tally: readonly RemovalTally[] = [];
        for (const page of pages) {
          const decision = decide(nominations(Math.min(page, live)), live, tally);
          tally = decision.tally;
          live -= decision.believed.length;
          expect(decision.believed.length + decision.held.length).toBe(Math.min(page, live + decision.believed.length));
        }
        expect(size - live).toBeLessThanOrEqual(Math.max(guard.removalsFloor, Math.floor(size * guard.removalsShare)));
        expect(live).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300, seed: 20_261_120 },
  );
});

test.each([
  [0, 0, true],
  [1, 0, true],
  [1, 1, false],
  [5, 5, false],
  [40, 5, true],
  [40, 6, false],
  [1_000, 100, true],
  [1_000, 101, false],
])('of %i that are known a listing that lacks %i may be complete: %s', (known, lacking, plausible) => {
  expect(isPlausible(known, lacking, guard)).toBe(plausible);
});
