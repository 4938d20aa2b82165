/** A fleet in a process of its own: real actors and sweeps over a store on disk, and a provider in memory one host of which may be dead. */
import { createHosts } from '../../actors/profile/hosts.ts';
import { createSupervisor } from '../../actors/profile/supervisor.ts';
import { createSweepQuestions } from '../../actors/profile/sweep-questions.ts';
import { createHost } from '../../actors/runtime/host.ts';
import { createShares } from '../../actors/runtime/shares.ts';
import { createSweeps } from '../../actors/runtime/wakeups.ts';
import { horizon, hosts as hostPolicy, polling, runtime, writing } from '../../config/policies.ts';
import { allScopes } from '../../domain/account.ts';
import { KalendsError } from '../../domain/errors.ts';
import {
  asAccountId,
  asProfileId,
  calendarIdOf,
  newOperationId,
  slotOf,
  type AppId,
  type GrantId,
  type ProfileId,
} from '../../domain/ids.ts';
import { newIntent, type IntentDoc } from '../../domain/intent.ts';
import { createNormalise } from '../../domain/normalise.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Provider, Session } from '../../providers/provider.ts';
import { systemClock as clock, systemRandom as random } from '../../services/system-clock.ts';
import { createCommitLog } from '../../store/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { openSqlite } from '../../store/engines/sqlite.ts';
import { createMemoryProvider } from '../../test/support/memory-provider.ts';
import type { SubjectActions } from '../kit/subject.ts';

const appId = 'app_00000000000000000000000000' as AppId;
const accountId = asAccountId('acc_00000000000000000000000000');
const calendar = 'work/';
/** What a black hole costs: nobody answers until the time-out of a connection. */
const hangMs = 10_000;

const idOf = (host: string, k: number): ProfileId => asProfileId(`pro_${host}_${String(k).padStart(20, '0')}`);

function newProfile(host: string, k: number, nowMs: number): ProfileDoc {
  const _id = idOf(host, k);
  return {
    _id,
    rev: 1,
    appId,
    accountId,
    provider: 'memory',
    name: `${host}-${k}@example.com`,
    login: _id,
    email: null,
    credentials: null,
    root: { home: 'memory', host, id: _id },
    state: { name: 'connecting' },
    requests: [],
    calendars: {},
    nextListAtMs: nowMs,
    missingCalendars: [],
    horizonDay: null,
    zoneData: null,
    projector: 1,
    slot: slotOf(_id),
    nextWakeAtMs: nowMs,
    projectedSeq: 0,
    projectedAtMs: nowMs,
    attemptedThroughN: 0,
    initialSyncAtMs: null,
    freshAtMs: null,
    createdAtMs: nowMs,
  };
}

/** Puts that were nudged and not begun: profile → when. */
type Waiting = Map<string, { readonly sinceMs: number; readonly begun: (delayMs: number) => void }>;

/** Answers at once, but for the host that is dead; tells when a put begins. */
function worldOf(dead: ReadonlySet<string>, waiting: Waiting): Provider {
  const { provider, world } = createMemoryProvider();
  world.addCalendar(calendar);
  // Each profile writes to the same calendar: what it holds does not matter, and must not grow.
  const { changes } = provider;
  const answers: Partial<Provider> = {
    put: async (_session, { ref, body, format }) => ({ ref, body, format, etag: `"${ref}"`, scheduleTag: null }),
    changes: async (session, of, token) => ({ ...(await changes(session, of, token)), changed: [], removed: [] }),
  };
  const local = new Set(['newCalendarRef', 'newResourceRef', 'software', 'hostOf']);
  return new Proxy(
    { ...provider, ...answers },
    {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function' || typeof name !== 'string' || local.has(name)) return value;
        return async (session: Session, ...rest: unknown[]) => {
          const { host = '', id = '' } = session.root;
          if (dead.has(host)) {
            await clock.sleep(hangMs, session.signal);
            throw new KalendsError('connect_failed', `${host} does not answer`);
          }
          const put = name === 'put' ? waiting.get(id) : undefined;
          put?.begun(performance.now() - put.sinceMs);
          return (value as (...args: unknown[]) => Promise<unknown>)(session, ...rest);
        };
      },
    },
  );
}

