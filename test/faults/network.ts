/** What networks do to connections, in front of a real server: a first sync, a write and a removal meet it, and end well. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileId } from '../../domain/ids.ts';
import type { Http, HttpRequest } from '../../providers/http.ts';
import { apiClient, wire, type ApiClient, type Row } from '../support/api-client.ts';
import { rawClient, usable, type CalDavServer, type MissingServer, type RawClient } from '../support/caldav-server.ts';
import { startFaultProxy, type FaultProxy, type ProxyFault } from '../support/fault-proxy.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { firstSync, inspect, startNode, until, type NodeUnderTest } from '../support/node-under-test.ts';
import { hurried } from './impatient.ts';

const eventCount = 6;

/** Requests that meet a fault are given up after this long; those of a healthy network have the time that they have in life. */
const patienceMs = 400;

interface Case {
  readonly name: string;
  readonly fault: ProxyFault;
  /** The server carries a write out, though Kalends hears nothing of it. */
  readonly lands: boolean;
}

const cases: readonly Case[] = [
  // Twice the patience: the server hears of a request after it was given up.
  { name: 'a delay', fault: { kind: 'delay', ms: 2 * patienceMs }, lands: true },
  { name: 'a cut in the answer', fault: { kind: 'cut', afterBytes: 40, direction: 'to_client' }, lands: true },
  { name: 'a cut in the request', fault: { kind: 'cut', afterBytes: 150, direction: 'to_server' }, lands: false },
  { name: 'a black hole', fault: { kind: 'black_hole' }, lands: false },
  { name: 'a half-open connection', fault: { kind: 'half_open' }, lands: true },
  { name: 'a narrow way back', fault: { kind: 'bandwidth', bytesPerSecond: 40, direction: 'to_client' }, lands: true },
];

/** One describe per server. */
export async function networkFaults(name: string, start: () => Promise<CalDavServer | MissingServer>): Promise<void> {
  const server = usable(name, await start());
  describe.skipIf(server === null)(`the network in front of ${name}`, () => {
    afterAll(() => server?.stop());

    describe.concurrent.each(cases)('$name', (one) => {
      let stage: Stage;

      beforeAll(async () => {
        if (server !== null) stage = await prepare(server, one);
      });

      afterAll(async () => {
        await stage?.kalends.stop();
        await stage?.proxy.stop();
      });

      meetings(() => stage, one);
    });
  });
}

/** The proxy begins to fail when a request comes that `on` waits for, and goes on until it is healed. */
interface Trap {
  on: ((request: HttpRequest) => boolean) | null;
  /** What the requests that met the fault died of. */
  readonly died: unknown[];
  readonly heal: () => Promise<void>;
}

interface Stage {
  readonly kalends: NodeUnderTest;
  readonly proxy: FaultProxy;
  readonly server: CalDavServer;
  readonly person: RawClient;
  /** Absolute URL of the calendar, not through the proxy. */
  readonly calendar: string;
  readonly trap: Trap;
  profileId: ProfileId;
  app: ApiClient;
  calendarId: string;
}

/** Each has a calendar of its own, called as it is. */
async function prepare(server: CalDavServer, { name, fault }: Case): Promise<Stage> {
  const person = rawClient(server);
  const calendar = await server.makeCalendar(name);
  for (let k = 0; k < eventCount; k += 1) {
    const body = icsOf({ uid: `${name} ${k}`, summary: `Meeting ${k}`, startMs: daysAhead(1 + k) });
    expect((await person.put(`${calendar}event-${k}.ics`, body)).status).toBeLessThan(300);
  }
  const proxy = await startFaultProxy(server.url);
  const trap: Trap = { on: null, died: [], heal: () => proxy.set({ kind: 'none' }) };
  const kalends = await startNode({ around: { http: (http) => trapped(http, trap, proxy, fault) } });
  const app = apiClient(kalends.url, null);
  return { kalends, proxy, server, person, calendar, trap, profileId: '' as ProfileId, app, calendarId: '' };
}

const trapped =
  (http: Http, trap: Trap, proxy: FaultProxy, fault: ProxyFault): Http =>
  async (request) => {
    if (trap.on?.(request) === true) {
      trap.on = null;
      await proxy.set(fault);
    }
    if (proxy.fault.kind === 'none') return http(request);
    try {
      return await hurried(http, patienceMs)(request);
    } catch (error) {
      trap.died.push(error);
      throw error;
    }
  };

/** Resolves once a request has met the fault, and died of it. */
async function met({ trap }: Stage, method: string, act: () => Promise<string>, within = ''): Promise<string> {
  trap.died.splice(0);
  trap.on = (request) => request.method === method && request.url.includes(within);
  const answer = await act();
  await until(`a ${method} to have met the fault`, () => trap.died.length > 0);
  return answer;
}

async function heal({ trap, kalends, profileId }: Stage): Promise<void> {
  await trap.heal();
  await kalends.ops('reinstate', { profile: profileId });
}

/** What the server itself holds: bodies by URL. */
async function held({ person, calendar }: Stage): Promise<Map<string, string>> {
  const urls = [...(await person.list(calendar)).keys()];
  return new Map(await Promise.all(urls.map(async (url) => [url, (await person.get(url)).text] as const)));
}

