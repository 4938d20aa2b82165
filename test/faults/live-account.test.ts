/** What goes wrong after an account was connected: work waits, reads go on, nothing is given up and nothing done twice. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiClient, notificationIn, wire, type ApiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import {
  firstSync,
  inspect,
  startNode,
  until,
  type Connection,
  type Inspected,
  type NodeUnderTest,
} from '../support/node-under-test.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { impatient } from './impatient.ts';

const eventCount = 12;

let server: MountedModelServer;
let proxy: FaultProxy;
let kalends: NodeUnderTest;
let receiver: WebhookReceiver;
let connection: Connection;
let app: ApiClient;
let work: string;
let calendarId: string;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
});

afterAll(() => receiver?.stop());

beforeEach(async () => {
  server = await startModelServer();
  work = server.world.addCalendar('alice', 'Work');
  for (let k = 0; k < eventCount; k += 1) {
    server.world.put(
      work,
      `event-${k}.ics`,
      icsOf({ uid: `event-${k}`, summary: `Meeting ${k}`, startMs: daysAhead(1 + k) }),
    );
  }
  proxy = await startFaultProxy(server.url);
  kalends = await startNode({ around: impatient(600) });
  connection = await kalends.connectCalDav({ url: proxy.url, username: 'alice', password: 'alice-password' });
  await firstSync(kalends.ops, connection.profileId);
  app = apiClient(kalends.url, connection.token);
  calendarId = await app.calendarId('Work');
});

afterEach(async () => {
  await kalends.stop();
  await proxy.stop();
  await server.stop();
});

const wish = (id: string): Row => ({
  event_id: id,
  summary: `Wish ${id}`,
  start: wire(daysAhead(2, 15)),
  end: wire(daysAhead(2, 16)),
});

const seen = (): Promise<Inspected> => inspect(kalends.ops, connection.profileId);
const inState = (...names: readonly string[]) =>
  until(`the profile to be ${names.join(' or ')}`, seen, ({ state }) => names.includes(state.name));
const events = () => app.rows('/v1/events?tzid=Etc/UTC', 'events');
const effects = (kind: string): string[] =>
  server.log.flatMap(({ effect }) => (effect.kind === kind && 'path' in effect ? [effect.path] : []));

/** What the cache holds is what there was before anything went wrong. */
async function nothingIsLost(): Promise<void> {
  const rows = await events();
  expect(rows).toHaveLength(eventCount);
  expect(rows.filter((one) => one['deleted'] === true)).toEqual([]);
}

/** A change and a removal made during the fault are found after it, with evidence. */
async function catchesUp(): Promise<void> {
  server.world.edit(work, 'event-1.ics', (body) => body.replace('Meeting 1', String.raw`Meeting 1\, moved`));
  server.world.remove(work, 'event-2.ics');
  const summaries = async () => (await events()).map((one) => String(one['summary']));
  await until(
    'the changes',
    summaries,
    (all) => all.includes('Meeting 1, moved') && !all.includes('Meeting 2'),
    30_000,
  );
  expect(await events()).toHaveLength(eventCount - 1);
  expect(await kalends.ops('rebuild', { compare: true })).toMatchObject({ different: 0 });
}

describe('a password that is not accepted any more', () => {
  it('is suspected, not believed: credentials and writes are kept, and the right one brings everything back', async () => {
    server.world.changePassword('alice', 'another-password');
    const operation = await app.upsert(calendarId, wish('waits'));
    const { state } = await inState('backing_off');
    expect(state).toMatchObject({ code: 'unauthorized', refusals: { count: 1 } });
    const profiles = await app.ask('GET', '/v1/profiles');
    expect(profiles.body).toMatchObject({ profiles: [{ profile_connected: true, kalends_state: 'backing_off' }] });
    expect(await app.receipt(operation)).toMatchObject({ state: 'queued', reason: null });
    await nothingIsLost();
    // A look, before its time, is refused again: still no proof.
    const again = await app.upsert(calendarId, wish('waits too'));
    expect(await app.receipt(again)).toMatchObject({ state: 'queued' });
    const stored = await kalends.node.documents.get('profiles', connection.profileId);
    expect(stored?.credentials).not.toBeNull();
    server.world.changePassword('alice', 'alice-password');
    await kalends.ops('reinstate', { profile: connection.profileId });
    expect(await app.settled(operation)).toMatchObject({ state: 'written' });
    expect(await app.settled(again)).toMatchObject({ state: 'written' });
    await inState('live');
    await catchesUp();
  });

  it('is replaced by connecting again, and what waited is carried out', async () => {
    server.world.changePassword('alice', 'another-password');
    const operation = await app.upsert(calendarId, wish('waits'));
    await inState('backing_off');
    const again = await kalends.connectCalDav({ url: proxy.url, username: 'alice', password: 'another-password' });
    expect(again).toMatchObject({ profileId: connection.profileId, created: false });
    expect(await app.settled(operation)).toMatchObject({ state: 'written' });
    await inState('live');
  });
});

