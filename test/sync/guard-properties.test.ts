/** The guard over days: whatever a server claims, and when, an independent book of removals keeps within the rule. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { guard } from '../../config/policies.ts';
import type { ResourceId } from '../../domain/ids.ts';
import type { Evidence } from '../../domain/resource.ts';
import type { RemovalTally } from '../../domain/sync/checkpoint.ts';
import { guardRemovals, type Nomination } from '../../domain/sync/guard.ts';

const proof: Evidence = { kind: 'tombstone', request: 'REPORT', status: 404, atMs: 0 };

/** A page that nominates so many with evidence and so many without, after so long, after so many additions. */
interface Page {
  readonly proved: number;
  readonly absent: number;
  readonly waitMs: number;
  readonly added: number;
}

const page: fc.Arbitrary<Page> = fc.record({
  proved: fc.oneof(fc.nat(6), fc.nat(80)),
  absent: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(5)),
  waitMs: fc.oneof(fc.nat(60_000), fc.nat(8 * 3_600_000), fc.constant(guard.windowMs), fc.constant(guard.windowMs - 1)),
  added: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(40)),
});

const nominationsOf = ({ proved, absent }: Page, live: number): Nomination[] =>
  Array.from({ length: Math.min(proved + absent, live) }, (_, k) => ({
    resourceId: `rsc_${k}` as ResourceId,
    ref: `${k}.ics`,
    reason: k < proved ? 'tombstone' : 'absent',
    evidence: k < proved ? proof : null,
  }));

test('in every rolling day, no more is believed than the floor or the share of what was there, and never all', () => {
  let believedOnce = 0;
  let refusedOnce = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), fc.array(page, { maxLength: 40 }), (size, pages) => {
      const book: { readonly atMs: number; readonly count: number }[] = [];
      let nowMs = 1_800_000_000_000;
      let live = size;
      let tally: readonly RemovalTally[] = [];
      for (const one of pages) {
        nowMs += one.waitMs;
        live += one.added;
        const nominations = nominationsOf(one, live);
        const decision = guardRemovals({
          nominations,
          liveCount: live,
          tally,
          nowMs,
          numbers: guard,
          breakerHolds: false,
        });
        tally = decision.tally;
        const { believed, held, suspicious } = decision;
        expect(believed.length + held.length).toBe(nominations.length);
        for (const removal of believed) expect(removal.evidence).not.toBeNull();
        // The book knows nothing of tallies: it adds up what was believed within the day before.
        const lately = book.filter((entry) => entry.atMs > nowMs - guard.windowMs);
        const counted = lately.reduce((sum, entry) => sum + entry.count, 0);
        const allowance = Math.max(guard.removalsFloor, Math.floor((live + counted) * guard.removalsShare));
        const fits = counted + nominations.length <= allowance && nominations.length < live;
        if (believed.length > 0) expect(counted + believed.length).toBeLessThanOrEqual(allowance);
        // … and not more timid than it says: what fits and is proved is believed at once.
        expect(suspicious).toBe(nominations.length > 0 && !fits);
        if (fits) expect(believed.length).toBe(nominations.filter((removal) => removal.evidence !== null).length);
        if (believed.length > 0) book.push({ atMs: nowMs, count: believed.length });
        live -= believed.length;
        expect(live).toBeGreaterThan(0);
        believedOnce += believed.length > 0 ? 1 : 0;
        refusedOnce += suspicious ? 1 : 0;
      }
    }),
    { seed: 20_261_120, numRuns: 500 },
  );
  expect([believedOnce > 500, refusedOnce > 500]).toEqual([true, true]);
});

test('a page is decided alike whatever order it comes in', () => {
  const cases = fc.tuple(page, fc.integer({ min: 1, max: 200 }), fc.nat(30));
  fc.assert(
    fc.property(cases, fc.infiniteStream(fc.nat()), ([one, live, counted], keys) => {
      const nominations = nominationsOf(one, live);
      const keyed = nominations.map((nomination) => ({ nomination, key: keys.next().value ?? 0 }));
      const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ nomination }) => nomination);
      const decide = (many: readonly Nomination[]) => {
        const tally = [{ atMs: 1, count: counted }];
        const { believed, held, suspicious } = guardRemovals({
          nominations: many,
          liveCount: live,
          breakerHolds: false,
          tally,
          nowMs: 2,
          numbers: guard,
        });
        const refs = (list: readonly Nomination[]) => list.map(({ ref }) => ref).sort();
        return { believed: refs(believed), held: refs(held), suspicious };
      };
      expect(decide(shuffled)).toEqual(decide(nominations));
    }),
    { seed: 20_261_121, numRuns: 200 },
  );
});
