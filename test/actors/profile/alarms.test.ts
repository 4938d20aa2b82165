/** Servers that add and drop alarms by themselves (iCloud): nobody is told of it, and nobody writes against it. */
import { expect, test } from 'vitest';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { home, put, requests } from './pulls.ts';
import { day, hour, minute } from './rig.ts';
import { logOf, pull, seqOf, syncedOverCalDav, work } from './starts.ts';

const told = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => line.startsWith('pull') && !line.endsWith('(seen)'));

test.each<[FaultName]>([['put_adds_alarm'], ['put_drops_alarms']])(
  '%s: a wish for reminders is written once, and what the server makes of it is no change',
  async (fault) => {
    const rig = await syncedOverCalDav({ events: 3 });
    rig.other.server.faults.set(fault, { always: true });
    const seq = await seqOf(rig);
    await rig.upsert(work, 'x', wish('With reminders', { reminders: [10] }));
    await rig.pass(minute);
    await rig.upsert(work, 'x', { reminders: [20] });
    for (let k = 0; k < 3; k += 1) {
      await pull(rig);
      await rig.request('resync');
      await rig.pass(hour);
    }
    await rig.upsert(work, 'x', { reminders: [20] });
    await rig.pass(minute);
    expect(rig.other.server.faults.count(fault)).toBeGreaterThan(0);
    expect(requests(rig, 0, 'PUT')).toBe(2);
    expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written', '3 upsert written']);
    expect(told(await logOf(rig, seq))).toEqual([]);
    await expectAllWell(rig);
  },
);

test('alarms that come and go in what is read are no change, whatever makes Kalends read it', async () => {
  const rig = await syncedOverCalDav({ events: 3 });
  const { faults, world } = rig.other.server;
  const seq = await seqOf(rig);
  for (let k = 0; k < 4; k += 1) {
    if (k % 2 === 0) faults.set('reads_add_alarm', { always: true });
    else faults.clear('reads_add_alarm');
    // Stored again as it was: under another etag, so that it is fetched.
    for (const ref of world.names(home + work)) world.edit(home + work, ref, (body) => body);
    await pull(rig);
    await rig.request('resync');
    await rig.pass(hour);
  }
  expect(faults.count('reads_add_alarm')).toBeGreaterThan(0);
  expect(told(await logOf(rig, seq))).toEqual([]);
  put(rig, 0, 1, 'Changed');
  await pull(rig);
  expect(told(await logOf(rig, seq))).toEqual(['pull put e0.ics']);
  await expectAllWell(rig);
});

test.each<[FaultName]>([['put_drops_alarms'], ['put_adds_alarm']])(
  '%s: reminders are not written for ever, though no answer ever arrives',
  async (fault) => {
    const rig = await syncedOverCalDav({ events: 0 });
    await rig.upsert(work, 'x', wish('With reminders'));
    await rig.pass(minute);
    rig.other.server.faults.set(fault, { always: true });
    rig.other.server.faults.set('dropped_after_effect', { always: true });
    const asked = rig.other.server.log.length;
    await rig.upsert(work, 'x', { reminders: [10] });
    await rig.pass(day);
    expect(requests(rig, asked, 'PUT')).toBeGreaterThan(1);
    expect(requests(rig, asked, 'PUT')).toBeLessThan(6);
    expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
    await expectAllWell(rig);
  },
);

test('reminders whose call had no effect are written, although somebody touched their event meanwhile', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  const { faults, world } = rig.other.server;
  await rig.upsert(work, 'x', wish('With reminders'));
  await rig.pass(minute);
  const [own = ''] = world.names(home + work);
  faults.set('dropped_before_effect', { nextN: 1, only: { method: 'PUT' } });
  await rig.upsert(work, 'x', { reminders: [10] });
  await rig.settle();
  // It says what it said before, under another etag.
  world.edit(home + work, own, (body) => body.replace(/^DTSTAMP:.*$/m, 'DTSTAMP:20261102T000000Z'));
  await pull(rig, hour);
  expect(world.body(home + work, own)).toContain('TRIGGER:-PT10M');
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
  await expectAllWell(rig);
});
