/** A bulk removal that is not permitted any more: what was called for before that is found out about, not called refused. */
import { expect, test } from 'vitest';
import { allScopes } from '../../../domain/account.ts';
import { KalendsError } from '../../../domain/errors.ts';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { hour, minute, second, type Rig } from './rig.ts';
import { logOf, pull, seqOf, summaries, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import type { OtherSide } from './worlds.ts';

const timedOut = () => new KalendsError('timed_out', 'no answer');
const withoutRemovals = allScopes.filter((one) => one !== 'delete_event');
const outcome = async (rig: Rig<OtherSide>) => outcomesOf(await rig.intents()).at(-1);

test('one that had its effect, and whose answer was lost, is written', async () => {
  const rig = await syncedInMemory({ events: 1 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const before = await seqOf(rig);
  rig.other.world.failNextAfterEffect('remove', timedOut);
  rig.other.world.failNext('get', timedOut);
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.settle();
  await rig.grant(withoutRemovals);
  await rig.pass(hour);
  expect(await outcome(rig)).toBe('2 delete_all written');
  expect((await logOf(rig, before))[0]).toBe('write removed own-g1.ics by direct_get');
  expect(await summaries(rig)).toEqual(['Event 0']);
});

test('one that had no effect is refused, as is what it did not reach', async () => {
  const rig = await syncedInMemory({ events: 1 });
  for (const id of ['x', 'y']) await rig.upsert(work, id, wish(id));
  await rig.pass(minute);
  rig.other.world.failNext('remove', timedOut);
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.settle();
  await rig.grant(withoutRemovals);
  await rig.pass(hour);
  expect(await outcome(rig)).toBe('3 delete_all rejected not_permitted');
  expect(await summaries(rig)).toEqual(['Event 0', 'x', 'y']);
});

test('one that has its effect after it was read back is not called refused while it may still come', async () => {
  const rig = await syncedOverCalDav({ events: 1 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  rig.other.server.faults.set('effect_late', { nextN: 1, only: { method: 'DELETE' } });
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.settle();
  // The second call meets nobody: whatever takes effect is the first.
  rig.other.server.faults.set('host_down', { always: true, only: { method: 'DELETE' } });
  await rig.pass(40 * second);
  expect((await rig.intents()).at(-1)).toMatchObject({ state: 'queued', attempt: null });
  expect(await summaries(rig)).toEqual(['Event 0', 'X']);
  await rig.grant(withoutRemovals);
  await rig.pass(hour);
  await pull(rig);
  expect(await outcome(rig)).toBe('2 delete_all written');
  expect(await summaries(rig)).toEqual(['Event 0']);
  await expectAllWell(rig);
});