function startActors(documents: Documents, provider: Provider) {
  const normalise = createNormalise();
  const hosts = createHosts({ documents, clock, random });
  const shares = createShares();
  // Polls as on a quiet day: the fleet is older than the time in which changes make more changes likely.
  const calm = { ...polling, activeMs: polling.baseMs, activeForMs: 0 };
  const fail = (error: unknown): void => void process.stderr.write(`${String(error)}\n`);
  const host = createHost<ProfileId>({
    behaviour: createSupervisor(
      {
        documents,
        hosts,
        normalise,
        clock,
        random,
        log: createCommitLog({ documents, normalise, clock, horizon }),
        providers: () => provider,
        credentials: () => ({ kind: 'none' }),
        polling: calm,
        mayWrite: () => true,
        projected: () => undefined,
        report: () => undefined,
      },
      shares,
    ),
    shares,
    clock,
    random,
    concurrency: { pull: runtime.pullTurns, write: runtime.writeTurns, sweep: runtime.sweepTurns },
    owns: () => true,
    onError: fail,
  });
  const sweeps = createSweeps<ProfileId>({
    clock,
    owns: () => true,
    policies: runtime,
    nudge: (id, lane) => host.nudge(id, lane),
    ...createSweepQuestions({ documents, hosts, ownsSlot: () => true }),
    aside: () => host.stats().aside + host.stats().crowded,
    onError: fail,
  });
  host.start();
  sweeps.start();
  return {
    host,
    stop: async () => {
      await sweeps.stop();
      await host.stop(1_000);
    },
  };
}

/** Waits for a fact in the store. */
async function until(fact: () => Promise<boolean>): Promise<void> {
  while (!(await fact())) await clock.sleep(200);
}

/** `dueMax`: so many are due at any moment of a fleet that polls. */
async function quiet(documents: Documents, dueMax = 0): Promise<boolean> {
  const due = await documents.count('dueProfiles', { nextWakeAtMs: { lte: Date.now() } });
  return due <= dueMax && (await documents.count('openIntents', { open: 1, seen: null })) === 0;
}

/** The sweep comes once a second: of 10,000 that poll every five minutes some forty fall due between two. */
const alwaysDue = 80;

const at = (hour: number) => ({ kind: 'instant' as const, ms: Date.UTC(2027, 0, 5, hour), tzid: 'Etc/UTC' });

function waitingWrite(profileId: ProfileId, n: number): IntentDoc {
  const nowMs = Date.now();
  const patch = { summary: `Event ${n}`, start: at(9), end: at(10) };
  return newIntent({
    owner: { profileId, accountId, appId },
    n,
    operationId: newOperationId(nowMs, random),
    wish: { kind: 'upsert', calendarId: calendarIdOf(profileId, calendar), eventId: `event-${n}`, patch },
    nowMs,
    expiresAtMs: nowMs + writing.expireAfterMs,
  });
}

const insertedAtOnce = 1_000;

export interface Sizes {
  readonly path: string;
  /** Profiles on the host that dies, and on the one that never does. */
  readonly mortal: number;
  readonly live: number;
}

/** All of them connected and synced by the real actors. */
async function fill({ path, mortal, live }: Sizes): Promise<number> {
  const documents = openSqlite({ path, durable: false });
  await documents.open();
  const nowMs = Date.now();
  const grant = { _id: 'grt_1' as GrantId, rev: 1, appId, accountId, scopes: allScopes, revokedAtMs: null };
  await documents.insert('grants', { ...grant, createdAtMs: nowMs });
  for (const [host, count] of [
    ['mortal', mortal],
    ['live', live],
  ] as const) {
    for (let from = 0; from < count; from += insertedAtOnce) {
      const part = Array.from({ length: Math.min(insertedAtOnce, count - from) }, (_, k) =>
        newProfile(host, from + k, nowMs),
      );
      await documents.insertMany('profiles', part);
    }
  }
  const actors = startActors(documents, worldOf(new Set(), new Map()));
  await until(async () => quiet(documents));
  await actors.stop();
  const profiles = await documents.find('allProfiles', {});
  await documents.close();
  return profiles.filter((one) => one.state.name === 'live').length;
}

export interface Measured {
  /** Share of one processor in percent, over `cpuMs` of steady state. */
  readonly cpu: number;
  /** Milliseconds from a nudge to the beginning of the provider call that it asks for: half, and 99 in 100, are faster. */
  readonly p50: number;
  readonly p99: number;
  readonly waitingProfiles: number;
  readonly turns: number;
}

