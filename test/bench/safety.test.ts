/** The bench of deletion safety on a small sync: both sides ask the same and find the same, and one has no guard. */
import { expect, test } from 'vitest';
import { withSubject } from '../../bench/kit/processes.ts';
import { safetyOf } from '../../bench/safety.ts';

test('a sync with and without safety asks the same', { timeout: 120_000 }, async () => {
  const figures = await safetyOf({ quick: true, runs: 1, log: () => undefined }, { size: 250, pairs: 1 });
  expect(figures.map((one) => one.subject)).toEqual(['with', 'without', 'with / without', 'with']);
  expect(figures.at(-1)).toMatchObject({ figure: 'requests more on a healthy sync', median: 0, met: true });
});

test('the side without has no guard: it believes what the other side holds', { timeout: 60_000 }, async () => {
  // Twenty cancellations among sixty events are more than a person is likely to make.
  const sync = (safe: boolean): Promise<{ readonly resources: number }> =>
    withSubject('safety.syncing', async (one) => {
      await one.ask('prepare', { safe });
      return one.ask('sync', { size: 60 });
    });
  await expect(sync(true)).rejects.toThrow('suspicious delta');
  expect((await sync(false)).resources).toBeGreaterThan(160);
});
