/** Edits between the requests of one listing, on servers with pages and on servers without tokens: none is missed. */
import { expect, test } from 'vitest';
import { unseenByListing } from '../../contracts/edits-meanwhile.ts';
import type { Abilities } from '../../support/caldav-model/server.ts';
import { modelSession } from '../model-session.ts';

const home = '/calendars/alice/';

test.each<[string, Partial<Abilities>, number | null]>([
  ['a token and pages', {}, 2],
  ['a ctag alone', { sync: false }, null],
  ['neither queries nor tokens', { sync: false, calendarQuery: false }, null],
])('a server with %s', async (_how, abilities, rows) => {
  const { server, provider, session, wire } = await modelSession({ abilities });
  if (rows !== null) server.faults.set('pages_507', { always: true, value: rows });
  const people = {
    put: (calendar: string, ref: string, body: string) =>
      Promise.resolve(void server.world.put(home + calendar, ref, body)),
  };
  let serial = 0;
  const calendar = () =>
    Promise.resolve(server.world.addCalendar('alice', `fresh ${(serial += 1)}`).slice(home.length));
  for (const withBodies of [false, true]) {
    for (const inParts of [false, true]) {
      const options = { withBodies, inParts };
      expect(await unseenByListing({ provider, people, wire }, { session, calendar }, options)).toEqual([]);
    }
  }
});
