/** The only reader of the environment: every setting checked, every problem reported at once. */
import { isIP } from 'node:net';
import Validator from 'fastest-validator';
import type { ValidationError } from 'fastest-validator';
import { contradictions, servicesOf } from './contradictions.ts';
import { nearest } from './nearest.ts';
import {
  parseKey,
  type ConfigProblem,
  serviceNames,
  settings,
  type Config,
  type LogLevel,
  type SealingKey,
  type Setting,
  type SettingKey,
  type Values,
} from './schema.ts';

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface ConfigRow {
  readonly name: string;
  /** Secrets are masked. */
  readonly value: string;
  readonly unit: string | null;
  readonly source: 'environment' | 'default';
  readonly reason: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const entries = Object.entries(settings) as readonly [SettingKey, Setting][];
const knownNames = entries.map(([, setting]) => setting.name);

/** Variables that belong to the test suites, not to the service. */
const testPrefix = 'KALENDS_TEST_';

/** Checks `env` (callers pass `process.env`) and answers the settings, or every problem there is. */
export function loadConfig(env: Environment): Loaded {
  const written = Object.fromEntries(entries.map(([key, setting]) => [key, valueOf(setting, env)]));
  const wrong = wrongValues(written);
  // True of every setting that is not named in `wrong`.
  const values = written as unknown as Values;
  const problems = [...unknownNames(env), ...wrong, ...contradictions(values, new Set(wrong.map(({ name }) => name)))];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: configOf(values, env) };
}

/** One line for each problem, with what to do about it. */
export function problemLines(problems: readonly ConfigProblem[]): readonly string[] {
  return problems.map(({ name, problem, fix }) => `${name}: ${problem}; ${fix}`);
}

const isGiven = (setting: Setting, env: Environment): boolean => (env[setting.name] ?? '').trim() !== '';

const flags: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

