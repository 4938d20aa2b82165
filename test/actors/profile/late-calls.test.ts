/** Calls that were given up and have their effect all the same, when nobody waits for it any more. */
import { expect, test } from 'vitest';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { hour, minute, second, type Rig } from './rig.ts';
import { cached, logOf, pull, summaries, syncedOverCalDav, work } from './starts.ts';
import type { ModelSide } from './worlds.ts';

/** The next PUT is never answered, and has its effect a minute later. */
async function lateRig(): Promise<Rig<ModelSide>> {
  const rig = await syncedOverCalDav({ events: 0 });
  rig.other.server.faults.set('effect_late', { nextN: 1, only: { method: 'PUT' } });
  return rig;
}

const putsOf = (rig: Rig<ModelSide>): string[] =>
  rig.other.server.log
    .filter(({ effect }) => effect.kind === 'created' || effect.kind === 'updated')
    .map(({ effect }) => effect.kind);

/** The call was given up and read back, and no further one reaches the server: whatever lands is the late one. */
async function lateAndAlone(): Promise<Rig<ModelSide>> {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  rig.other.server.faults.set('host_down', { always: true, only: { method: 'PUT' } });
  await rig.pass(40 * second);
  expect(putsOf(rig)).toEqual([]);
  expect((await rig.intents()).map((one) => one.attempt)).toEqual([null]);
  return rig;
}

test('a write that lands late is settled by the pull that shows it, and not made again', async () => {
  const rig = await lateAndAlone();
  await rig.pass(2 * minute);
  await pull(rig);
  rig.other.server.faults.clearAll();
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(putsOf(rig)).toEqual(['created']);
  // It is the application's own: nobody is told.
  expect((await logOf(rig)).filter((line) => line.startsWith('pull put'))).toEqual([]);
  await expectAllWell(rig);
});

test('a delete behind it waits until nothing can come any more, and removes what came', async () => {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(10 * second);
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents()).at(-1)).toBe('2 delete written');
  await pull(rig);
  expect(await cached(rig)).toEqual([]);
  expect([...(rig.other.contents().get(work)?.keys() ?? [])]).toEqual([]);
  await expectAllWell(rig);
});

test('a life that began late is ended before the next one begins, under another name', async () => {
  const rig = await lateRig();
  await rig.upsert(work, 'x', wish('First life'));
  await rig.pass(10 * second);
  await rig.remove(work, 'x');
  await rig.upsert(work, 'x', wish('Second life'));
  await rig.pass(hour);
  await pull(rig);
  expect(await summaries(rig)).toEqual(['Second life']);
  expect(await cached(rig)).toEqual(['own-g2.ics']);
  await expectAllWell(rig);
});

test('on a server that looks at no precondition, what a late call overwrote is written again, and told', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  await rig.upsert(work, 'x', wish('Zero'));
  await rig.pass(minute);
  const { faults } = rig.other.server;
  faults.set('effect_late', { nextN: 1, only: { method: 'PUT' } });
  await rig.upsert(work, 'x', wish('One'));
  await rig.pass(10 * second);
  await rig.upsert(work, 'x', wish('Two'));
  faults.set('preconditions_ignored', { always: true });
  await rig.pass(2 * minute);
  await pull(rig, hour);
  expect(await summaries(rig)).toEqual(['Two']);
  const told = (await logOf(rig)).slice(-4);
  expect(told).toContain('repair put own-g1.ics');
  await expectAllWell(rig);
});

test('a write that may still land is not called refused when its permission ends, and is written once it has landed', async () => {
  const rig = await lateAndAlone();
  await rig.grant(['read_events']);
  rig.other.server.faults.clearAll();
  await rig.pass(hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(putsOf(rig)).toEqual(['created']);
  await pull(rig);
  await expectAllWell(rig);
});
