/** The wheel: everybody is told at the right time, in order, by one sleeper. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createWheel } from '../../../actors/runtime/wheel.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

test('whatever is added and when, each is told at its moment, the earliest first, with one sleeper at a time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(500), fc.nat(50)), { minLength: 1, maxLength: 40 }), async (entries) => {
      const clock = createFakeClock(0);
      const told: { readonly id: number; readonly atMs: number }[] = [];
      const dueAtMs: number[] = [];
      const wheel = createWheel<number>(clock, (id) => void told.push({ id, atMs: clock.monotonic() }));
      for (const [id, [inMs, passedMs]] of entries.entries()) {
        dueAtMs[id] = clock.monotonic() + inMs;
        wheel.add(id, clock.monotonic() + inMs);
        expect(clock.sleepers()).toBe(1);
        await clock.advance(passedMs);
      }
      await clock.advance(1_000);
      expect(told.map(({ id }) => id).sort((a, b) => a - b)).toEqual(entries.map((_, id) => id));
      for (const { id, atMs } of told) expect(atMs).toBe(dueAtMs[id]);
      expect([wheel.size, clock.sleepers()]).toEqual([0, 0]);
    }),
    { numRuns: 100, seed: 20_261_120 },
  );
});

test('a later entry does not replace the sleeper of an earlier one', async () => {
  let slept = 0;
  const clock = createFakeClock(0);
  const counting = {
    ...clock,
    sleep(ms: number, signal?: AbortSignal) {
      slept += 1;
      return clock.sleep(ms, signal);
    },
  };
  const wheel = createWheel<string>(counting, () => undefined);
  for (let n = 0; n < 100; n += 1) wheel.add(`w-${n}`, 1_000 + n);
  expect(slept).toBe(1);
  wheel.clear();
  await clock.settle();
  expect(clock.sleepers()).toBe(0);
});

test('a cleared wheel tells nobody, and may be used again', async () => {
  const clock = createFakeClock(0);
  const told: string[] = [];
  const wheel = createWheel<string>(clock, (id) => void told.push(id));
  wheel.add('before', 100);
  wheel.clear();
  await clock.advance(1_000);
  wheel.add('after', clock.monotonic() + 5);
  await clock.advance(5);
  expect(told).toEqual(['after']);
});
