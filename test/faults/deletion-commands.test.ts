/** What operators do about deletions, as they type it: hold a kind of server, look at what is held, say their word, repair. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { connectionOf, until, type Connection } from '../support/node-under-test.ts';
import { scratch } from '../support/scratch.ts';
import { kalends, startKalends, type RunningKalends } from './kalends-process.ts';

const folder = scratch();
const dataDir = join(folder('kalends'), 'data');
let server: MountedModelServer;
let running: RunningKalends;
let connection: Connection;
let work: string;

const json = async <T = Row>(...args: readonly string[]): Promise<T> => {
  const outcome = await kalends(dataDir, [...args, '--json']);
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(outcome.stdout) as T;
};
const shown = async (): Promise<number> =>
  (await apiClient(running.url, connection.token).rows('/v1/events?tzid=Etc/UTC', 'events')).length;
const held = (): Promise<Row[]> => json<Row[]>('ops', 'held', connection.profileId);

beforeAll(async () => {
  server = await startModelServer();
  work = server.world.addCalendar('alice', 'Work');
  for (let k = 0; k < 8; k += 1)
    server.world.put(work, `e${k}.ics`, icsOf({ uid: `e${k}`, summary: `Event ${k}`, startMs: daysAhead(k + 1) }));
  running = await startKalends(dataDir);
  const how = ['--username', 'alice', '--password-stdin', '--app', 'tests', '--time-zone', 'Etc/UTC'];
  const connected = await kalends(dataDir, ['connect', 'caldav', '--url', server.url, ...how], {
    input: 'alice-password\n',
  });
  connection = connectionOf(JSON.parse(connected.stdout));
  await until('the first events', shown, (count) => count === 8);
});

afterAll(async () => {
  running?.signal('SIGKILL');
  await running?.ended;
  await server?.stop();
});

it('holds removals of a kind of server, at once', async () => {
  const rows = await json<Row[]>('ops', 'sentinel', 'hold', '--provider', 'caldav', '--note', 'their disk failed');
  expect(rows).toMatchObject([{ removals: 'held', why: 'an operator: their disk failed' }]);
  server.world.remove(work, 'e0.ics');
  server.world.remove(work, 'e1.ics');
  await json('ops', 'nudge', connection.profileId);
  const listed = await until('both are held', held, (some) => some.length === 2);
  expect(listed[0]).toMatchObject({ summary: 'Event 0', reason: 'tombstone', next_check: null });
  expect(await shown()).toBe(8);
  const { stdout } = await kalends(dataDir, ['ops', 'sentinel']);
  expect(stdout).toContain('an operator: their disk failed');
});

it('believes one on the operator’s word, with the word as evidence, and forgets the claim of the other', async () => {
  const [first] = await held();
  const { profileId } = connection;
  const resource = String(first?.['resource_id']);
  await json('ops', 'held', 'release', profileId, '--resource', resource, '--note', 'ada said so');
  await until('one event less', shown, (count) => count === 7);
  const { history } = await json<{ history: Row[] }>('ops', 'explain', resource);
  expect(history.at(-1)).toMatchObject({ what: 'removed', cause: 'operator', evidence: { note: 'ada said so' } });
  await json('ops', 'held', 'discard', profileId);
  await until('nothing is held', held, (some) => some.length === 0);
  expect(await shown()).toBe(7);
});

it('lets removals go their usual way again, and repairs what servers said', async () => {
  await json('ops', 'sentinel', 'release', '--provider', 'caldav');
  server.world.remove(work, 'e2.ics');
  await json('ops', 'nudge', connection.profileId);
  await until('two events less', shown, (count) => count === 6);
  const repair = (...more: string[]) =>
    json('ops', 'repair', 'deletions', '--provider', 'caldav', '--since', '1h', ...more);
  expect(await repair()).toMatchObject({
    carried_out: false,
    events: 1,
    profiles: 1,
    applications: [{ name: 'tests' }],
  });
  expect(await repair('--yes')).toMatchObject({ carried_out: true, events: 1 });
  expect(await until('it is done', repair, (one) => one['waiting_profiles'] === 0)).toMatchObject({ reinstated: 0 });
  const wrong = await kalends(dataDir, ['ops', 'repair', 'deletions', '--provider', 'caldav', '--since', 'soon']);
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('write 90m, 36h, 7d');
});
