/** A crash between a page and its checkpoint, and a person who removes what that page had shown: the removal is not missed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { apiClient } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { connectCalDav, firstSync, quickSettings, until, type Connection } from '../support/node-under-test.ts';
import { temporaryFolder } from '../support/process.ts';
import type { Boundary } from './boundaries.ts';
import { startVictim, type Victim } from './victim.ts';

const folder = temporaryFolder('came-and-went');
let server: MountedModelServer;
let work: string;
let connection: Connection;
let victim: Victim | null = null;

const start = (boundary: Boundary | null): Victim => {
  const death = boundary === null ? null : { boundary, passing: 1, leastOpen: 0 };
  const orders = { dataDir: join(folder, 'data'), settings: quickSettings, webhookOrigin: 'http://127.0.0.1:9/' };
  return startVictim({ ...orders, death });
};

beforeAll(async () => {
  server = await startModelServer();
  work = server.world.addCalendar('alice', 'Work');
  for (let k = 0; k < 20; k += 1) {
    server.world.put(work, `${k}.ics`, icsOf({ uid: `${k}`, summary: `Meeting ${k}`, startMs: daysAhead(1 + k) }));
  }
  const first = start(null);
  await first.ready;
  connection = await connectCalDav(first.ops, server);
  await firstSync(first.ops, connection.profileId);
  await first.stop();
});

afterEach(async () => {
  victim?.kill();
  await victim?.ended;
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it.each(['pull appended, not projected', 'page projected, checkpoint not stored'] as const)(
  'a process that died at "%s"',
  async (boundary) => {
    victim = start(boundary);
    await victim.ready;
    const summary = `Shown when it died at: ${boundary}`;
    server.world.put(work, `${boundary}.ics`, icsOf({ uid: boundary, summary, startMs: daysAhead(2) }));
    expect((await victim.ended).said.at(-1)).toMatchObject({ said: 'died', boundary });
    // It was created and removed since the token that is stored: an honest server need not speak of it (RFC 6578, 3.5.2).
    server.world.remove(work, `${boundary}.ics`);
    victim = start(null);
    const app = apiClient(await victim.ready, connection.token);
    const shown = async () =>
      (await app.rows('/v1/events?tzid=Etc/UTC&include_deleted=true', 'events')).filter(
        (one) => one['summary'] === summary,
      );
    const [row] = await until('the removal to be seen', shown, (rows) => rows.every((one) => one['deleted'] === true));
    if (row !== undefined) {
      const story = await victim.ops<{ history: readonly object[] }>('explain', { event: row['event_uid'] });
      expect(story.history.at(-1)).toMatchObject({ what: 'removed', evidence: { kind: 'direct_get' } });
    }
    expect(await victim.ops('rebuild', { compare: true })).toMatchObject({ different: 0 });
  },
);
