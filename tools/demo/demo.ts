/** `npm run demo`: the main job on real calendars, step by step, each step verified; `--exit` ends with its status. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { createNode } from '../../services/wiring.ts';
import { rawClient } from '../../test/support/caldav-server.ts';
import { startWebhookReceiver, type ReceivedRequest } from '../../test/support/webhook-receiver.ts';
import { eventBody, fill, startCalendarServer } from './calendar-server.ts';
import { createClient, until } from './client.ts';
import { createNarrator } from './narrator.ts';

const exitAfter = process.argv.includes('--exit');
const narrator = createNarrator();
const { step, tell, verify } = narrator;
const eventCount = 200;
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
  tell(`${description} at ${server.url}, ${eventCount} events in ${calendar}`);

  step('Kalends starts: one process, embedded store, no broker');
  const loaded = loadConfig({
    KALENDS_DATA_DIR: join(folder, 'data'),
    KALENDS_PORT: '0',
    KALENDS_ALLOWED_ADDRESSES: '127.0.0.1',
    KALENDS_POLL_MS: '1000',
    KALENDS_QUIET_MS: '500',
    KALENDS_MAX_DELAY_MS: '3000',
    KALENDS_LOG_LEVEL: 'error',
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const node = createNode(loaded.config);
  const receiver = await startWebhookReceiver();
  await node.start();
  const stopAll = async (): Promise<void> => {
    await node.stop();
    await receiver.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await mainJob({ node, receiver, server, person, calendar, at });
    if (!exitAfter) await waitForTheReader();
  } finally {
    await stopAll();
  }

  async function waitForTheReader(): Promise<void> {
    tell('Kalends goes on until you press Ctrl-C.');
    await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  }
}

interface Stage {
  readonly node: ReturnType<typeof createNode>;
  readonly receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
  readonly server: Awaited<ReturnType<typeof startCalendarServer>>['server'];
  readonly person: ReturnType<typeof rawClient>;
  readonly calendar: string;
  readonly at: (hours: number) => Date;
}

async function mainJob(stage: Stage): Promise<void> {
  const { node, server } = stage;
  const url = node.gatewayUrl() ?? '';
  tell(`the HTTP API listens at ${url}`);
  const app = (await node.broker.call('ops.createApp', { name: 'demo' })) as { client_secret: string };

  step('Connect: the server’s address, a user name and a password');
  const startedAt = performance.now();
  tell(`kalends connect caldav --url ${server.url} --username ${server.username} --password-stdin --app demo`);
  const connected = (await node.broker.call('ops.connect', {
    provider: 'caldav',
    app: 'demo',
    address: server.url,
    credentials: { kind: 'password', username: server.username, password: server.password },
    timeZone: 'Etc/UTC',
  })) as { account_id: string; profile_id: string; access_token: string };
  tell(JSON.stringify({ ...connected, access_token: `${connected.access_token.slice(0, 6)}…` }));
  await firstSync(stage, connected.profile_id, startedAt);
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

async function firstSync({ node }: Stage, profileId: string, startedAt: number): Promise<void> {
  step('First sync');
  await until<SyncView>(
    'the first sync',
    () => node.broker.call('ops.inspect', { profile: profileId }),
    (seen) => {
      const synced = seen.calendars.reduce((sum, one) => sum + one.events, 0);
      const done = seen.initial_sync_at !== null;
      narrator.progress(
        `${seen.state.name}: ${seen.calendars.length} calendar(s), ${synced} of ${eventCount} events, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
        done,
      );
      return done;
    },
  );
}

type Client = ReturnType<typeof createClient>;

async function countAll(client: Client, first: Row): Promise<number> {
  let count = rows(first['events']).length;
  let next = (first['pages'] as Row)['next_page'];
  while (typeof next === 'string') {
    const page: Row = (await client.send('GET', new URL(next).pathname, undefined, true)).body;
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
  tell(`webhook after ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${request.body}`);
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
  const put = await person.put(
    `${calendar}event-7.ics`,
    eventBody('event-7@demo', 'Meeting 7, moved', at(7 * 24 + 10), 45),
  );
  tell(`PUT ${calendar}event-7.ics → ${put.status}`);
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
  const { client, calendarId, calendar, receiver, at } = scene;
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
    async () => (await client.send('GET', `/v1/operations/${operation}`, undefined, true)).body['operation'] as Row,
    (one) => one['state'] === 'written',
  );
  await client.send('GET', `/v1/operations/${operation}`);
  const there = await findBySummary(scene, 'Lunch with Ada');
  verify('the event is on the calendar server', there !== null);
  tell(`GET ${there ?? calendar}`);
  await deletion(scene, before);
}

/** Looks at the calendar server itself, past Kalends. */
async function findBySummary({ person, calendar }: Scene, summary: string): Promise<string | null> {
  for (const url of (await person.list(calendar)).keys()) {
    if (url.includes('kalends-') && (await person.get(url)).text.includes(`SUMMARY:${summary}`)) return url;
  }
  return null;
}

async function deletion(scene: Scene, receivedBeforeWrite: number): Promise<void> {
  const { client, person, calendar, node, receiver } = scene;
  step('A person deletes an event: told with evidence, never guessed');
  const gone = await person.delete(`${calendar}event-9.ics`);
  tell(`DELETE ${calendar}event-9.ics → ${gone.status}`);
  const told = await nextChange(scene);
  verify('the application was not told of its own write', receiver.requests.length === receivedBeforeWrite + 1);
  const since = encodeURIComponent(String(told['changes_since']));
  const seen = await client.send('GET', `/v1/events?tzid=Etc/UTC&last_modified=${since}&include_deleted=true`);
  const removed = rows(seen.body['events']).find((one) => one['summary'] === 'Meeting 9');
  verify('the application reads the deletion', removed?.['deleted'] === true, seen.body);
  const story = (await node.broker.call('ops.explain', { event: String(removed?.['event_uid']) })) as {
    history: readonly Row[];
  };
  const last = story.history.at(-1);
  tell(`kalends ops explain ${String(removed?.['event_uid'])}`);
  for (const one of story.history)
    tell(
      `  seq ${String(one['seq'])} ${String(one['at'])} ${String(one['cause'])}: ${String(one['what'])} ${JSON.stringify(one['evidence'] ?? '')}`,
    );
  verify('the log names the evidence of the removal', last?.['what'] === 'removed' && last['evidence'] !== null, last);
  await finish(scene);
}

async function finish({ client, node }: Scene): Promise<void> {
  step('Free/busy, from the same cache');
  const busy = await client.send('GET', '/v1/free_busy?tzid=Etc/UTC&include_managed=true');
  verify('busy times are served', rows(busy.body['free_busy']).length > 0);

  step('The projections equal a rebuild from the log');
  const compared = (await node.broker.call('ops.rebuild', { compare: true })) as {
    compared: number;
    different: number;
    commits: number;
  };
  tell(`kalends ops rebuild --compare → ${JSON.stringify(compared)}`);
  verify(
    `${compared.compared} documents rebuilt from ${compared.commits} commits are as stored`,
    compared.different === 0,
  );
}

const startedAt = performance.now();
try {
  await demo();
  process.stdout.write(
    `\n${narrator.verified} things verified in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.\n`,
  );
  process.exit(0);
} catch (error) {
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