export interface Asked extends Sizes {
  readonly dead: boolean;
  readonly cpuMs: number;
  readonly nudges: number;
  readonly everyMs: number;
}

/** Polls as they are spread in a fleet that has run for long; those of a host that dies are all due, as after a restart. */
async function spreadPolls(documents: Documents, dead: boolean): Promise<void> {
  const nowMs = Date.now();
  const all = await documents.find('allProfiles', {});
  const spread = all.map((one): ProfileDoc => {
    const within = (ms: number): number => (dead && one.root['host'] === 'mortal' ? nowMs : nowMs + random() * ms);
    const nextPollAtMs = Math.round(within(polling.baseMs));
    const nextListAtMs = Math.round(within(polling.listMs));
    const works = Object.entries(one.calendars).map(([id, work]) => [id, { ...work, nextPollAtMs }] as const);
    const nextWakeAtMs = Math.min(nextPollAtMs, nextListAtMs);
    return { ...one, rev: one.rev + 1, calendars: Object.fromEntries(works), nextListAtMs, nextWakeAtMs };
  });
  for (let from = 0; from < spread.length; from += insertedAtOnce)
    await documents.upsertMany('profiles', spread.slice(from, from + insertedAtOnce));
}

/** An outage as it is after hours: everybody waits, with a write that was accepted meanwhile, and looks now and then. */
async function outage(documents: Documents, mortal: number): Promise<void> {
  const waitsFor = 'mortal';
  await until(async () => (await documents.count('profilesWaitingForHost', { waitsFor })) === mortal);
  for (let from = 0; from < mortal; from += insertedAtOnce) {
    const ids = Array.from({ length: Math.min(insertedAtOnce, mortal - from) }, (_, k) => idOf('mortal', from + k));
    await documents.insertMany(
      'intents',
      ids.map((id) => waitingWrite(id, 1)),
    );
  }
  await until(async () => quiet(documents, alwaysDue));
  const waiting = await documents.find('profilesWaitingForHost', { waitsFor });
  const spread = waiting.map((one) => ({
    ...one,
    rev: one.rev + 1,
    nextWakeAtMs: Date.now() + Math.round(random() * hostPolicy.waitMs),
  }));
  await documents.upsertMany('profiles', spread);
}

async function cpuOver(ms: number): Promise<number> {
  const [before, sinceMs] = [process.cpuUsage(), performance.now()];
  await clock.sleep(ms);
  const { user, system } = process.cpuUsage(before);
  return (100 * (user + system)) / 1_000 / (performance.now() - sinceMs);
}

/** Accepts a write for one live profile after the other, and nudges, as the API does. */
async function delays(
  documents: Documents,
  nudge: (id: ProfileId) => void,
  waiting: Waiting,
  { nudges, everyMs, live }: Asked,
): Promise<number[]> {
  const found: Promise<number>[] = [];
  for (let k = 0; k < nudges; k += 1) {
    const id = idOf('live', k % live);
    await documents.insert('intents', waitingWrite(id, 1 + Math.floor(k / live)));
    const { promise, resolve } = Promise.withResolvers<number>();
    waiting.set(id, { sinceMs: performance.now(), begun: resolve });
    found.push(promise);
    nudge(id);
    await clock.sleep(everyMs);
  }
  return (await Promise.all(found)).toSorted((a, b) => a - b);
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export const subject = {
  fill,
  measure: async (asked: Asked): Promise<Measured> => {
    const documents = openSqlite({ path: asked.path });
    await documents.open();
    await spreadPolls(documents, asked.dead);
    const waiting: Waiting = new Map();
    const actors = startActors(documents, worldOf(new Set(asked.dead ? ['mortal'] : []), waiting));
    if (asked.dead) await outage(documents, asked.mortal);
    await until(async () => quiet(documents, alwaysDue));
    const turns = actors.host.stats().turns;
    const cpu = await cpuOver(asked.cpuMs);
    const sorted = await delays(documents, (id) => actors.host.nudge(id, 'write'), waiting, asked);
    const waitingProfiles = await documents.count('profilesWaitingForHost', { waitsFor: 'mortal' });
    const taken = actors.host.stats().turns - turns;
    await actors.stop();
    await documents.close();
    return { cpu, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), waitingProfiles, turns: taken };
  },
} satisfies SubjectActions;
