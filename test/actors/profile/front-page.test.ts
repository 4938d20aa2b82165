/** A site that moved and sends every path to one front page: a complete and empty listing, and a 404 for every event. */
import { expect, test } from 'vitest';
import { sendToFrontPage } from '../../support/caldav-model/front-page.ts';
import { day, minute } from './rig.ts';
import { cached, checkpointOf, logOf, pull, seqOf, syncedOverCalDav, work } from './starts.ts';

test.each([true, false])('no event of it is gone, and all goes on when it is back (sync: %s)', async (sync) => {
  const rig = await syncedOverCalDav({ events: 30 });
  const { server } = rig.other;
  const seq = await seqOf(rig);
  Object.assign(server.abilities, { sync });
  const end = sendToFrontPage(server);
  await pull(rig, minute);
  await rig.pass(day);
  expect((await cached(rig)).length).toBe(30);
  expect((await logOf(rig, seq)).filter((line) => /removed|gone/.test(line))).toEqual([]);
  end();
  rig.other.remove(work, 'e1.ics');
  await pull(rig, day);
  expect((await cached(rig)).length).toBe(29);
});

test('what a partition lacks waits until the account itself says that it is gone', async () => {
  const rig = await syncedOverCalDav({ events: 30 });
  const { server } = rig.other;
  server.faults.set('moved_redirect', { always: true });
  rig.other.remove(work, 'e1.ics');
  rig.other.put(work, 'new.ics', rig.other.contents().get(work)?.get('e2.ics')?.replaceAll('e2', 'new') ?? '');
  await pull(rig, day);
  expect([(await cached(rig)).includes('new.ics'), (await cached(rig)).length]).toEqual([true, 31]);
  expect((await checkpointOf(rig)).owed.map((one) => one.ref)).toEqual(['e1.ics']);
  server.faults.clearAll();
  await pull(rig, day);
  expect((await cached(rig)).includes('e1.ics')).toBe(false);
});
