/** Tokens that are forgotten, stand still or lie cost a listing and a comparison, and are found out. */
import { expect, test } from 'vitest';
import { pulling } from '../../../config/policies.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { day, hour, minute } from './rig.ts';
import { cached, checkpointOf, logOf, pull, seqOf, syncedInMemory, syncedOverCalDav, work, still } from './starts.ts';
import { home, put, requests } from './pulls.ts';

test.each<FaultName>([
  'token_forgotten_400',
  'token_forgotten_403',
  'token_forgotten_410',
  'token_forgotten_412',
  'token_forgotten_415',
  'token_forgotten_500',
])('%s costs a listing and a comparison, and tells of nothing that did not happen', async (fault) => {
  const rig = await syncedOverCalDav({ events: 30 });
  rig.other.server.faults.set(fault, { nextN: 2 });
  rig.other.remove(work, 'e3.ics');
  put(rig, 5, 6, 'Changed');
  const seq = await seqOf(rig);
  await pull(rig, hour);
  expect((await logOf(rig, seq)).sort()).toEqual(['pull put e5.ics', 'pull removed e3.ics by direct_get']);
  await expectAllWell(rig);
});

test.each([
  ['delta_repeats', 2],
  ['token_stuck', 2],
  ['token_one_second', 2],
  // Each poll tells everything: it is compared with a listing, and costs what one costs.
  ['token_forgotten_full_list', 3],
] as const)('%s at each poll changes nothing, and costs %d requests at most', async (fault, most) => {
  const rig = await syncedOverCalDav({ events: 30, polling: { ...still, baseMs: minute, activeMs: minute } });
  rig.other.server.faults.set(fault, { always: true });
  put(rig, 0, 5, 'Changed');
  rig.other.remove(work, 'e9.ics');
  await rig.pass(hour);
  const seq = await seqOf(rig);
  const asked = rig.other.server.log.length;
  await rig.pass(hour);
  expect(await seqOf(rig)).toBe(seq);
  // Intervals are a minute long, give or take a fifth.
  expect(requests(rig, asked)).toBeLessThanOrEqual(most * 70);
  await expectAllWell(rig);
});

test('a small calendar at rest whose tokens are seconds is not listed at each poll', async () => {
  const rig = await syncedOverCalDav({ events: 2, polling: { ...still, baseMs: minute, activeMs: minute } });
  rig.other.server.faults.set('token_one_second', { always: true });
  put(rig, 0, 2, 'Changed');
  await rig.pass(hour);
  const asked = rig.other.server.log.length;
  await rig.pass(hour);
  expect(requests(rig, asked)).toBeLessThanOrEqual(2 * 70);
  await expectAllWell(rig);
});

test('what the application changed itself is no reason for a listing, however small the calendar', async () => {
  const rig = await syncedOverCalDav({ events: 1 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  await pull(rig);
  await rig.upsert(work, 'x', wish('Y'));
  await rig.pass(minute);
  const asked = rig.other.server.log.length;
  await pull(rig);
  const ofWork = rig.other.server.log.slice(asked).filter((one) => one.path === home + work);
  expect(ofWork.map((one) => one.report ?? one.method)).toEqual(['sync-collection']);
  await expectAllWell(rig);
});

test.each<FaultName>(['token_forgotten_full_list', 'token_zero'])(
  '%s: what is told once more, from the beginning, hides no removal',
  async (fault) => {
    const rig = await syncedOverCalDav({ events: 30 });
    const { faults } = rig.other.server;
    if (fault === 'token_zero') {
      faults.set(fault, { nextN: 1 });
      await pull(rig);
      expect(faults.count(fault)).toBe(1);
    }
    rig.other.remove(work, 'e3.ics');
    put(rig, 5, 6, 'Changed');
    const seq = await seqOf(rig);
    if (fault !== 'token_zero') faults.set(fault, { nextN: 1 });
    await pull(rig);
    expect(faults.count(fault)).toBe(1);
    expect((await logOf(rig, seq)).sort()).toEqual(['pull put e5.ics', 'pull removed e3.ics by direct_get']);
    await expectAllWell(rig);
  },
);

test('what came while a token stood still, and went before it moved, is seen to have gone', async () => {
  const rig = await syncedOverCalDav({ events: 30 });
  rig.other.server.faults.set('token_stuck', { nextN: 1 });
  put(rig, 30, 31);
  await pull(rig);
  expect(await cached(rig)).toHaveLength(31);
  rig.other.remove(work, 'e30.ics');
  const seq = await seqOf(rig);
  await pull(rig);
  expect(await logOf(rig, seq)).toEqual(['pull removed e30.ics by direct_get']);
  await expectAllWell(rig);
});

test('a delta that promises more for ever and brings nothing is taken for broken', async () => {
  const rig = await syncedInMemory({ events: 3 });
  let n = 0;
  const changes = async () => ({ changed: [], removed: [], token: `t${(n += 1)}`, more: true });
  const honest = rig.other.provider.changes.bind(rig.other.provider);
  Object.assign(rig.other.provider, { changes });
  await pull(rig);
  expect(n).toBeLessThan(3);
  Object.assign(rig.other.provider, { changes: honest });
  await pull(rig);
  await expectAllWell(rig);
});

test.each([
  ['as many pages as are read of one delta are read', pulling.deltaPagesMax - 4, 0],
  ['a delta of more pages than that is taken for broken, and costs a listing', pulling.deltaPagesMax - 3, 1],
])('%s', async (_what, deltaPages, listings) => {
  const rig = await syncedInMemory({ events: 5 });
  const { world } = rig.other;
  for (let k = 0; k < 4; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Changed ${k}`));
  world.pageSize = 1;
  const checkpoint = await checkpointOf(rig);
  await rig.documents.replace('checkpoints', { ...checkpoint, deltaPages, rev: checkpoint.rev + 1 }, checkpoint.rev);
  const before = world.count('list');
  await pull(rig);
  expect(world.count('list') - before).toBe(listings);
  expect((await checkpointOf(rig)).deltaPages).toBe(0);
  await expectAllWell(rig);
});

test('tokens that lie are found out by the listing that a week brings', async () => {
  const rig = await syncedOverCalDav({
    events: 30,
    polling: { ...still, baseMs: hour, activeMs: hour, quietMs: hour },
  });
  rig.other.server.faults.set('delta_omits', { always: true, value: 1 });
  put(rig, 0, 2, 'Unseen');
  rig.other.remove(work, 'e5.ics');
  await rig.pass(day);
  expect(await cached(rig)).toHaveLength(30);
  await rig.pass(7 * day);
  await expectAllWell(rig);
});
