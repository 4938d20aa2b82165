/** The main job by separate processes over a real NATS server, with MongoDB behind them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newProfileId } from '../../domain/ids.ts';
import { revokeGrant, type RegistryContext } from '../../services/auth/registry.ts';
import { rememberedMs } from '../../services/auth/authenticate.ts';
import { openStore } from '../../services/wiring.ts';
import { repositoryRoot } from '../../tools/setup/locate.ts';
import { apiClient, notificationIn, wire, type ApiClient, type Row } from '../support/api-client.ts';
import { rawClient, type CalDavServer, type RawClient } from '../support/caldav-server.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { connectionOf, firstSync, until, type Connection } from '../support/node-under-test.ts';
import { startProcess, temporaryFolder, type OwnedProcess } from '../support/process.ts';
import { scratch } from '../support/scratch.ts';
import { useSecret } from '../support/traces.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { configOf, operatorOf, startCalendars, startGround } from './ground.ts';
import {
  kalends,
  newKeys,
  quickCluster,
  runKalends,
  startKalends,
  type KalendsProcess,
  type Settings,
} from './kalends-process.ts';

const ground = await startGround();
const scratchAt = scratch();

const eventCount = 12;
const summaryOf = (k: number): string => `Confidential meeting ${k}`;

describe.skipIf(ground === null)('a cluster of processes over NATS and MongoDB', () => {
  let settings: Settings;
  let calendars: CalDavServer;
  let person: RawClient;
  let work: string;
  let receiver: WebhookReceiver;
  let operator: Awaited<ReturnType<typeof operatorOf>>;
  let appIds: { readonly app_id: string; readonly client_id: string; readonly client_secret: string };
  let connection: Connection;
  let app: ApiClient;
  let calendarId: string;
  const processes: Record<string, KalendsProcess> = {};
  /** Of every process that has ended, too. */
  const logs: string[] = [];
  const consumers: OwnedProcess[] = [];

  const connectArgs = (): string[] => {
    const { url, username } = calendars;
    return ['connect', 'caldav', '--url', url, '--username', username, '--password-stdin', '--app', 'cluster'];
  };
  const change = async (k: number, summary: string): Promise<void> => {
    const body = icsOf({ uid: `event-${k}@people`, summary, startMs: daysAhead(2 + k) });
    expect((await person.put(`${work}event-${k}.ics`, body)).status).toBeLessThan(300);
  };
  const end = async (name: string): Promise<void> => {
    await processes[name]?.stop();
    logs.push(processes[name]?.output() ?? '');
    delete processes[name];
  };

  beforeAll(async () => {
    settings = ground?.settings ?? {};
    calendars = await startCalendars();
    person = rawClient(calendars);
    work = await calendars.makeCalendar('Work');
    for (let k = 0; k < eventCount; k += 1) await change(k, summaryOf(k));
    receiver = await startWebhookReceiver();
    const roles = ['gateway,auth', 'supervisor', 'notifier', 'ops'];
    await Promise.all(
      roles.map(async (role) => {
        processes[role] = await startKalends(role, settings);
      }),
    );
    operator = await operatorOf(settings);
  });

  afterAll(async () => {
    await operator?.close();
    await Promise.all(consumers.map((one) => one.stop()));
    await Promise.all(Object.values(processes).map((one) => one.stop()));
    await receiver?.stop();
    await calendars?.stop();
    await ground?.stop();
  });

  it('says the same of a wrong password as one process alone says', async () => {
    const alone = {
      KALENDS_DATA_DIR: scratchAt('alone'),
      KALENDS_ALLOWED_ADDRESSES: '127.0.0.1',
      KALENDS_LOG_LEVEL: 'silent',
    };
    // A command begins no store of its own.
    const store = await startKalends('gateway,auth,supervisor,notifier,ops', { ...quickCluster, ...alone });
    await store.stop();
    const wrong = `not-${calendars.password}\n`;
    const [here, there] = await Promise.all([
      runKalends(connectArgs(), alone, wrong).ended,
      runKalends(connectArgs(), { ...settings, KALENDS_LOG_LEVEL: 'silent' }, wrong).ended,
    ]);
    expect(here.status).toBe(1);
    expect(here.stderr).toMatch(/unauthorized; asked: PROPFIND/);
    expect(there).toEqual(here);
    expect(processes['ops']?.output(), 'it was this process that asked').toContain("'ops.connect' request is rejected");
    expect(await operator.ops('profiles')).toEqual([]);
  });

  it('carries a failure over NATS with its code, ids and evidence, in both directions', async () => {
    const nobody = newProfileId(0, () => 0.5);
    await expect(operator.ops('inspect', { profile: nobody })).rejects.toMatchObject({
      name: 'KalendsError',
      code: 'not_known',
      verdict: 'refused',
      ids: { profile: nobody },
    });
    const { url: address, username } = calendars;
    const credentials = { kind: 'password', username, password: 'what-nobody-typed' };
    useSecret(credentials.password, username);
    const params = { provider: 'caldav', app: 'cluster', address, credentials, timeZone: 'Etc/UTC' };
    await expect(operator.ops('connect', params)).rejects.toMatchObject({
      code: 'unauthorized',
      verdict: 'auth_suspect',
      evidence: { status: 401, request: expect.stringContaining('PROPFIND') as string },
    });
  });

  it('connects an account by a command that joins over NATS', async () => {
    appIds = (await kalends(['ops', 'create-app', 'cluster', '--json'], settings)) as typeof appIds;
    connection = connectionOf(await kalends(connectArgs(), settings, `${calendars.password}\n`));
    expect(connection.created).toBe(true);
    await firstSync(operator.ops, connection.profileId);
    app = apiClient(processes['gateway,auth']?.url ?? '', connection.token);
    calendarId = await app.calendarId('Work');
  });

  it('serves what another process synchronised', async () => {
    const events = await app.rows('/v1/events?tzid=Etc/UTC', 'events');
    expect(events.map((one) => String(one['summary'])).toSorted()).toEqual(
      Array.from({ length: eventCount }, (_, k) => summaryOf(k)).toSorted(),
    );
  });

  it('carries a write to the calendar server and gives a receipt', async () => {
    const start = daysAhead(3, 12);
    const times = { start: wire(start), end: wire(start + 3_600_000), tzid: 'Etc/UTC' };
    const operation = await app.upsert(calendarId, { event_id: 'lunch', summary: 'Private lunch', ...times });
    expect(await app.settled(operation)).toMatchObject({ state: 'written' });
    const refs = [...(await person.list(work)).keys()].filter((url) => url.includes('kalends-'));
    const bodies = await Promise.all(refs.map(async (url) => (await person.get(url)).text));
    expect(bodies).toEqual([expect.stringContaining('SUMMARY:Private lunch') as string]);
  });

  it('tells of a change on the server by webhook, from a process that pulled nothing', async () => {
    expect((await app.ask('POST', '/v1/channels', { callback_url: receiver.url })).status).toBe(200);
    await receiver.next((one) => notificationIn(one)['type'] === 'verification');
    await change(3, 'Confidential meeting, moved');
    const told = await receiver.next((one) => notificationIn(one)['type'] === 'change', 20_000);
    const since = encodeURIComponent(String(notificationIn(told)['changes_since']));
    const changed = await app.rows(`/v1/events?tzid=Etc/UTC&last_modified=${since}`, 'events');
    expect(changed.map((one) => one['summary'])).toContain('Confidential meeting, moved');
  });

  it('explains a deletion with its evidence', async () => {
    const events = await app.rows('/v1/events?tzid=Etc/UTC', 'events');
    const uid = String(events.find((one) => one['summary'] === summaryOf(5))?.['event_uid']);
    expect((await person.delete(`${work}event-5.ics`)).status).toBeLessThan(300);
    await until('the deletion', async () => {
      const now = await app.rows('/v1/events?tzid=Etc/UTC', 'events');
      return now.every((one) => one['event_uid'] !== uid);
    });
    const story = (await kalends(['ops', 'explain', uid, '--json'], settings)) as { history: readonly Row[] };
    const last = story.history.at(-1);
    expect(last).toMatchObject({ cause: 'pull', what: 'removed' });
    expect(last?.['evidence']).toMatchObject({ kind: expect.stringMatching(/^(tombstone|direct_get)$/) as string });
  });

  it('feeds the example consumer across its restart, each message once', async () => {
    const consumer = (): Promise<OwnedProcess> => startConsumer(settings, appIds.app_id, connection.accountId);
    const linesOf = (one: OwnedProcess): { message_id: string; to_seq: number; changes: readonly Row[] }[] =>
      one
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { message_id: string; to_seq: number; changes: readonly Row[] });
    const first = await consumer();
    consumers.push(first);
    const removed = (): boolean =>
      linesOf(first).some(({ changes }) => changes.some((one) => one['kind'] === 'removed'));
    await until('the deletion in the stream', removed);
    const before = linesOf(first);
    await first.stop();

    await change(7, 'Confidential meeting, while the consumer was away');
    const [uid] = await until(
      'the change in the cache',
      async () =>
        (await app.rows('/v1/events?tzid=Etc/UTC', 'events'))
          .filter((one) => String(one['summary']).endsWith('was away'))
          .map((one) => one['event_uid']),
      (found) => found.length === 1,
    );
    const second = await consumer();
    consumers.push(second);
    const told = (): boolean => linesOf(second).some(({ changes }) => changes.some((one) => one['event_uid'] === uid));
    await until('the change in the stream', told);
    const seen = [...before, ...linesOf(second)];
    expect(new Set(seen.map((one) => one.message_id)).size).toBe(seen.length);
    expect(seen.map((one) => one.to_seq)).toEqual(seen.map((one) => one.to_seq).toSorted((a, b) => a - b));
    // Its own write is not told to the application that made it.
    expect(JSON.stringify(seen)).not.toContain('"cause":"write"');
  });

  it('leaves projections that equal a rebuild from the log', async () => {
    const { status, stdout } = await runKalends(['ops', 'rebuild', '--compare', '--json'], settings).ended;
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ profiles: 1, different: 0 });
    expect((JSON.parse(stdout) as { compared: number }).compared).toBeGreaterThan(eventCount);
  });

  it('keeps credentials and intents while a supervisor has other keys, and goes on when it has the right ones', async () => {
    await end('supervisor');
    processes['supervisor'] = await startKalends('supervisor', { ...settings, KALENDS_KEYS: newKeys('k2') });
    const start = daysAhead(4, 12);
    const times = { start: wire(start), end: wire(start + 3_600_000), tzid: 'Etc/UTC' };
    const operation = await app.upsert(calendarId, { event_id: 'later', summary: 'Private talk', ...times });
    await until('the supervisor to say what is missing', () =>
      /a sealed secret cannot be opened: no key k1 in the ring/.test(processes['supervisor']?.output() ?? ''),
    );
    expect(await app.receipt(operation)).toMatchObject({ state: 'queued' });
    await end('supervisor');
    processes['supervisor'] = await startKalends('supervisor', settings);
    expect(await app.settled(operation)).toMatchObject({ state: 'written' });
  });

  it('authenticates in another process than the gateway, and refuses a revoked grant in all of them', async () => {
    const [remote, auth] = await Promise.all([startKalends('gateway', settings), startKalends('auth', settings)]);
    Object.assign(processes, { remote, auth });
    const through = apiClient(remote.url, connection.token);
    await until(
      'the gateway to know the auth service',
      () => through.ask('GET', '/v1/account'),
      (one) => one.status === 200,
    );
    expect(await apiClient(remote.url, 'of-nobody').ask('GET', '/v1/account')).toMatchObject({
      status: 401,
      body: { errors: { authorization: [{ key: 'errors.unauthorized' }] } },
    });

    const documents = openStore(configOf(settings));
    await documents.open();
    try {
      const [grant] = await documents.find('grantsOfAccount', { accountId: connection.accountId as never });
      const clock = { now: () => Date.now() };
      await revokeGrant({ documents, clock } as unknown as RegistryContext, grant?._id as never);
    } finally {
      await documents.close();
    }
    for (const client of [through, app]) {
      await until(
        'the token to be refused',
        () => client.ask('GET', '/v1/account'),
        (one) => one.status === 401,
        rememberedMs * 3,
      );
    }
  });

  it('answers 503 in a gateway without any auth service, and works again when one is there', async () => {
    const gateway = processes['remote']?.url ?? '';
    await end('auth');
    await end('gateway,auth');
    const refused = await until(
      'the gateway to know that nobody authenticates',
      () => apiClient(gateway, connection.token).ask('GET', '/v1/account'),
      (one) => one.status === 503,
    );
    expect(refused.headers.get('retry-after')).toBe('5');
    processes['auth'] = await startKalends('auth', settings);
    await until(
      'the auth service to answer',
      () => apiClient(gateway, 'of-nobody').ask('GET', '/v1/account'),
      (one) => one.status === 401,
    );
  });

  it('has written no secret and no event into any log', async () => {
    await Promise.all(Object.keys(processes).map(end));
    const all = logs.join('\n');
    expect(all, 'the processes wrote logs').toContain('"level":"debug"');
    const keys = (settings['KALENDS_KEYS'] ?? '').slice('k1:'.length);
    const secrets = [calendars.password, connection.token, appIds.client_secret, keys, settings['KALENDS_STORE_URL']];
    for (const secret of secrets) expect(all).not.toContain(secret);
    for (const summary of ['Confidential meeting', 'Private lunch', 'Private talk']) expect(all).not.toContain(summary);
    expect(all).not.toMatch(/"level":"(fatal)"/);
  });
});

/** `docs/examples/changes-consumer.ts` as its first lines say, ready when it is connected. */
function startConsumer(settings: Settings, appId: string, accountId: string): Promise<OwnedProcess> {
  const folder = temporaryFolder('consumer');
  const example = join(repositoryRoot, 'docs', 'examples', 'changes-consumer.ts');
  const server = settings['KALENDS_NATS_URL'] ?? '';
  return startProcess({
    command: process.execPath,
    args: [example, '--server', server, '--app', appId, '--account', accountId, '--name', 'mirror'],
    folder,
    ready: async () => readFileSync(join(folder, 'output.log'), 'utf8') !== null,
  });
}
