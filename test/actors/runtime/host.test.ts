/** The host: single-threaded turns, coalescing, lanes, fairness, failures, stopping, and nothing left behind. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Behaviour, Lane } from '../../../actors/runtime/behaviour.ts';
import { createHost, type FailedTurn, type Host, type HostOptions } from '../../../actors/runtime/host.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { idle, manualBehaviour, more, turnOf } from './support.ts';

function setUp(options: Partial<HostOptions<string>> = {}) {
  const clock = createFakeClock(1_000_000);
  const behaviour = manualBehaviour();
  const reported: FailedTurn<string>[] = [];
  const host: Host<string> = createHost<string>({
    behaviour,
    clock,
    random: () => 0,
    concurrency: { pull: 2, write: 1 },
    owns: () => true,
    onError: (_, turn) => void reported.push(turn),
    ...options,
  });
  return { clock, behaviour, host, reported };
}

test('a nudge starts a turn, but never inside the stack of whoever nudged', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  host.nudge('a', 'pull');
  expect(behaviour.started).toEqual([]);
  await clock.settle();
  expect(behaviour.started).toEqual(['a pull']);
});

test('nothing runs before the start, and what was nudged before runs after it', async () => {
  const { host, behaviour, clock } = setUp();
  host.nudge('a', 'pull');
  await clock.settle();
  expect(behaviour.started).toEqual([]);
  host.start();
  await clock.settle();
  expect(behaviour.started).toEqual(['a pull']);
});

test('turns of one actor never overlap, not even in different lanes', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  host.nudge('a', 'pull');
  await clock.settle();
  host.nudge('a', 'write');
  host.nudge('a', 'pull');
  await clock.settle();
  expect(behaviour.open).toHaveLength(1);
  turnOf(behaviour, 'a').end();
  await clock.settle();
  expect(behaviour.open.map(({ lane }) => lane)).toEqual(['write']);
  turnOf(behaviour, 'a').end();
  await clock.settle();
  expect(behaviour.started).toEqual(['a pull', 'a write', 'a pull']);
});

test('a thousand nudges of a waiting actor cause one turn, and a thousand during it cause one more', async () => {
  const { host, behaviour, clock } = setUp();
  for (let n = 0; n < 1_000; n += 1) host.nudge('a', 'pull');
  host.start();
  await clock.settle();
  for (let n = 0; n < 1_000; n += 1) host.nudge('a', 'pull');
  turnOf(behaviour, 'a').end();
  await clock.settle();
  turnOf(behaviour, 'a').end();
  await host.idle();
  expect(behaviour.started).toEqual(['a pull', 'a pull']);
});

test('a thousand nudges of a waiting actor wait as one, and cause one turn', async () => {
  const { host, behaviour, clock } = setUp();
  for (let n = 0; n < 1_000; n += 1) host.nudge('a', n % 2 === 0 ? 'pull' : 'write');
  expect(host.stats().queued).toEqual({ pull: 1, write: 1, sweep: 0 });
  host.start();
  await clock.settle();
  turnOf(behaviour, 'a').end();
  await clock.settle();
  turnOf(behaviour, 'a').end();
  await host.idle();
  expect(behaviour.started).toEqual(['a write', 'a pull']);
});

test('a thousand slow pulls never delay a write', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  for (let n = 0; n < 1_000; n += 1) host.nudge(`slow-${n}`, 'pull');
  await clock.settle();
  expect(behaviour.open).toHaveLength(2);
  host.nudge('urgent', 'write');
  await clock.settle();
  expect(turnOf(behaviour, 'urgent').lane).toBe('write');
});

test('pulls never use the slots of writes', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  for (const id of ['a', 'b', 'c', 'd']) host.nudge(id, 'pull');
  await clock.settle();
  expect(host.stats().running).toEqual({ pull: 2, write: 0, sweep: 0 });
  expect(behaviour.open.map(({ id }) => id)).toEqual(['a', 'b']);
});

test('writes use pull slots that no pull waits for, and give them back one turn later', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) host.nudge(id, 'write');
  await clock.settle();
  expect(host.stats().running).toEqual({ pull: 0, write: 3, sweep: 0 });
  host.nudge('p', 'pull');
  host.nudge('q', 'pull');
  turnOf(behaviour, 'a').end();
  await clock.settle();
  expect(host.stats().running).toEqual({ pull: 1, write: 2, sweep: 0 });
  turnOf(behaviour, 'b').end();
  await clock.settle();
  expect(host.stats().running).toEqual({ pull: 2, write: 1, sweep: 0 });
  expect(host.stats().queued).toEqual({ pull: 0, write: 3, sweep: 0 });
});

test('an actor with more to do goes to the back of its queue', async () => {
  const clock = createFakeClock(0);
  const order: string[] = [];
  const left: Record<string, number> = { a: 3, b: 2, c: 1 };
  const behaviour: Behaviour<string> = {
    async turn(id) {
      order.push(id);
      left[id] = (left[id] ?? 0) - 1;
      return (left[id] ?? 0) > 0 ? more('pull') : idle;
    },
  };
  const { host } = setUp({ clock, behaviour, concurrency: { pull: 1, write: 1 } });
  for (const id of ['a', 'b', 'c']) host.nudge(id, 'pull');
  host.start();
  await host.idle();
  expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
});

test('an actor may go on in the other lane', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  host.nudge('a', 'pull');
  await clock.settle();
  turnOf(behaviour, 'a').end(more('write'));
  await clock.settle();
  expect(turnOf(behaviour, 'a').lane).toBe('write');
});

test('an actor without end does not keep timers and sockets from running', async () => {
  const { host, clock } = setUp({ behaviour: { turn: async () => more('pull') } });
  host.start();
  host.nudge('endless', 'pull');
  // Would never resolve if turns followed each other without a breath: this very callback needs the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  expect(host.stats().turns).toBeGreaterThan(0);
  await host.stop();
  await clock.settle();
  expect(host.stats().active).toBe(0);
});

test('a turn that throws is reported and tried again by a growing, bounded backoff', async () => {
  const retry = { baseMs: 1_000, capMs: 4_000, jitter: 0 };
  const { host, behaviour, clock, reported } = setUp({ retry });
  host.start();
  host.nudge('a', 'pull');
  for (const waitMs of [1_000, 2_000, 4_000, 4_000]) {
    await clock.settle();
    turnOf(behaviour, 'a').fail(new Error('the store is down'));
    await clock.advance(waitMs - 1);
    expect(behaviour.open).toHaveLength(0);
    await clock.advance(1);
  }
  expect(reported.map(({ failures, retryInMs }) => [failures, retryInMs])).toEqual([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 4_000],
  ]);
  turnOf(behaviour, 'a').end();
  await clock.settle();
  host.nudge('a', 'pull');
  await clock.settle();
  turnOf(behaviour, 'a').fail(new Error('again'));
  await clock.settle();
  expect(reported.at(-1)).toMatchObject({ failures: 1, retryInMs: 1_000 });
});

test('a turn that throws before its first await is a failed turn like any other', async () => {
  const { host, clock, reported } = setUp({
    behaviour: {
      turn() {
        throw new Error('at once');
      },
    },
  });
  host.start();
  host.nudge('a', 'write');
  await clock.settle();
  expect(reported).toMatchObject([{ id: 'a', lane: 'write', failures: 1 }]);
  await host.stop();
});

test('nudges do not shorten the wait of an actor that was set aside, and are not lost by it', async () => {
  const { host, behaviour, clock } = setUp({ retry: { baseMs: 1_000, capMs: 1_000, jitter: 0 } });
  host.start();
  host.nudge('a', 'pull');
  await clock.settle();
  turnOf(behaviour, 'a').fail(new Error('down'));
  await clock.settle();
  for (let n = 0; n < 100; n += 1) host.nudge('a', 'write');
  await clock.advance(999);
  expect(behaviour.started).toEqual(['a pull']);
  await clock.advance(1);
  turnOf(behaviour, 'a').end();
  await clock.settle();
  turnOf(behaviour, 'a').end();
  await host.idle();
  expect(behaviour.started.slice(1).sort()).toEqual(['a pull', 'a write']);
});

test('many actors that fail share one sleeper, and one that fails does not hold up the others', async () => {
  const { host, behaviour, clock } = setUp({ concurrency: { pull: 50, write: 1 } });
  host.start();
  for (let n = 0; n < 50; n += 1) host.nudge(`bad-${n}`, 'pull');
  await clock.settle();
  for (const turn of behaviour.open.slice()) turn.fail(new Error('down'));
  await clock.settle();
  expect(clock.sleepers()).toBe(1);
  expect(host.stats().aside).toBe(50);
  host.nudge('good', 'pull');
  await clock.settle();
  expect(turnOf(behaviour, 'good').lane).toBe('pull');
});

test('actors that another node runs are not run here, even when they were lost after the nudge', async () => {
  let mine = true;
  const { host, behaviour, clock } = setUp({ owns: (id) => id !== 'theirs' && mine });
  host.nudge('theirs', 'pull');
  host.nudge('lost', 'pull');
  mine = false;
  host.start();
  await host.idle();
  await clock.settle();
  expect(behaviour.started).toEqual([]);
  expect(host.stats().active).toBe(0);
});

test('stop waits for the turns that run, starts none, and ignores what comes after', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  for (const id of ['a', 'b', 'c', 'd']) host.nudge(id, 'pull');
  await clock.settle();
  let stopped = false;
  const stopping = host.stop().then(() => (stopped = true));
  host.nudge('e', 'write');
  turnOf(behaviour, 'a').end(more('pull'));
  await clock.settle();
  expect(stopped).toBe(false);
  turnOf(behaviour, 'b').fail(new Error('on the way out'));
  await stopping;
  expect(behaviour.started).toEqual(['a pull', 'b pull']);
  expect(host.stats()).toMatchObject({ active: 0, running: { pull: 0, write: 0 }, queued: { pull: 0, write: 0 } });
  expect(clock.sleepers()).toBe(0);
});

test('stop ends the waiting of actors that were set aside', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  host.nudge('a', 'pull');
  await clock.settle();
  turnOf(behaviour, 'a').fail(new Error('down'));
  await clock.settle();
  await host.stop();
  await clock.settle();
  expect(clock.sleepers()).toBe(0);
  expect(host.stats()).toMatchObject({ active: 0, aside: 0 });
});

test('stop with a grace aborts the turns that outlast it, with the reason shutting_down', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  host.nudge('a', 'pull');
  await clock.settle();
  const turn = turnOf(behaviour, 'a');
  turn.signal.addEventListener('abort', () => turn.fail(turn.signal.reason as Error));
  const stopping = host.stop(5_000);
  await clock.advance(4_999);
  expect(turn.signal.aborted).toBe(false);
  await clock.advance(1);
  await stopping;
  expect(turn.signal.reason).toMatchObject({ code: 'shutting_down' });
});

test('a stop that needs no patience leaves no timer', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  host.nudge('a', 'pull');
  await clock.settle();
  const stopping = host.stop(60_000);
  turnOf(behaviour, 'a').end();
  await stopping;
  await clock.settle();
  expect(clock.sleepers()).toBe(0);
});

test('idle resolves at once when nothing was ever nudged, and does not wait for actors that wait for time', async () => {
  const { host, behaviour, clock } = setUp();
  await host.idle();
  host.start();
  host.nudge('a', 'pull');
  await clock.settle();
  turnOf(behaviour, 'a').fail(new Error('down'));
  await host.idle();
  expect(host.stats().aside).toBe(1);
});

test('an idle actor leaves nothing behind', async () => {
  const { host, clock } = setUp({ behaviour: { turn: async () => idle }, concurrency: { pull: 8, write: 2 } });
  host.start();
  for (let n = 0; n < 5_000; n += 1) host.nudge(`actor-${n}`, n % 3 === 0 ? 'write' : 'pull');
  await host.idle();
  expect(host.stats()).toMatchObject({ active: 0, aside: 0, queued: { pull: 0, write: 0 }, turns: 5_000 });
  expect(clock.sleepers()).toBe(0);
});

test('the statistics tell how long the oldest turn has run', async () => {
  const { host, behaviour, clock } = setUp();
  host.start();
  host.nudge('a', 'pull');
  await clock.advance(700);
  host.nudge('b', 'pull');
  await clock.advance(300);
  expect(host.stats().oldestTurnMs).toBe(1_000);
  turnOf(behaviour, 'a').end();
  await clock.settle();
  expect(host.stats().oldestTurnMs).toBe(300);
});

interface Act {
  readonly kind: 'nudge' | 'end' | 'more' | 'fail' | 'pass';
  readonly id: string;
  readonly lane: Lane;
}

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom('nudge', 'nudge', 'end', 'more', 'fail', 'pass'),
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  lane: fc.constantFrom<Lane>('write', 'pull', 'sweep'),
});

test('whatever happens, turns never overlap, slots are kept, and every nudge is followed by a turn that began after it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      const { host, behaviour, clock } = setUp();
      host.start();
      /** id + lane → how many turns had been started when it was last nudged. */
      const owed = new Map<string, number>();
      for (const { kind, id, lane } of acts) {
        const running = behaviour.open[0];
        if (kind === 'nudge') {
          owed.set(`${id} ${lane}`, behaviour.started.length);
          host.nudge(id, lane);
        } else if (kind === 'pass') await clock.advance(10_000);
        else if (running !== undefined && kind === 'end') running.end();
        else if (running !== undefined && kind === 'more') running.end(more(lane));
        else if (running !== undefined) running.fail(new Error('down'));
        await clock.settle();
        const ids = behaviour.open.map((turn) => turn.id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(behaviour.open.filter((turn) => turn.lane !== 'write').length).toBeLessThanOrEqual(2);
        expect(ids.length).toBeLessThanOrEqual(3);
      }
      while (host.stats().active > 0) {
        for (const turn of behaviour.open.slice()) turn.end();
        await clock.advance(3_600_000);
      }
      for (const [nudge, before] of owed) expect(behaviour.started.slice(before)).toContain(nudge);
      expect(clock.sleepers()).toBe(0);
    }),
    { numRuns: 150, seed: 20_261_120 },
  );
});