const summariesOf = (bodies: Iterable<string>): string[] =>
  Array.from(bodies, (body) => /^SUMMARY:(.*)$/m.exec(body)?.[1]?.trim() ?? '').sort();

const cachedRows = ({ app, calendarId }: Stage): Promise<readonly Row[]> =>
  app.rows(`/v1/events?tzid=Etc/UTC&include_managed=true&include_deleted=true&calendar_ids[]=${calendarId}`, 'events');

const live = (rows: readonly Row[]): string[] =>
  rows.flatMap((one) => (one['deleted'] === true ? [] : [String(one['summary'])])).sort();

/** Nothing waits, nothing is left open, and the cache is what the server holds. */
async function agrees(stage: Stage): Promise<void> {
  const { kalends, profileId, calendarId } = stage;
  await until(
    'a calendar at rest',
    () => inspect(kalends.ops, profileId),
    ({ state, waiting_intents, calendars }) => {
      const calendar = calendars.find((one) => one.calendar_id === calendarId);
      const open = (calendar?.owed ?? []).length + (calendar?.held ?? []).length + waiting_intents.length;
      return state.name === 'live' && calendar?.state.name === 'live' && open === 0;
    },
  );
  expect(live(await cachedRows(stage))).toEqual(summariesOf((await held(stage)).values()));
  // What other cases do to their calendars may come in between.
  await until(
    'the cache to be what the log says',
    () => kalends.ops<Row>('rebuild', { compare: true }),
    (compared) => compared['different'] === 0,
  );
}

/** By the log: what proved the removals from this calendar. */
async function removals({ kalends, profileId, calendarId }: Stage): Promise<string[]> {
  const commits = await kalends.node.documents.find('commitsOfProfile', { profileId });
  return commits.flatMap(({ changes }) =>
    changes.flatMap((one) =>
      one.kind === 'resource_removed' && one.calendarId === calendarId ? [one.evidence.kind] : [],
    ),
  );
}

/** The cases run side by side, since they wait most of the time; what happens in one is a story. */
const inTurn = { concurrent: false };

function meetings(get: () => Stage, { name, lands }: Case): void {
  it('a first sync that meets it is gone on with, and nothing is taken for removed', inTurn, async () => {
    const stage = get();
    const { server, proxy, kalends, calendar } = stage;
    const { username, password } = server;
    const connect = async () => {
      const connection = await kalends.connectCalDav({ url: proxy.url, username, password });
      stage.profileId = connection.profileId as ProfileId;
      stage.app = apiClient(kalends.url, connection.token);
      return '';
    };
    await met(stage, 'REPORT', connect, new URL(calendar).pathname);
    await until(
      'the profile to have noticed',
      () => inspect(kalends.ops, stage.profileId),
      ({ state }) => state.name === 'backing_off',
    );
    await heal(stage);
    await firstSync(kalends.ops, stage.profileId);
    stage.calendarId = await stage.app.calendarId(name);
    await agrees(stage);
    expect(live(await cachedRows(stage))).toHaveLength(eventCount);
    expect(await removals(stage)).toEqual([]);
  });

  it('a write whose outcome it hides has its effect once', inTurn, async () => {
    const stage = get();
    const wish = {
      event_id: 'wish',
      summary: 'Wish',
      start: wire(daysAhead(2, 15)),
      end: wire(daysAhead(2, 16)),
    };
    const before = new Set((await stage.person.list(stage.calendar)).keys());
    const created = async () => [...(await stage.person.list(stage.calendar))].filter(([url]) => !before.has(url));
    const operation = await met(stage, 'PUT', () => stage.app.upsert(stage.calendarId, wish));
    if (lands) await until('the write to have landed', created, (all) => all.length === 1);
    const landed = await created();
    expect(landed).toHaveLength(lands ? 1 : 0);
    expect(live(await cachedRows(stage))).toHaveLength(eventCount + 1);
    expect(['queued', 'attempting']).toContain((await stage.app.receipt(operation))['state']);
    await heal(stage);
    const receipt = await stage.app.settled(operation);
    expect(receipt).toMatchObject({ state: 'written' });
    await agrees(stage);
    const stands = await created();
    expect(stands).toHaveLength(1);
    // Written a second time it would have another version.
    if (lands) expect(stands).toEqual(landed);
    expect(await removals(stage)).toEqual([]);
  });

  it('a removal whose outcome it hides has its effect once, with evidence', inTurn, async () => {
    const stage = get();
    const gone = async () => !summariesOf((await held(stage)).values()).includes('Wish');
    const operation = await met(stage, 'DELETE', () => stage.app.remove(stage.calendarId, 'wish'));
    if (lands) await until('the removal to have landed', gone);
    expect(await gone()).toBe(lands);
    await heal(stage);
    expect(await stage.app.settled(operation)).toMatchObject({ state: 'written' });
    await agrees(stage);
    expect(await gone()).toBe(true);
    // What has landed is shown by the read back, or by a poll that comes before it.
    const [evidence, ...more] = await removals(stage);
    expect(lands ? ['direct_get', 'tombstone'] : ['own_write']).toContain(evidence);
    expect(more).toEqual([]);
    expect(live(await cachedRows(stage))).toHaveLength(eventCount);
  });
}
