/** The main job as one suite: connect, sync, read, hear of changes both ways, and prove that nothing was guessed. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiClient, notificationIn, wire, type ApiClient, type Row } from '../support/api-client.ts';
import { rawClient, type CalDavServer, type MissingServer, type RawClient, usable } from '../support/caldav-server.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import {
  appName,
  firstSync,
  startNode,
  until,
  type Connection,
  type NodeUnderTest,
} from '../support/node-under-test.ts';
import { startWebhookReceiver, type ReceivedRequest, type WebhookReceiver } from '../support/webhook-receiver.ts';

const eventCount = 40;

interface Stage {
  readonly kalends: NodeUnderTest;
  readonly server: CalDavServer;
  readonly receiver: WebhookReceiver;
  readonly person: RawClient;
  /** Absolute URL of the calendar called Work. */
  readonly work: string;
  readonly secret: string;
  readonly connection: Connection;
  readonly app: ApiClient;
  readonly calendarId: string;
}

/** One describe per server; a server that is missing fails under CI and is said loudly elsewhere. */
export async function mainJob(name: string, start: () => Promise<CalDavServer | MissingServer>): Promise<void> {
  const server = usable(name, await start());
  describe.skipIf(server === null)(`the main job on ${name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      if (server !== null) stage = await prepare(server);
    });
    afterAll(async () => {
      await stage?.kalends.stop();
      await stage?.receiver.stop();
      await server?.stop();
    });
    steps(() => stage);
  });
}

async function prepare(server: CalDavServer): Promise<Stage> {
  const person = rawClient(server);
  const work = await server.makeCalendar('Work');
  for (let k = 0; k < eventCount; k += 1) {
    const body = icsOf({ uid: `event-${k}@people`, summary: `Meeting ${k}`, startMs: daysAhead(1 + (k % 30), k % 20) });
    expect((await person.put(`${work}event-${k}.ics`, body)).status).toBeLessThan(300);
  }
  const kalends = await startNode();
  const receiver = await startWebhookReceiver();
  const { client_secret: secret } = await kalends.ops<{ client_secret: string }>('createApp', { name: appName });
  const connection = await kalends.connectCalDav(server);
  await firstSync(kalends.ops, connection.profileId);
  const app = apiClient(kalends.url, connection.token);
  return { kalends, server, receiver, person, work, secret, connection, app, calendarId: await app.calendarId('Work') };
}

function steps(of: () => Stage): void {
  it('serves every event of the first sync', async () => {
    const { app } = of();
    const events = await app.rows('/v1/events?tzid=Etc/UTC', 'events');
    expect(new Set(events.map((one) => one['summary']))).toEqual(
      new Set(Array.from({ length: eventCount }, (_, k) => `Meeting ${k}`)),
    );
  });

  it('gives the same profile when the same login is connected again', async () => {
    const { kalends, server, connection } = of();
    const again = await kalends.connectCalDav(server);
    expect(again).toMatchObject({ profileId: connection.profileId, accountId: connection.accountId, created: false });
    expect(await kalends.ops<readonly Row[]>('profiles')).toHaveLength(1);
  });

  it('opens a channel with a signed verification', async () => {
    const { app, receiver, secret } = of();
    // Times of the API are whole seconds: what the first sync brought must not look like a change after it.
    await until('the next second', () => Date.now() % 1_000 < 100);
    await until('a second to pass', () => Date.now() % 1_000 > 900);
    const opened = await app.ask('POST', '/v1/channels', { callback_url: receiver.url });
    expect(opened.status).toBe(200);
    const hello = await receiver.next((one) => notificationIn(one)['type'] === 'verification');
    expect(signed(hello, secret)).toBe(true);
  });

  it('tells of a change on the server, which a read of what was modified then shows alone', async () => {
    const { person, work } = of();
    const moved = icsOf({ uid: 'event-7@people', summary: 'Meeting 7, moved', startMs: daysAhead(12), minutes: 45 });
    expect((await person.put(`${work}event-7.ics`, moved)).status).toBeLessThan(300);
    const changed = await changesTold(of());
    expect(changed.map((one) => one['summary'])).toEqual(['Meeting 7, moved']);
  });

  it('carries a write to the server and gives a receipt, without telling the writer of it', async () => {
    const { app, calendarId, receiver, person, work } = of();
    const before = receiver.requests.length;
    const start = daysAhead(3, 12);
    const operation = await app.upsert(calendarId, {
      event_id: 'lunch-1',
      summary: 'Lunch with Ada',
      start: wire(start),
      end: wire(start + 3_600_000),
      tzid: 'Etc/UTC',
    });
    expect(await app.settled(operation)).toMatchObject({ state: 'written', attempts: 1, reason: null });
    const there = await bodiesOf(person, work);
    expect(there.filter((body) => body.includes('SUMMARY:Lunch with Ada'))).toHaveLength(1);
    expect(await managedOf(app)).toMatchObject([
      { event_id: 'lunch-1', summary: 'Lunch with Ada', start: wire(start) },
    ]);
    // A later change of somebody else's is told: all that came before it was therefore not.
    expect((await person.put(`${work}event-8.ics`, renamed(8))).status).toBeLessThan(300);
    // It reaches back to the last one that was acknowledged, which may be read a second time.
    expect((await changesTold(of())).map((one) => one['summary'])).toContain('Meeting 8, renamed');
    expect(receiver.requests.length).toBe(before + 1);
  });

  it('writes onto what a person made of its event, and onto that version alone', async () => {
    const { app, calendarId, person, work } = of();
    const [url, body] = await ownEvent(person, work);
    const touched = body.replace('SUMMARY:Lunch with Ada', 'SUMMARY:Lunch with Ada\r\nLOCATION:Canteen');
    expect((await person.put(url, touched)).status).toBeLessThan(300);
    await changesTold(of());
    const later = { event_id: 'lunch-1', start: wire(daysAhead(3, 13)), end: wire(daysAhead(3, 14)), tzid: 'Etc/UTC' };
    const operation = await app.upsert(calendarId, { ...later, summary: 'Lunch with Ada' });
    expect(await app.settled(operation)).toMatchObject({ state: 'written', attempts: 1, reason: null });
    expect(await managedOf(app)).toMatchObject([
      { summary: 'Lunch with Ada', start: wire(daysAhead(3, 13)), location: { description: 'Canteen' } },
    ]);
    const [sameUrl, changed] = await ownEvent(person, work);
    expect(sameUrl).toBe(url);
    expect(changed).toContain('LOCATION:Canteen');
    // What a person did unseen is not overwritten: the write is refused, read, and made again.
    expect((await person.put(url, changed.replace('LOCATION:Canteen', 'LOCATION:Roof'))).status).toBeLessThan(300);
    expect(await app.settled(await app.upsert(calendarId, { ...later, summary: 'Lunch' }))).toMatchObject({
      state: 'written',
    });
    const [, last] = await ownEvent(person, work);
    expect(last).toMatch(/SUMMARY:Lunch\r?\n/);
    expect(last).toContain('LOCATION:Roof');
    await changesTold(of());
    expect(await managedOf(app)).toMatchObject([{ summary: 'Lunch', location: { description: 'Roof' } }]);
  });

  it('tells of a deletion on the server and names its evidence', async () => {
    const { kalends, person, work } = of();
    expect((await person.delete(`${work}event-9.ics`)).status).toBeLessThan(300);
    const removed = (await changesTold(of())).find((one) => one['deleted'] === true);
    expect(removed).toMatchObject({ summary: 'Meeting 9' });
    const story = await kalends.ops<{ present: boolean; history: readonly Row[] }>('explain', {
      event: String(removed?.['event_uid']),
    });
    expect(story.present).toBe(false);
    const last = story.history.at(-1);
    expect(last).toMatchObject({ cause: 'pull', what: 'removed' });
    expect((last?.['evidence'] as Row | undefined)?.['kind']).toMatch(/^(tombstone|direct_get)$/);
  });

  it('removes its own event from the server on request', async () => {
    const { app, calendarId, person, work, kalends } = of();
    expect(await app.settled(await app.remove(calendarId, 'lunch-1'))).toMatchObject({ state: 'written' });
    expect((await bodiesOf(person, work)).filter((body) => body.includes('SUMMARY:Lunch'))).toEqual([]);
    const story = await kalends.ops<{ history: readonly Row[] }>('explain', { event: 'lunch-1', calendar: calendarId });
    expect(story.history.map((one) => one['what'])).toContain('removed');
    expect(story.history.find((one) => one['what'] === 'removed')).toMatchObject({ evidence: { kind: 'own_write' } });
  });

  it('answers when the person is busy, from the same cache', async () => {
    const { app } = of();
    const busy = await app.rows('/v1/free_busy?tzid=Etc/UTC', 'free_busy');
    expect(busy).toHaveLength(eventCount - 1);
    expect(new Set(busy.map((one) => one['free_busy_status']))).toEqual(new Set(['busy']));
  });

  it('reads a series with what was changed and left out of it', async () => {
    const { person, work } = of();
    const [first, second, third, fourth] = [daysAhead(6), daysAhead(7), daysAhead(8), daysAhead(9)];
    const body = seriesOf(first, { without: second, moved: third });
    expect((await person.put(`${work}series.ics`, body)).status).toBeLessThan(300);
    const told = (await changesTold(of())).filter((one) => String(one['summary']).startsWith('Stand-up'));
    expect(told.map((one) => [one['summary'], one['start']])).toEqual([
      ['Stand-up', wire(first)],
      ['Stand-up, later', wire(third + 3_600_000)],
      ['Stand-up', wire(fourth)],
    ]);
    expect(new Set(told.map((one) => one['series_identifier']))).toHaveLength(1);
  });

  it('creates a calendar on the server, which is there at once and can be written to', async () => {
    const { app, connection, person, kalends } = of();
    const made = await app.ask('POST', '/v1/calendars', { profile_id: connection.profileId, name: 'Travel' });
    expect(made.status).toBe(200);
    const calendarId = String((made.body['calendar'] as Row)['calendar_id']);
    expect(await app.calendarId('Travel')).toBe(calendarId);
    const home = new URL('..', of().work).href;
    const seen = await person.propfind(home, 1, '<d:displayname/>');
    expect(seen.text).toContain('Travel');
    const again = await app.ask('POST', '/v1/calendars', { profile_id: connection.profileId, name: 'Travel' });
    expect(again.status).toBe(422);
    const written = await app.upsert(calendarId, {
      event_id: 'trip',
      summary: 'Trip',
      start: wire(daysAhead(4)),
      end: wire(daysAhead(5)),
    });
    expect(await app.settled(written)).toMatchObject({ state: 'written' });
    await until(
      'the new calendar to be listed in full',
      async () => firstSync(kalends.ops, connection.profileId),
      (profile) => profile.calendars.every((one) => one.state.name === 'live'),
    );
  });

  it('has projections that equal a rebuild from the log', async () => {
    const outcome = await of().kalends.ops<Row>('rebuild', { compare: true });
    expect(outcome).toMatchObject({ profiles: 1, different: 0 });
    expect(Number(outcome['compared'])).toBeGreaterThan(eventCount);
  });
}

const renamed = (k: number): string =>
  icsOf({ uid: `event-${k}@people`, summary: `Meeting ${k}, renamed`, startMs: daysAhead(1 + (k % 30), k % 20) });

/** Four days in a row, without one of them, and with one of them an hour later. */
function seriesOf(startMs: number, { without, moved }: { readonly without: number; readonly moved: number }): string {
  const uid = 'stand-up@people';
  const basic = (ms: number): string => wire(ms).replaceAll(/[-:]/g, '');
  const lines = ['RRULE:FREQ=DAILY;COUNT=4', `EXDATE:${basic(without)}`];
  const series = icsOf({ uid, summary: 'Stand-up', startMs, lines });
  const exception = icsOf({
    uid,
    summary: 'Stand-up, later',
    startMs: moved + 3_600_000,
    lines: [`RECURRENCE-ID:${basic(moved)}`],
  });
  const component = exception.slice(exception.indexOf('BEGIN:VEVENT'), exception.indexOf('END:VCALENDAR'));
  return series.replace('END:VCALENDAR', `${component}END:VCALENDAR`);
}

export const signed = (request: ReceivedRequest, secret: string): boolean =>
  request.headers['cronofy-hmac-sha256'] === createHmac('sha256', secret).update(request.raw).digest('base64');

/** What an application reads after the next notification of changes. */
async function changesTold({ receiver, app, secret }: Stage): Promise<readonly Row[]> {
  const request = await receiver.next((one) => notificationIn(one)['type'] === 'change', 20_000);
  expect(signed(request, secret)).toBe(true);
  const since = encodeURIComponent(String(notificationIn(request)['changes_since']));
  return app.rows(`/v1/events?tzid=Etc/UTC&last_modified=${since}&include_deleted=true`, 'events');
}

const managedOf = (app: ApiClient): Promise<readonly Row[]> =>
  app.rows('/v1/events?tzid=Etc/UTC&only_managed=true', 'events');

/** URL and body of the only event of the application. */
async function ownEvent(person: RawClient, calendar: string): Promise<readonly [string, string]> {
  const own = [...(await person.list(calendar)).keys()].filter((url) => url.includes('/kalends-'));
  expect(own).toHaveLength(1);
  const [url = ''] = own;
  return [url, (await person.get(url)).text];
}

async function bodiesOf(person: RawClient, calendar: string): Promise<readonly string[]> {
  const urls = [...(await person.list(calendar)).keys()];
  return Promise.all(urls.map(async (url) => (await person.get(url)).text));
}
