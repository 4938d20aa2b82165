/** Shares and lanes: what hangs or is many leaves room for others, and nobody who waits for room is forgotten. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Behaviour, Lane, TurnOutcome } from '../../../actors/runtime/behaviour.ts';
import { createHost, type HostOptions } from '../../../actors/runtime/host.ts';
import { createShares, type Shares } from '../../../actors/runtime/shares.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { idle, manualBehaviour, turnOf } from './support.ts';

/** Actors are called `host.number`; a turn of one needs a share of its host, and lasts until the test ends it. */
function sharing(shares: Shares, atMost: number) {
  const inner = manualBehaviour();
  const crowded: string[] = [];
  const used = new Map<string, number>();
  const behaviour: Behaviour<string> = {
    async turn(id, lane, signal): Promise<TurnOutcome> {
      const [host = ''] = id.split('.');
      const taken = shares.take([{ name: host, atMost }]);
      if (taken.kind === 'full') {
        crowded.push(id);
        return { kind: 'crowded', lane, share: taken.share };
      }
      used.set(host, (used.get(host) ?? 0) + 1);
      try {
        return await inner.turn(id, lane, signal);
      } finally {
        used.set(host, (used.get(host) ?? 0) - 1);
        taken.giveBack();
      }
    },
  };
  return { behaviour, inner, crowded, used };
}

function setUp(options: Partial<HostOptions<string>> = {}, atMost = 2) {
  const clock = createFakeClock(1_000_000);
  const shares = createShares();
  const shared = sharing(shares, atMost);
  const host = createHost<string>({
    behaviour: shared.behaviour,
    shares,
    clock,
    random: () => 0,
    concurrency: { pull: 4, write: 2, sweep: 3 },
    owns: () => true,
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  return { clock, host, shares, ...shared };
}

interface Act {
  readonly kind: 'nudge' | 'end';
  readonly id: string;
  readonly lane: Lane;
}

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom('nudge', 'nudge', 'end'),
  id: fc.constantFrom('a.1', 'a.2', 'a.3', 'a.4', 'b.1', 'b.2', 'b.3', 'c.1'),
  lane: fc.constantFrom<Lane>('write', 'pull', 'sweep'),
});

test('whatever happens, no share is exceeded, and every nudge is followed by a turn that had its share', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 80, size: 'max' }), async (acts) => {
      const { host, inner, used, clock } = setUp();
      host.start();
      const owed = new Map<string, number>();
      for (const { kind, id, lane } of acts) {
        if (kind === 'nudge') {
          owed.set(`${id} ${lane}`, inner.started.length);
          host.nudge(id, lane);
        } else inner.open[0]?.end();
        await clock.settle();
        for (const count of used.values()) expect(count).toBeLessThanOrEqual(2);
        expect(inner.open.filter((turn) => turn.lane === 'sweep').length).toBeLessThanOrEqual(3);
        expect(inner.open.length).toBeLessThanOrEqual(6);
      }
      for (let k = 0; host.stats().active > 0; k += 1) {
        if (k > 200) throw new Error(`never idle: ${JSON.stringify(host.stats())}`);
        inner.open[0]?.end();
        await clock.settle();
      }
      for (const [nudge, before] of owed) expect(inner.started.slice(before)).toContain(nudge);
    }),
    { numRuns: 300, seed: 20_261_121 },
  );
});

test('a host that hangs holds its share of slots, and everybody else goes on', async () => {
  const { host, inner, clock } = setUp();
  host.start();
  for (let k = 0; k < 50; k += 1) host.nudge(`hung.${k}`, 'sweep');
  for (let k = 0; k < 50; k += 1) host.nudge(`hung.${k}`, 'write');
  await clock.settle();
  expect(inner.open).toHaveLength(2);
  for (let k = 0; k < 20; k += 1) host.nudge(`well.${k}`, 'pull');
  await clock.settle();
  for (let k = 0; k < 20; k += 1) {
    turnOf(inner, `well.${k}`).end();
    await clock.settle();
  }
  expect(inner.open.map((turn) => turn.id.split('.')[0])).toEqual(['hung', 'hung']);
});

