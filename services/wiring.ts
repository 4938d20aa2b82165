/** The composition root: the only place that builds engines, providers, actors and services, and joins them. */
import { hkdfSync, randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import moleculer from 'moleculer';
import type { Service, ServiceBroker } from 'moleculer';
import type { Server } from 'node:http';
import type { DestinationStream } from 'pino';
import { createSupervisor } from '../actors/profile/supervisor.ts';
import type { ProfileDeps } from '../actors/profile/activation.ts';
import { createSentinel, type TurnSentinel } from '../actors/sentinel/sentinel.ts';
import { createHosts, type Hosts } from '../actors/profile/hosts.ts';
import { createSweepQuestions } from '../actors/profile/sweep-questions.ts';
import { createHost, type Host } from '../actors/runtime/host.ts';
import { singleNode, type Membership } from '../actors/runtime/membership.ts';
import { createShares } from '../actors/runtime/shares.ts';
import { createSweeps } from '../actors/runtime/wakeups.ts';
import { createCourier } from '../actors/subscriber/courier.ts';
import { publicUrlOf } from '../config/load.ts';
import { horizon, polling, runtime, sentinel as sentinelNumbers } from '../config/policies.ts';
import type { Config, ServiceName } from '../config/schema.ts';
import { KalendsError, toKalendsError } from '../domain/errors.ts';
import { newNodeId, slotOf, type AccountId, type ProfileId } from '../domain/ids.ts';
import { createNormalise } from '../domain/normalise.ts';
import type { ProfileDoc, ProviderName } from '../domain/profile.ts';
import { brokerOptions } from '../moleculer.config.ts';
import { createApplication } from '../providers/application/application.ts';
import { createCalDav } from '../providers/caldav/caldav.ts';
import type { ServiceLookup } from '../providers/caldav/candidates.ts';
import { createHttp, type Http } from '../providers/http.ts';
import type { Credentials, Provider } from '../providers/provider.ts';
import { createCommitLog } from '../store/commit.ts';
import type { Documents } from '../store/documents.ts';
import { openMongo } from '../store/engines/mongo.ts';
import { openSqlite } from '../store/engines/sqlite.ts';
import type { ApiContext } from './api/context.ts';
import { createApi } from './api/api.ts';
import { createAwaitIntent } from './api/await-intent.ts';
import { createAuthService } from './auth.service.ts';
import { createAuthenticator, type Authenticator } from './auth/authenticate.ts';
import { secretContext } from './auth/registry.ts';
import { createGatewayService, type GatewayContext } from './gateway.service.ts';
import { keyRing, type KeyRing } from './keys.ts';
import { createLifecycle } from './lifecycle.ts';
import { createLog } from './log.ts';
import { createNotifierService } from './notifier.service.ts';
import { createStreamTarget } from './notifier/stream.ts';
import { createOpsService } from './ops.service.ts';
import type { OpsContext } from './ops/context.ts';
import { createSealing, credentialsContext, type Sealing } from './sealing.ts';
import { createSupervisorService } from './supervisor.service.ts';
import { systemClock, systemRandom } from './system-clock.ts';

/** One process of Kalends. */
export interface KalendsNode {
  readonly broker: ServiceBroker;
  readonly documents: Documents;
  /** Where the gateway listens; null in a process without one. */
  gatewayUrl(): string | null;
  /**
   * Resolves when every service of this process does its work; NATS may still be away. Rejects when one cannot, e.g.
   * because its port is taken or its store does not answer, with everything closed again.
   */
  start(): Promise<void>;
  /** Finishes turns and deliveries under way, then closes everything, whatever of it fails. May be called at any time. */
  stop(): Promise<void>;
}

interface Parts {
  readonly config: Config;
  readonly documents: Documents;
  readonly http: Http;
  readonly closeHttp: () => Promise<void>;
  readonly providers: (name: ProviderName) => Provider;
  readonly ring: KeyRing;
  readonly sealing: Sealing;
  readonly pageKey: Buffer;
  readonly broker: ServiceBroker;
  readonly log: ReturnType<typeof createLog>;
  readonly normalise: ReturnType<typeof createNormalise>;
  /** One for all services of this process: what one of them is told to forget, the others forget. */
  readonly authenticator: Authenticator;
}

export const userAgent = 'Kalends/0.1';

const clock = systemClock;
const random = systemRandom;

/** What tests put between the parts: a store that counts, a provider that dies. */
export interface Around {
  readonly documents?: (documents: Documents) => Documents;
  readonly provider?: (provider: Provider) => Provider;
  readonly http?: (http: Http) => Http;
  /** In place of standard error. */
  readonly log?: DestinationStream;
}

export interface NodeOptions {
  /** Which services run here, instead of those in the settings (the CLI runs none but `ops`). */
  readonly services?: readonly ServiceName[];
  readonly around?: Around;
}

export function createNode(config: Config, options: NodeOptions = {}): KalendsNode {
  const services = options.services ?? config.services;
  const parts = createParts(config, options.around ?? {});
  const membership = singleNode({ nodeId: parts.broker.nodeID });
  const runs = (name: ServiceName): boolean => services.includes(name);
  const actors = runs('supervisor') ? createActors(parts, membership) : null;
  const notifier = runs('notifier') ? createNotifier(parts) : null;
  if (runs('auth')) parts.broker.createService(createAuthService(parts.authenticator));
  if (runs('ops')) {
    const turn = actors === null && config.store.kind === 'sqlite' ? loneTurns(parts, membership) : null;
    parts.broker.createService(createOpsService(opsContext(parts, turn)));
  }
  const gateway = runs('gateway')
    ? parts.broker.createService(createGatewayService(gatewayContext(parts, runs('auth'))))
    : null;
  return {
    broker: parts.broker,
    documents: parts.documents,
    gatewayUrl: () => (gateway === null ? null : urlOf(gateway, config)),
    ...createLifecycle({
      // Stores and actors before the broker: they work without it.
      start: async () => {
        await parts.documents.open();
        await parts.ring.keep(parts.documents);
        await membership.start();
        await actors?.start();
        notifier?.start();
        await parts.broker.start();
      },
      // The gateway goes on accepting while turns end: what it accepts is durable and waits for the next start.
      stop: [
        async () => actors?.stop(),
        async () => notifier?.stop(),
        () => membership.stop(),
        () => parts.broker.stop(),
        () => parts.closeHttp(),
        () => parts.documents.close(),
      ],
      report: (error) => parts.log.error({ err: error }, 'a part of this process could not be closed'),
    }),
  };
}

function urlOf(gateway: Service, config: Config): string | null {
  const address = (gateway as { server?: Server }).server?.address();
  return typeof address === 'object' && address !== null ? publicUrlOf(config, address.port) : null;
}

/** Authentication stays in the process where it can; otherwise the auth service of another one is asked. */
function gatewayContext(parts: Parts, authHere: boolean): GatewayContext {
  const { config, broker } = parts;
  const { host, port, publicUrl, apiBodyBytes } = config;
  return {
    api: createApi(apiContext(parts)),
    authenticate: (authorization) =>
      authHere
        ? parts.authenticator.authenticate(authorization)
        : broker.call('auth.authenticate', { authorization }, { timeout: authenticationMs }),
    random,
    host,
    port,
    publicUrl,
    bodyBytes: apiBodyBytes,
  };
}

/** Two reads of the store, in another process. */
const authenticationMs = 5_000;

function createParts(config: Config, around: Around): Parts {
  const ring = keyRing(config);
  const [firstKey] = ring.keys;
  if (firstKey === undefined)
    throw new KalendsError('configuration_invalid', 'the key ring is empty: give at least one key in KALENDS_KEYS');
  const addresses = { allowPrivate: config.allowPrivateAddresses, allow: config.allowedAddresses };
  const own = createHttp({ clock, addresses, userAgent });
  const http = around.http?.(own) ?? own;
  const store = openStore(config);
  const documents = around.documents?.(store) ?? store;
  const nodeId = config.nodeId ?? newNodeId(clock.now(), random);
  return {
    config,
    documents,
    http,
    closeHttp: () => own.close(),
    providers: createProviders(http, around.provider ?? ((one) => one)),
    ring,
    sealing: createSealing(ring.keys, randomBytes),
    pageKey: Buffer.from(hkdfSync('sha256', firstKey.key, '', 'kalends page addresses', 32)),
    broker: new moleculer.ServiceBroker(brokerOptions(config, nodeId, around.log)),
    log: createLog(config.logLevel, around.log),
    normalise: createNormalise(),
    authenticator: createAuthenticator({ documents, clock }),
  };
}

/** Where the embedded store is. */
export const storeFile = (config: Config): string => join(config.dataDir, 'kalends.sqlite');

/** The engine that the settings ask for; nothing is contacted before it is opened. */
export function openStore(config: Config): Documents {
  if (config.store.kind === 'sqlite') return openSqlite({ path: storeFile(config) });
  const { url } = config.store;
  // Without a path the driver would use a database called `test`.
  const database = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? 'kalends';
  return openMongo({ url, database });
}

/** SRV and TXT records of what people type. A name server that is slow is not worth a person's patience. */
const resolver = new Resolver({ timeout: 2_000, tries: 2 });
const serviceRecords: ServiceLookup = {
  srv: (name) => resolver.resolveSrv(name),
  txt: (name) => resolver.resolveTxt(name),
};

function createProviders(http: Http, around: (one: Provider) => Provider): Parts['providers'] {
  const all = [createApplication(), createCalDav({ http, clock, random, services: serviceRecords })].map(around);
  const byName = new Map(all.map((one) => [one.name, one]));
  return (name) => {
    const provider = byName.get(name);
    if (provider !== undefined) return provider;
    throw new KalendsError(
      'not_known',
      `there is no provider called ${name}; there are ${[...byName.keys()].join(', ')}`,
    );
  };
}

function createActors(parts: Parts, membership: Membership) {
  const { documents, broker } = parts;
  const report = (what: string, facts: object): void => parts.log.warn(facts, what);
  const sentinel = createSentinel({ documents, clock, numbers: sentinelNumbers, report });
  const shares = createShares();
  const hosts = createHosts({ documents, clock, random });
  const owns = (id: ProfileId): boolean => membership.owns(slotOf(id));
  const host: Host<ProfileId> = createHost<ProfileId>({
    behaviour: createSupervisor(profileDeps(parts, membership, sentinel, hosts), shares),
    clock,
    random,
    concurrency: { pull: runtime.pullTurns, write: runtime.writeTurns, sweep: runtime.sweepTurns },
    shares,
    owns,
    onError: (error, turn) =>
      parts.log.error({ ...turn, code: toKalendsError(error).code, err: error }, 'a turn ended the activation'),
  });
  const sweeps = createSweeps<ProfileId>({
    clock,
    owns,
    policies: runtime,
    nudge: (id, lane) => host.nudge(id, lane),
    ...createSweepQuestions({ documents, hosts, ownsSlot: (slot) => membership.owns(slot) }),
    aside: () => host.stats().aside + host.stats().crowded,
    onError: (error, sweep) => parts.log.error({ sweep, err: error }, 'a sweep failed and is repeated'),
  });
  broker.createService(createSupervisorService(host, sentinel));
  return {
    start: async () => {
      // Before the first turn it is known whose removals are held.
      await sentinel.start();
      host.start();
      sweeps.start();
    },
    stop: async () => {
      await sweeps.stop();
      await host.stop(stopGraceMs);
      await sentinel.stop();
    },
  };
}

/** Turns that have not ended by then are aborted; what they left open is found again at the next start. */
const stopGraceMs = 10_000;

/** Turns of a process that runs no actors, on a store that no other process can have open. */
function loneTurns(parts: Parts, membership: Membership): NonNullable<OpsContext['turn']> {
  const hosts = createHosts({ documents: parts.documents, clock, random });
  const supervisor = createSupervisor(profileDeps(parts, membership, null, hosts));
  return async (profileId) => void (await supervisor.turn(profileId, 'write', new AbortController().signal));
}

function profileDeps(parts: Parts, membership: Membership, sentinel: TurnSentinel | null, hosts: Hosts): ProfileDeps {
  const { documents, normalise, broker, log, sealing } = parts;
  return {
    documents,
    hosts,
    normalise,
    clock,
    random,
    log: createCommitLog({ documents, normalise, clock, horizon }),
    providers: parts.providers,
    polling: scaledPolling(parts.config.pollMs),
    lateEffectMs: parts.config.lateEffectMs,
    credentials: (profile) => openCredentials(sealing, profile),
    mayWrite: (slot, timeoutMs) => membership.owns(slot) && membership.mayWrite(timeoutMs),
    projected: (profileId) => void broker.emit('notifier.projected', { profileId }),
    report: (what, facts) => log.warn(facts, what),
    ...(sentinel === null ? {} : { sentinel }),
  };
}

/** All intervals follow the one that is set, each at least a second. */
function scaledPolling(pollMs: number): ProfileDeps['polling'] {
  const share = pollMs / polling.baseMs;
  const scaled = (ms: number): number => Math.max(1_000, Math.round(ms * share));
  return {
    ...polling,
    baseMs: pollMs,
    activeMs: scaled(polling.activeMs),
    quietMs: scaled(polling.quietMs),
    listMs: scaled(polling.listMs),
  };
}

function openCredentials(sealing: Sealing, profile: ProfileDoc): Credentials {
  if (profile.credentials === null) return { kind: 'none' };
  return JSON.parse(sealing.open(profile.credentials, credentialsContext(profile._id))) as Credentials;
}

function createNotifier(parts: Parts) {
  const { documents, config, http, sealing, log, broker } = parts;
  const stream = config.natsUrl === null ? null : createStreamTarget({ url: config.natsUrl });
  const courier = createCourier({
    store: documents,
    http,
    clock,
    random,
    stream,
    open: (sealed, app) => sealing.open(sealed, secretContext(app._id)),
    // The logger shows what an error says under this name alone.
    report: (level, what, { error, ...facts }) =>
      log[level](error instanceof Error ? { ...facts, err: error } : { ...facts, error }, what),
    policy: { quietMs: config.quietMs, maxDelayMs: config.maxDelayMs },
  });
  broker.createService(createNotifierService(courier, documents));
  return {
    start: () => courier.start(),
    stop: async () => {
      await courier.stop();
      await stream?.stop();
    },
  };
}

const nudgeOf =
  ({ broker }: Parts) =>
  (profileId: ProfileId): void =>
    void broker.emit('supervisor.nudge', { profileId, lane: 'write' });

function opsContext(parts: Parts, turn: OpsContext['turn']): OpsContext {
  const { documents, sealing, normalise, providers } = parts;
  return {
    documents,
    sealing,
    normalise,
    clock,
    random,
    randomBytes,
    horizon,
    provider: providers,
    sealCredentials: (profileId, credentials) =>
      credentials.kind === 'none' ? null : sealing.seal(JSON.stringify(credentials), credentialsContext(profileId)),
    nudge: nudgeOf(parts),
    turn,
    breakerMoved: () => void parts.broker.broadcast('supervisor.breakers'),
    revoked: (grantId) => void parts.broker.broadcast('auth.revoked', { grantId }),
  };
}

function apiContext(parts: Parts): ApiContext {
  const { documents, broker, normalise, providers, pageKey } = parts;
  return {
    documents,
    normalise,
    clock,
    random,
    pageKey,
    nudge: nudgeOf(parts),
    nudgeNotifier: (accountId: AccountId) => void broker.emit('notifier.subscribers', { accountId }),
    awaitIntent: createAwaitIntent(documents, clock),
    providerOf: providers,
  };
}
