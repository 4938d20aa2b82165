/** Many profiles on several hosts, in several processes over one store: the real actors and sweeps, over a fake clock. */
import { createHosts } from '../../../actors/profile/hosts.ts';
import type { ProfileDeps } from '../../../actors/profile/activation.ts';
import { createSupervisor } from '../../../actors/profile/supervisor.ts';
import { createSweepQuestions } from '../../../actors/profile/sweep-questions.ts';
import { createHost, type Host } from '../../../actors/runtime/host.ts';
import { ownerOf } from '../../../actors/runtime/slots.ts';
import { createShares } from '../../../actors/runtime/shares.ts';
import { createSweeps, type Sweeps } from '../../../actors/runtime/wakeups.ts';
import { horizon, polling, runtime, writing } from '../../../config/policies.ts';
import { allScopes } from '../../../domain/account.ts';
import { KalendsError, toKalendsError, type ErrorCode } from '../../../domain/errors.ts';
import type { HostState } from '../../../domain/machines/host.ts';
import {
  asProfileId,
  calendarIdOf,
  newOperationId,
  slotCount,
  slotOf,
  type GrantId,
  type ProfileId,
} from '../../../domain/ids.ts';
import { newIntent, type IntentDoc, type Wish } from '../../../domain/intent.ts';
import { createNormalise } from '../../../domain/normalise.ts';
import type { ProfileDoc, ProfileRequest } from '../../../domain/profile.ts';
import type { Provider, Session } from '../../../providers/provider.ts';
import { createCommitLog } from '../../../store/commit.ts';
import type { Documents } from '../../../store/documents.ts';
import { openSqlite } from '../../../store/engines/sqlite.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { createMemoryProvider, type MemoryWorld } from '../../support/memory-provider.ts';
import { gatedDocuments, createPlan } from './gate.ts';
import { accountId, appId, minute, newProfile, second, startMs } from './rig.ts';

/**
 * What a host does with a request: null: it answers; `slow`: it answers after a while; a code: it fails so; `hang`:
 * nothing comes until the time-out; `moved`: nothing is there any more but the way to the host `new`.
 */
export type Trouble = ErrorCode | 'slow' | 'hang' | 'moved' | null;

export interface Asked {
  readonly atMs: number;
  readonly host: string;
  readonly profile: string;
  readonly method: string;
  /** Reads, or writes, of all hosts that are under way then, itself included. */
  readonly atOnce: number;
}

export interface FleetOptions {
  /** Host → how many profiles live there. */
  readonly hosts: Readonly<Record<string, number>>;
  readonly nodes?: number;
  readonly seed?: number;
  readonly polling?: Partial<ProfileDeps['polling']>;
  /** Between two sweeps; 5 s when absent, so that hours pass quickly. */
  readonly sweepMs?: number;
  /** Login of the k-th profile of a host; each its own when absent. */
  readonly loginOf?: (host: string, k: number) => string;
}

export interface Fleet {
  readonly clock: FakeClock;
  readonly documents: Documents;
  readonly world: MemoryWorld;
  readonly provider: () => Provider;
  /** Every request so far, in order. */
  readonly asked: Asked[];
  /** What a host does from now on: with everyone, or with one login. */
  trouble(host: string, as: Trouble, login?: string): void;
  pass(ms: number): Promise<void>;
  /** `host`'s k-th profile. */
  idOf(host: string, k: number): ProfileId;
  profile(id: ProfileId): Promise<ProfileDoc>;
  profiles(host: string): Promise<ProfileDoc[]>;
  hostState(host: string): Promise<HostState>;
  accept(id: ProfileId, wish: Wish): Promise<IntentDoc>;
  upsert(id: ProfileId, eventId: string, summary: string): Promise<IntentDoc>;
  request(id: ProfileId, request: ProfileRequest): Promise<void>;
  nudge(id: ProfileId, lane: 'write' | 'pull'): void;
  /** Kills a process between two writes; nothing of it goes on. */
  kill(node: number): void;
  /** Starts one under the name of a node that was killed. */
  start(node: number): void;
  turns(): number;
  close(): Promise<void>;
}

