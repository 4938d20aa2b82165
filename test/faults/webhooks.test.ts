/** Webhook endpoints that are slow, fail or redirect: only they wait, each attempt is logged, and nothing is lost. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { DeliveryDoc, SubscriberDoc } from '../../domain/channel.ts';
import { apiClient, notificationIn, type ApiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { firstSync, startNode, until, type NodeUnderTest } from '../support/node-under-test.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let server: MountedModelServer;
let kalends: NodeUnderTest;
let endpoint: WebhookReceiver;
let bystander: WebhookReceiver;
let app: ApiClient;
let work: string;
let edits = 0;

beforeAll(async () => {
  server = await startModelServer();
  work = server.world.addCalendar('alice', 'Work');
  endpoint = await startWebhookReceiver();
  bystander = await startWebhookReceiver();
  kalends = await startNode({
    around: {
      // What receivers are promised is 5 s.
      http: (http) => (request) =>
        http(
          request.url.startsWith(endpoint.url) ? { ...request, timeoutMs: Math.min(request.timeoutMs, 500) } : request,
        ),
    },
  });
  const connection = await kalends.connectCalDav(server);
  await firstSync(kalends.ops, connection.profileId);
  app = apiClient(kalends.url, connection.token);
});

afterEach(async () => {
  endpoint.answer({ kind: 'status', status: 200 });
  const open = (await app.ask('GET', '/v1/channels')).body['channels'] as Row[];
  for (const one of open) await app.ask('DELETE', `/v1/channels/${String(one['channel_id'])}`);
});

afterAll(async () => {
  await kalends?.stop();
  await endpoint?.stop();
  await bystander?.stop();
  await server?.stop();
});

async function channel(url: string): Promise<string> {
  const opened = await app.ask('POST', '/v1/channels', { callback_url: url });
  expect(opened.status).toBe(200);
  return String((opened.body['channel'] as Row)['channel_id']);
}

/** A channel whose verification was answered, and its subscriber. */
async function verified(receiver: WebhookReceiver): Promise<string> {
  const id = await channel(receiver.url);
  await receiver.next((one) => one.body.includes(id));
  await until(
    'the verification to be recorded',
    () => subscriber(id),
    (one) => one.inFlight === null,
  );
  return id;
}

const subscriber = async (id: string): Promise<SubscriberDoc> => {
  const found = await kalends.node.documents.get('subscribers', id);
  if (found === null) throw new Error(`no subscriber ${id}`);
  return found;
};

const attempts = (id: string): Promise<DeliveryDoc[]> =>
  kalends.node.documents.find('deliveriesOfSubscriber', { subscriberId: id });

const attemptsOfChanges = async (id: string): Promise<DeliveryDoc[]> =>
  (await attempts(id)).filter((one) => one.notification === 'change');

/** A person changes something. */
function edit(): void {
  edits += 1;
  server.world.put(
    work,
    `e-${edits}.ics`,
    icsOf({ uid: `e-${edits}`, summary: `Edit ${edits}`, startMs: daysAhead(1) }),
  );
}

/** The wait before the next attempt is cut short. */
async function hasten(id: string): Promise<void> {
  await until('the next attempt to be due', async () => {
    const one = await subscriber(id);
    return kalends.node.documents.replace('subscribers', { ...one, dueAtMs: Date.now(), rev: one.rev + 1 }, one.rev);
  });
}

