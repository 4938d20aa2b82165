/** Fold and reconcile in a loop with a calendar that others edit, against a model that knows only the last wish. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, requestedHash } from '../../domain/hashes.ts';
import type { ResourceId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { ManagedEventDoc, RequestedFields } from '../../domain/managed-event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { firstGeneration, groupOf, reconcile, type Reconciled } from '../../domain/sync/reconcile.ts';
import { appId, calendarId, managed, remove, resource, upsert } from './samples.ts';

const event = { appId, calendarId, eventId: 'x' };

type Step =
  | { readonly kind: 'wish'; readonly patch: RequestedFields }
  | { readonly kind: 'unwish' }
  /** Somebody else edits, removes, or puts back the same bytes. */
  | { readonly kind: 'edited'; readonly summary: string }
  | { readonly kind: 'removed' }
  /** The actor takes a turn; it may die after the call, before anything is recorded. */
  | { readonly kind: 'turn'; readonly dies: boolean };

const patch: fc.Arbitrary<RequestedFields> = fc.record(
  { summary: fc.constantFrom('A', 'B'), url: fc.constantFrom(null, 'https://a.example') },
  { requiredKeys: [] },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wish' as const), patch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unwish' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('edited' as const), summary: fc.constantFrom('A', 'B', 'C') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removed' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const), dies: fc.boolean() }) },
);

/** What stands in the calendar: field by field, so that a wish can be compared with it without any hash of ours. */
type Standing = Readonly<Record<string, unknown>>;

const stamp = (standing: Standing): string => `seen ${canonicalJson(standing)}`;

class World {
  /** Names that were ever used, with what stands there now; null: a tombstone. */
  readonly calendar = new Map<string, Standing | null>();
  readonly calls: Reconciled['kind'][] = [];
  #intents: IntentDoc[] = [];
  #n = 0;
  #applied: ManagedEventDoc | null = null;
  #carrier: string | null = null;
  readonly #recorded = new Set<string>();
  /** The model: patches since the last removal, laid over each other. */
  wanted: Standing | null = null;

  accept(wish: RequestedFields | null): void {
    this.#n += 1;
    this.#intents.push(wish === null ? remove(this.#n) : upsert(this.#n, wish));
    this.wanted = wish === null ? null : { ...this.wanted, ...wish };
  }

  others(change: Standing | null): void {
    const standing = this.#standing();
    if (this.#carrier === null || standing === null) return;
    this.calendar.set(this.#carrier, change === null ? null : { ...standing, ...change });
  }

  #standing = (): Standing | null => (this.#carrier === null ? null : (this.calendar.get(this.#carrier) ?? null));

  #cached(): ResourceDoc | null {
    if (this.#carrier === null) return null;
    const standing = this.#standing();
    const live = standing === null ? 0 : 1;
    const observedHash = standing === null ? 'gone' : stamp(standing);
    return resource({ _id: this.#carrier as ResourceId, ref: this.#carrier, live, observedHash });
  }

  /** One group of intents and its one call; answers whether there was a call. */
  turn(dies: boolean): boolean {
    const cached = this.#cached();
    const start = { generation: this.#applied?.generation ?? firstGeneration, wanted: this.#applied?.wanted ?? null };
    const { intents, state } = groupOf(start, this.#intents, cached);
    const { generation } = start;
    const decided = reconcile({ ...event, applied: this.#applied, resource: cached, generation, state });
    this.calls.push(decided.kind);
    const before = this.#carrier;
    this.#carryOut(decided);
    if (dies) {
      // A name that the server has, and we do not know of: the next turn finds it by reading it back.
      if (decided.kind === 'create') this.#carrier = decided.name;
      else this.#carrier = before;
      return decided.kind !== 'settled';
    }
    this.#record(decided);
    this.#intents = this.#intents.filter((one) => !intents.includes(one));
    return decided.kind !== 'settled';
  }

  #carryOut(decided: Reconciled): void {
    if (decided.kind === 'create') {
      const taken = this.calendar.get(decided.name);
      // A burned name: many servers never give it back. Of a create that nobody recorded it cannot be known.
      if (taken === null && this.#recorded.has(decided.name)) throw new Error(`${decided.name} had a life before`);
      this.calendar.set(decided.name, { ...decided.wanted });
      this.#carrier = decided.name;
    }
    if (decided.kind === 'update') {
      expect(decided.resource.live).toBe(1);
      this.calendar.set(decided.resource.ref, { ...this.calendar.get(decided.resource.ref), ...decided.wanted });
    }
    if (decided.kind === 'remove') this.calendar.set(decided.resource.ref, null);
  }

  #record(decided: Reconciled): void {
    const { generation } = decided;
    const wanted = decided.kind === 'remove' ? null : decided.wanted;
    if (decided.kind === 'create') this.#recorded.add(decided.name);
    const standing = this.#standing();
    this.#applied = managed(wanted, {
      generation,
      requestedHash: wanted === null ? null : requestedHash(wanted),
      writtenHash: wanted === null || standing === null ? null : stamp(standing),
    });
  }

  play(one: Step): void {
    if (one.kind === 'wish') this.accept(one.patch);
    if (one.kind === 'unwish') this.accept(null);
    if (one.kind === 'edited') this.others({ summary: one.summary, note: 'theirs' });
    if (one.kind === 'removed') this.others(null);
    if (one.kind === 'turn') this.turn(one.dies);
  }

  /** Turns until nothing is to be done; answers how many calls that took. */
  settle(): number {
    let calls = 0;
    for (let turns = 0; turns < 20; turns += 1) {
      const called = this.turn(false);
      if (called) calls += 1;
      else if (this.#intents.length === 0) return calls;
    }
    throw new Error(`it never settles: ${this.calls.join()}`);
  }
}

const steps = fc.array(step, { maxLength: 25 });

describe('whatever applications wish, others edit, and wherever the actor dies', () => {
  test('the calendar ends with what was wished last, in one life, and nothing is left to call', () => {
    fc.assert(
      fc.property(steps, (run) => {
        const world = new World();
        for (const one of run) world.play(one);
        world.settle();
        const living = [...world.calendar.values()].filter((standing) => standing !== null);
        expect(living.length).toBe(world.wanted === null ? 0 : 1);
        if (world.wanted !== null) expect(living[0]).toMatchObject(world.wanted);
        expect(world.settle(), 'a settled event needs no call').toBe(0);
      }),
      { seed: 20_261_120, numRuns: 2_000 },
    );
  });

  test('a settled event is called for once after an edit or a removal by others, and never for a repeat', () => {
    fc.assert(
      fc.property(steps, patch, fc.boolean(), (run, last, removes) => {
        const world = new World();
        for (const one of run) world.play(one);
        world.accept({ summary: 'A', ...last });
        world.settle();
        world.accept({ ...last });
        expect(world.settle(), 'a repeat').toBe(0);
        world.others(removes ? null : { note: `again ${run.length}` });
        expect(world.settle()).toBe(1);
      }),
      { seed: 20_261_121, numRuns: 500 },
    );
  });
});
