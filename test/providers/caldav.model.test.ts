/** The provider contract on the model calendar server, honest, so that its faults mean something. */
import { providerContract } from '../contracts/provider.contract.ts';
import type { People } from '../contracts/provider-subject.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { calDavUnderTest } from './caldav-under-test.ts';

/** They edit the world itself: no protocol, no password. */
export function worldPeople({ world, username }: MountedModelServer): People {
  const home = `/calendars/${username}/`;
  return {
    makeCalendar: (name) => Promise.resolve(world.addCalendar(username, name).slice(home.length)),
    removeCalendar: (ref) => Promise.resolve(world.removeCalendar(home + ref)),
    put: (calendar, ref, body) => Promise.resolve(void world.put(home + calendar, ref, body)),
    remove: (calendar, ref) => Promise.resolve(world.remove(home + calendar, ref)),
  };
}

const pagesOf =
  ({ faults }: MountedModelServer) =>
  (rows: number | null): void =>
    rows === null ? faults.clear('pages_507') : faults.set('pages_507', { always: true, value: rows });

for (const auth of ['basic', 'digest-md5', 'digest-sha-256'] as const) {
  providerContract(
    `CalDAV over the model server (${auth})`,
    { otherSide: true, network: true, passwords: true, pages: true, scheduleTags: true },
    () => calDavUnderTest(() => startModelServer({ auth }), { people: worldPeople, paging: pagesOf }),
  );
}
