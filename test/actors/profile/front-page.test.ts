/** A site that moved and sends every path to one front page: a complete and empty listing, and a 404 for every event. */
import { expect, test } from 'vitest';
import { sendToFrontPage } from '../../support/caldav-model/front-page.ts';
import { day, minute } from './rig.ts';
import { cached, logOf, pull, seqOf, syncedOverCalDav, work } from './starts.ts';

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
