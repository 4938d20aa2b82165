/** `npm run demo`: the main job on real calendars, step by step, each step verified; `--exit` ends with its status. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { listen } from '../../services/control-socket.ts';
import { createNode } from '../../services/wiring.ts';
import { rawClient } from '../../test/support/caldav-server.ts';
import { startWebhookReceiver, type ReceivedRequest } from '../../test/support/webhook-receiver.ts';
import { eventBody, fill, startCalendarServer } from './calendar-server.ts';
import { createClient, until } from './client.ts';
import { createCommandLine, type CommandLine } from './command-line.ts';
import { createNarrator } from './narrator.ts';

const exitAfter = process.argv.includes('--exit');
const narrator = createNarrator();
const { step, tell, verify } = narrator;
// Each costs the calendar server a write to its disk, and a reader some patience.
const eventCount = 100;
const day = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'kalends-demo-'));

type Row = Readonly<Record<string, unknown>>;
const rows = (of: unknown): readonly Row[] => of as readonly Row[];

/** Everything is started, used, and stopped here; what goes wrong is thrown. */
async function demo(): Promise<void> {
  step('A calendar server, with a person’s calendar on it');
  const { server, description } = await startCalendarServer(tell);
  const person = rawClient(server);
  const calendar = await server.makeCalendar('Work');
  const tomorrow = new Date(Math.ceil(Date.now() / day) * day + 9 * 3_600_000);
  const at = (hours: number): Date => new Date(tomorrow.getTime() + hours * 3_600_000);
  await fill(
    server,
    calendar,
    Array.from({ length: eventCount }, (_, k) =>
      eventBody(`event-${k}@demo`, `Meeting ${k}`, at((k % 100) * 24 + (k % 8)), 30),
    ),
  );
  tell(`${description} at ${server.url}`);
  verify(`${eventCount} events are in ${calendar}`, (await person.list(calendar)).size === eventCount);

  step('Kalends starts: one process, embedded store, no broker');
  const settings = {
    KALENDS_DATA_DIR: join(folder, 'data'),
    KALENDS_PORT: '0',
    KALENDS_ALLOWED_ADDRESSES: '127.0.0.1',
    KALENDS_POLL_MS: '1000',
    KALENDS_QUIET_MS: '500',
    KALENDS_MAX_DELAY_MS: '3000',
    KALENDS_LOG_LEVEL: 'error',
  };
  const loaded = loadConfig(settings);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const node = createNode(loaded.config);
  const receiver = await startWebhookReceiver();
  await node.start();
  // As `kalends start` does it: the commands below are processes of their own, and ask this one.
  const control = await listen(settings.KALENDS_DATA_DIR, (action, params) => node.broker.call(action, params));
  const stopAll = async (): Promise<void> => {
    await control.close();
    await node.stop();
    await receiver.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const kalends = createCommandLine(settings, narrator);
  try {
    await mainJob({ node, kalends, receiver, server, person, calendar, at });
    if (!exitAfter) await waitForTheReader();
  } finally {
    await stopAll();
  }

  async function waitForTheReader(): Promise<void> {
    tell('Kalends goes on until you press Ctrl-C. Look around from another terminal:');
    tell(`KALENDS_DATA_DIR=${settings.KALENDS_DATA_DIR} npx kalends ops profiles`);
    await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  }
}

interface Stage {
  readonly node: ReturnType<typeof createNode>;
  readonly kalends: CommandLine;
  readonly receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
  readonly server: Awaited<ReturnType<typeof startCalendarServer>>['server'];
  readonly person: ReturnType<typeof rawClient>;
  readonly calendar: string;
  readonly at: (hours: number) => Date;
}

async function mainJob(stage: Stage): Promise<void> {
  const { node, kalends, server } = stage;
  const url = node.gatewayUrl() ?? '';
  tell(`the HTTP API listens at ${url}`);
  const stranger = createClient(url, 'nobody-knows-this', narrator);
  verify('it refuses a token that it does not know', (await stranger.send('GET', '/v1/account')).status === 401);

  step('Connect: the server’s address, a user name and a password');
  const app = JSON.parse(await kalends(['ops', 'create-app', 'demo', '--json'], { secrets: ['client_secret'] })) as {
    client_secret: string;
  };
  const login = ['--url', server.url, '--username', server.username, '--password-stdin'];
  const connected = JSON.parse(
    await kalends(['connect', 'caldav', ...login, '--app', 'demo', '--time-zone', 'Etc/UTC'], {
      input: `${server.password}\n`,
      secrets: ['access_token'],
    }),
  ) as { profile_id: string; access_token: string; created: boolean };
  verify('the calendar server accepted the login, and a profile was made', connected.created);
  await firstSync(stage, connected.profile_id);
  const client = createClient(url, connected.access_token, narrator);

  step('Read: the calendar list and the events, from the cache');
  const calendars = rows((await client.send('GET', '/v1/calendars')).body['calendars']);
  const calendarId = String(calendars.find((one) => one['calendar_name'] === 'Work')?.['calendar_id']);
  const events = await client.send('GET', '/v1/events?tzid=Etc/UTC');
  verify(`all ${eventCount} events are served`, (await countAll(client, events.body)) === eventCount);
  await changes({ ...stage, client, calendarId, secret: app.client_secret });
}

interface SyncView {
  readonly initial_sync_at: string | null;
  readonly state: { readonly name: string };
  readonly calendars: readonly { readonly events: number }[];
}

async function firstSync({ node }: Stage, profileId: string): Promise<void> {
  step('First sync');
  const startedAt = performance.now();
  const synced = (seen: SyncView): number => seen.calendars.reduce((sum, one) => sum + one.events, 0);
  const last = await until<SyncView>(
    'the first sync',
    () => node.broker.call('ops.inspect', { profile: profileId }),
    (seen) => {
      const done = seen.initial_sync_at !== null;
      narrator.progress(
        `${seen.state.name}: ${seen.calendars.length} calendar(s), ${synced(seen)} of ${eventCount} events, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
        done,
      );
      return done;
    },
  );
  verify('every event is in the cache', synced(last) === eventCount, last);
}

type Client = ReturnType<typeof createClient>;

async function countAll(client: Client, first: Row): Promise<number> {
  let count = rows(first['events']).length;
  let next = (first['pages'] as Row)['next_page'];
  while (typeof next === 'string') {
    const page: Row = (await client.sendQuietly('GET', new URL(next).pathname)).body;
    count += rows(page['events']).length;
    next = (page['pages'] as Row)['next_page'];
  }
  return count;
}

interface Scene extends Stage {
  readonly client: Client;
  readonly calendarId: string;
  readonly secret: string;
}

const notificationOf = (request: ReceivedRequest): Row =>
  (JSON.parse(request.body) as { notification: Row }).notification;

/** The next notification of changes, with its signature checked. */
async function nextChange(scene: Scene): Promise<Row> {
  const startedAt = performance.now();
  const request = await scene.receiver.next((one) => notificationOf(one)['type'] === 'change', 30_000);
  tell(`webhook, ${((performance.now() - startedAt) / 1000).toFixed(1)} s after the change: ${request.body}`);
  const expected = createHmac('sha256', scene.secret).update(request.raw).digest('base64');
  verify(
    'its signature is the HMAC-SHA256 of the body under the client secret',
    request.headers['cronofy-hmac-sha256'] === expected,
  );
  return notificationOf(request);
}

async function changes(scene: Scene): Promise<void> {
  const { client, receiver, person, calendar, at } = scene;
  step('A channel: Kalends will tell this application of changes');
  // Times in the API are whole seconds: what the first sync brought is not to look like a change after it.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const created = await client.send('POST', '/v1/channels', { callback_url: receiver.url });
  verify('the channel is open', created.status === 200);
  const hello = await receiver.next((one) => notificationOf(one)['type'] === 'verification');
  tell(`webhook: ${hello.body}`);

  step('A person changes an event at the calendar server');
  const moved = eventBody('event-7@demo', 'Meeting 7, moved', at(7 * 24 + 10), 45);
  const put = await narrator.exchange(
    `PUT ${calendar}event-7.ics ${excerpt(moved)}`,
    () => person.put(`${calendar}event-7.ics`, moved),
    ({ status }) => String(status),
  );
  verify('the calendar server took it', put.status < 300);
  const told = await nextChange(scene);
  const since = encodeURIComponent(String(told['changes_since']));
  const seen = await client.send('GET', `/v1/events?tzid=Etc/UTC&last_modified=${since}&include_deleted=true`);
  const changed = rows(seen.body['events']).filter((one) => one['summary'] === 'Meeting 7, moved');
  verify(
    'the application reads the change, and nothing but it',
    changed.length === 1 && rows(seen.body['events']).length === 1,
    seen.body,
  );
  await write(scene);
}

async function write(scene: Scene): Promise<void> {
  const { client, calendarId, calendar, person, receiver, at } = scene;
  step('The application writes an event');
  const start = at(12);
  const wish = {
    event_id: 'lunch-1',
    summary: 'Lunch with Ada',
    start: start.toISOString().replace('.000', ''),
    end: new Date(start.getTime() + 3_600_000).toISOString().replace('.000', ''),
    tzid: 'Etc/UTC',
  };
  const before = receiver.requests.length;
  const accepted = await client.send('POST', `/v1/calendars/${calendarId}/events`, wish);
  verify('accepted: it is durable, and will be carried out', accepted.status === 202);
  const operation = accepted.headers.get('x-kalends-operation') ?? '';
  await until(
    'the receipt to say written',
    async () => (await client.sendQuietly('GET', `/v1/operations/${operation}`)).body['operation'] as Row,
    (one) => one['state'] === 'written',
  );
  await client.send('GET', `/v1/operations/${operation}`);
  const url = [...(await person.list(calendar)).keys()].find((one) => one.includes('kalends-')) ?? calendar;
  const there = await narrator.exchange(
    `GET ${url}`,
    () => person.get(url),
    ({ status, text }) => `${status} ${excerpt(text)}`,
  );
  verify('the event is on the calendar server', there.text.includes(`SUMMARY:${wish.summary}`), there.text);
  await deletion(scene, before);
}

/** Of an iCalendar body what tells a reader which event it is. */
const excerpt = (body: string): string =>
  `… ${[...body.matchAll(/^(?:DTSTART|SUMMARY)[:;].*$/gm)].map(([line]) => line.trim()).join(' … ')} …`;

async function deletion(scene: Scene, receivedBeforeWrite: number): Promise<void> {
  const { client, person, calendar, kalends, receiver } = scene;
  step('A person deletes an event: told with evidence, never guessed');
  await narrator.exchange(
    `DELETE ${calendar}event-9.ics`,
    () => person.delete(`${calendar}event-9.ics`),
    ({ status }) => String(status),
  );
  const told = await nextChange(scene);
  verify('the application was not told of its own write', receiver.requests.length === receivedBeforeWrite + 1);
  const since = encodeURIComponent(String(told['changes_since']));
  const seen = await client.send('GET', `/v1/events?tzid=Etc/UTC&last_modified=${since}&include_deleted=true`);
  const removed = rows(seen.body['events']).find((one) => one['summary'] === 'Meeting 9');
  verify('the application reads that “Meeting 9” is deleted', removed?.['deleted'] === true, seen.body);
  const story = await kalends(['ops', 'explain', String(removed?.['event_uid'])]);
  const [, removal = ''] = story.split('what: removed');
  verify('the log names the evidence of the removal', /kind: (?:tombstone|direct_get)/.test(removal), story);
  await finish(scene);
}

async function finish({ client, kalends }: Scene): Promise<void> {
  step('Free/busy, from the same cache');
  const busy = await client.send('GET', '/v1/free_busy?tzid=Etc/UTC&include_managed=true');
  verify('busy times are served', rows(busy.body['free_busy']).length > 0);

  step('The projections equal a rebuild from the log');
  const compared = JSON.parse(await kalends(['ops', 'rebuild', '--compare', '--json'])) as {
    compared: number;
    different: number;
    commits: number;
    unsettled: readonly string[];
  };
  verify(
    `${compared.compared} documents rebuilt from ${compared.commits} commits are as stored`,
    compared.compared > eventCount && compared.different + compared.unsettled.length === 0,
    compared,
  );
}

const startedAt = performance.now();
try {
  await demo();
  process.stdout.write(
    `\n${narrator.end()} things verified in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.\n`,
  );
  process.exit(0);
} catch (error) {
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