interface Node {
  readonly life: { dead: boolean };
  readonly host: Host<ProfileId>;
  readonly sweeps: Sweeps;
}

const idOf = (host: string, k: number): ProfileId => asProfileId(`pro_${host}_${String(k).padStart(5, '0')}`);
const local: ReadonlySet<string> = new Set(['newCalendarRef', 'newResourceRef', 'software', 'hostOf']);
/** What is well is not what these tests look at. */
const calm = { activeMs: 5 * minute, quietAfterMs: 60 * minute };
const hangMs = 2 * minute;
const slowMs = 10 * second;

export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const clock = createFakeClock(startMs);
  let dice = options.seed ?? 20_261_121;
  const random = (): number => (dice = (dice * 48_271) % 2_147_483_647) / 2_147_483_647;
  // Everything that needs no time is done before time passes.
  const documents = openSqlite({ path: ':memory:', durable: false, schedule: (run) => queueMicrotask(run) });
  await documents.open();
  const { provider: inner, world } = createMemoryProvider({ now: () => clock.now() });
  world.addCalendar('work/');
  const asked: Asked[] = [];
  const troubles = new Map<string, Trouble>();
  const nodes: (Node | null)[] = [];
  let ended = 0;

  const underWay = { reads: 0, writes: 0 };

  async function ask(session: Session, method: string, run: () => Promise<unknown>): Promise<unknown> {
    const [host, login] = [session.root['host'] ?? '', session.root['login'] ?? ''];
    const kind = method === 'put' || method === 'remove' ? 'writes' : 'reads';
    underWay[kind] += 1;
    asked.push({ atMs: clock.now(), host, profile: login, method, atOnce: underWay[kind] });
    try {
      return await answer(session, method, run);
    } finally {
      underWay[kind] -= 1;
    }
  }

  async function answer(session: Session, method: string, run: () => Promise<unknown>): Promise<unknown> {
    const [host, login] = [session.root['host'] ?? '', session.root['login'] ?? ''];
    const trouble = troubles.get(`${host} ${login}`) ?? troubles.get(host) ?? null;
    if (trouble === 'hang') await clock.sleep(hangMs, session.signal);
    if (trouble === 'slow') await clock.sleep(slowMs, session.signal);
    if (trouble === null || trouble === 'slow') return run();
    if (trouble === 'moved' && method === 'rediscover') return { ...session.root, host: 'new' };
    const code = trouble === 'hang' ? 'timed_out' : trouble === 'moved' ? 'not_found' : trouble;
    throw new KalendsError(code, `${host} is out of order`, { evidence: { request: method } });
  }

  const provider: Provider = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || typeof name !== 'string' || local.has(name)) return value;
      const method = (value as (...args: unknown[]) => Promise<unknown>).bind(target);
      return (...args: [Session, ...unknown[]]) => ask(args[0], name, () => method(...args));
    },
  });

  /** Slot → name of its node, among those that live. */
  let owners: readonly (string | null)[] = [];
  const assign = (): void => {
    const living = nodes.flatMap((node, k) => (node === null ? [] : [`node-${k}`]));
    owners = Array.from({ length: slotCount }, (_, slot) => ownerOf(slot, living));
  };
  const ownsSlot = (node: number, slot: number): boolean => owners[slot] === `node-${node}`;

  function startNode(k: number): void {
    const life = { dead: false };
    const gated = gatedDocuments(documents, createPlan(), life);
    const normalise = createNormalise();
    const hosts = createHosts({ documents: gated, clock, random });
    const deps: ProfileDeps = {
      documents: gated,
      hosts,
      log: createCommitLog({ documents: gated, normalise, clock, horizon }),
      providers: () => provider,
      credentials: () => ({ kind: 'none' }),
      normalise,
      clock,
      random,
      polling: { ...polling, ...calm, ...options.polling },
      mayWrite: () => true,
      projected: () => undefined,
      report: () => undefined,
    };
    const shares = createShares();
    const host = createHost<ProfileId>({
      behaviour: createSupervisor(deps, shares),
      shares,
      clock,
      random,
      concurrency: { pull: runtime.pullTurns, write: runtime.writeTurns, sweep: runtime.sweepTurns },
      owns: (id) => !life.dead && ownsSlot(k, slotOf(id)),
      onError: (error) => {
        // An operator of the test may be faster than a turn, which then begins anew.
        if (!life.dead && toKalendsError(error).code !== 'second_owner') throw error;
      },
    });
    const sweeps = createSweeps<ProfileId>({
      clock,
      owns: (id) => !life.dead && ownsSlot(k, slotOf(id)),
      policies: { ...runtime, dueSweepMs: options.sweepMs ?? 5_000, intentSweepMs: options.sweepMs ?? 5_000 },
      nudge: (id, lane) => host.nudge(id, lane),
      ...createSweepQuestions({ documents: gated, hosts, ownsSlot: (slot) => ownsSlot(k, slot) }),
      aside: () => host.stats().aside + host.stats().crowded,
      onError: (error) => {
        throw error;
      },
    });
    nodes[k] = { life, host, sweeps };
    assign();
    host.start();
    sweeps.start();
  }

  async function accept(id: ProfileId, wish: Wish): Promise<IntentDoc> {
    const [last] = await documents.find('intentsOfProfile', { profileId: id }, { limit: 1, descending: true });
    const n = (last?.n ?? 0) + 1;
    const nowMs = clock.now();
    const operationId = newOperationId(nowMs, random);
    const expiresAtMs = nowMs + writing.expireAfterMs;
    const intent = newIntent({ owner: { profileId: id, accountId, appId }, n, operationId, wish, nowMs, expiresAtMs });
    await documents.insert('intents', intent);
    return intent;
  }

  async function profile(id: ProfileId): Promise<ProfileDoc> {
    const found = await documents.get('profiles', id);
    if (found === null) throw new Error(`no profile ${id}`);
    return found;
  }

  const grantId = 'grt_fleet' as GrantId;
  const grant = { _id: grantId, rev: 1, appId, accountId, scopes: allScopes, revokedAtMs: null, createdAtMs: startMs };
  await documents.insert('grants', grant);
  for (const [host, count] of Object.entries(options.hosts)) {
    for (let k = 0; k < count; k += 1) {
      const _id = idOf(host, k);
      const name = options.loginOf?.(host, k) ?? `${host}-${k}`;
      const root = { home: 'memory', host, login: name };
      await documents.insert('profiles', { ...newProfile({ root }), _id, name, login: _id, slot: slotOf(_id) });
    }
  }
  for (let k = 0; k < (options.nodes ?? 1); k += 1) startNode(k);

  return {
    clock,
    documents,
    world,
    provider: () => provider,
    asked,
    trouble: (host, as, login) => void troubles.set(login === undefined ? host : `${host} ${login}`, as),
    pass: (ms) => clock.advance(ms),
    idOf,
    profile,
    profiles: async (host) =>
      (await documents.find('allProfiles', {})).filter((one) => one._id.startsWith(`pro_${host}_`)),
    hostState: async (host) => (await documents.get('hosts', host))?.state ?? { name: 'well' },
    accept,
    upsert: (id, eventId, summary) => {
      const at = (hour: number) => ({ kind: 'instant' as const, ms: Date.UTC(2026, 10, 26, hour), tzid: 'Etc/UTC' });
      const patch = { summary, start: at(9), end: at(10) };
      return accept(id, { kind: 'upsert', calendarId: calendarIdOf(id, 'work/'), eventId, patch });
    },
    request: async (id, request) => {
      const one = await profile(id);
      const next = { ...one, requests: [...one.requests, request], nextWakeAtMs: clock.now(), rev: one.rev + 1 };
      await documents.replace('profiles', next, one.rev);
    },
    nudge: (id, lane) => {
      for (const node of nodes) node?.host.nudge(id, lane);
    },
    kill: (k) => {
      const node = nodes[k];
      if (!node) return;
      ended += node.host.stats().turns;
      node.life.dead = true;
      nodes[k] = null;
      assign();
    },
    start: startNode,
    turns: () => ended + nodes.reduce((sum, node) => sum + (node?.host.stats().turns ?? 0), 0),
    close: async () => {
      for (const node of nodes) if (node) node.life.dead = true;
      await documents.close();
    },
  };
}
