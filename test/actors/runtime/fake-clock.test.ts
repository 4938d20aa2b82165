/** The fake clock itself: sleepers wake in order at their own moments, and an abort wakes with its reason. */
import { expect, test } from 'vitest';
import { createFakeClock } from '../../support/fake-clock.ts';

test('sleepers wake in the order of their moments, each with its consequences before the next', async () => {
  const clock = createFakeClock(5_000);
  const seen: string[] = [];
  const run = async (name: string, ...naps: number[]): Promise<void> => {
    for (const nap of naps) {
      await clock.sleep(nap);
      seen.push(`${name} ${clock.now()} ${clock.monotonic()}`);
    }
  };
  void run('a', 30, 5);
  void run('b', 10, 10, 10);
  void run('c', 30);
  await clock.advance(32);
  expect(seen).toEqual(['b 5010 10', 'b 5020 20', 'a 5030 30', 'c 5030 30', 'b 5030 30']);
  expect([clock.now(), clock.sleepers()]).toEqual([5_032, 1]);
});

test('an aborted sleep rejects with the reason of its signal and leaves nobody asleep', async () => {
  const clock = createFakeClock(0);
  const cancel = new AbortController();
  const sleeping = clock.sleep(10, cancel.signal);
  cancel.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
  await expect(clock.sleep(10, cancel.signal)).rejects.toThrow('enough');
  expect(clock.sleepers()).toBe(0);
});

test('settling waits for work that keeps breathing', async () => {
  const clock = createFakeClock(0);
  let breaths = 0;
  const work = async (): Promise<void> => {
    for (; breaths < 50; breaths += 1) await clock.breathe();
  };
  void work();
  await clock.settle();
  expect(breaths).toBe(50);
});
