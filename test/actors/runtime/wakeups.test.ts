/** The sweeps: what was lost is found within their interval, a failure is not the end, and nothing is left behind. */
import { expect, test } from 'vitest';
import { createSweeps, type SweepOptions } from '../../../actors/runtime/wakeups.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

function setUp(options: Partial<SweepOptions<string>> = {}) {
  const clock = createFakeClock(1_000_000);
  const nudges: string[] = [];
  const reported: string[] = [];
  const sweeps = createSweeps<string>({
    clock,
    dueIds: async () => [],
    idsWithOpenIntents: async () => [],
    nudge: (id, lane) => void nudges.push(`${id} ${lane}`),
    owns: () => true,
    policies: { dueSweepMs: 1_000, intentSweepMs: 5_000, sweepBatch: 500 },
    onError: (error, sweep) => void reported.push(`${sweep}: ${String(error)}`),
    ...options,
  });
  return { clock, nudges, reported, sweeps };
}

test('due actors are nudged to be swept at the start and every second, with the time and the limit of the question', async () => {
  const asked: [number, number][] = [];
  const { sweeps, clock, nudges } = setUp({
    dueIds: async (nowMs, limit) => {
      asked.push([nowMs, limit]);
      return [`due-${asked.length}`];
    },
  });
  sweeps.start();
  await clock.advance(2_000);
  expect(asked).toEqual([
    [1_000_000, 500],
    [1_001_000, 500],
    [1_002_000, 500],
  ]);
  expect(nudges).toEqual(['due-1 sweep', 'due-2 sweep', 'due-3 sweep']);
  await sweeps.stop();
});

test('actors with queued intents are nudged to write every five seconds', async () => {
  let asked = 0;
  const { sweeps, clock, nudges } = setUp({
    idsWithOpenIntents: async (after) => (after === null ? [`w-${(asked += 1)}`] : []),
  });
  sweeps.start();
  await clock.advance(10_000);
  expect(nudges).toEqual(['w-1 write', 'w-2 write', 'w-3 write']);
  await sweeps.stop();
});

test('however many actors have intents that wait, each is nudged within a round of sweeps', async () => {
  const waiting = Array.from({ length: 47 }, (_, k) => `w-${String(k).padStart(2, '0')}`);
  const { sweeps, clock, nudges } = setUp({
    policies: { dueSweepMs: 1_000, intentSweepMs: 5_000, sweepBatch: 2 },
    idsWithOpenIntents: async (after, limit) => waiting.filter((id) => after === null || id > after).slice(0, limit),
  });
  sweeps.start();
  await clock.settle();
  expect(nudges).toHaveLength(20);
  await clock.advance(10_000);
  expect(new Set(nudges)).toEqual(new Set(waiting.map((id) => `${id} write`)));
  await clock.advance(5_000);
  expect(nudges.slice(47, 49)).toEqual(['w-00 write', 'w-01 write']);
  await sweeps.stop();
});

test('actors of other nodes are left to them', async () => {
  const { sweeps, clock, nudges } = setUp({ dueIds: async () => ['mine', 'theirs'], owns: (id) => id === 'mine' });
  sweeps.start();
  await clock.settle();
  expect(nudges).toEqual(['mine sweep']);
  await sweeps.stop();
});

test('a sweep that fails is reported, and the next one comes at its time', async () => {
  let asked = 0;
  const { sweeps, clock, nudges, reported } = setUp({
    dueIds: async () => {
      asked += 1;
      if (asked === 1) throw new Error('the store is down');
      return ['a'];
    },
  });
  sweeps.start();
  await clock.settle();
  expect(reported).toEqual(['due: Error: the store is down']);
  await clock.advance(1_000);
  expect(nudges).toEqual(['a sweep']);
  await sweeps.stop();
});

test('a slow sweep is not overtaken by the next', async () => {
  let open = 0;
  let most = 0;
  const answer = Promise.withResolvers<string[]>();
  const { sweeps, clock } = setUp({
    dueIds: async () => {
      open += 1;
      most = Math.max(most, open);
      return answer.promise.finally(() => (open -= 1));
    },
  });
  sweeps.start();
  await clock.advance(10_000);
  expect([open, most]).toEqual([1, 1]);
  answer.resolve([]);
  await sweeps.stop();
});

test('actors that are set aside after failures do not fill the batch, within a bound', async () => {
  let aside = 120;
  const limits: number[] = [];
  const { sweeps, clock } = setUp({
    aside: () => aside,
    dueIds: async (_, limit) => {
      limits.push(limit);
      return [];
    },
  });
  sweeps.start();
  await clock.settle();
  aside = 1_000_000;
  await clock.advance(1_000);
  expect(limits).toEqual([620, 5_000]);
  await sweeps.stop();
});

test('stop leaves no timer, waits for a sweep that runs, and nudges nobody any more', async () => {
  const answer = Promise.withResolvers<string[]>();
  const { sweeps, clock, nudges } = setUp({ dueIds: () => answer.promise });
  sweeps.start();
  await clock.settle();
  let stopped = false;
  const stopping = sweeps.stop().then(() => (stopped = true));
  await clock.settle();
  expect(stopped).toBe(false);
  answer.resolve(['late']);
  await stopping;
  expect(nudges).toEqual([]);
  expect(clock.sleepers()).toBe(0);
});