test('who waits for room is let in one by one, in the order of coming', async () => {
  const { host, inner, clock, crowded } = setUp({}, 1);
  host.start();
  for (const id of ['a.1', 'a.2', 'a.3', 'a.4']) host.nudge(id, 'sweep');
  await clock.settle();
  expect([inner.started, crowded]).toEqual([['a.1 sweep'], ['a.2', 'a.3', 'a.4']]);
  expect(host.stats().crowded).toBe(3);
  for (const id of ['a.1', 'a.2', 'a.3', 'a.4']) {
    turnOf(inner, id).end();
    await clock.settle();
  }
  expect(inner.started).toEqual(['a.1 sweep', 'a.2 sweep', 'a.3 sweep', 'a.4 sweep']);
  // Nobody was woken in vain.
  expect(crowded).toHaveLength(3);
  expect(host.stats()).toMatchObject({ active: 0, crowded: 0 });
});

test('an actor that waits for room to read may write meanwhile', async () => {
  const shares = createShares();
  const inner = manualBehaviour();
  const behaviour: Behaviour<string> = {
    async turn(id, lane, signal) {
      const taken = shares.take([{ name: lane, atMost: 1 }]);
      if (taken.kind === 'full') return { kind: 'crowded', lane, share: taken.share };
      return inner.turn(id, lane, signal).finally(() => taken.giveBack());
    },
  };
  const { host, clock } = setUp({ behaviour, shares });
  host.start();
  host.nudge('a.1', 'pull');
  host.nudge('a.2', 'pull');
  await clock.settle();
  host.nudge('a.2', 'write');
  await clock.settle();
  expect(inner.started).toEqual(['a.1 pull', 'a.2 write']);
});

test('who was asked for is let in before what fell due by itself', async () => {
  const { host, inner, clock } = setUp({}, 1);
  host.start();
  for (const id of ['a.1', 'a.2', 'a.3']) host.nudge(id, 'sweep');
  await clock.settle();
  host.nudge('a.4', 'pull');
  host.nudge('a.3', 'write');
  await clock.settle();
  for (let k = 0; k < 5; k += 1) {
    inner.open[0]?.end();
    await clock.settle();
  }
  expect(inner.started).toEqual(['a.1 sweep', 'a.3 write', 'a.4 pull', 'a.2 sweep', 'a.3 sweep']);
});

test('who is let in and needs nothing leaves the room to the next', async () => {
  const shares = createShares();
  const inner = manualBehaviour();
  let satisfied = false;
  const behaviour: Behaviour<string> = {
    async turn(id, lane, signal) {
      if (satisfied && id === 'a.2') return idle;
      const taken = shares.take([{ name: 'a', atMost: 1 }]);
      if (taken.kind === 'full') return { kind: 'crowded', lane, share: taken.share };
      return inner.turn(id, lane, signal).finally(() => taken.giveBack());
    },
  };
  const { host, clock } = setUp({ behaviour, shares });
  host.start();
  for (const id of ['a.1', 'a.2', 'a.3']) host.nudge(id, 'sweep');
  await clock.settle();
  satisfied = true;
  turnOf(inner, 'a.1').end();
  await clock.settle();
  expect(inner.started).toEqual(['a.1 sweep', 'a.3 sweep']);
});

test('ten thousand that fell due at a restart delay neither a write nor a reading that somebody asked for', async () => {
  const { host, inner, clock } = setUp({ concurrency: { pull: 4, write: 1, sweep: 3 } }, 100);
  host.start();
  for (let k = 0; k < 10_000; k += 1) host.nudge(`due.${k}`, 'sweep');
  await clock.settle();
  host.nudge('someone.1', 'pull');
  host.nudge('someone.2', 'write');
  await clock.settle();
  expect(inner.started.slice(-2).toSorted()).toEqual(['someone.1 pull', 'someone.2 write']);
  // A slot that becomes free goes to who was asked for, not to who waits longest.
  host.nudge('someone.3', 'pull');
  turnOf(inner, 'due.0').end();
  await clock.settle();
  expect(inner.started.at(-1)).toBe('someone.3 pull');
});

test('a host that is stopped lets nobody in any more', async () => {
  const { host, inner, clock } = setUp({}, 1);
  host.start();
  for (const id of ['a.1', 'a.2']) host.nudge(id, 'sweep');
  await clock.settle();
  const stopped = host.stop();
  turnOf(inner, 'a.1').end();
  await stopped;
  await clock.settle();
  expect(inner.started).toEqual(['a.1 sweep']);
});
