/** A model reader that polls `last_modified=changes_since` after each notification it gets ends with the same calendar, whatever fails. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { InFlight, SubscriberDoc } from '../../domain/channel.ts';
import type { ProfileId } from '../../domain/ids.ts';
import { netOf } from '../../domain/notification/net.ts';
import { acknowledged, failed, planned, standsAlready } from '../../domain/notification/outcome.ts';
import { needsNet, plan } from '../../domain/notification/plan.ts';
import { noMarks, relevant, type CommitHeader } from '../../domain/notification/relevance.ts';
import { newChannel } from '../../domain/notification/subscriber.ts';
import { notificationBody } from '../../domain/notification/wire.ts';
import { asChannelId } from '../../domain/ids.ts';
import {
  accountId,
  appId,
  commit,
  deliveryId,
  everything,
  home,
  policy as usual,
  put,
  removed,
  work,
} from './samples.ts';

/** Gives up after two minutes, so that runs of a few minutes meet it. */
const policy = { ...usual, retryForMs: 120_000 };

interface ModelEvent {
  readonly version: number;
  readonly deleted: boolean;
  readonly updatedMs: number;
}

/** What becomes of an attempt: seen by the reader or not, and whether we learn of it. */
type Fate = 'accepted' | 'refused' | 'seen but refused' | 'seen, then we crash' | 'unseen, then we crash';

type Step =
  | {
      readonly kind: 'change';
      readonly profile: ProfileId;
      readonly key: string;
      readonly what: 'put' | 'removed' | 'observed' | 'own';
    }
  | { readonly kind: 'project'; readonly profile: ProfileId; readonly count: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'look'; readonly fate: Fate };

