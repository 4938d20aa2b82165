/** Removals that are too many, or that nobody can prove, are held and verified, one by one, before they are believed. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { day, hour, minute, type Rig } from './rig.ts';
import {
  cached,
  calendarState,
  checkpointOf,
  logOf,
  pull,
  seqOf,
  synced,
  syncedInMemory,
  syncedOverCalDav,
  work,
} from './starts.ts';
import { modelSide, type MemorySide, type ModelSide } from './worlds.ts';
import { home, put, requests } from './pulls.ts';

test('an emptied listing removes nothing, is noticed, and its calendar is set aside until it is listed well', async () => {
  const rig = await syncedOverCalDav({ events: 200 });
  rig.other.server.world.forgetTokens(home + work);
  rig.other.server.faults.set('listing_empty', { always: true });
  const seq = await seqOf(rig);
  await pull(rig);
  expect(await calendarState(rig)).toBe('quarantined');
  expect(rig.reports.map((one) => one.what)).toContain('suspicious delta: removals are held until each is verified');
  const asked = rig.other.server.log.length;
  await rig.pass(day);
  expect(await cached(rig)).toHaveLength(200);
  expect((await logOf(rig, seq)).filter((line) => line.includes('removed'))).toEqual([]);
  expect(requests(rig, asked)).toBeLessThan(400);
  rig.other.server.faults.clearAll();
  await rig.pass(7 * hour);
  expect(await calendarState(rig)).toBe('live');
  await expectAllWell(rig);
});

test.each<[FaultName, number]>([
  ['listing_empty', 1],
  ['listing_omits', 0.5],
])('a listing that lacks too much is not taken for complete, and read again (%s)', async (fault, value) => {
  const rig = await syncedOverCalDav({ events: 200 });
  rig.other.server.world.forgetTokens(home + work);
  rig.other.server.faults.set(fault, { nextN: 1, value });
  put(rig, 0, 3, 'Changed');
  rig.other.remove(work, 'e7.ics');
  const asked = rig.other.server.log.length;
  await pull(rig);
  expect(rig.other.server.faults.count(fault)).toBe(1);
  // Only what is missing from the second is asked for: twice, with its calendar in between.
  expect(requests(rig, asked, 'GET')).toBe(2);
  expect(rig.reports.map((one) => one.what)).toEqual(['a listing lacks more than is plausible: it is read again']);
  expect(await calendarState(rig)).toBe('live');
  await expectAllWell(rig);
});

test('what two listings lack in the same way is held, and each is verified', async () => {
  const rig = await syncedOverCalDav({ events: 40 });
  for (let k = 0; k < 30; k += 1) rig.other.remove(work, `e${k}.ics`);
  rig.other.server.world.forgetTokens(home + work);
  const asked = rig.other.server.log.length;
  await pull(rig, hour);
  const listings = rig.other.server.log.slice(asked).filter((one) => one.report === 'sync-collection');
  expect(listings.length).toBeLessThan(6);
  expect(await cached(rig)).toHaveLength(10);
  const removals = (await logOf(rig)).filter((line) => line.includes('removed'));
  expect(removals).toHaveLength(30);
  expect(removals.every((line) => line.endsWith('direct_get'))).toBe(true);
  await expectAllWell(rig);
});

test('an emptied delta of tombstones is held, and each is verified before it is believed', async () => {
  const rig = await syncedInMemory({ events: 200 });
  for (let k = 0; k < 200; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig, hour);
  expect(await cached(rig)).toEqual([]);
  const removals = (await logOf(rig)).filter((line) => line.includes('removed'));
  expect(removals).toHaveLength(200);
  expect(removals.every((line) => line.endsWith('direct_get'))).toBe(true);
  await expectAllWell(rig);
});

test('a few tombstones are believed; more in small steps are not, within a day', async () => {
  const rig = await syncedInMemory({ events: 50 });
  for (let k = 0; k < 12; k += 1) {
    rig.other.remove(work, `e${k}.ics`);
    await pull(rig);
  }
  const evidence = (await logOf(rig)).flatMap((line) => (line.includes('removed') ? [line.split(' ').at(-1)] : []));
  expect(evidence).toEqual([...Array<string>(5).fill('tombstone'), ...Array<string>(7).fill('direct_get')]);
  await rig.pass(day + hour);
  rig.other.remove(work, 'e20.ics');
  await pull(rig);
  expect((await logOf(rig)).at(-1)).toBe('pull removed e20.ics by tombstone');
  await expectAllWell(rig);
});

test('a removal that cannot be verified waits, and is asked for ever more seldom', async () => {
  const rig = await syncedInMemory({ events: 30 });
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 1_000);
  for (let k = 0; k < 20; k += 1) rig.other.remove(work, `e${k}.ics`);
  const asked = rig.other.world.count('get');
  await rig.request('pull');
  await rig.pass(day);
  expect(await cached(rig)).toHaveLength(30);
  expect((await checkpointOf(rig)).held).toHaveLength(20);
  expect(rig.other.world.count('get') - asked).toBeLessThan(20 * 12);
});

test('what is held and then reported as changed is fetched, not removed', async () => {
  const rig = await syncedInMemory({ events: 10 });
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 8);
  for (let k = 0; k < 8; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  put(rig, 0, 8, 'Back');
  await pull(rig);
  expect((await checkpointOf(rig)).held).toEqual([]);
  expect((await logOf(rig)).filter((line) => line.includes('removed'))).toEqual([]);
  await expectAllWell(rig);
});

test('a failure in the middle of a verification keeps what was proved before it', async () => {
  const rig = await syncedInMemory({ events: 20 });
  for (let k = 0; k < 15; k += 1) rig.other.remove(work, `e${k}.ics`);
  let gets = 0;
  const inner = rig.other.provider.get.bind(rig.other.provider);
  Object.assign(rig.other.provider, {
    get: async (...args: Parameters<typeof inner>) => {
      gets += 1;
      if (gets === 8) throw new KalendsError('connect_failed', 'down');
      return inner(...args);
    },
  });
  await pull(rig);
  await expectAllWell(rig);
});

test('where a removal waits on a server without tokens, nothing goes round', async () => {
  const rig = await synced<ModelSide>({
    events: 10,
    side: (clock, random) => {
      const side = modelSide(clock, random);
      Object.assign(side.server.abilities, { sync: false, ctag: false });
      return side;
    },
  });
  rig.other.remove(work, 'e1.ics');
  rig.other.server.faults.set('status_500', { always: true, only: { method: 'GET' } });
  const asked = rig.other.server.log.length;
  await rig.request('pull');
  await rig.pass(6 * hour);
  expect(requests(rig, asked)).toBeLessThan(60);
  rig.other.server.faults.clearAll();
  await rig.pass(7 * hour);
  await expectAllWell(rig);
});

/** Of `refs` a direct request fails for good; of all others, while `answers` is false. */
function poorGets(rig: Rig<MemorySide>, refs: readonly string[]): { answers: boolean } {
  const { provider } = rig.other;
  const get = provider.get.bind(provider);
  const state = { answers: true };
  Object.assign(provider, {
    get: async (...args: Parameters<typeof get>) => {
      if (!state.answers || refs.includes(args[2])) throw new KalendsError('server_error', 'oh');
      return get(...args);
    },
  });
  return state;
}

