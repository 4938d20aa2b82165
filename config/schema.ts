/** Every setting: its variable, kind, unit, default, bounds, whether it is secret, and why it exists. */
import { isIP } from 'node:net';
import { limits, notifying, polling, writing } from './policies.ts';

export const serviceNames = ['gateway', 'supervisor', 'notifier', 'auth', 'ops'] as const;
export type ServiceName = (typeof serviceNames)[number];

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One key of the ring: 32 bytes for AES-256-GCM. */
export interface SealingKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** The settings as the program uses them: checked, with defaults. */
export interface Config {
  /** Never empty; all five unless split. */
  readonly services: readonly ServiceName[];
  readonly dataDir: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Without a slash at the end; null: `http://` and what each request names as its host. */
  readonly publicUrl: string | null;
  /** `sqlite`: one file in the data directory. */
  readonly store: { readonly kind: 'sqlite' } | { readonly kind: 'mongodb'; readonly url: string };
  readonly natsUrl: string | null;
  readonly redisUrl: string | null;
  /** The first seals, all unseal; null: a file in the data directory, generated when it is not there. */
  readonly keys: readonly SealingKey[] | null;
  readonly allowPrivateAddresses: boolean;
  /** Host names, addresses and CIDR ranges, in lower case. */
  readonly allowedAddresses: readonly string[];
  readonly logLevel: LogLevel;
  readonly pollMs: number;
  readonly lateEffectMs: number;
  readonly quietMs: number;
  readonly maxDelayMs: number;
  readonly apiBodyBytes: number;
  /** Null: a new name at each start. */
  readonly nodeId: string | null;
  /** Names of the variables that were set, as opposed to defaulted. */
  readonly given: readonly string[];
}

export interface Setting {
  /** The environment variable. An empty value counts as not set. */
  readonly name: string;
  /** `list`: separated by commas. `flag`: true, false, yes, no, on, off, 1, 0. */
  readonly kind: 'text' | 'integer' | 'flag' | 'list';
  readonly unit: string | null;
  /** As one would write it; empty where there is none, and `expects` says what follows from that. */
  readonly fallback: string;
  readonly secret: boolean;
  /** What to write there, as the end of the sentence "set it to …". */
  readonly expects: string;
  readonly reason: string;
  /** Bounds of an integer, both included. */
  readonly min?: number;
  readonly max?: number;
  /** The only values of a text, or of each part of a list. */
  readonly choices?: readonly string[];
  /** What is wrong with a text, or with one part of a list; null when nothing is. Never quotes a secret. */
  readonly check?: (text: string) => string | null;
}

export interface ConfigProblem {
  /** The variable to change. */
  readonly name: string;
  readonly problem: string;
  /** What to do about it, as an instruction. */
  readonly fix: string;
}

const plain = { unit: null, fallback: '', secret: false } as const;

