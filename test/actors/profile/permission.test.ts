/** Permission at execution: what is not permitted any more is refused by itself, and takes nothing of its event along. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { hour, minute, type Rig } from './rig.ts';
import { nameOf, summaries, syncedInMemory, work } from './starts.ts';
import type { OtherSide } from './worlds.ts';

const timedOut = () => new KalendsError('timed_out', 'no answer');

const outcomes = async (rig: Rig<OtherSide>): Promise<string[]> => outcomesOf(await rig.intents());
const effects = (rig: Rig<OtherSide>): string[] =>
  rig.effects.map((one) => `${one.split(' ')[0]} ${nameOf(one.split(' ')[2] ?? '')}`);

test('permission is asked again at execution', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('Allowed'));
  await rig.pass(minute);
  await rig.upsert(work, 'y', wish('Not any more'));
  await rig.remove(work, 'x');
  await rig.grant(['create_event']);
  await rig.accept({ kind: 'create_calendar', calendarId: rig.calendarId('n/'), ref: 'n/', name: 'n', color: null });
  await rig.pass(minute);
  expect((await outcomes(rig)).slice(1)).toEqual([
    '2 upsert written',
    '3 delete rejected not_permitted',
    '4 create_calendar rejected not_permitted',
  ]);
  await expectAllWell(rig);
});

test('what was done before permission was withdrawn is settled as done', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  rig.other.world.failNext('get', timedOut, 1);
  await rig.upsert(work, 'x', wish('Done'));
  await rig.settle();
  await rig.grant([]);
  await rig.pass(5 * minute);
  expect(await outcomes(rig)).toEqual(['1 upsert written']);
  await expectAllWell(rig);
});

test('a delete that is refused takes no write of its event along, neither before nor behind it', async () => {
  const rig = await syncedInMemory({ events: 0 });
  await rig.upsert(work, 'x', wish('One'));
  await rig.pass(minute);
  await rig.upsert(work, 'x', wish('Two'));
  await rig.remove(work, 'x');
  await rig.upsert(work, 'x', { description: 'of the life that stands' });
  await rig.grant(['create_event']);
  await rig.pass(hour);
  expect((await outcomes(rig)).slice(1)).toEqual([
    '2 upsert merged',
    '3 delete rejected not_permitted',
    '4 upsert written',
  ]);
  expect(effects(rig)).toEqual(['put own-g1.ics', 'put own-g1.ics']);
  expect(await summaries(rig)).toEqual(['Two']);
  await expectAllWell(rig);
});

test('a write that is refused takes no delete of its event along', async () => {
  const rig = await syncedInMemory({ events: 0 });
  await rig.upsert(work, 'x', wish('One'));
  await rig.pass(minute);
  await rig.upsert(work, 'x', wish('Two'));
  await rig.remove(work, 'x');
  await rig.upsert(work, 'x', wish('Three'));
  await rig.grant(['delete_event']);
  await rig.pass(hour);
  expect((await outcomes(rig)).slice(1)).toEqual([
    '2 upsert rejected not_permitted',
    '3 delete written',
    '4 upsert rejected not_permitted',
  ]);
  expect(effects(rig)).toEqual(['put own-g1.ics', 'remove own-g1.ics']);
  await expectAllWell(rig);
});

test('a write that was called for in vain is carried out, though the delete behind it is refused', async () => {
  const rig = await syncedInMemory({ events: 0 });
  rig.other.world.failNext('put', timedOut);
  await rig.upsert(work, 'x', wish('One'));
  await rig.settle();
  await rig.remove(work, 'x');
  await rig.grant(['create_event']);
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 upsert written', '2 delete rejected not_permitted']);
  expect(await summaries(rig)).toEqual(['One']);
  await expectAllWell(rig);
});
