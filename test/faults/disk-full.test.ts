/** A disk that is full: nothing is acknowledged that is not durable, reads go on, and work is resumed when there is room. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SqliteDocuments } from '../../store/engines/sqlite.ts';
import { smallDisk, smallDiskKind, type SmallDisk } from '../store/full-disk.ts';
import { apiClient, wire, type ApiAnswer, type ApiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { firstSync, startNode, until, type NodeUnderTest } from '../support/node-under-test.ts';
import { scratch } from '../support/scratch.ts';

const folder = scratch();
const dataDir = join(folder('disk'), 'data');
let server: MountedModelServer;
let kalends: NodeUnderTest;
let disk: SmallDisk;
let app: ApiClient;
let calendarId: string;
let work: string;

beforeAll(async () => {
  server = await startModelServer();
  work = server.world.addCalendar('alice', 'Work');
  server.world.put(work, 'there.ics', icsOf({ uid: 'there', summary: 'There', startMs: daysAhead(1) }));
  disk = smallDisk(dataDir, () => kalends.node.documents as SqliteDocuments);
  kalends = await startNode({ dataDir });
  const connection = await kalends.connectCalDav(server);
  await firstSync(kalends.ops, connection.profileId);
  app = apiClient(kalends.url, connection.token);
  calendarId = await app.calendarId('Work');
});

afterAll(async () => {
  await kalends?.stop();
  disk?.remove();
  await server?.stop();
});

let wishes = 0;

function ask(): Promise<ApiAnswer> {
  wishes += 1;
  return app.ask('POST', `/v1/calendars/${calendarId}/events`, {
    event_id: `wish-${wishes}`,
    summary: `Wish ${wishes}`,
    // Pages of the log that are free are soon used up.
    description: 'x'.repeat(4_000),
    start: wire(daysAhead(2)),
    end: wire(daysAhead(2, 10)),
  });
}

const written = (): string[] =>
  server.world.names(work).flatMap((name) => /^SUMMARY:(Wish \d+)/m.exec(server.world.body(work, name))?.[1] ?? []);

it(`refuses writes with the shape of the API, and keeps what it accepted before (${smallDiskKind})`, async () => {
  expect((await ask()).status).toBe(202);
  await disk.begin();
  const accepted: string[] = ['Wish 1'];
  const askAndNote = async (): Promise<ApiAnswer> => {
    const answer = await ask();
    if (answer.status === 202) accepted.push(`Wish ${wishes}`);
    return answer;
  };
  const refusal = (): Promise<ApiAnswer> => until('a refusal', askAndNote, ({ status }) => status !== 202);
  const refused = await refusal();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(refused.headers.get('x-kalends-operation')).toBeNull();
  expect(refused.body).toEqual({
    errors: { base: [{ key: 'errors.unavailable', description: expect.any(String) as string }] },
  });
  const refusedWish = `Wish ${wishes}`;
  // Reads need no room.
  const rows = await app.rows('/v1/events?tzid=Etc/UTC', 'events');
  expect(rows.map((one) => one['summary'])).toEqual(['There']);
  // What others remove from the store in between may make room for one more.
  expect((await refusal()).status).toBe(503);
  await disk.end();
  const again = await until('room', askAndNote, ({ status }) => status === 202);
  expect(again.headers.get('x-kalends-operation')).not.toBeNull();
  await until('all that was accepted', written, (all) => accepted.every((one) => all.includes(one)), 30_000);
  // What was refused was never done, and nothing was done twice.
  expect(written()).not.toContain(refusedWish);
  expect([...written()].sort()).toEqual([...new Set(written())].sort());
  const created = server.log.filter((one) => one.effect.kind === 'created');
  expect(created).toHaveLength(new Set(written()).size);
}, 60_000);

it(`pulls what it missed, and is whole (${smallDiskKind})`, async () => {
  server.world.put(work, 'later.ics', icsOf({ uid: 'later', summary: 'Later', startMs: daysAhead(2) }));
  const summaries = async () => (await app.rows('/v1/events?tzid=Etc/UTC', 'events')).map((one: Row) => one['summary']);
  await until('the change', summaries, (all) => all.includes('Later'));
  expect(await kalends.ops('rebuild', { compare: true })).toMatchObject({ different: 0 });
});
