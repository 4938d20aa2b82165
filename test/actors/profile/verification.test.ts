/** Verifying many held removals: a part that is there after all is met in the first batch, wherever it lies. */
import { expect, test } from 'vitest';
import type { DeltaPage } from '../../../providers/provider.ts';
import { hour } from './rig.ts';
import { cached, checkpointOf, logOf, pull, seqOf, syncedInMemory, work } from './starts.ts';

/** The page reports them as removed as well, all in the order of their numbers. */
function claiming(page: DeltaPage, refs: readonly string[]): DeltaPage {
  const [first] = page.removed;
  if (first === undefined) return page;
  const removed = [...page.removed, ...refs.map((ref) => ({ ...first, ref }))];
  return { ...page, removed: removed.sort((a, b) => a.ref.localeCompare(b.ref, 'en', { numeric: true })) };
}

test.each([0, 40, 80])('tombstones of which the twenty from %i on are false are contradicted at once', async (from) => {
  const rig = await syncedInMemory({ events: 110 });
  const all = Array.from({ length: 100 }, (_, k) => `e${k}.ics`);
  const there = all.slice(from, from + 20);
  for (const ref of all) if (!there.includes(ref)) rig.other.remove(work, ref);
  const { provider } = rig.other;
  const changes = provider.changes.bind(provider);
  Object.assign(provider, {
    changes: async (...args: Parameters<typeof changes>) => claiming(await changes(...args), there),
  });
  const [seq, asked] = [await seqOf(rig), rig.other.world.count('get')];
  await rig.request('pull');
  await rig.settle();
  expect(rig.other.world.count('get') - asked).toBe(20);
  expect(rig.reports.map((one) => one.what)).toContain('suspicious delta: removals are held until each is verified');
  expect((await rig.profile()).calendars[rig.calendarId(work)]?.state).toMatchObject({
    name: 'quarantined',
    code: 'suspicious_delta',
  });
  expect((await checkpointOf(rig)).held).toEqual([]);
  expect((await logOf(rig, seq)).filter((line) => line.includes('removed')).length).toBeLessThan(20);
  expect(await cached(rig)).toEqual(expect.arrayContaining(there));
  Object.assign(provider, { changes });
  await pull(rig, 12 * hour);
  expect((await cached(rig)).sort()).toEqual([...(rig.other.contents().get(work)?.keys() ?? [])].sort());
});
