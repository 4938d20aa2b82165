/** A node of the simulated cluster: the real actors, sweeps, notifier and API over a store and a network that wait for the scheduler. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHosts } from '../../actors/profile/hosts.ts';
import { createSupervisor } from '../../actors/profile/supervisor.ts';
import { createSweepQuestions } from '../../actors/profile/sweep-questions.ts';
import { createShares } from '../../actors/runtime/shares.ts';
import { createHost, type Host } from '../../actors/runtime/host.ts';
import { createLease } from '../../actors/runtime/membership.ts';
import { createSweeps } from '../../actors/runtime/wakeups.ts';
import { createSentinel, type Sentinel } from '../../actors/sentinel/sentinel.ts';
import { createCourier } from '../../actors/subscriber/courier.ts';
import { horizon, membership, polling, runtime, sentinel as sentinelNumbers } from '../../config/policies.ts';
import type { Clock } from '../../domain/clock.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { AccountId, ProfileId } from '../../domain/ids.ts';
import type { Normalise } from '../../domain/event.ts';
import type { ProfileDoc, ProviderName } from '../../domain/profile.ts';
import { createApplication } from '../../providers/application/application.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import type { Http } from '../../providers/http.ts';
import type { Credentials, Provider } from '../../providers/provider.ts';
import { createApi, type Api } from '../../services/api/api.ts';
import { createIntake, type Intake } from '../../services/api/intake.ts';
import { createCommitLog } from '../../store/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { modelHttp } from '../support/caldav-model/http.ts';
import type { ModelServer } from '../support/caldav-model/server.ts';
import type { Seeded } from '../support/seeded.ts';
import { outlives } from './awaits.ts';
import type { Ownership } from './ownership.ts';
import type { Life, Scheduler } from './scheduler.ts';

export interface NodeWorld {
  readonly scheduler: Scheduler;
  /** Uniform, for everything that a process rolls dice for. */
  readonly die: Seeded;
  readonly store: Documents;
  readonly server: ModelServer;
  readonly endpoint: Http;
  readonly credentials: (profile: ProfileDoc) => Credentials;
  readonly pageKey: Buffer;
  readonly normalise: Normalise;
  /** How the store answers a write that was asked of it just now. */
  readonly storeTrouble: (name: string) => 'none' | 'refused' | 'answer_lost';
  readonly asked: (name: string) => void;
  /** A node stored what came of a turn. */
  readonly worked: (number: number) => void;
  readonly ownership: Ownership;
  /** Nodes that live now, for messages between them. */
  readonly nodes: () => readonly SimulatedNode[];
  readonly nudgeIsLost: () => boolean;
  /** A call of the API, and not the work of an actor, asked a calendar server. */
  readonly askedByApi: (what: string) => void;
  /** A turn or a look failed in a way that ended it. */
  readonly ended: (error: unknown) => void;
  readonly violated: (invariant: string, what: string) => void;
  /** What an operator would read in the log. */
  readonly reported: (what: string, facts: Readonly<Record<string, unknown>>) => void;
}

export interface SimulatedNode {
  readonly number: number;
  readonly life: Life;
  readonly api: Api;
  /** Where every write is accepted; bulk deletes have no route in the API. */
  readonly intake: Intake;
  readonly host: Host<ProfileId>;
  /** Time has passed: the heartbeats that fell due were made. */
  beat(): void;
  nudge(profileId: ProfileId): void;
  projected(profileId: ProfileId): void;
  opened(accountId: AccountId): void;
  /** An operator moved a breaker. */
  breakersMoved(): void;
}

/** Only actors store these. */
const ofTurns: ReadonlySet<string> = new Set(['insert commits', 'replace checkpoints', 'replace profiles']);

/** Set while a call of the API goes on, across whatever it waits for. */
const apiCall = new AsyncLocalStorage<true>();

export const duringApi = <T>(act: () => T): T => apiCall.run(true, act);

/** Every two hours instead of weekly, so that what a delta kept quiet is found within a day of the simulation. */
const reconcileMs = 2 * 3_600_000;

/** Who projected may have a clock behind that of who looks for what was projected. */
const clocksApartMostMs = 120_000;

