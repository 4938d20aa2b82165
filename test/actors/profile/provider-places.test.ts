/** Many hosts of one provider, all well, all with work at once: the provider's own places are the bound, and each has its turn. */
import { afterEach, expect, test } from 'vitest';
import { runtime } from '../../../config/policies.ts';
import { calendarIdOf } from '../../../domain/ids.ts';
import { icsOf } from '../../support/icalendar.ts';
import { createFleet, type Asked, type Fleet } from './fleet.ts';
import { day, minute, startMs } from './rig.ts';

const open: Fleet[] = [];
afterEach(async () => {
  for (const fleet of open.splice(0)) await fleet.close();
});

/** More than a node has turns for, and one profile each: no limit of a host is met. */
const homes = Array.from({ length: 60 }, (_, k) => `home${k}`);

/** Connected and synced, and from now on slow to answer. */
async function slowFleet(): Promise<Fleet> {
  const fleet = await createFleet({ hosts: Object.fromEntries(homes.map((home) => [home, 1])) });
  open.push(fleet);
  await fleet.pass(2 * minute);
  for (const home of homes) {
    expect((await fleet.profile(fleet.idOf(home, 0))).state.name).toBe('live');
    fleet.trouble(home, 'slow');
  }
  fleet.asked.length = 0;
  return fleet;
}

const mostAtOnce = (asked: readonly Asked[]): number => Math.max(...asked.map((one) => one.atOnce));

test('no more profiles are pulled at once than the provider has places for, and all are pulled', async () => {
  const fleet = await slowFleet();
  fleet.world.put('work/', 'new.ics', icsOf({ uid: 'new', summary: 'New', startMs: startMs + day }));
  for (const home of homes) {
    await fleet.request(fleet.idOf(home, 0), 'pull');
    fleet.nudge(fleet.idOf(home, 0), 'pull');
  }
  await fleet.pass(4 * minute);
  expect(mostAtOnce(fleet.asked)).toBe(runtime.providerPulls);
  for (const home of homes) {
    const calendarId = calendarIdOf(fleet.idOf(home, 0), 'work/');
    expect(await fleet.documents.count('resourcesOfCalendar', { calendarId, live: 1 })).toBe(1);
  }
});

test('no more profiles are written at once than the provider has places for, and all are written', async () => {
  const fleet = await slowFleet();
  for (const [k, home] of homes.entries()) {
    await fleet.upsert(fleet.idOf(home, 0), `event-${k}`, 'Event');
    fleet.nudge(fleet.idOf(home, 0), 'write');
  }
  await fleet.pass(4 * minute);
  expect(mostAtOnce(fleet.asked.filter((one) => one.method === 'put'))).toBe(runtime.providerWrites);
  for (const home of homes) {
    const [intent] = await fleet.documents.find('intentsOfProfile', { profileId: fleet.idOf(home, 0) });
    expect(intent?.state).toBe('written');
  }
});
