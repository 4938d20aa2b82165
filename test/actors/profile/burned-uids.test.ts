/** A server that keeps what was removed, and takes its UID no more: the next life of an event has another. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { uidOf } from '../../support/caldav-model/state.ts';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, type Rig } from './rig.ts';
import { nameOf, pull, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import type { ModelSide } from './worlds.ts';

const withTrashBin = async (): Promise<Rig<ModelSide>> => {
  const rig = await syncedOverCalDav();
  rig.other.server.faults.set('put_deleted_uid_400', { always: true });
  return rig;
};

const own = (rig: Rig<ModelSide>): [string, string][] =>
  [...(rig.other.contents().get(work) ?? [])].filter(([ref]) => ref.startsWith('kalends-'));
const ownNames = (rig: Rig<ModelSide>): string[] => own(rig).map(([ref]) => nameOf(ref));
const refused = (rig: Rig<ModelSide>): number => rig.other.server.faults.count('put_deleted_uid_400');

test('what an application removes and makes again has another UID', async () => {
  const rig = await withTrashBin();
  const uids = new Set<string | null>();
  for (const summary of ['First', 'Second', 'Third']) {
    await rig.upsert(work, 'x', wish(summary));
    await rig.pass(minute);
    uids.add(uidOf(own(rig)[0]?.[1] ?? ''));
    await rig.remove(work, 'x');
    await rig.pass(minute);
  }
  expect({ uids: uids.size, refused: refused(rig) }).toEqual({ uids: 3, refused: 0 });
  await expectAllWell(rig);
});

test('what a person removed and the application writes again has another UID', async () => {
  const rig = await withTrashBin();
  await rig.upsert(work, 'x', wish('First'));
  await rig.pass(minute);
  for (const [ref] of own(rig)) rig.other.remove(work, ref);
  await pull(rig);
  await rig.upsert(work, 'x', { summary: 'Second' });
  await rig.pass(minute);
  expect({ names: ownNames(rig), refused: refused(rig) }).toEqual({ names: ['own-g2.ics'], refused: 0 });
  await expectAllWell(rig);
});

test.each(['nothing', 'a life that ended'])(
  'a create whose answer was lost, and whose event a person removed before anybody saw it, begins the next life (after %s)',
  async (before) => {
    const rig = await withTrashBin();
    if (before !== 'nothing') {
      await rig.upsert(work, 'x', wish('Before'));
      await rig.pass(minute);
      for (const [ref] of own(rig)) rig.other.remove(work, ref);
      await pull(rig);
    }
    const wanted = before === 'nothing' ? wish('Wanted') : { summary: 'Wanted' };
    const seen = rig.other.server.log.length;
    rig.other.server.faults.set('dropped_after_effect', { nextN: 1, only: { method: 'PUT' } });
    rig.other.server.faults.set('host_down', {
      always: true,
      only: { matches: () => rig.other.server.log.slice(seen).some((one) => one.effect.kind === 'created') },
    });
    await rig.upsert(work, 'x', wanted);
    await rig.pass(1_000);
    for (const [ref] of own(rig)) rig.other.remove(work, ref);
    rig.other.server.faults.clear('host_down');
    await rig.pass(2 * hour);
    expect({ refused: refused(rig), bodies: own(rig).map(([, body]) => /SUMMARY:(.*)\r/.exec(body)?.[1]) }).toEqual({
      refused: 1,
      bodies: ['Wanted'],
    });
    expect(outcomesOf(await rig.intents()).at(-1)).toContain('written');
    await rig.upsert(work, 'x', { summary: 'Next' });
    await rig.pass(minute);
    expect(own(rig)).toHaveLength(1);
    expect(own(rig)[0]?.[1]).toContain('SUMMARY:Next');
    await expectAllWell(rig);
  },
);

test('a server that takes no UID at all is asked a few times, each time for another life', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNext('put', () => new KalendsError('uid_burned', 'kept for a month'), 1_000);
  await rig.upsert(work, 'x', wish('Refused'));
  await rig.pass(day);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert rejected write_conflict_persists']);
  expect(rig.other.world.count('put')).toBe(4);
});
