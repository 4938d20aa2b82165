/** A store with an application, accounts and their logs, an endpoint that answers as it is told, and couriers over both. */
import { createCourier, type Courier, type CourierDeps } from '../../actors/subscriber/courier.ts';
import { notifying } from '../../config/policies.ts';
import type { DeliveryDoc, SubscriberDoc } from '../../domain/channel.ts';
import { commitKey, type Cause, type Change, type CommitDoc } from '../../domain/commit.ts';
import { KalendsError } from '../../domain/errors.ts';
import {
  asAccountId,
  asCalendarId,
  asChannelId,
  asProfileId,
  type AppId,
  type ProfileId,
  type ResourceId,
  type RunId,
} from '../../domain/ids.ts';
import { newChannel } from '../../domain/notification/subscriber.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Http, HttpRequest } from '../../providers/http.ts';
import type { Documents } from '../../store/documents.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

export const appId = 'app_1' as AppId;
export const accountId = asAccountId('acc_1');
export const profileId = asProfileId('pro_1');
export const calendarId = asCalendarId('cal_1');
/** A whole second, so that expectations about `changes_since` are easy to read. */
export const startMs = Date.UTC(2026, 10, 21, 9);
export const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What the endpoint does with a request: answers a status, never answers, or fails on the way. */
export type EndpointAnswer = number | 'hang' | KalendsError;

export interface Sent {
  readonly url: string;
  readonly id: string;
  readonly attempt: number;
  readonly signature: string;
  readonly text: string;
  readonly body: { readonly notification: { readonly type: string; readonly changes_since?: string } };
}

export interface Endpoint {
  readonly http: Http;
  readonly sent: Sent[];
  /** By URL; what is not named answers 200. */
  readonly answers: Map<string, EndpointAnswer[] | EndpointAnswer>;
  /** Lets everything that hangs answer. */
  release(status: number): void;
}

export function createEndpoint(): Endpoint {
  const sent: Sent[] = [];
  const answers: Endpoint['answers'] = new Map();
  let hanging: ((status: number) => void)[] = [];
  const respond = (status: number) => ({ status, headers: {}, text: '', tookMs: 1 });
  return {
    sent,
    answers,
    http: async (request) => {
      sent.push(sentOf(request));
      const planned = answers.get(request.url) ?? 200;
      const answer = Array.isArray(planned) ? (planned.shift() ?? 200) : planned;
      if (answer instanceof KalendsError) throw answer;
      if (answer === 'hang') return respond(await new Promise<number>((resolve) => hanging.push(resolve)));
      return respond(answer);
    },
    release: (status) => {
      for (const resolve of hanging) resolve(status);
      hanging = [];
    },
  };
}

function sentOf(request: HttpRequest): Sent {
  return {
    url: request.url,
    id: request.headers['kalends-delivery-id'] ?? '',
    attempt: Number(request.headers['kalends-delivery-attempt']),
    signature: request.headers['cronofy-hmac-sha256'] ?? '',
    text: request.body ?? '',
    body: JSON.parse(request.body ?? '') as Sent['body'],
  };
}

