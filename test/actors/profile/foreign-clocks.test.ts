/** What another clock wrote down, or this one before it was set back, sends nobody round in circles. */
import { expect, test } from 'vitest';
import { wish } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { minute, second } from './rig.ts';
import { pull, syncedOverCalDav, work } from './starts.ts';
import { home, requests } from './pulls.ts';

test('an event is looked for once, though its removal was proved by a clock that is ahead', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const { world, log } = rig.other.server;
  world.remove(home + work, world.names(home + work)[0] ?? '');
  await pull(rig);
  const [gone] = await rig.documents.find('resourcesOfCalendar', { calendarId: rig.calendarId(work), live: 0 });
  if (gone?.evidence?.kind !== 'direct_get') throw new Error('not removed');
  const evidence = { ...gone.evidence, atMs: rig.clock.now() + minute };
  await rig.documents.upsertMany('resources', [{ ...gone, evidence }]);
  const asked = log.length;
  await rig.upsert(work, 'x', wish('Y'));
  await rig.pass(second);
  expect((await rig.intents()).at(-1)?.state).toBe('written');
  expect(requests(rig, asked, 'REPORT')).toBe(1);
  await rig.documents.upsertMany('resources', [gone]);
  await expectAllWell(rig);
});
