/** The main job on an application calendar: nothing has another side, and the log is the truth. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiClient, notificationIn, wire, type ApiClient, type Row } from '../support/api-client.ts';
import { daysAhead } from '../support/icalendar.ts';
import {
  connectApplication,
  firstSync,
  inspect,
  startNode,
  until,
  type NodeUnderTest,
} from '../support/node-under-test.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let kalends: NodeUnderTest;
let receiver: WebhookReceiver;
let app: ApiClient;
let profileId: string;
let calendarId: string;

beforeAll(async () => {
  kalends = await startNode();
  receiver = await startWebhookReceiver();
  const connection = await connectApplication(kalends.ops, 'rooms');
  ({ profileId } = connection);
  app = apiClient(kalends.url, connection.token);
  const { calendars } = await firstSync(kalends.ops, profileId);
  calendarId = calendars[0]?.calendar_id ?? '';
});

afterAll(async () => {
  await kalends?.stop();
  await receiver?.stop();
});

const meeting = (id: string, summary: string, days: number): Row => ({
  event_id: id,
  summary,
  start: wire(daysAhead(days)),
  end: wire(daysAhead(days, 10)),
  tzid: 'Etc/UTC',
});

const managed = () => app.rows('/v1/events?tzid=Etc/UTC&include_managed=true', 'events');

it('has a calendar as soon as it is connected, and the same one for the same name', async () => {
  expect(calendarId).toMatch(/^cal_/);
  const again = await connectApplication(kalends.ops, 'rooms');
  expect(again).toMatchObject({ profileId, created: false });
  const other = await connectApplication(kalends.ops, 'cars');
  expect(other.created).toBe(true);
  expect(other.accountId).not.toBe(again.accountId);
  const info = await app.ask('GET', '/v1/userinfo');
  expect(info.body).toMatchObject({ 'cronofy.type': 'application_calendar' });
});

const seqNow = async () => (await inspect(kalends.ops, profileId)).seq;

it('holds what is written, changes what is changed, and tells the writer nothing', async () => {
  expect((await app.ask('POST', '/v1/channels', { callback_url: receiver.url })).status).toBe(200);
  await receiver.next((one) => notificationIn(one)['type'] === 'verification');
  expect(await app.settled(await app.upsert(calendarId, meeting('one', 'First', 2)))).toMatchObject({
    state: 'written',
  });
  expect(await app.settled(await app.upsert(calendarId, meeting('two', 'Second', 3)))).toMatchObject({
    state: 'written',
  });
  await app.settled(
    await app.upsert(calendarId, { ...meeting('one', 'First, moved', 4), location: { description: 'Hall' } }),
  );
  const events = await managed();
  expect(events).toMatchObject([
    { event_id: 'two', summary: 'Second' },
    { event_id: 'one', summary: 'First, moved', start: wire(daysAhead(4)), location: { description: 'Hall' } },
  ]);
  const told = async () => (await kalends.node.documents.find('openSubscribers', { open: 1 }))[0]?.told ?? {};
  const seq = await seqNow();
  await until('the writes to be passed over', told, (seen) => Object.values(seen).every((one) => one >= seq));
  expect(receiver.requests).toHaveLength(1);
});

it('writes the same wish once', async () => {
  const before = await seqNow();
  const receipts = [];
  for (let k = 0; k < 3; k += 1)
    receipts.push(await app.settled(await app.upsert(calendarId, meeting('two', 'Second', 3))));
  expect(receipts.map((one) => one['attempts'])).toEqual([0, 0, 0]);
  const story = await kalends.ops<{ history: Row[] }>('explain', { event: 'two', calendar: calendarId });
  expect(story.history.filter((one) => one['what'] === 'changed' && Number(one['seq']) > before)).toEqual([]);
});

it('removes with evidence, and a new life of the same event_id is another event', async () => {
  const first = (await managed()).find((one) => one['event_id'] === 'one');
  await app.settled(await app.remove(calendarId, 'one'));
  expect((await managed()).map((one) => one['event_id'])).toEqual(['two']);
  const story = await kalends.ops<{ present: boolean; history: Row[] }>('explain', {
    event: String(first?.['event_uid']),
  });
  expect(story.present).toBe(false);
  expect(story.history.find((one) => one['what'] === 'removed')).toMatchObject({ evidence: { kind: 'own_write' } });
  await app.settled(await app.upsert(calendarId, meeting('one', 'Another first', 5)));
  const second = (await managed()).find((one) => one['event_id'] === 'one');
  expect(second).toMatchObject({ summary: 'Another first' });
  expect(second?.['event_uid']).not.toBe(first?.['event_uid']);
});

it('answers free/busy, and has one calendar only', async () => {
  expect(await app.rows('/v1/free_busy?tzid=Etc/UTC&include_managed=true', 'free_busy')).toHaveLength(2);
  const made = await app.ask('POST', '/v1/calendars', { profile_id: profileId, name: 'Cars' });
  expect(made.status).toBe(422);
  expect(made.body).toMatchObject({ errors: { profile_id: [{ key: 'errors.not_supported' }] } });
});

it('has projections that equal a rebuild from the log', async () => {
  expect(await kalends.ops('rebuild', { compare: true })).toMatchObject({ profiles: 2, different: 0 });
});