export function startNode(world: NodeWorld, number: number, skewMs: () => number): SimulatedNode {
  const { scheduler, die, ownership } = world;
  const life: Life = { name: `node ${number}`, dead: false };
  const clock = scheduler.clock(life, skewMs);
  const documents = gatedStore(world, number, life);
  const fence = createFence(world, number, clock);
  const http = gatedHttp(world, life, clock, fence);
  const caldav = createCalDav({ http, clock, random: die });
  const here = createApplication();
  const providers = (name: ProviderName): Provider => (name === here.name ? here : caldav);
  const owns = (): boolean => !life.dead && ownership.believes(number);
  const hosts = createHosts({ documents, clock, random: die });
  const shares = createShares();
  const sentinel = createSentinel({
    documents,
    clock,
    // Twice a minute would be much of what happens.
    numbers: { ...sentinelNumbers, flushMs: 120_000 },
    report: () => undefined,
  });
  const tell = (act: (node: SimulatedNode) => void): void => {
    if (life.dead) return;
    // A message: what its receiver does is no part of what its sender does.
    for (const node of world.nodes()) if (!world.nudgeIsLost()) apiCall.exit(() => act(node));
  };
  const { normalise } = world;
  const host = createHost<ProfileId>({
    behaviour: createSupervisor(
      {
        documents,
        normalise,
        clock,
        random: die,
        log: createCommitLog({ documents, normalise, clock, horizon }),
        providers,
        credentials: world.credentials,
        polling: { ...polling, reconcileMs },
        mayWrite: (_, timeoutMs) => owns() && fence.lease.mayWrite(timeoutMs),
        projected: (profileId) => tell((node) => node.projected(profileId)),
        report: (what, facts) => life.dead || world.reported(what, facts),
        hosts,
        sentinel,
      },
      shares,
    ),
    clock,
    random: die,
    concurrency: { pull: 2, write: 2, sweep: 1 },
    shares,
    owns,
    onError: (error) => void (life.dead || world.ended(error)),
  });
  const sweeps = createSweeps<ProfileId>({
    clock,
    owns,
    // Sweeps each second would be most of what happens.
    policies: { ...runtime, dueSweepMs: 60_000, intentSweepMs: 120_000 },
    nudge: (id, lane) => host.nudge(id, lane),
    ...createSweepQuestions({ documents, hosts, ownsSlot: owns }),
    aside: () => host.stats().aside + host.stats().crowded,
    onError: () => undefined,
  });
  const courier = createCourier({
    store: documents,
    http: (request) => {
      world.asked('webhook');
      return scheduler.pass(life, { name: 'webhook', lasting: true }, () => world.endpoint(request));
    },
    clock,
    random: die,
    open: (sealed) => sealed.box,
    report: (level, what, { error }) => void (level === 'error' && !life.dead && world.ended(error ?? new Error(what))),
    policy: { dueSweepMs: 30_000, sweepMs: 90_000, sweepLookBackMs: 90_000 + clocksApartMostMs },
  });
  const accepting = {
    documents,
    clock,
    random: die,
    nudge: (profileId: ProfileId) => tell((node) => node.nudge(profileId)),
  };
  const api = createApi({
    ...accepting,
    pageKey: world.pageKey,
    nudgeNotifier: (accountId) => tell((node) => node.opened(accountId)),
    awaitIntent: async () => null,
    providerOf: providers,
    normalise,
  });
  void knowing(sentinel, clock).then(() => {
    host.start();
    sweeps.start();
  });
  courier.start();
  return {
    number,
    life,
    api,
    intake: createIntake(accepting),
    host,
    beat: fence.beat,
    nudge: (profileId) => host.nudge(profileId, 'write'),
    projected: (profileId) => courier.nudge(profileId),
    breakersMoved: () => void sentinel.flush().catch(() => undefined),
    opened: (accountId) =>
      void documents
        .find('subscribersOfAccount', { accountId, open: 1 })
        .then((all) => all.forEach((one) => courier.opened(one._id)))
        .catch(() => undefined),
  };
}

/** Resolves when the breakers are known. A process that cannot read them does not start, and is started again. */
async function knowing(sentinel: Sentinel, clock: Clock): Promise<void> {
  for (;;) {
    try {
      return await sentinel.start();
    } catch {
      await clock.sleep(1_000);
    }
  }
}

function gatedStore(world: NodeWorld, number: number, life: Life): Documents {
  return new Proxy(world.store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function' || typeof property !== 'string') return value;
      const method = (value as (...args: unknown[]) => Promise<unknown>).bind(target);
      return (...args: unknown[]) => {
        const name = `${property} ${String(args[0])}`;
        const lasting = outlives(name);
        world.asked(name);
        if (ofTurns.has(name)) world.worked(number);
        return world.scheduler.pass(life, { name, lasting }, () =>
          troubled(world, name, lasting, () => method(...args)),
        );
      };
    },
  });
}

async function troubled(
  world: NodeWorld,
  name: string,
  lasting: boolean,
  run: () => Promise<unknown>,
): Promise<unknown> {
  const trouble = lasting ? world.storeTrouble(name) : 'none';
  if (trouble === 'refused') throw noStore();
  const outcome = await run();
  if (trouble === 'answer_lost') throw noStore();
  return outcome;
}

const noStore = (): KalendsError => new KalendsError('store_unavailable', 'the simulated store was away');

interface Fence {
  readonly lease: ReturnType<typeof createLease>;
  beat(): void;
  /** A request that writes is about to be sent. */
  writes(what: string): void;
}

/** The real lease, renewed by heartbeats; and what the true time says of it. */
function createFence({ scheduler, ownership, violated }: NodeWorld, number: number, clock: Clock): Fence {
  const { heartbeatMs, fenceAfterMs } = membership;
  const lease = createLease(clock, fenceAfterMs);
  const bornMs = scheduler.now();
  let renewedMs = -Infinity;
  const beat = (): void => {
    const lastMs = Math.floor((scheduler.now() - bornMs) / heartbeatMs) * heartbeatMs;
    if (!ownership.renews(number) || bornMs + lastMs <= renewedMs) return;
    renewedMs = bornMs + lastMs;
    lease.renewed(lastMs);
  };
  beat();
  return {
    lease,
    beat,
    writes: (what) => {
      const overMs = scheduler.now() - renewedMs - fenceAfterMs;
      if (overMs >= 0) violated('I4', `node ${number} sends ${what} ${overMs} ms after its lease ran out`);
    },
  };
}

function gatedHttp(world: NodeWorld, life: Life, clock: Clock, fence: Fence): Http {
  const http = modelHttp(world.server, clock);
  return (request) => {
    const name = `http ${request.method}`;
    if (apiCall.getStore() === true) world.askedByApi(`${request.method} ${request.url}`);
    if (writing.has(request.method)) fence.writes(`${request.method} ${request.url}`);
    world.asked(name);
    return world.scheduler.pass(life, { name, lasting: outlives(name) }, () => http(request));
  };
}

const writing: ReadonlySet<string> = new Set(['PUT', 'DELETE', 'MKCALENDAR']);
