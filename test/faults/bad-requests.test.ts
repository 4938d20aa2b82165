/** Bad requests to the real process: the status and the one shape of errors, and nothing of our insides. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiClient, wire, type ApiAnswer, type ApiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead } from '../support/icalendar.ts';
import { connectionOf, until } from '../support/node-under-test.ts';
import { scratch } from '../support/scratch.ts';
import { kalends, startKalends, type RunningKalends } from './kalends-process.ts';

const folder = scratch();
const dataDir = join(folder('kalends'), 'data');
const bodyBytes = 8_192;
let server: MountedModelServer;
let running: RunningKalends;
let alice: ApiClient;
let bob: ApiClient;
let calendarOfAlice: string;
let shared: string;

beforeAll(async () => {
  server = await startModelServer({ users: { alice: 'a-password', bob: 'b-password' } });
  const work = server.world.addCalendar('alice', 'Work');
  server.world.addCalendar('bob', 'Own');
  server.world.share(work, 'bob', 'read');
  running = await startKalends(dataDir, { KALENDS_API_BODY_BYTES: String(bodyBytes) });
  alice = await connect('alice', 'a-password');
  bob = await connect('bob', 'b-password');
  calendarOfAlice = await until('the calendar', () => alice.calendarId('Work').catch(() => ''));
  shared = await until('the shared calendar', () => bob.calendarId('Work').catch(() => ''));
});

afterAll(async () => {
  running?.signal('SIGTERM');
  await running?.ended;
  await server?.stop();
});

async function connect(username: string, password: string): Promise<ApiClient> {
  const login = ['--url', server.url, '--username', username, '--password-stdin', '--app', 'tests'];
  const { stdout } = await kalends(dataDir, ['connect', 'caldav', ...login], { input: password });
  return apiClient(running.url, connectionOf(JSON.parse(stdout)).token);
}

/** The shape of `{"errors": {field: [{key, description}]}}`, as keys by field. */
function keysOf(answer: ApiAnswer): Readonly<Record<string, readonly string[]>> {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(Object.keys(answer.body)).toEqual(['errors']);
  const fields = Object.entries(answer.body['errors'] as Record<string, Row[]>);
  for (const [, rows] of fields) {
    for (const row of rows)
      expect(row).toEqual({
        key: expect.stringMatching(/^errors\./) as string,
        description: expect.any(String) as string,
      });
  }
  expect(answer.text).not.toMatch(/at file:|\/domain\/|\/services\/|sqlite|KalendsError/i);
  return Object.fromEntries(fields.map(([field, rows]) => [field, rows.map((row) => String(row['key']))]));
}

const event = (): Row => ({ event_id: 'e1', summary: 'Fine', start: wire(daysAhead(1)), end: wire(daysAhead(1, 10)) });
const upsert = (client: ApiClient, calendarId: string, body: unknown): Promise<ApiAnswer> =>
  client.ask('POST', `/v1/calendars/${calendarId}/events`, body);

it('malformed JSON is 422', async () => {
  const answer = await upsert(alice, calendarOfAlice, '{"event_id": "e1", ');
  expect([answer.status, keysOf(answer)]).toEqual([422, { body: ['errors.invalid_json'] }]);
});

it('wrong types are 422, every field at once', async () => {
  const answer = await upsert(alice, calendarOfAlice, {
    event_id: 7,
    summary: ['x'],
    start: 'yesterday',
    end: {},
    tzid: 'Mars/Base',
  });
  expect(answer.status).toBe(422);
  expect(new Set(Object.keys(keysOf(answer)))).toEqual(new Set(['event_id', 'summary', 'start', 'end', 'tzid']));
});

it('an unknown calendar, and somebody else’s, are 404', async () => {
  for (const id of ['cal_unknown', '..%2f..', await bob.calendarId('Own')]) {
    const answer = await upsert(alice, id, event());
    expect([answer.status, keysOf(answer)]).toEqual([404, { calendar_id: ['errors.not_found'] }]);
  }
});

it('a read-only calendar is 403', async () => {
  const answer = await upsert(bob, shared, event());
  expect([answer.status, keysOf(answer)]).toEqual([403, { calendar_id: ['errors.calendar_readonly'] }]);
});

it('a foreign token, and none, are 401', async () => {
  for (const token of ['x'.repeat(32), '', null]) {
    const answer = await apiClient(running.url, token).ask('GET', '/v1/calendars');
    expect([answer.status, keysOf(answer)]).toEqual([401, { authorization: ['errors.unauthorized'] }]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    // Who sends none, or without the word Bearer, is told so.
    expect(JSON.stringify(answer.body).includes('Authorization: Bearer')).toBe(token === '' || token === null);
  }
});

it('a body over the limit is 413', async () => {
  const long = JSON.stringify({ ...event(), description: 'x'.repeat(bodyBytes) });
  const announced = await upsert(alice, calendarOfAlice, long);
  expect([announced.status, keysOf(announced)]).toEqual([413, { body: ['errors.too_large'] }]);
  expect((await upsert(alice, calendarOfAlice, event())).status).toBe(202);
});

it('a path that is not there is 404, whatever the method', async () => {
  for (const [method, path] of [
    ['GET', '/v1/nothing'],
    ['PATCH', '/v1/events'],
    ['GET', '/'],
    ['GET', '/v1/calendars/%E0%A4%A/events'],
  ] as const) {
    const answer = await alice.ask(method, path);
    expect([answer.status, keysOf(answer)]).toEqual([404, { path: ['errors.not_found'] }]);
  }
});

it('another account’s receipt, channel and page are nobody’s', async () => {
  const operation = await alice.upsert(calendarOfAlice, event());
  expect((await bob.ask('GET', `/v1/operations/${operation}`)).status).toBe(404);
  const opened = await alice.ask('POST', '/v1/channels', { callback_url: 'http://127.0.0.1:9/' });
  const id = String((opened.body['channel'] as Row)['channel_id']);
  expect((await bob.ask('DELETE', `/v1/channels/${id}`)).status).toBe(404);
  expect((await alice.ask('DELETE', `/v1/channels/${id}`)).status).toBe(202);
  expect((await bob.ask('GET', '/v1/events/pages/made-up')).status).toBe(404);
});

it('goes on as if nothing had happened', async () => {
  expect((await alice.ask('GET', '/v1/events?tzid=Etc/UTC')).status).toBe(200);
  const { status, stdout } = await kalends(dataDir, ['ops', 'rebuild', '--compare', '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ profiles: 2, different: 0 });
});