test.each([['e0.ics'], ['e7.ics'], ['e19.ics'], ['e3.ics', 'e4.ics']])(
  'a calendar of which all but %s of its claims were proved comes back from its quarantine',
  async (...poor) => {
    const rig = await syncedInMemory({ events: 30 });
    const gets = poorGets(rig, poor);
    gets.answers = false;
    for (let k = 0; k < 20; k += 1) rig.other.remove(work, `e${k}.ics`);
    await pull(rig);
    rig.other.world.failNext('changes', () => new KalendsError('server_error', 'oh'), 1);
    await pull(rig);
    expect(await calendarState(rig)).toBe('quarantined');
    gets.answers = true;
    rig.other.put(work, 'new.ics', ics('new', 'New'));
    await rig.pass(day);
    expect(await calendarState(rig)).toBe('live');
    expect((await checkpointOf(rig)).held.map((one) => one.ref).sort()).toEqual(poor);
    expect(await cached(rig)).toHaveLength(10 + 1 + poor.length);
  },
);

/** Twenty removals were claimed, of which one can never be verified; an application has the event `x` in that calendar. */
async function oneLeft(): Promise<{ readonly rig: Rig<MemorySide>; readonly own: string }> {
  const rig = await syncedInMemory({ events: 30 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  poorGets(rig, ['e7.ics']);
  for (let k = 0; k < 20; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  const own = [...(rig.other.contents().get(work)?.keys() ?? [])].find((ref) => ref.startsWith('kalends-')) ?? '';
  expect((await checkpointOf(rig)).held.map((one) => one.ref)).toEqual(['e7.ics']);
  return { rig, own };
}

test('a write that waits for its calendar to be read is carried out although one removal can never be verified', async () => {
  const { rig, own } = await oneLeft();
  rig.other.remove(work, own);
  await pull(rig);
  await rig.upsert(work, 'x', wish('X again'));
  await rig.pass(minute);
  expect((await rig.intents()).at(-1)?.state).toBe('written');
});

test('a delete that finds nothing is done although one removal can never be verified', async () => {
  const { rig, own } = await oneLeft();
  rig.other.remove(work, own);
  await rig.remove(work, 'x');
  await rig.pass(minute);
  expect((await rig.intents()).at(-1)?.state).toBe('written');
});
