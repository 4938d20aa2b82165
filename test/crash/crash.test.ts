/** `kill -9` at every boundary, under load: nothing accepted is lost, nothing is done twice, and everybody is told. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventUidOf, resourceIdOf, type CalendarId } from '../../domain/ids.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { apiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import {
  connectCalDav,
  firstSync,
  inspect,
  quickSettings,
  until,
  type Connection,
} from '../support/node-under-test.ts';
import { temporaryFolder } from '../support/process.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { createApplication, type Application } from './application.ts';
import { boundaries } from './boundaries.ts';
import { killAll, leastInFlight, type Hit } from './kills.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { createPeople, type People, type Person } from './people.ts';
import { seeded } from '../support/seeded.ts';
import { startVictim, type Victim } from './victim.ts';
import {
  cacheEqualsServer,
  effectsHappenedOnce,
  intentsAreSettled,
  markerOf,
  mirrorEqualsCalendar,
  removalsIn,
  rowsEqualServer,
  seqIsWhole,
  summaryOf,
  wishesAreAtTheServer,
  type Effect,
} from './verify.ts';

const seed = Number(process.env['KALENDS_TEST_SEED'] ?? 20_200_201);
const random = seeded(seed);
const folder = temporaryFolder('crash');
const dataDir = join(folder, 'data');

/** Somebody's account, as the application knows it. */
interface Account extends Person {
  readonly connection: Connection;
  readonly known: readonly { readonly calendar: string; readonly calendarId: string }[];
  readonly mirror: Mirror;
}

const effects: Effect[] = [];
let server: MountedModelServer;
let receiver: WebhookReceiver;
let accounts: readonly Account[];
let application: Application;
let people: People;
let hits: readonly Hit[] = [];
let last: Victim | null = null;
let url: string | null = null;

const orders = () => ({
  dataDir,
  settings: { ...quickSettings, KALENDS_QUIET_MS: '50', KALENDS_MAX_DELAY_MS: '300', KALENDS_LOG_LEVEL: 'warn' },
  webhookOrigin: receiver.url,
});

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  server = await startModelServer({
    users: { alice: 'a-password', bob: 'b-password', carol: 'c-password' },
    seen: ({ effect }, { body }) => {
      if (effect.kind !== 'created' && effect.kind !== 'updated' && effect.kind !== 'removed') return;
      effects.push({ kind: effect.kind, path: effect.path, marker: body === '' ? null : markerOf(summaryOf(body)) });
    },
  });
  const persons: Person[] = [
    {
      username: 'alice',
      password: 'a-password',
      calendars: ['Work', 'Home'].map((one) => server.world.addCalendar('alice', one)),
    },
    { username: 'bob', password: 'b-password', calendars: [server.world.addCalendar('bob', 'Work')] },
    // Nobody writes here, so that its profile goes to rest while the others have much in flight.
    { username: 'carol', password: 'c-password', calendars: [server.world.addCalendar('carol', 'Work')] },
  ];
  people = createPeople(server, persons, random, (path, body) => {
    effects.push({ kind: 'removed by a person', path, marker: markerOf(summaryOf(body)) });
  });
  for (let k = 0; k < 60; k += 1) people.edit();
  const first = startVictim({ ...orders(), death: null });
  accounts = [];
  for (const person of persons) accounts = [...accounts, await connect(first, await first.ready, person)];
  await first.stop();
  const written = accounts.slice(0, 2);
  application = createApplication(
    random,
    written.flatMap(({ connection: { token, profileId }, known }) =>
      known.map((one) => ({ token, profileId, ...one })),
    ),
    14,
  );
}, 60_000);

