/** A gateway on a real port over a store in memory, with two applications, their accounts, and calendars to fill. */
import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { ServiceBroker } from 'moleculer';

import type { AccountDoc, Scope } from '../../domain/account.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import { calendarIdOf, eventUidOf, newProfileId, resourceIdOf, type CalendarId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { createNormalise } from '../../domain/normalise.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { isLong, type EventDoc } from '../../domain/projected-event.ts';
import { createApi } from '../../services/api/api.ts';
import type { ApiContext } from '../../services/api/context.ts';
import { createAuthenticator, type Authenticator } from '../../services/auth/authenticate.ts';
import {
  createAccount,
  createApp,
  createGrant,
  issueToken,
  type RegistryContext,
} from '../../services/auth/registry.ts';
import { createGatewayService } from '../../services/gateway.service.ts';
import { createSealing } from '../../services/sealing.ts';
import type { Documents } from '../../store/documents.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

/** Saturday, in winter time of both hemispheres' clocks as far as Europe and America go. */
export const startMs = Date.UTC(2026, 10, 21, 9, 30);

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Null where the answer is not JSON. */
  readonly json: unknown;
}

export interface Asked {
  readonly method?: string;
  readonly token?: string | null;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface World {
  readonly documents: Documents;
  readonly clock: FakeClock;
  readonly registry: RegistryContext;
  readonly authenticator: Authenticator;
  readonly account: AccountDoc;
  readonly profile: ProfileDoc;
  readonly calendar: CalendarDoc;
  readonly token: string;
  readonly baseUrl: string;
  /** Profiles that were nudged, in order. */
  readonly nudged: string[];
  /** What waits for the outcome of an intent is answered with. */
  awaited: (intent: IntentDoc) => Promise<IntentDoc | null>;
  ask(path: string, asked?: Asked): Promise<Answer>;
  /** A token of another account of the same application. */
  tokenFor(account: AccountDoc, scopes?: readonly Scope[]): Promise<string>;
  addAccount(appName: string): Promise<AccountDoc>;
  addProfile(account: AccountDoc, change?: Partial<ProfileDoc>): Promise<ProfileDoc>;
  addCalendar(profile: ProfileDoc, name: string, change?: Partial<CalendarDoc>): Promise<CalendarDoc>;
  /** Projects events and advances the seq of their profiles. */
  addEvents(...events: readonly EventDoc[]): Promise<void>;
  stop(): Promise<void>;
}

/** Random, but the same in every run. */
function seeded(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export async function openWorld(bodyBytes = 64 * 1024): Promise<World> {
  const documents = openSqlite({ path: ':memory:' });
  await documents.open();
  const clock = createFakeClock(startMs);
  const random = seeded();
  const sealing = createSealing([{ id: 'k1', key: randomBytes(32) }], randomBytes);
  const registry: RegistryContext = { documents, clock, random, randomBytes, sealing };
  const authenticator = createAuthenticator({ documents, clock });
  const nudged: string[] = [];
  const world: Partial<World> & Pick<World, 'awaited'> = { awaited: async () => null };
  const api = createApi({
    documents,
    clock,
    random,
    pageKey: randomBytes(32),
    nudge: (profileId) => void nudged.push(profileId),
    nudgeNotifier: (accountId) => void nudged.push(accountId),
    awaitIntent: async (profileId, n) => {
      const [intent] = await documents.find('intentsOfProfile', { profileId, n: { gte: n, lte: n } });
      return intent === undefined ? null : world.awaited(intent);
    },
    providerOf: facts,
    normalise: createNormalise(),
  });
  const broker = new ServiceBroker({ nodeID: `test-${randomBytes(4).toString('hex')}`, logger: false, metrics: false });
  const service = broker.createService(
    createGatewayService({
      api,
      authenticate: (header) => authenticator.authenticate(header),
      random,
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      bodyBytes,
    }),
  );
  await broker.start();
  const { port } = ((service as unknown as { server: Server }).server.address() as AddressInfo) ?? { port: 0 };
  const base = `http://127.0.0.1:${port}`;
  const built = await fill(registry);
  const tokenFor: World['tokenFor'] = async (account, scopes) =>
    issueToken(registry, await createGrant(registry, account, scopes));
  const token = await tokenFor(built.account);
  return Object.assign(world, built, {
    documents,
    clock,
    registry,
    authenticator,
    token,
    baseUrl: base,
    nudged,
    ask: (path: string, asked: Asked = {}) => ask(path.startsWith('http') ? path : base + path, token, asked),
    tokenFor,
    addAccount: async (appName: string) => newAccount(registry, appName),
    addProfile: (account: AccountDoc, change: Partial<ProfileDoc> = {}) => newProfile(registry, account, change),
    addCalendar: (profile: ProfileDoc, name: string, change: Partial<CalendarDoc> = {}) =>
      newCalendar(registry, profile, name, change),
    addEvents: (...events: readonly EventDoc[]) => projectEvents(documents, events),
    stop: async () => {
      await broker.stop();
      await documents.close();
    },
  });
}

/** As the projector does: first the documents, then the seq of their profile. */
async function projectEvents(documents: Documents, all: readonly EventDoc[]): Promise<void> {
  await documents.upsertMany('events', all);
  for (const profileId of new Set(all.map((one) => one.profileId))) {
    const profile = await documents.get('profiles', profileId);
    if (profile === null) continue;
    const next = { ...profile, rev: profile.rev + 1, projectedSeq: profile.projectedSeq + 1 };
    await documents.replace('profiles', next, profile.rev);
  }
}

const facts: ApiContext['providerOf'] = (name) => ({
  capabilities: {
    pull: true,
    makeCalendar: name !== 'exchange',
    rediscover: false,
    attendees: name !== 'cronofy',
    fetchBatch: 50,
  },
  newCalendarRef: (_root, calendar) => `/cal/${encodeURIComponent(calendar)}/`,
  newResourceRef: (resource) => `${resource}.ics`,
});

async function fill(registry: RegistryContext) {
  const account = await newAccount(registry, 'first app');
  const profile = await newProfile(registry, account, {});
  const calendar = await newCalendar(registry, profile, 'Work', { primary: true });
  return { account, profile, calendar };
}

async function newAccount(registry: RegistryContext, appName: string): Promise<AccountDoc> {
  const { app } = await createApp(registry, appName);
  const person = { email: 'jane@example.com', name: 'Jane Doe', timeZone: 'Europe/Berlin' };
  return createAccount(registry, { appId: app._id, ...person });
}

async function newProfile(
  { documents, clock, random }: RegistryContext,
  account: AccountDoc,
  change: Partial<ProfileDoc>,
): Promise<ProfileDoc> {
  const id = newProfileId(clock.now(), random);
  const profile: ProfileDoc = {
    _id: id,
    rev: 1,
    appId: account.appId,
    accountId: account._id,
    provider: 'caldav',
    name: 'jane@example.com',
    login: id,
    email: 'jane@example.com',
    credentials: null,
    root: {},
    state: { name: 'live' },
    requests: [],
    calendars: {},
    nextListAtMs: 0,
    missingCalendars: [],
    horizonDay: null,
    zoneData: null,
    projector: 1,
    slot: 0,
    nextWakeAtMs: 0,
    projectedSeq: 7,
    projectedAtMs: 0,
    attemptedThroughN: 0,
    initialSyncAtMs: startMs - 1_000,
    freshAtMs: startMs - 60_000,
    createdAtMs: clock.now(),
    ...change,
  };
  await documents.insert('profiles', profile);
  return profile;
}

async function newCalendar(
  { documents }: RegistryContext,
  profile: ProfileDoc,
  name: string,
  change: Partial<CalendarDoc>,
): Promise<CalendarDoc> {
  const ref = `/cal/${name}/`;
  const calendar: CalendarDoc = {
    _id: calendarIdOf(profile._id, ref),
    profileId: profile._id,
    accountId: profile.accountId,
    ref,
    name,
    color: null,
    timeZone: 'Europe/Berlin',
    readOnly: false,
    primary: false,
    privileges: ['read', 'write-content'],
    deleted: false,
    seq: 1,
    ...change,
  };
  await documents.upsertMany('calendars', [calendar]);
  return calendar;
}

export interface EventSketch extends Partial<EventDoc> {
  readonly ref: string;
  /** `2026-11-21T09:00:00Z`, or `2026-11-21` for an all-day event. */
  readonly from: string;
  readonly until: string;
  readonly tzid?: string;
}

/** A projected event as the projector would have left it. */
export function event(
  calendar: CalendarDoc,
  { ref, from, until, tzid = 'Europe/Berlin', ...change }: EventSketch,
): EventDoc {
  const time = (text: string): EventDoc['start'] =>
    text.length === 10 ? { kind: 'date', date: text } : { kind: 'instant', ms: Date.parse(text), tzid };
  const resourceId = resourceIdOf(calendar._id, ref);
  const [eventStart, eventEnd] = [Date.parse(from), Date.parse(until)];
  const recurrenceKey = change.recurrenceKey ?? null;
  return {
    _id: recurrenceKey === null ? resourceId : `${resourceId}|${recurrenceKey}`,
    eventUid: eventUidOf(resourceId, recurrenceKey),
    accountId: calendar.accountId,
    profileId: calendar.profileId,
    calendarId: calendar._id,
    resourceId,
    recurrenceKey,
    uid: ref,
    recurring: recurrenceKey !== null,
    eventId: null,
    managed: change.eventId === undefined || change.eventId === null ? 0 : 1,
    startMs: eventStart,
    endMs: eventEnd,
    long: isLong(eventStart, eventEnd),
    deleted: 0,
    createdMs: startMs - 5_000_000,
    updatedMs: startMs - 4_000_123,
    shownHash: createHash('sha256').update(ref).digest('hex'),
    seq: 1,
    summary: ref,
    description: '',
    location: null,
    start: time(from),
    end: time(until),
    status: 'confirmed',
    transparency: 'opaque',
    extendedTransparency: 'opaque',
    organizer: null,
    attendees: [],
    categories: [],
    private: false,
    url: null,
    color: null,
    ...change,
  };
}

async function ask(url: string, token: string, asked: Asked): Promise<Answer> {
  const bearer = asked.token === undefined ? token : asked.token;
  const text = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const response = await fetch(url, {
    method: asked.method ?? 'GET',
    headers: {
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...asked.headers,
    },
    ...(text === undefined ? {} : { body: text as string }),
    signal: AbortSignal.timeout(20_000),
  });
  const body = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, headers: response.headers, text: body, json: isJson ? JSON.parse(body) : null };
}

export const eventsPath = (calendarId: CalendarId): string => `/v1/calendars/${calendarId}/events`;

export type Row = Readonly<Record<string, unknown>>;

/** What stands at a path inside an answer; undefined where it leads nowhere. */
export function at(answer: Answer, ...path: readonly (string | number)[]): unknown {
  let value = answer.json;
  for (const step of path)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  return value;
}

export const rowsAt = (answer: Answer, ...path: readonly (string | number)[]): Row[] => at(answer, ...path) as Row[];

export const events = (answer: Answer): Row[] => rowsAt(answer, 'events');

/** The summaries of the events of an answer, in order. */
export const summaries = (answer: Answer): string[] => events(answer).map((one) => String(one['summary']));

/** The keys of the problems of a field in a 422. */
export const problemKeys = (answer: Answer, field: string): unknown[] =>
  (rowsAt(answer, 'errors', field) ?? []).map((one) => one['key']);
