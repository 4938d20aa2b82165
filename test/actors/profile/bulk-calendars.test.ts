/** A bulk delete over several calendars: each waits for itself, and keeps its order. */
import { expect, test } from 'vitest';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, type Rig } from './rig.ts';
import { cached, calendarState, pull, summaries, syncedOverCalDav, work } from './starts.ts';
import type { ModelSide, OtherSide } from './worlds.ts';

const pathPrefix = '/calendars/alice/work/';
const home = 'home/';

const outcomes = async (rig: Rig<OtherSide>): Promise<string[]> => outcomesOf(await rig.intents());
const openOnes = async (rig: Rig<OtherSide>): Promise<number[]> =>
  (await rig.intents()).flatMap((one) => (one.open === 1 ? [one.n] : []));

/** One event of the application in each of two calendars. */
async function twoCalendars(): Promise<Rig<ModelSide>> {
  const rig = await syncedOverCalDav({ events: 0 });
  rig.other.addCalendar('home');
  await pull(rig);
  await rig.upsert(work, 'a', wish('A'));
  await rig.upsert(home, 'b', wish('B'));
  await rig.pass(minute);
  return rig;
}

test('a calendar that is set aside holds up no other, and what comes before and behind stays in order in each', async () => {
  const rig = await twoCalendars();
  const { faults } = rig.other.server;
  faults.set('status_500', { always: true, only: { pathPrefix } });
  await pull(rig);
  await rig.upsert(work, 'before', wish('Before'));
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.upsert(home, 'c', wish('C'));
  await rig.upsert(work, 'a', wish('A again'));
  await rig.pass(hour);
  expect(await calendarState(rig)).toBe('quarantined');
  expect(await openOnes(rig)).toEqual([3, 4, 6]);
  expect(await summaries(rig)).toEqual(['A', 'C']);
  await rig.upsert(home, 'c', { description: 'changed while the bulk delete waits' });
  await rig.pass(minute);
  expect(await openOnes(rig)).toEqual([3, 4, 6]);
  faults.clearAll();
  await rig.pass(day);
  expect((await outcomes(rig)).slice(2)).toEqual([
    '3 upsert written',
    '4 delete_all written',
    '5 upsert written',
    '6 upsert written',
    '7 upsert written',
  ]);
  expect(await summaries(rig)).toEqual(['A again', 'C']);
  await expectAllWell(rig);
});

test('a calendar whose events refuse to go for the time being holds up no other', async () => {
  const rig = await twoCalendars();
  const { faults, log } = rig.other.server;
  const deletes = (): number => log.filter((one) => one.method === 'DELETE').length;
  faults.set('status_503', { always: true, only: { pathPrefix, method: 'DELETE' } });
  await rig.accept({ kind: 'delete_all', calendarIds: [rig.calendarId(work), rig.calendarId(home)] });
  await rig.upsert(home, 'c', wish('C'));
  await rig.pass(day);
  expect(await openOnes(rig)).toEqual([3]);
  expect(await summaries(rig)).toEqual(['A', 'C']);
  // A few growing delays, and then probes that are hours apart.
  expect(deletes()).toBeLessThan(30);
  faults.clearAll();
  await rig.pass(day);
  expect(await openOnes(rig)).toEqual([]);
  expect(await summaries(rig)).toEqual(['C']);
  await expectAllWell(rig);
});

test.each(['hangs', 'effect_late'] as const)(
  'a call of which nobody knows the outcome holds up no other calendar when its own is set aside: %s',
  async (fault) => {
    const rig = await twoCalendars();
    const { faults } = rig.other.server;
    faults.set(fault, { nextN: 1, only: { pathPrefix, method: 'DELETE' } });
    faults.set('status_500', {
      always: true,
      only: { matches: ({ method, path }) => path.startsWith(pathPrefix) && method !== 'DELETE' },
    });
    await rig.accept({ kind: 'delete_all', calendarIds: null });
    await rig.upsert(home, 'c', wish('C'));
    await pull(rig, 2 * hour);
    expect(await openOnes(rig)).toEqual([3]);
    expect(await cached(rig, home)).toHaveLength(1);
    faults.clearAll();
    await rig.pass(day);
    await pull(rig);
    expect((await outcomes(rig)).slice(2)).toEqual(['3 delete_all written', '4 upsert written']);
    expect(await summaries(rig)).toEqual(['C']);
    await expectAllWell(rig);
  },
);

test('calendars of which a process died before it noted them belong to a bulk delete as well', async () => {
  const rig = await twoCalendars();
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  const stored = await rig.profile();
  await rig.documents.replace(
    'profiles',
    {
      ...stored,
      calendars: {},
      projectedSeq: stored.projectedSeq - 1,
      nextListAtMs: rig.clock.now() + hour,
      rev: stored.rev + 1,
    },
    stored.rev,
  );
  await rig.pass(minute);
  expect((await outcomes(rig)).at(-1)).toBe('3 delete_all written');
  expect(await summaries(rig)).toEqual([]);
  await expectAllWell(rig);
});