afterAll(async () => {
  last?.kill();
  await server?.stop();
  await receiver?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(victim: Victim, address: string, person: Person): Promise<Account> {
  const connection = await connectCalDav(victim.ops, { url: server.url, ...person });
  const { calendars } = await firstSync(victim.ops, connection.profileId);
  const client = apiClient(address, connection.token);
  const channel = await client.ask('POST', '/v1/channels', { callback_url: receiver.url + person.username });
  expect(channel.status).toBe(200);
  const rows = await client.rows('/v1/events?tzid=Etc/UTC&include_managed=true', 'events');
  const home = `/calendars/${person.username}/`;
  return {
    ...person,
    connection,
    known: calendars.map((one) => ({ calendar: home + one.ref, calendarId: one.calendar_id })),
    mirror: createMirror(receiver, `/${person.username}`, connection.token, rows),
  };
}

it('dies at every boundary with much in flight', async () => {
  // A write takes so long that many wait.
  server.faults.set('slow_answer', {
    always: true,
    value: 20,
    only: { matches: ({ method }) => method === 'PUT' || method === 'DELETE' },
  });
  const stopMirrors = keepMirrors();
  hits = await killAll({
    application,
    people,
    profiles: accounts.map((one) => one.connection.profileId),
    random,
    orders: orders(),
    moved: (to) => {
      url = to;
    },
  });
  server.faults.clearAll();
  last = startVictim({ ...orders(), death: null });
  url = await last.ready;
  const [final] = hits.slice(-1);
  if (final !== undefined) final.inFlight = last.openAtStart() ?? 0;
  await stopMirrors();
  process.stdout.write(tableOf(hits));
  for (const boundary of boundaries)
    expect(hits.filter((one) => one.boundary === boundary).length).toBeGreaterThanOrEqual(3);
  expect(hits.length).toBeGreaterThanOrEqual(30);
  expect(Math.min(...hits.map((one) => one.inFlight))).toBeGreaterThanOrEqual(leastInFlight);
}, 240_000);

/** Mirrors read whenever there is a process to ask. */
function keepMirrors(): () => Promise<void> {
  const keeping = { on: true };
  const loops = accounts.map(async ({ mirror }) => {
    while (keeping.on) {
      if (url !== null) await mirror.catchUp(url);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  });
  return async () => {
    keeping.on = false;
    await Promise.all(loops);
  };
}

function tableOf(all: readonly Hit[]): string {
  const lines = boundaries.map((boundary) => {
    const own = all.filter((one) => one.boundary === boundary);
    const flights = own.map((one) => one.inFlight).join(', ');
    return `  ${boundary.padEnd(56)} ${String(own.length).padStart(4)}   ${flights}`;
  });
  return [
    `\nkill -9, seed ${seed}: ${all.length} kills, ${application.accepted()} writes answered 202, ${people.edits} edits by people`,
    `  ${'boundary'.padEnd(56)} hits   intents in flight`,
    ...lines,
    '',
  ].join('\n');
}

/** Asks until nothing is thrown any more; ends with what was thrown last. */
async function untilHolds(what: string, check: () => Promise<void>, patienceMs: number): Promise<void> {
  let reason: unknown = null;
  const holds = async (): Promise<boolean> => {
    try {
      await check();
      return true;
    } catch (error) {
      reason = error;
      return false;
    }
  };
  await until(what, holds, Boolean, patienceMs).catch(() => {
    throw reason;
  });
}

const survivor = (): { readonly victim: Victim; readonly address: string } => {
  if (last === null || url === null) throw new Error('no process is left');
  return { victim: last, address: url };
};

const rowsOf = ({ connection }: Account): Promise<readonly Row[]> =>
  apiClient(survivor().address, connection.token).rows('/v1/events?tzid=Etc/UTC&include_managed=true', 'events');

it('settles everything that was accepted, and shows what the server holds', async () => {
  for (const account of accounts) {
    const { profileId } = account.connection;
    await until(
      `${profileId} to have settled`,
      () => inspect(survivor().victim.ops, profileId),
      (seen) => seen.waiting_intents.length === 0,
      40_000,
    );
    const paths = account.known.map((one) => one.calendar);
    const check = async () => rowsEqualServer(await rowsOf(account), paths, server.world.contents());
    await untilHolds(`${account.username} to see what the server holds`, check, 15_000).catch(async (e) => {
      process.stderr.write(JSON.stringify(await inspect(survivor().victim.ops, profileId), null, 1));
      throw e;
    });
  }
}, 90_000);

it('has told everybody of everything that others did', async () => {
  for (const account of accounts) {
    const { mirror, username } = account;
    const check = async (): Promise<void> => {
      await mirror.catchUp(survivor().address);
      mirrorEqualsCalendar(mirror.rows, await rowsOf(account), ownRemovals());
    };
    await untilHolds(`the mirror of ${username} to equal its calendar`, check, 15_000);
    expect(mirror.notifications).toBeGreaterThan(0);
  }
}, 60_000);

/** The event_uids of what the application removed itself: it is not told of that. */
function ownRemovals(): ReadonlySet<string> {
  const paths = effects.filter((one) => one.kind === 'removed').map((one) => one.path);
  const known = accounts.flatMap((one) => one.known);
  return new Set(
    paths.flatMap((path) => {
      const one = known.find(({ calendar }) => path.startsWith(calendar));
      if (one === undefined) return [];
      return [eventUidOf(resourceIdOf(one.calendarId as CalendarId, path.slice(one.calendar.length)), null)];
    }),
  );
}

it('has projections that equal a rebuild from the log', async () => {
  const outcome = await survivor().victim.ops<object>('rebuild', { compare: true });
  expect(outcome).toMatchObject({ reports: [], different: 0, unsettled: [] });
});

it('has a whole log, lost no write and did none twice', async () => {
  await survivor().victim.stop();
  const documents = openSqlite({ path: join(dataDir, 'kalends.sqlite') });
  await documents.open();
  try {
    for (const { connection } of accounts) await seqIsWhole(documents, connection.profileId);
    const byEvent = await intentsAreSettled(documents, application.events);
    const contents = server.world.contents();
    wishesAreAtTheServer(byEvent, contents, effects);
    const told = await removalsIn(documents, accounts);
    effectsHappenedOnce(effects, [...byEvent.values()].flat(), { changed: people.changed, told });
    for (const { known } of accounts) await cacheEqualsServer(documents, known, contents);
  } finally {
    await documents.close();
  }
});