export interface Reported {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface World {
  readonly store: Documents;
  readonly clock: FakeClock;
  readonly endpoint: Endpoint;
  readonly reports: Reported[];
  courier(change?: Partial<CourierDeps>): Courier;
  /** Inserts a channel that has been verified and told everything so far. */
  channel(name: string, change?: Partial<SubscriberDoc>): Promise<SubscriberDoc>;
  /** Appends to the log of the profile at the clock's time, and projects unless told otherwise. */
  append(
    changes: readonly Change[],
    more?: { cause?: Cause; profile?: ProfileId; projected?: boolean },
  ): Promise<number>;
  projectAll(profile?: ProfileId): Promise<void>;
  addProfile(id: ProfileId, change?: Partial<ProfileDoc>): Promise<void>;
  subscriber(id: string): Promise<SubscriberDoc>;
  deliveries(id: string): Promise<DeliveryDoc[]>;
  close(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const store = openSqlite({ path: ':memory:', durable: false });
  await store.open();
  const clock = createFakeClock(startMs);
  const endpoint = createEndpoint();
  const reports: Reported[] = [];
  const couriers: Courier[] = [];
  let dice = 1;
  /** Park and Miller's generator: every run is the same. */
  const random = (): number => (dice = (dice * 48_271) % 2_147_483_647) / 2_147_483_647;
  const secrets = ['CRN_new', 'CRN_old'].map((box) => ({ sealed: { keyId: 'k', nonce: 'n', box }, createdAtMs: 1 }));
  await store.insert('apps', { _id: appId, rev: 1, name: 'app', clientId: 'client', secrets, createdAtMs: 1 });
  await store.insert('profiles', profile(profileId));

  async function subscriber(id: string): Promise<SubscriberDoc> {
    const found = await store.get('subscribers', id);
    if (found === null) throw new Error(`no subscriber ${id}`);
    return found;
  }

  async function changeProfile(id: ProfileId, change: (one: ProfileDoc) => Partial<ProfileDoc>): Promise<void> {
    const one = await store.get('profiles', id);
    if (one === null) throw new Error(`no profile ${id}`);
    await store.replace('profiles', { ...one, ...change(one), rev: one.rev + 1 }, one.rev);
  }

  async function headOf(id: ProfileId): Promise<number> {
    const [last] = await store.find('commitsOfProfile', { profileId: id }, { limit: 1, descending: true });
    return last?.seq ?? 0;
  }

  async function projectAll(id: ProfileId = profileId): Promise<void> {
    const projectedSeq = await headOf(id);
    await changeProfile(id, () => ({ projectedSeq, projectedAtMs: clock.now() }));
  }

  return {
    store,
    clock,
    endpoint,
    reports,
    subscriber,
    projectAll,
    courier: (change = {}) => {
      const made = createCourier({
        store,
        http: endpoint.http,
        clock,
        random,
        open: (sealed) => sealed.box,
        report: (level, message, fields) => void reports.push({ level, message, fields }),
        ...change,
      });
      couriers.push(made);
      return made;
    },
    channel: async (name, change = {}) => {
      const profiles = await store.find('profilesOfAccount', { accountId });
      const request = {
        appId,
        accountId,
        callbackUrl: `https://${name}.example/hook`,
        filters: { calendarIds: null, onlyManaged: false },
      };
      const opened = newChannel({ ...request, channelId: asChannelId(`chn_${name}`) }, profiles, clock.now());
      const document = { ...opened, notices: [], dueAtMs: Number.MAX_SAFE_INTEGER - 1, ...change };
      await store.insert('subscribers', document);
      return document;
    },
    append: async (changes, more = {}) => {
      const id = more.profile ?? profileId;
      const seq = (await headOf(id)) + 1;
      await store.insert('commits', commit(id, seq, clock.now(), changes, more.cause ?? 'pull'));
      if (more.projected ?? true) await projectAll(id);
      return seq;
    },
    addProfile: (id, change) => store.insert('profiles', profile(id, change)),
    deliveries: (id) => store.find('deliveriesOfSubscriber', { subscriberId: id }),
    close: async () => {
      endpoint.release(200);
      await Promise.all(couriers.map((one) => one.stop()));
      await store.close();
    },
  };
}

function commit(id: ProfileId, seq: number, atMs: number, changes: readonly Change[], cause: Cause): CommitDoc {
  const owner = { profileId: id, accountId, appId, runId: 'run_1' as RunId };
  return { _id: commitKey(id, seq), ...owner, seq, atMs, cause, operations: [], changes };
}

export const resourceId = (name: string): ResourceId => `rsc_${name}` as ResourceId;

export const put = (name: string, differs = true): Change => ({
  kind: 'resource_put',
  calendarId,
  resourceId: resourceId(name),
  ref: `${name}.ics`,
  etag: '"1"',
  scheduleTag: null,
  body: 'BEGIN:VCALENDAR',
  format: 'icalendar',
  observedHash: 'hash',
  normaliser: 1,
  differs,
});

export const notice = (type: 'quarantined' | 'initial_sync_completed'): Change => ({
  kind: 'notice',
  notice: type,
  detail: '',
});

function profile(id: ProfileId, change: Partial<ProfileDoc> = {}): ProfileDoc {
  return {
    _id: id,
    rev: 1,
    appId,
    accountId,
    provider: 'memory',
    name: 'someone@example.com',
    login: id,
    email: null,
    credentials: null,
    root: {},
    state: { name: 'live' },
    calendars: {},
    nextListAtMs: 0,
    missingCalendars: [],
    requests: [],
    horizonDay: null,
    zoneData: null,
    projector: 1,
    slot: 0,
    nextWakeAtMs: 0,
    projectedSeq: 0,
    projectedAtMs: 0,
    attemptedThroughN: 0,
    initialSyncAtMs: null,
    freshAtMs: null,
    createdAtMs: 0,
    ...change,
  };
}

/** Appends one change, nudges, and lets the quiet period pass. */
export async function changeAndWait(world: World, courier: Courier, name = 'a'): Promise<void> {
  await world.append([put(name)]);
  courier.nudge(profileId);
  await courier.settle();
  await world.clock.advance(notifying.quietMs);
  await courier.settle();
}

/** Lets simulated seconds pass, with the sweeps that belong to them, until so many requests were made. */
export async function untilSent(world: World, count: number): Promise<void> {
  for (let second = 0; second < 120 && world.endpoint.sent.length < count; second += 1) {
    await world.clock.advance(1_000);
    for (let turn = 0; turn < 20; turn += 1) await world.clock.settle();
  }
}