describe('a server that is away', () => {
  it.each([
    ['refuses connections', { kind: 'refuse' }],
    ['swallows everything', { kind: 'black_hole' }],
    ['cuts its answers short', { kind: 'cut', afterBytes: 120, direction: 'to_client' }],
    ['resets its connections', { kind: 'reset' }],
  ] as const)(
    '%s: reads go on, writes are accepted, and both sides agree when it is back',
    async (_, fault) => {
      await proxy.set(fault);
      proxy.dropConnections();
      const operation = await app.upsert(calendarId, wish('waits'));
      await inState('backing_off', 'quarantined');
      await nothingIsLost();
      expect(['queued', 'attempting']).toContain((await app.receipt(operation))['state']);
      const provisional = await app.rows('/v1/events?tzid=Etc/UTC&only_managed=true', 'events');
      expect(provisional).toMatchObject([{ event_id: 'waits', kalends_provisional: true }]);
      await proxy.set({ kind: 'none' });
      expect(await app.settled(operation)).toMatchObject({ state: 'written' });
      expect(effects('created')).toHaveLength(1);
      await catchesUp();
    },
    60_000,
  );

  it('does what it is told and does not say so: read back, and not done twice', async () => {
    await proxy.set({ kind: 'half_open' });
    const operation = await app.upsert(calendarId, wish('unheard'));
    await until(
      'the write to have landed',
      () => effects('created'),
      (paths) => paths.length === 1,
    );
    await inState('backing_off');
    expect(await app.receipt(operation)).toMatchObject({ state: 'attempting', attempts: 1 });
    await proxy.set({ kind: 'none' });
    expect(await app.settled(operation)).toMatchObject({ state: 'written', attempts: 1 });
    expect(effects('created')).toHaveLength(1);
    expect(effects('updated')).toHaveLength(0);
    await catchesUp();
  }, 60_000);

  it('removes what it is told to and does not say so: read back, with evidence', async () => {
    await app.settled(await app.upsert(calendarId, wish('short-lived')));
    await proxy.set({ kind: 'half_open' });
    const operation = await app.remove(calendarId, 'short-lived');
    await until(
      'the removal to have landed',
      () => effects('removed'),
      (paths) => paths.length === 1,
    );
    await inState('backing_off');
    await proxy.set({ kind: 'none' });
    expect(await app.settled(operation)).toMatchObject({ state: 'written' });
    expect(effects('removed')).toHaveLength(1);
    const story = await kalends.ops<{ history: Row[] }>('explain', { event: 'short-lived', calendar: calendarId });
    expect(story.history.find((one) => one['what'] === 'removed')?.['evidence']).toMatchObject({ kind: 'direct_get' });
  }, 60_000);
});

describe('answers that are not what they seem', () => {
  it.each([
    'html_200',
    'body_cut_clean',
    'second_root',
    'listing_empty',
    'home_empty',
    'status_500',
    'status_503',
  ] as const)(
    '%s: nothing is removed, and nothing is told as removed',
    async (fault) => {
      const channel = await app.ask('POST', '/v1/channels', { callback_url: `${receiver.url}${fault}` });
      expect(channel.status).toBe(200);
      const told = () => receiver.requests.filter((one) => one.path === `/${fault}`);
      server.faults.set(fault, { always: true });
      // Some of these concern listings alone.
      await kalends.ops('resync', { profile: connection.profileId });
      // A calendar that contradicted itself is set aside, and not asked a second time.
      const aside = async () => (await seen()).calendars.some((one) => one.state.name === 'quarantined');
      await until('the fault to have been met', async () => server.faults.count(fault) >= 2 || (await aside()));
      await nothingIsLost();
      expect(told().map((one) => notificationIn(one)['type'])).not.toContain('change');
      server.faults.clearAll();
      await kalends.ops('reinstate', { profile: connection.profileId });
      await kalends.ops('resync', { profile: connection.profileId });
      await catchesUp();
      await until('the true changes to be told', told, (all) =>
        all.some((one) => notificationIn(one)['type'] === 'change'),
      );
    },
    60_000,
  );
});