/** Kalends, the application and the clock in one: the log, its projection, the subscriber and the reader's mirror. */
class World {
  nowMs = 1_000_000_000;
  notifications = 0;
  readonly #skewMs: ReadonlyMap<ProfileId, number>;
  readonly #log = new Map<ProfileId, CommitHeader[]>([
    [work, []],
    [home, []],
  ]);
  readonly #projected = new Map<ProfileId, number>([
    [work, 0],
    [home, 0],
  ]);
  readonly #events = new Map<string, ModelEvent>();
  readonly #mirror = new Map<string, Pick<ModelEvent, 'version' | 'deleted'>>();
  #deliveries = 0;
  #frozen: InFlight | null = null;
  subscriber: SubscriberDoc;

  constructor(skewMs: number) {
    this.#skewMs = new Map([
      [work, 0],
      [home, skewMs],
    ]);
    const request = {
      channelId: asChannelId('chn_1'),
      appId,
      accountId,
      callbackUrl: 'https://a.example',
      filters: everything,
    };
    this.subscriber = newChannel(request, [], this.nowMs);
  }

  change(profile: ProfileId, key: string, what: 'put' | 'removed' | 'observed' | 'own'): void {
    const log = this.#log.get(profile) ?? [];
    const atMs = Math.max(log.at(-1)?.atMs ?? 0, this.nowMs + (this.#skewMs.get(profile) ?? 0));
    const name = `${profile}/${key}`;
    const change = what === 'removed' ? removed(name) : put(name, what !== 'observed');
    log.push(commit(log.length + 1, atMs, [change], { profileId: profile, cause: what === 'own' ? 'write' : 'pull' }));
  }

  project(profile: ProfileId, count: number): void {
    const from = this.#projected.get(profile) ?? 0;
    for (const one of (this.#log.get(profile) ?? []).slice(from, from + count)) {
      this.#projected.set(profile, one.seq);
      const [change] = one.changes;
      if (change?.kind !== 'resource_put' && change?.kind !== 'resource_removed') continue;
      if (change.kind === 'resource_put' && !change.differs) continue;
      const deleted = change.kind === 'resource_removed';
      this.#events.set(change.resourceId, { version: one.seq, deleted, updatedMs: one.atMs });
      // What the application wrote itself it knows from the receipt.
      if (one.cause === 'write') this.#mirror.set(change.resourceId, { version: one.seq, deleted });
    }
  }

  /** As the courier does: plans are carried out until nothing is due, at most one attempt with a given fate. */
  look(fate: Fate): void {
    for (;;) {
      const net = netOf(this.#untold(), this.subscriber, noMarks);
      const facts = { net: needsNet(this.subscriber) ? net : { ...net, span: null, through: {}, notices: [] } };
      const next = plan(
        this.subscriber,
        { ...facts, deliveryId: deliveryId((this.#deliveries += 1)) },
        this.nowMs,
        policy,
      );
      if (standsAlready(this.subscriber, next)) return;
      if (next.kind === 'wait' && next.pendingSinceMs !== null) {
        expect(next.dueAtMs).toBeLessThanOrEqual(next.pendingSinceMs + policy.maxDelayMs);
      }
      if (next.kind === 'freeze') this.#checkFrozen(next.inFlight);
      this.subscriber = planned(this.subscriber, next);
      if (next.kind === 'wait') return;
      if (next.kind === 'attempt') return this.#attempt(next.inFlight, fate);
    }
  }

  #checkFrozen(inFlight: InFlight): void {
    this.#frozen = inFlight;
    if (inFlight.notification !== 'change') return;
    const covered = this.#untold().commits.filter((one) => one.seq <= (inFlight.through[one.profileId] ?? 0));
    const counts = covered.some((one) => one.changes.some((change) => relevant(change, one, everything, noMarks)));
    expect(counts, 'a notification tells of a change that did happen').toBe(true);
  }

  #attempt(inFlight: InFlight, fate: Fate): void {
    const told = ({ notification, changesSinceMs, through, deliveryId: id }: InFlight) => ({
      notification,
      changesSinceMs,
      through,
      id,
    });
    expect(told(inFlight), 'every attempt is of what was frozen').toEqual(
      this.#frozen === null ? null : told(this.#frozen),
    );
    if (fate !== 'refused' && fate !== 'unseen, then we crash') this.#read(notificationBody(inFlight, this.subscriber));
    if (fate === 'accepted') this.subscriber = acknowledged(this.subscriber, inFlight, this.nowMs);
    if (fate === 'refused' || fate === 'seen but refused') {
      const failure = { error: fate, retryAtMs: this.nowMs + 10_000 };
      this.subscriber = failed(this.subscriber, inFlight, failure, this.nowMs, policy);
    }
  }

  #read(body: string): void {
    this.notifications += 1;
    const { changes_since: since } = (JSON.parse(body) as { notification: { changes_since?: string } }).notification;
    if (since === undefined) return;
    for (const [name, { version, deleted, updatedMs }] of this.#events) {
      if (updatedMs >= Date.parse(since)) this.#mirror.set(name, { version, deleted });
    }
  }

  #untold() {
    const commits: CommitHeader[] = [];
    const through: Record<ProfileId, number> = {};
    for (const [profile, log] of this.#log) {
      const from = this.subscriber.told[profile] ?? 0;
      const to = this.#projected.get(profile) ?? 0;
      if (to > from) through[profile] = to;
      commits.push(...log.slice(from, to));
    }
    return { commits, through, more: false };
  }

  /** The faults are over: everything is projected, the endpoint is well, time passes. */
  calmDown(): void {
    for (const profile of [work, home]) this.project(profile, Number.POSITIVE_INFINITY);
    for (let k = 0; k < 20; k += 1) {
      this.nowMs += policy.maxDelayMs;
      this.look('accepted');
    }
  }

  mirror = () => Object.fromEntries(this.#mirror);
  calendar = () =>
    Object.fromEntries([...this.#events].map(([name, { version, deleted }]) => [name, { version, deleted }]));
}

function carryOut(world: World, steps: readonly Step[]): void {
  for (const step of steps) {
    if (step.kind === 'change') world.change(step.profile, step.key, step.what);
    if (step.kind === 'project') world.project(step.profile, step.count);
    if (step.kind === 'pass') world.nowMs += step.ms;
    if (step.kind === 'look') world.look(step.fate);
  }
}

const profile = fc.constantFrom(work, home);
const fates: readonly Fate[] = [
  'accepted',
  'refused',
  'seen but refused',
  'seen, then we crash',
  'unseen, then we crash',
];
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('change' as const),
    profile,
    key: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('put' as const, 'removed' as const, 'observed' as const, 'own' as const),
  }),
  fc.record({ kind: fc.constant('project' as const), profile, count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  fc.record({ kind: fc.constant('look' as const), fate: fc.constantFrom(...fates) }),
);
const steps = fc.array(step, { maxLength: 120 });
const skew = fc.constantFrom(0, 700, -700, 45_000, -45_000, 600_000);

describe('a reader that polls from changes_since after each notification', () => {
  it('has the same calendar once the faults are over, as long as nothing was given up', () => {
    fc.assert(
      fc.property(skew, steps, (skewMs, run) => {
        const world = new World(skewMs);
        carryOut(world, run);
        world.calmDown();
        fc.pre(world.subscriber.givenUp === undefined);
        expect(world.mirror()).toEqual(world.calendar());
      }),
      { numRuns: 1_500, seed: 7 },
    );
  });

  it('has it after the next change, whatever was given up before', () => {
    let gaveUp = 0;
    fc.assert(
      fc.property(skew, steps, profile, (skewMs, run, last) => {
        const world = new World(skewMs);
        carryOut(world, run);
        // Down for longer than a notification is retried.
        for (let k = 0; k < 12; k += 1)
          carryOut(world, [
            { kind: 'pass', ms: 15_000 },
            { kind: 'look', fate: 'refused' },
          ]);
        if (world.subscriber.givenUp !== undefined) gaveUp += 1;
        world.calmDown();
        world.change(last, 'last', 'put');
        world.calmDown();
        expect(world.mirror()).toEqual(world.calendar());
        expect(world.subscriber).toMatchObject({ open: 1, inFlight: null, pendingSinceMs: null });
      }),
      { numRuns: 1_500, seed: 11 },
    );
    expect(gaveUp, 'runs in which something was given up').toBeGreaterThan(100);
  });

  it('is not told anything by own writes and observations alone', () => {
    const silent = step.filter((one) => one.kind !== 'change' || one.what === 'own' || one.what === 'observed');
    fc.assert(
      fc.property(skew, fc.array(silent, { maxLength: 60 }), (skewMs, run) => {
        const world = new World(skewMs);
        world.look('accepted');
        expect(world.notifications, 'the verification').toBe(1);
        carryOut(world, run);
        world.calmDown();
        expect(world.notifications).toBe(1);
      }),
      { numRuns: 300, seed: 13 },
    );
  });
});