export const settings = {
  services: {
    ...plain,
    name: 'SERVICES',
    kind: 'list',
    fallback: 'all',
    choices: ['all', ...serviceNames],
    expects: `all, or some of ${serviceNames.join(', ')}, separated by commas`,
    reason: 'Which services this process runs: one image, a role per container.',
  },
  dataDir: {
    ...plain,
    name: 'KALENDS_DATA_DIR',
    kind: 'text',
    fallback: './data',
    expects: 'a directory that this process may write',
    reason: 'Where the embedded store, the generated key and the operator socket live: back it up.',
  },
  host: {
    ...plain,
    name: 'KALENDS_HOST',
    kind: 'text',
    fallback: '127.0.0.1',
    check: notAHost,
    expects: 'an address or host name of this machine, e.g. 0.0.0.0 inside a container',
    reason: 'Where the gateway listens; only this machine can reach the default.',
  },
  port: {
    ...plain,
    name: 'KALENDS_PORT',
    kind: 'integer',
    fallback: '3000',
    min: 0,
    max: 65_535,
    expects: 'a port from 1 to 65535, or 0 for any free one',
    reason: 'Where the gateway listens.',
  },
  publicUrl: {
    ...plain,
    name: 'KALENDS_PUBLIC_URL',
    kind: 'text',
    check: (text) => notAUrl(text, ['http:', 'https:'], { query: false }),
    expects:
      'the http or https URL under which clients reach this service; without it what they say in `Host` is believed',
    reason: 'Addresses in answers, e.g. of the next page, begin with it.',
  },
  storeUrl: {
    ...plain,
    name: 'KALENDS_STORE_URL',
    kind: 'text',
    fallback: 'sqlite',
    secret: true,
    check: (text) => (text === 'sqlite' ? null : notAMongoUrl(text)),
    expects: 'sqlite, or a mongodb:// URL that names the database',
    reason: 'The embedded store serves one process; several share a MongoDB.',
  },
  natsUrl: {
    ...plain,
    name: 'KALENDS_NATS_URL',
    kind: 'text',
    secret: true,
    check: (text) => notAUrl(text, ['nats:', 'tls:'], { query: false }),
    expects: 'a nats:// URL; without it there is no NATS',
    reason: 'Carries calls between processes, and changes to consumers of the stream.',
  },
  redisUrl: {
    ...plain,
    name: 'KALENDS_REDIS_URL',
    kind: 'text',
    secret: true,
    check: (text) => notAUrl(text, ['redis:', 'rediss:'], { query: true }),
    expects: 'a redis:// URL, or nothing',
    reason: 'A cache and rate budgets that several processes share; checked, but not used by this version yet.',
  },
  keys: {
    ...plain,
    name: 'KALENDS_KEYS',
    kind: 'list',
    secret: true,
    check: notAKey,
    expects: 'id:key pairs, each key 32 bytes in base64, the one that seals first; without it a generated file',
    reason: 'Credentials are sealed with them; put a new one in front to rotate, and keep the old ones behind it.',
  },
  allowPrivateAddresses: {
    ...plain,
    name: 'KALENDS_ALLOW_PRIVATE_ADDRESSES',
    kind: 'flag',
    fallback: 'false',
    expects: 'true or false',
    reason:
      'Lets calendar servers and webhooks live on private addresses; off, because that is how a service is made to attack its own network.',
  },
  allowedAddresses: {
    ...plain,
    name: 'KALENDS_ALLOWED_ADDRESSES',
    kind: 'list',
    check: notAnAddress,
    expects: 'host names, addresses or ranges such as 10.1.0.0/16, separated by commas',
    reason: 'The narrow form of the above: a calendar server next door, and nothing else there.',
  },
  logLevel: {
    ...plain,
    name: 'KALENDS_LOG_LEVEL',
    kind: 'text',
    fallback: 'info',
    choices: logLevels,
    expects: `one of ${logLevels.join(', ')}`,
    reason: 'The least important message that is written.',
  },
  pollMs: {
    ...plain,
    name: 'KALENDS_POLL_MS',
    kind: 'integer',
    unit: 'ms',
    fallback: String(polling.baseMs),
    min: 1_000,
    max: 86_400_000,
    expects: 'a whole number of milliseconds from 1000 (a second) to 86400000 (a day)',
    reason:
      'How often an ordinary calendar is asked for changes: shorter is fresher, and costs the calendar server more.',
  },
  lateEffectMs: {
    ...plain,
    name: 'KALENDS_LATE_EFFECT_MS',
    kind: 'integer',
    unit: 'ms',
    fallback: String(writing.lateEffectMs),
    min: 0,
    max: 3_600_000,
    expects: 'a whole number of milliseconds from 0 to 3600000 (an hour)',
    reason:
      'How long after a write was given up a calendar server, or a proxy before it, may still carry it out: a delete of the same event waits as long.',
  },
  quietMs: {
    ...plain,
    name: 'KALENDS_QUIET_MS',
    kind: 'integer',
    unit: 'ms',
    fallback: String(notifying.quietMs),
    min: 0,
    max: 600_000,
    expects: 'a whole number of milliseconds from 0 to 600000 (ten minutes), at most KALENDS_MAX_DELAY_MS',
    reason: 'Changes come in bursts: applications are told when nothing came for this long.',
  },
  maxDelayMs: {
    ...plain,
    name: 'KALENDS_MAX_DELAY_MS',
    kind: 'integer',
    unit: 'ms',
    fallback: String(notifying.maxDelayMs),
    min: 0,
    max: 3_600_000,
    expects: 'a whole number of milliseconds from KALENDS_QUIET_MS to 3600000 (an hour)',
    reason: 'However long a burst lasts, applications are told this long after its first change.',
  },
  apiBodyBytes: {
    ...plain,
    name: 'KALENDS_API_BODY_BYTES',
    kind: 'integer',
    unit: 'bytes',
    fallback: String(limits.apiBodyBytes),
    min: 4_096,
    max: 16_777_216,
    expects: 'a whole number of bytes from 4096 to 16777216 (16 MiB)',
    reason: 'A larger request is refused before it is read.',
  },
  nodeId: {
    ...plain,
    name: 'KALENDS_NODE_ID',
    kind: 'text',
    check: (text) => (/^[\w-]{1,64}$/.test(text) ? null : 'it holds other characters, or more than 64'),
    expects: 'up to 64 letters, digits, _ or -; without it a new name at each start',
    reason: 'The name of this process in logs and between processes; two processes must not share one.',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;

type ValueOf<Kind extends Setting['kind']> = {
  readonly text: string;
  readonly integer: number;
  readonly flag: boolean;
  readonly list: readonly string[];
}[Kind];

/** The settings as written, each in its kind. */
export type Values = { readonly [Key in SettingKey]: ValueOf<(typeof settings)[Key]['kind']> };

function notAUrl(text: string, protocols: readonly string[], allowed: { readonly query: boolean }): string | null {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') return 'it is not a URL with a host';
  if (!protocols.includes(url.protocol)) return `it begins with ${url.protocol}//`;
  if (url.hash !== '' || (!allowed.query && url.search !== '')) return 'it has a query or a fragment';
  return null;
}

/** Its list of hosts, each with a port, is more than the URL standard allows. */
function notAMongoUrl(text: string): string | null {
  const host = String.raw`(\[[0-9a-f:.]+\]|[^\s\[\]@/?,:]+)(:\d+)?`;
  const pattern = new RegExp(String.raw`^mongodb(\+srv)?://([^\s@/]+@)?${host}(,${host})*(/[^\s?/]*)?(\?\S*)?$`, 'i');
  return pattern.test(text) ? null : 'it is neither sqlite nor a MongoDB URL with a host';
}

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

function notAHost(text: string): string | null {
  // No top-level name is a number: what looks like an address and is none, e.g. 300.1.1.1, is misspelt.
  const isName = hostName.test(text) && !/(^|\.)\d+\.?$/.test(text);
  return isIP(text) > 0 || isName ? null : `${text} is neither an address nor a host name`;
}

function notAnAddress(text: string): string | null {
  const [address = '', prefix, ...rest] = text.split('/');
  if (prefix === undefined) return notAHost(text);
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const right = rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
  return right ? null : `${text} is not a range of addresses`;
}

/** Never quotes what it was given: it may be most of a key. */
function notAKey(text: string): string | null {
  const key = parseKey(text);
  if (key === null) return 'a part of it is not id:base64';
  return key.key.length === 32 ? null : `the key ${key.id} has ${key.key.length} bytes instead of 32`;
}

/** One `id:base64` pair, the key of any length; null when it is none. Also reads base64url. */
export function parseKey(text: string): SealingKey | null {
  const parts = /^([\w.-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/.exec(text.trim());
  if (parts?.[1] === undefined || parts[2] === undefined) return null;
  return { id: parts[1], key: new Uint8Array(Buffer.from(parts[2], 'base64')) };
}
