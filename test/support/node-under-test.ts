/** A whole node under test: the real wiring with short intervals on a folder of its own, and an application's view of it. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { createNode, type Around, type KalendsNode } from '../../services/wiring.ts';
import type { CalDavLogin } from './caldav-server.ts';
import { temporaryFolder } from './process.ts';
import { logSink, useKeys, useSecret, useSecretsIn } from './traces.ts';

/** Intervals that let a test see within seconds what takes minutes in life; all may be overridden. */
export const quickSettings = {
  KALENDS_PORT: '0',
  KALENDS_ALLOWED_ADDRESSES: '127.0.0.1',
  KALENDS_POLL_MS: '1000',
  KALENDS_LATE_EFFECT_MS: '1500',
  KALENDS_QUIET_MS: '200',
  KALENDS_MAX_DELAY_MS: '1000',
  KALENDS_LOG_LEVEL: 'silent',
} as const;

export interface NodeOptions {
  /** Kept at the end when it is given. */
  readonly dataDir?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly around?: Around;
}

export interface NodeUnderTest {
  readonly node: KalendsNode;
  /** Of its gateway. */
  readonly url: string;
  readonly dataDir: string;
  /** `ops.<action>` as operators call it. */
  ops<T>(action: string, params?: object): Promise<T>;
  connectCalDav(login: { readonly url: string } & Pick<CalDavLogin, 'username' | 'password'>): Promise<Connection>;
  stop(): Promise<void>;
}

export interface Connection {
  readonly accountId: string;
  readonly profileId: string;
  readonly token: string;
  readonly created: boolean;
}

export function settingsFor(dataDir: string, settings: Readonly<Record<string, string>> = {}): Config {
  const loaded = loadConfig({ ...quickSettings, KALENDS_DATA_DIR: dataDir, ...settings });
  if (loaded.ok) return loaded.config;
  throw new Error(JSON.stringify(loaded.problems));
}

/** Not started yet. Everything is logged, into a file that the end of the run looks through. */
export function newNode(
  dataDir: string,
  { settings = {}, around = {} }: Omit<NodeOptions, 'dataDir'> = {},
): KalendsNode {
  const config = settingsFor(dataDir, { KALENDS_LOG_LEVEL: 'trace', ...settings });
  const node = createNode(config, { around: { log: logSink, ...around } });
  const start = async (): Promise<void> => {
    await node.start();
    useKeys(settings['KALENDS_KEYS'] ?? readFileSync(join(dataDir, 'sealing-keys'), 'utf8'));
  };
  return { ...node, start };
}

export async function startNode(options: NodeOptions = {}): Promise<NodeUnderTest> {
  const folder = options.dataDir === undefined ? temporaryFolder('node') : null;
  const dataDir = options.dataDir ?? join(folder ?? '', 'data');
  const node = newNode(dataDir, options);
  await node.start();
  const ops: NodeUnderTest['ops'] = async <T>(action: string, params: object = {}): Promise<T> => {
    const answer: T = await node.broker.call(`ops.${action}`, params);
    useSecretsIn(answer);
    return answer;
  };
  return {
    node,
    url: node.gatewayUrl() ?? '',
    dataDir,
    ops,
    connectCalDav: (login) => connectCalDav(ops, login),
    stop: async () => {
      await node.stop();
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The application that every connection of these helpers belongs to. */
export const appName = 'tests';

export async function connectCalDav(
  ops: NodeUnderTest['ops'],
  login: { readonly url: string } & Pick<CalDavLogin, 'username' | 'password'>,
): Promise<Connection> {
  const { username, password } = login;
  useSecret(password, username);
  const credentials = { kind: 'password', username, password };
  return connectionOf(
    await ops('connect', {
      provider: 'caldav',
      app: appName,
      address: login.url,
      credentials,
      timeZone: 'Etc/UTC',
    }),
  );
}

export async function connectApplication(ops: NodeUnderTest['ops'], name: string): Promise<Connection> {
  const credentials = { kind: 'none' };
  return connectionOf(
    await ops('connect', { provider: 'cronofy', app: appName, address: name, credentials, timeZone: 'Etc/UTC' }),
  );
}

/** What `connect` answers, also as the CLI prints it. */
export function connectionOf(answer: unknown): Connection {
  const { account_id, profile_id, access_token, created } = answer as Record<string, string | boolean>;
  return {
    accountId: String(account_id),
    profileId: String(profile_id),
    token: String(access_token),
    created: created === true,
  };
}

/** As `ops.inspect` shows a profile, as far as tests look. */
export interface Inspected {
  readonly profile_id: string;
  readonly seq: number;
  readonly state: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly initial_sync_at: string | null;
  readonly fresh_at: string | null;
  readonly calendars: readonly {
    readonly calendar_id: string;
    readonly name: string;
    readonly ref: string;
    readonly read_only: boolean;
    readonly deleted: boolean;
    readonly events: number;
    readonly state: { readonly name: string };
    readonly token?: string | null;
    readonly listed_at?: string | null;
    readonly owed?: readonly { readonly ref: string; readonly quarantinedUntilMs: number | null }[];
    readonly held?: readonly { readonly ref: string }[];
  }[];
  readonly waiting_intents: readonly { readonly operation_id: string; readonly state: string }[];
}

export const inspect = (ops: NodeUnderTest['ops'], profileId: string): Promise<Inspected> =>
  ops('inspect', { profile: profileId });

/** Resolves with the profile once every calendar was listed in full. */
export function firstSync(ops: NodeUnderTest['ops'], profileId: string): Promise<Inspected> {
  return until(
    'the first sync',
    () => inspect(ops, profileId),
    (seen) => seen.initial_sync_at !== null,
  );
}

/** Asks until the answer is the one waited for; rejects with what was waited for and what was seen last. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  holds: (seen: T) => boolean = Boolean,
  patienceMs = 20_000,
): Promise<T> {
  const endsAt = performance.now() + patienceMs;
  for (;;) {
    const seen = await ask();
    if (holds(seen)) return seen;
    if (performance.now() > endsAt) {
      throw new Error(
        `waited ${patienceMs / 1_000} s for ${what}; last seen: ${JSON.stringify(seen)?.slice(0, 4_000)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
