/** Diff against a model that knows only what a reader would see of each resource, over any run of answers. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNormalise } from '../../domain/normalise.ts';
import type { Observation, ResourceDoc } from '../../domain/resource.ts';
import { diff } from '../../domain/sync/diff.ts';
import { calendarId, resource } from './samples.ts';

const normalise = createNormalise();

/** What one answer shows of one resource: `seen` is what a reader sees, `stamp` what he does not. */
interface Shown {
  readonly ref: string;
  readonly seen: number;
  readonly stamp: number;
  readonly etag: 'none' | 'honest' | 'always the same' | 'weak';
  readonly scheduleTag: string | null;
}

const shown: fc.Arbitrary<Shown> = fc.record({
  ref: fc.constantFrom('a.ics', 'b.ics', 'c.ics'),
  seen: fc.nat(2),
  stamp: fc.nat(2),
  etag: fc.constantFrom('none' as const, 'honest' as const, 'always the same' as const, 'weak' as const),
  scheduleTag: fc.constantFrom(null, '"s1"', '"s2"'),
});

const etagOf = ({ etag, seen, stamp }: Shown): string | null => {
  if (etag === 'none') return null;
  if (etag === 'always the same') return '"0"';
  return `${etag === 'weak' ? 'W/' : ''}"${seen}-${stamp}"`;
};

/** The order of the properties, DTSTAMP and SEQUENCE follow `stamp`; the summary and the start follow `seen`. */
function bodyOf({ ref, seen, stamp }: Shown): string {
  const visible = [`SUMMARY:version ${seen}`, `DTSTART:2026112${seen}T090000Z`];
  const hidden = [`DTSTAMP:2026110${stamp + 1}T000000Z`, `SEQUENCE:${stamp}`, `UID:${ref}`];
  const lines = stamp % 2 === 0 ? [...visible, ...hidden] : [...hidden.toReversed(), ...visible.toReversed()];
  return ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', ...lines, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
}

const observationOf = (one: Shown): Observation => ({
  ref: one.ref,
  etag: etagOf(one),
  scheduleTag: one.scheduleTag,
  body: bodyOf(one),
  format: 'icalendar',
});

type Step =
  | { readonly kind: 'answer'; readonly rows: readonly Shown[] }
  | { readonly kind: 'removed'; readonly ref: string }
  /** The normaliser became another: hashes in the cache are of the old one. */
  | { readonly kind: 'upgrade' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), rows: fc.array(shown, { maxLength: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('removed' as const), ref: fc.constantFrom('a.ics', 'b.ics') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('upgrade' as const) }) },
);

/** The cache as the actor keeps it, and beside it what readers were told. */
class World {
  version = 1;
  readonly cached = new Map<string, ResourceDoc>();
  /** What a reader has been told last of each resource; absent: nothing, or that it is gone. */
  readonly told = new Map<string, number>();

  answer(rows: readonly Shown[]): ReturnType<typeof diff> {
    const changes = diff({
      calendarId,
      cached: this.cached,
      observations: rows.map(observationOf),
      normalise,
      normaliserVersion: this.version,
    });
    for (const change of changes) {
      const { ref, etag, scheduleTag, body, observedHash, normaliser, resourceId } = change;
      const stored = { ref, etag, scheduleTag, body, observedHash, normaliser };
      this.cached.set(ref, resource({ _id: resourceId, ...stored, live: 1 }));
    }
    return changes;
  }

  play(one: Step): void {
    if (one.kind === 'upgrade') {
      this.version += 1;
      for (const [ref, doc] of this.cached) this.cached.set(ref, { ...doc, observedHash: `old ${doc.observedHash}` });
    } else if (one.kind === 'removed') {
      const doc = this.cached.get(one.ref);
      if (doc !== undefined) this.cached.set(one.ref, { ...doc, live: 0 });
      this.told.delete(one.ref);
    } else {
      const changes = this.answer(one.rows);
      const last = new Map(one.rows.map((row) => [row.ref, row]));
      const differing = changes.filter((change) => change.differs).map((change) => change.ref);
      // The model: a change is told if and only if a reader would see something else than what he was told.
      const expected = [...last.values()].filter((row) => this.told.get(row.ref) !== row.seen).map((row) => row.ref);
      expect(differing.toSorted()).toEqual(expected.toSorted());
      for (const row of last.values()) this.told.set(row.ref, row.seen);
      expect(new Set(changes.map((change) => change.ref)).size).toBe(changes.length);
      for (const change of changes) expect(last.has(change.ref)).toBe(true);
      this.#agreesWith([...last.values()]);
    }
  }

  /** What cannot be told from the cache by stamp or body needs no record; everything else is kept as it was shown. */
  #agreesWith(rows: readonly Shown[]): void {
    for (const row of rows) {
      const doc = this.cached.get(row.ref);
      const { etag, scheduleTag, body } = observationOf(row);
      expect([doc?.live, doc?.etag, doc?.scheduleTag, doc?.normaliser]).toEqual([1, etag, scheduleTag, this.version]);
      if (etag === null) expect(doc?.body).toBe(body);
      expect(doc?.observedHash).toBe(normalise('icalendar', body).observedHash);
    }
    expect(this.answer(rows), 'the same answer again tells nothing').toEqual([]);
  }
}

describe('whatever a server answers, and in whatever order', () => {
  test('a reader is told of what he sees, once, and the cache is what was shown last', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const world = new World();
        for (const one of steps) world.play(one);
      }),
      { seed: 20_261_120, numRuns: 600 },
    );
  });

  test('an answer in two parts leaves what it leaves in one', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 6 }),
        fc.array(shown, { maxLength: 8 }),
        fc.nat(8),
        (before, rows, cut) => {
          const [whole, parts] = [new World(), new World()];
          for (const one of before) for (const world of [whole, parts]) world.play(one);
          whole.answer(rows);
          parts.answer(rows.slice(0, cut));
          parts.answer(rows.slice(cut));
          // With an etag that says nothing, which of two equal-looking bodies is kept depends on the parts.
          const kept = ({ cached }: World) =>
            Object.fromEntries(
              [...cached].map(([ref, { observedHash, etag, live }]) => [ref, { observedHash, etag, live }]),
            );
          expect(kept(parts)).toEqual(kept(whole));
        },
      ),
      { seed: 20_261_121, numRuns: 400 },
    );
  });
});