it.each([
  ['never answers', { kind: 'hang' }, null, 'timed_out'],
  ['fails', { kind: 'status', status: 500 }, 500, '500'],
  ['says that it is gone', { kind: 'status', status: 410 }, 410, '410'],
  ['hangs up', { kind: 'reset' }, null, 'cut_short'],
] as const)(
  'an endpoint that %s is told again, the same and with the same id, until it answers',
  async (_, how, status, error) => {
    const id = await verified(endpoint);
    const other = await verified(bystander);
    endpoint.answer(how);
    edit();
    const [failed] = await until(
      'the failed attempt',
      () => attemptsOfChanges(id),
      (all) => all.length === 1,
    );
    expect(failed).toMatchObject({ attempt: 1, status, error: expect.stringContaining(error) as string });
    // The attempt is logged first; what follows from it is stored after.
    const waiting = await until(
      'the failure to be counted',
      () => subscriber(id),
      (one) => one.failures === 1,
    );
    expect(waiting).toMatchObject({ open: 1, failures: 1, inFlight: { attempts: 1 } });
    expect(waiting.dueAtMs).toBeGreaterThan(Date.now());
    // Nobody else waits for it.
    const told = await bystander.next((one) => one.body.includes(other) && notificationIn(one)['type'] === 'change');
    expect(told.body).toContain(other);
    endpoint.answer({ kind: 'status', status: 200 });
    await hasten(id);
    const all = await until(
      'the second attempt',
      () => attemptsOfChanges(id),
      (seen) => seen.length === 2,
    );
    expect(all.map((one) => [one.attempt, one.status])).toEqual([
      [1, status],
      [2, 200],
    ]);
    expect(all[1]).toMatchObject({ deliveryId: failed?.deliveryId, body: failed?.body, error: null });
    const sent = endpoint.requests.filter((one) => one.body.includes(id) && notificationIn(one)['type'] === 'change');
    expect(sent.map((one) => one.headers['kalends-delivery-attempt'])).toEqual(['1', '2']);
    expect(new Set(sent.map((one) => one.headers['kalends-delivery-id'])).size).toBe(1);
    expect(new Set(sent.map((one) => one.headers['cronofy-hmac-sha256'])).size).toBe(1);
    await until(
      'the acknowledgement to be recorded',
      () => subscriber(id),
      (one) => one.failures === 0 && one.inFlight === null,
    );
  },
);

it('a redirect is not followed, least of all to a private address', async () => {
  const id = await verified(endpoint);
  const before = bystander.requests.length;
  for (const to of [`${bystander.url}stolen`, 'http://10.0.0.1/internal', 'http://169.254.169.254/latest/meta-data']) {
    endpoint.answerNext({ kind: 'redirect', to });
    const known = (await attemptsOfChanges(id)).length;
    edit();
    const all = await until(
      'the attempt',
      () => attemptsOfChanges(id),
      (seen) => seen.length === known + 1,
    );
    expect(all.at(-1)).toMatchObject({ status: 302, error: expect.stringContaining('redirect') as string });
    await hasten(id);
    await until(
      'the next attempt to succeed',
      () => subscriber(id),
      (one) => one.inFlight === null && one.failures === 0,
    );
  }
  expect(bystander.requests.slice(before).filter((one) => one.path.includes('stolen'))).toEqual([]);
});

it('a callback URL on a private address is never connected to', async () => {
  for (const url of ['http://10.255.255.1/hook', 'http://169.254.169.254/hook', 'http://[::1]:9/hook']) {
    const id = await channel(url);
    const [refused] = await until(
      'the attempt',
      () => attempts(id),
      (all) => all.length === 1,
    );
    expect(refused).toMatchObject({ status: null, error: expect.stringContaining('address_refused') as string });
  }
});

it('reads and writes of the API wait for no endpoint', async () => {
  const id = await verified(endpoint);
  endpoint.answer({ kind: 'hang' });
  edit();
  await until(
    'the attempt to be under way',
    () => subscriber(id),
    (one) => one.inFlight !== null,
  );
  expect((await app.ask('GET', '/v1/events?tzid=Etc/UTC')).status).toBe(200);
  expect((await app.ask('GET', '/v1/channels')).status).toBe(200);
});

it('a channel that is closed while its endpoint hangs is told no more', async () => {
  const id = await verified(endpoint);
  endpoint.answer({ kind: 'hang' });
  edit();
  await until(
    'the attempt to be under way',
    () => subscriber(id),
    (one) => one.inFlight !== null,
  );
  expect((await app.ask('DELETE', `/v1/channels/${id}`)).status).toBe(202);
  await until(
    'the attempt to end',
    () => attemptsOfChanges(id),
    (all) => all.length === 1,
  );
  endpoint.answer({ kind: 'status', status: 200 });
  await hasten(id);
  const other = await verified(bystander);
  edit();
  await bystander.next((one) => one.body.includes(other) && notificationIn(one)['type'] === 'change');
  expect(await attemptsOfChanges(id)).toHaveLength(1);
});
