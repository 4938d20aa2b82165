/** A thousand people with a calendar each on the model server, and Kalends over all of them: real but for time and network. */
import type { ProfileDeps } from '../../actors/profile/activation.ts';
import { createHosts } from '../../actors/profile/hosts.ts';
import { createSupervisor } from '../../actors/profile/supervisor.ts';
import { createHost, type Host } from '../../actors/runtime/host.ts';
import { createSentinel, type Sentinel } from '../../actors/sentinel/sentinel.ts';
import { horizon, polling, sentinel as numbers } from '../../config/policies.ts';
import type { CommitDoc } from '../../domain/commit.ts';
import { asAccountId, asProfileId, type AppId, type ProfileId } from '../../domain/ids.ts';
import { createNormalise } from '../../domain/normalise.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import type { Provider } from '../../providers/provider.ts';
import { createCommitLog } from '../../store/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { modelHttp } from '../support/caldav-model/http.ts';
import { createModelServer, type ModelServer } from '../support/caldav-model/server.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

export const startMs = Date.UTC(2026, 1, 1, 8);
export const second = 1_000;
export const minute = 60 * second;
/** How finely the replay looks at time. */
export const stepMs = 10 * second;
export const password = 'what-people-typed';

/** Park and Miller's generator: every run is the same. */
export function diceOf(seed: number): () => number {
  let value = seed;
  return () => (value = (value * 48_271) % 2_147_483_647) / 2_147_483_647;
}

export const personOf = (k: number): string => `p${k}`;
export const pathOf = (person: string): string => `/calendars/${person}/work/`;
export const profileOf = (person: string): ProfileId => asProfileId(`pro_${person}`);

export interface FleetOptions {
  readonly people: number;
  readonly eventsEach: number;
  /** Put around the provider, e.g. one that believes silence. */
  readonly around?: (provider: Provider, clock: FakeClock) => Provider;
  /** Without a sentinel. */
  readonly unwatched?: true;
  /** Each commit as it is appended. */
  readonly appended?: (commit: CommitDoc) => void;
}

export interface Fleet {
  readonly clock: FakeClock;
  readonly documents: Documents;
  readonly server: ModelServer;
  readonly sentinel: Sentinel;
  readonly reports: readonly {
    readonly atMs: number;
    readonly what: string;
    readonly facts: Readonly<Record<string, unknown>>;
  }[];
  /** One step of time: what is due now is done, then the clock moves. */
  step(): Promise<void>;
  nudge(profileId: ProfileId): void;
  close(): Promise<void>;
}

export function bodyOf(uid: string, summary: string): string {
  const lines = ['BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', 'DTSTART:20260210T090000Z', 'DURATION:PT1H'];
  const all = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//replay//EN', ...lines, `SUMMARY:${summary}`];
  return [...all, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
}

/** Five minutes between two looks, whether or not something changed lately: what the two clients compare by. */
const everyFiveMinutes = { ...polling, activeMs: polling.baseMs, quietMs: polling.baseMs, listMs: 24 * 60 * minute };

export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const clock = createFakeClock(startMs);
  const random = diceOf(20_200_201);
  const server = createModelServer({ clock, random: diceOf(4) });
  for (let k = 0; k < options.people; k += 1) settle(server, personOf(k), options.eventsEach);
  const documents = openSqlite({ path: ':memory:', durable: false });
  await documents.open();
  const watched = told(documents, options.appended ?? (() => undefined));
  const profiles = Array.from({ length: options.people }, (_, k) => profileDoc(k, server));
  await documents.insertMany('profiles', profiles);
  const reports: { atMs: number; what: string; facts: Readonly<Record<string, unknown>> }[] = [];
  const report = (what: string, facts: Readonly<Record<string, unknown>>): void =>
    void reports.push({ atMs: clock.now(), what, facts });
  const sentinel = createSentinel({ documents, clock, numbers, report });
  const provider = (options.around ?? ((one) => one))(
    createCalDav({ http: modelHttp(server, clock), clock, random }),
    clock,
  );
  const host = hostOf({
    documents: watched,
    provider,
    clock,
    random,
    report,
    ...(options.unwatched === true ? {} : { sentinel }),
  });
  await sentinel.start();
  host.start();
  return {
    clock,
    documents,
    server,
    sentinel,
    reports,
    nudge: (profileId) => host.nudge(profileId, 'write'),
    step: async () => {
      const due = await documents.find('dueProfiles', { nextWakeAtMs: { lte: clock.now() } });
      for (const one of due) host.nudge(one._id, 'pull');
      await host.idle();
      await clock.advance(stepMs);
    },
    close: async () => {
      await host.stop();
      await sentinel.stop();
      await documents.close();
    },
  };
}

type Parts = Pick<ProfileDeps, 'documents' | 'clock' | 'random' | 'report' | 'sentinel'> & {
  readonly provider: Provider;
};

function hostOf({ provider, ...parts }: Parts): Host<ProfileId> {
  const normalise = createNormalise();
  const { documents, clock, random } = parts;
  return createHost<ProfileId>({
    behaviour: createSupervisor({
      ...parts,
      hosts: createHosts({ documents, clock, random }),
      log: createCommitLog({ documents, normalise, clock, horizon }),
      providers: () => provider,
      credentials: ({ name }) => ({ kind: 'password', username: name, password }),
      normalise,
      polling: everyFiveMinutes,
      mayWrite: () => true,
      projected: () => undefined,
    }),
    clock,
    random,
    concurrency: { pull: 8, write: 2 },
    owns: () => true,
    onError: (error) => {
      throw error;
    },
  });
}

function settle(server: ModelServer, person: string, events: number): void {
  server.world.addUser(person, password);
  const path = server.world.addCalendar(person, 'work', { segment: 'work' });
  for (let k = 0; k < events; k += 1) server.world.put(path, `e${k}.ics`, bodyOf(`${person}-${k}`, `Event ${k}`));
}

function told(documents: Documents, appended: (commit: CommitDoc) => void): Documents {
  return new Proxy(documents, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'insert') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return async (...[collection, document]: Parameters<Documents['insert']>) => {
        await target.insert(collection, document);
        if (collection === 'commits') appended(document as CommitDoc);
      };
    },
  });
}

/** Two applications share the people; their first looks are spread over the first five minutes. */
function profileDoc(k: number, server: ModelServer): ProfileDoc {
  const person = personOf(k);
  const firstMs = startMs + Math.floor(((k * 7) % 1_000) * 0.3) * second;
  return {
    _id: profileOf(person),
    rev: 1,
    appId: `app_${k % 2}` as AppId,
    accountId: asAccountId(`acc_${person}`),
    provider: 'caldav',
    name: person,
    login: person,
    email: null,
    credentials: null,
    root: { server: server.origins[0], home: `/calendars/${person}/`, software: 'icloud' },
    state: { name: 'connecting' },
    requests: [],
    calendars: {},
    nextListAtMs: firstMs,
    missingCalendars: [],
    horizonDay: null,
    zoneData: null,
    projector: 1,
    slot: k % 1_024,
    nextWakeAtMs: firstMs,
    projectedSeq: 0,
    projectedAtMs: startMs,
    attemptedThroughN: 0,
    initialSyncAtMs: null,
    freshAtMs: null,
    createdAtMs: startMs,
  };
}
