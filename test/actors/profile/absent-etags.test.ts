/** Servers that name no versions: everything is read that may have changed, and nothing is overwritten that was not seen. */
import { describe, expect, test } from 'vitest';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import type { Abilities } from '../../support/caldav-model/server.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { home, put, requests } from './pulls.ts';
import { hour, minute, type Rig } from './rig.ts';
import { logOf, pull, seqOf, summaries, synced, work } from './starts.ts';
import { modelSide, type ModelSide } from './worlds.ts';

const serverWith = (
  faults: readonly FaultName[],
  abilities: Partial<Abilities> = {},
  events = 30,
): Promise<Rig<ModelSide>> =>
  synced<ModelSide>({
    events,
    side: (clock, random) => {
      const side = modelSide(clock, random);
      Object.assign(side.server.abilities, abilities);
      for (const name of faults) side.server.faults.set(name, { always: true });
      return side;
    },
  });

const multigets = (rig: Rig<ModelSide>, since: number): number =>
  rig.other.server.log.slice(since).filter((one) => one.report === 'calendar-multiget').length;

describe.each<[FaultName]>([['etags_unlisted'], ['etags_absent']])('reading, %s', (fault) => {
  test.each([
    ['with tokens what a delta names is fetched, and nothing else', {}, 0, 1],
    ['with ctags everything is fetched when the ctag moves, and nothing before', { sync: false }, 0, 1],
    // A removal to verify brings the next poll at once.
    ['with neither everything is fetched at each poll', { sync: false, ctag: false }, 3, 2],
  ] as const)('%s', async (_, abilities, quiet, changed) => {
    const rig = await serverWith([fault], abilities);
    const seq = await seqOf(rig);
    const before = rig.other.server.log.length;
    for (let k = 0; k < 3; k += 1) await pull(rig);
    expect(multigets(rig, before)).toBe(quiet);
    expect(await logOf(rig, seq)).toEqual([]);
    put(rig, 3, 5, 'Changed');
    rig.other.remove(work, 'e7.ics');
    const asked = rig.other.server.log.length;
    await pull(rig);
    expect(multigets(rig, asked)).toBe(changed);
    expect((await logOf(rig, seq)).map((line) => line.replace(/ by .*/, '')).toSorted()).toEqual([
      'pull put e3.ics',
      'pull put e4.ics',
      'pull removed e7.ics',
    ]);
    await expectAllWell(rig);
  });
});

describe('writing where only a GET names versions', () => {
  test('an event is changed and removed under the version that a GET named', async () => {
    const rig = await serverWith(['etags_unlisted']);
    await rig.upsert(work, 'x', wish('One'));
    await pull(rig);
    for (const ref of rig.other.server.world.names(home + work))
      rig.other.server.world.edit(home + work, ref, (body) => body);
    await pull(rig);
    const asked = rig.other.server.log.length;
    await rig.upsert(work, 'x', { summary: 'Two' });
    await rig.pass(minute);
    expect(requests(rig, asked)).toBe(2);
    expect(await summaries(rig)).toContain('Two');
    await pull(rig);
    await rig.remove(work, 'x');
    await rig.pass(minute);
    expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written', '3 delete written']);
    await expectAllWell(rig);
  });

  test('what a person changed since it was last read is told first, and kept beside what is written', async () => {
    const rig = await serverWith(['etags_unlisted'], {}, 1);
    const { world } = rig.other.server;
    await rig.upsert(work, 'x', wish('One'));
    await pull(rig);
    const own = world.names(home + work).find((name) => name !== 'e0.ics') ?? '';
    world.edit(home + work, own, (body) => body);
    await pull(rig);
    const seq = await seqOf(rig);
    world.edit(home + work, own, (body) => body.replace('END:VEVENT', 'LOCATION:Room\r\nEND:VEVENT'));
    await rig.upsert(work, 'x', { summary: 'Two' });
    await rig.pass(minute);
    expect(await logOf(rig, seq)).toEqual(['pull put own-g1.ics', 'write put own-g1.ics', 'write managed x g1']);
    expect(world.body(home + work, own)).toContain('LOCATION:Room');
    await expectAllWell(rig);
  });

  test('also where the version that it names is weak', async () => {
    const rig = await serverWith(['etags_unlisted', 'weak_etags']);
    await rig.upsert(work, 'x', wish('One'));
    await pull(rig);
    await rig.upsert(work, 'x', { summary: 'Two' });
    await rig.pass(hour);
    await rig.remove(work, 'x');
    await rig.pass(hour);
    expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written', '3 delete written']);
    await expectAllWell(rig);
  });
});

describe('writing where no answer names a version', () => {
  test('a new event is written; one that stands is left as it is, and the operation says why', async () => {
    const rig = await serverWith(['etags_absent']);
    await rig.upsert(work, 'x', wish('One'));
    await pull(rig);
    const asked = rig.other.server.log.length;
    await rig.upsert(work, 'x', { summary: 'Two' });
    await rig.pass(minute);
    await rig.remove(work, 'x');
    await rig.pass(hour);
    expect(requests(rig, asked, 'PUT') + requests(rig, asked, 'DELETE')).toBe(0);
    expect(requests(rig, asked)).toBeLessThan(6);
    expect(outcomesOf(await rig.intents())).toEqual([
      '1 upsert written',
      '2 upsert rejected conflicting_state',
      '3 delete rejected conflicting_state',
    ]);
    expect((await rig.intents())[1]?.reason?.description).toContain('no ETag');
    expect(await summaries(rig)).toContain('One');
    await expectAllWell(rig);
  });

  test('once versions are named again, the next write is carried out', async () => {
    const rig = await serverWith(['etags_absent'], {}, 1);
    await rig.upsert(work, 'x', wish('One'));
    await pull(rig);
    rig.other.server.faults.clearAll();
    await rig.upsert(work, 'x', { summary: 'Two' });
    await rig.pass(minute);
    expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
    await expectAllWell(rig);
  });

  test('an event that is gone by then is looked for, and made anew', async () => {
    const rig = await serverWith(['etags_absent'], {}, 1);
    const { world } = rig.other.server;
    await rig.upsert(work, 'x', wish('One'));
    await pull(rig);
    const own = world.names(home + work).find((name) => name !== 'e0.ics') ?? '';
    rig.other.remove(work, own);
    await rig.upsert(work, 'x', { summary: 'Two' });
    await rig.pass(hour);
    expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 upsert written']);
    expect(await summaries(rig)).toContain('Two');
    rig.other.put(work, 'e1.ics', ics('e1', 'Another'));
    await pull(rig);
    await expectAllWell(rig);
  });
});