/** In the setting's kind where it can be read so, else the text as it is, for the validator to refuse. */
function valueOf(setting: Setting, env: Environment): unknown {
  const text = (isGiven(setting, env) ? (env[setting.name] ?? '') : setting.fallback).trim();
  if (setting.kind === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (setting.kind === 'flag') return flags[text.toLowerCase()] ?? text;
  if (setting.kind === 'text') return text;
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

// Its types describe an ES module, but it is published as CommonJS: the default import is the class itself.
const FastestValidator = Validator as unknown as typeof Validator.default;

const validate = new FastestValidator({ haltOnFirstError: false }).compile(
  Object.fromEntries(entries.map(([key, setting]) => [key, ruleOf(setting)])),
);

function ruleOf(setting: Setting): Record<string, unknown> {
  const choices = setting.choices;
  if (setting.kind === 'integer') return { type: 'number', integer: true, min: setting.min, max: setting.max };
  if (setting.kind === 'flag') return { type: 'boolean' };
  const text = choices === undefined ? { type: 'string' } : { type: 'enum', values: [...choices] };
  return setting.kind === 'list' ? { type: 'array', items: text } : text;
}

function wrongValues(written: Readonly<Record<string, unknown>>): ConfigProblem[] {
  const outcome = validate(written);
  const refused = Array.isArray(outcome) ? outcome : [];
  return entries.flatMap(([key, setting]) => {
    const error = refused.find(({ field }) => field === key || field.startsWith(`${key}[`));
    const problem = error === undefined ? wrongText(setting, written[key]) : wordsOf(error, setting, written[key]);
    return problem === null ? [] : [{ name: setting.name, problem, fix: `set it to ${setting.expects}` }];
  });
}

function wrongText(setting: Setting, value: unknown): string | null {
  const texts = Array.isArray(value) ? value : [value];
  for (const text of texts) {
    if (typeof text !== 'string' || text === '') continue;
    const problem = setting.check?.(text) ?? null;
    if (problem !== null) return problem;
  }
  return null;
}

function wordsOf(error: ValidationError, setting: Setting, value: unknown): string {
  const shown = setting.secret ? 'its value' : `"${String(error.actual ?? value)}"`;
  if (error.type === 'numberMin') return `${shown} is less than ${String(error.expected)}`;
  if (error.type === 'numberMax') return `${shown} is more than ${String(error.expected)}`;
  if (error.type === 'enumValue') return `${shown} is not one of ${String(error.expected)}`;
  return `${shown} is not ${{ integer: 'a whole number', flag: 'true or false', text: 'a text', list: 'a list' }[setting.kind]}`;
}

/** A misspelt name would otherwise be a setting that silently does nothing. */
function unknownNames(env: Environment): ConfigProblem[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('KALENDS_') && !name.startsWith(testPrefix) && !knownNames.includes(name))
    .sort()
    .map((name) => {
      const near = nearest(name, knownNames);
      const fix = near === null ? 'remove it' : `did you mean ${near}?`;
      return { name, problem: 'there is no such setting', fix };
    });
}

function configOf(values: Values, env: Environment): Config {
  const keys = values.keys.map(parseKey).filter((key): key is SealingKey => key !== null);
  return {
    services: servicesOf(values),
    dataDir: values.dataDir,
    host: values.host,
    port: values.port,
    publicUrl: values.publicUrl === '' ? null : values.publicUrl.replace(/\/+$/, ''),
    store: values.storeUrl === 'sqlite' ? { kind: 'sqlite' } : { kind: 'mongodb', url: values.storeUrl },
    natsUrl: values.natsUrl === '' ? null : values.natsUrl,
    redisUrl: values.redisUrl === '' ? null : values.redisUrl,
    keys: keys.length === 0 ? null : keys,
    allowPrivateAddresses: values.allowPrivateAddresses,
    allowedAddresses: values.allowedAddresses.map((text) => text.toLowerCase()),
    logLevel: values.logLevel as LogLevel,
    pollMs: values.pollMs,
    lateEffectMs: values.lateEffectMs,
    quietMs: values.quietMs,
    maxDelayMs: values.maxDelayMs,
    apiBodyBytes: values.apiBodyBytes,
    nodeId: values.nodeId === '' ? null : values.nodeId,
    given: entries.filter(([, setting]) => isGiven(setting, env)).map(([, setting]) => setting.name),
  };
}

/** Where the gateway is reached once it listens on `port`, as far as this process knows. */
export function publicUrlOf(config: Config, port: number): string {
  if (config.publicUrl !== null) return config.publicUrl;
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[config.host] ?? config.host;
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** Every setting as it is in effect, in the order of the schema, with secrets masked. */
export function describeConfig(config: Config): readonly ConfigRow[] {
  return entries.map(([key, setting]) => ({
    name: setting.name,
    value: shown[key](config),
    unit: setting.unit,
    source: config.given.includes(setting.name) ? 'environment' : 'default',
    reason: setting.reason,
  }));
}

const shown: { readonly [Key in SettingKey]: (config: Config) => string } = {
  services: ({ services }) => (services.length === serviceNames.length ? 'all' : services.join(',')),
  dataDir: ({ dataDir }) => dataDir,
  host: ({ host }) => host,
  port: ({ port }) => (port === 0 ? '0 (any free port)' : String(port)),
  publicUrl: ({ publicUrl }) => publicUrl ?? '(what requests name as their host)',
  storeUrl: ({ store }) => (store.kind === 'sqlite' ? 'sqlite' : masked(store.url)),
  natsUrl: ({ natsUrl }) => (natsUrl === null ? '(none)' : masked(natsUrl)),
  redisUrl: ({ redisUrl }) => (redisUrl === null ? '(none)' : masked(redisUrl)),
  keys: ({ keys }) => keys?.map(({ id }) => `${id}:***`).join(',') ?? '(a file in the data directory)',
  allowPrivateAddresses: ({ allowPrivateAddresses }) => String(allowPrivateAddresses),
  allowedAddresses: ({ allowedAddresses }) => allowedAddresses.join(',') || '(none)',
  logLevel: ({ logLevel }) => logLevel,
  pollMs: ({ pollMs }) => String(pollMs),
  lateEffectMs: ({ lateEffectMs }) => String(lateEffectMs),
  quietMs: ({ quietMs }) => String(quietMs),
  maxDelayMs: ({ maxDelayMs }) => String(maxDelayMs),
  apiBodyBytes: ({ apiBodyBytes }) => String(apiBodyBytes),
  nodeId: ({ nodeId }) => nodeId ?? '(a new one at each start)',
};

/** Whatever stands before the last @ or after a ? may be secret; a list of hosts is no URL, so none is parsed. */
function masked(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)(?:.*@)?([^?]*)(\?.*)?$/is, (_, scheme: string, rest: string, query?: string) => {
    const login = url.includes('@') ? '***@' : '';
    return `${scheme}${login}${rest}${query === undefined ? '' : '?***'}`;
  });
}
