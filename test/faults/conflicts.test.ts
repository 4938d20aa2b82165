/** Somebody edits behind our back, between what the cache says and what is written: nobody's work is lost. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiClient, notificationIn, wire, type ApiClient, type Row } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { daysAhead } from '../support/icalendar.ts';
import { firstSync, startNode, until, type NodeUnderTest } from '../support/node-under-test.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let server: MountedModelServer;
let kalends: NodeUnderTest;
let receiver: WebhookReceiver;
let app: ApiClient;
let work: string;
let calendarId: string;
let profile: string;

beforeAll(async () => {
  server = await startModelServer();
  work = server.world.addCalendar('alice', 'Work');
  // So rarely that the cache knows nothing of what a test does meanwhile.
  kalends = await startNode({ settings: { KALENDS_POLL_MS: '600000' } });
  receiver = await startWebhookReceiver();
  const connection = await kalends.connectCalDav(server);
  profile = connection.profileId;
  await firstSync(kalends.ops, profile);
  app = apiClient(kalends.url, connection.token);
  calendarId = await app.calendarId('Work');
  expect((await app.ask('POST', '/v1/channels', { callback_url: receiver.url })).status).toBe(200);
  await receiver.next();
});

afterAll(async () => {
  await kalends?.stop();
  await receiver?.stop();
  await server?.stop();
});

const patch = (id: string, summary: string, more: Row = {}): Row => ({
  event_id: id,
  summary,
  start: wire(daysAhead(3)),
  end: wire(daysAhead(3, 10)),
  ...more,
});

/** Writes an event and answers the name of its resource. */
async function written(id: string): Promise<string> {
  const before = new Set(server.world.names(work));
  expect(await app.settled(await app.upsert(calendarId, patch(id, 'As written')))).toMatchObject({ state: 'written' });
  return server.world.names(work).find((name) => !before.has(name)) ?? '';
}

const addLocation = (body: string): string =>
  body.replace('END:VEVENT', 'LOCATION:Room 7\r\nX-PERSON:kept\r\nEND:VEVENT');
const putsTo = (name: string) => server.log.filter((one) => one.method === 'PUT' && one.path.endsWith(name));
const onlyManaged = () => app.rows('/v1/events?tzid=Etc/UTC&only_managed=true', 'events');
const rowOf = async (id: string) => (await onlyManaged()).find((one) => one['event_id'] === id);

it('an update that meets 412 keeps what the person added, and the person’s change is told', async () => {
  const name = await written('edited');
  server.world.edit(work, name, addLocation);
  const operation = await app.upsert(calendarId, patch('edited', 'Changed by the application'));
  expect(await app.settled(operation)).toMatchObject({ state: 'written', attempts: 2 });
  expect(putsTo(name).map((one) => one.status)).toEqual([201, 412, 204]);
  const body = server.world.body(work, name);
  expect(body).toContain('SUMMARY:Changed by the application');
  expect(body).toContain('LOCATION:Room 7');
  expect(body).toContain('X-PERSON:kept');
  await receiver.next((one) => notificationIn(one)['type'] === 'change');
  const [row] = await onlyManaged();
  expect(row).toMatchObject({ summary: 'Changed by the application', location: { description: 'Room 7' } });
});

it('a person who edits again and again wins in the end, and the application is told why', async () => {
  const name = await written('fought-over');
  const stop = { now: false };
  server.faults.set('slow_answer', {
    always: true,
    value: 1,
    // Each look at the event is followed by an edit, before what was seen can be written.
    only: {
      matches: ({ method, path }) => {
        if (method === 'PUT' && path.endsWith(name) && !stop.now) server.world.edit(work, name, addLocation);
        return false;
      },
    },
  });
  const operation = await app.upsert(calendarId, patch('fought-over', 'Never'));
  const receipt = await until(
    'the end of the fight',
    () => app.receipt(operation),
    (seen) => seen['state'] === 'rejected',
    40_000,
  );
  stop.now = true;
  server.faults.clearAll();
  expect(receipt).toMatchObject({ reason: { code: 'write_conflict_persists' } });
  expect(putsTo(name).filter((one) => one.status === 412)).toHaveLength(4);
  expect(server.world.body(work, name)).toContain('SUMMARY:As written');
}, 60_000);

it('a removal that meets an edit still removes, once', async () => {
  const name = await written('removed-later');
  server.world.edit(work, name, addLocation);
  expect(await app.settled(await app.remove(calendarId, 'removed-later'))).toMatchObject({ state: 'written' });
  expect(server.world.names(work)).not.toContain(name);
  expect(server.log.filter((one) => one.effect.kind === 'removed' && one.path.endsWith(name))).toHaveLength(1);
});

it('an event that a person removed comes back as another when it is written again', async () => {
  const name = await written('comes-back');
  const before = await rowOf('comes-back');
  server.world.remove(work, name);
  const operation = await app.upsert(calendarId, patch('comes-back', 'Again'));
  expect(await app.settled(operation)).toMatchObject({ state: 'written' });
  const after = await rowOf('comes-back');
  expect(after).toMatchObject({ summary: 'Again' });
  expect(after?.['event_uid']).not.toBe(before?.['event_uid']);
  expect(server.world.names(work)).not.toContain(name);
});

it('a removal of what a person removed already is done', async () => {
  const name = await written('gone-already');
  server.world.remove(work, name);
  expect(await app.settled(await app.remove(calendarId, 'gone-already'))).toMatchObject({ state: 'written' });
  const story = await kalends.ops<{ present: boolean }>('explain', { event: 'gone-already', calendar: calendarId });
  expect(story.present).toBe(false);
});

it('a person who removes what was written before anything was pulled is noticed', async () => {
  const name = await written('came-and-went');
  // RFC 6578 lets a server say nothing of what came and went since the last token.
  server.world.remove(work, name);
  await kalends.ops('nudge', { profile });
  await until('the removal', async () => (await rowOf('came-and-went')) === undefined);
});

it('leaves projections that equal a rebuild from the log', async () => {
  expect(await kalends.ops('rebuild', { compare: true })).toMatchObject({ different: 0 });
});
