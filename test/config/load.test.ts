/** The settings: defaults, every problem at once with its remedy, contradictions, and masked secrets. */
import { expect, test } from 'vitest';
import { describeConfig, loadConfig, problemLines, publicUrlOf } from '../../config/load.ts';
import { settings, type Config, type ConfigProblem } from '../../config/schema.ts';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');

function configOf(env: Record<string, string | undefined>): Config {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(`expected no problem, got:\n${problemLines(loaded.problems).join('\n')}`);
  return loaded.config;
}

function problemsOf(env: Record<string, string | undefined>): readonly ConfigProblem[] {
  const loaded = loadConfig(env);
  return loaded.ok ? [] : loaded.problems;
}

test('an empty environment gives one process with everything, reachable from this machine alone', () => {
  expect(configOf({})).toEqual({
    services: ['gateway', 'supervisor', 'notifier', 'auth', 'ops'],
    dataDir: './data',
    host: '127.0.0.1',
    port: 3_000,
    publicUrl: null,
    store: { kind: 'sqlite' },
    natsUrl: null,
    redisUrl: null,
    keys: null,
    allowPrivateAddresses: false,
    allowedAddresses: [],
    logLevel: 'info',
    pollMs: 300_000,
    lateEffectMs: 180_000,
    quietMs: 5_000,
    maxDelayMs: 30_000,
    apiBodyBytes: 1_048_576,
    nodeId: null,
    given: [],
  });
});

test('every setting can be set', () => {
  const env = {
    SERVICES: 'supervisor, ops',
    KALENDS_DATA_DIR: '/var/lib/kalends',
    KALENDS_HOST: '0.0.0.0',
    KALENDS_PORT: '0',
    KALENDS_PUBLIC_URL: 'https://calendar.example.org/',
    KALENDS_STORE_URL: 'mongodb://app:secret@one:27017,two:27017/kalends?replicaSet=rs0',
    KALENDS_NATS_URL: 'nats://nats:4222',
    KALENDS_REDIS_URL: 'redis://redis:6379/2',
    KALENDS_KEYS: `new:${key(1)},old:${key(2)}`,
    KALENDS_ALLOW_PRIVATE_ADDRESSES: 'Yes',
    KALENDS_ALLOWED_ADDRESSES: '10.1.0.0/16, Radicale.internal, fd00::/8, 192.168.7.9',
    KALENDS_LOG_LEVEL: 'debug',
    KALENDS_POLL_MS: '60000',
    KALENDS_LATE_EFFECT_MS: '5000',
    KALENDS_QUIET_MS: '0',
    KALENDS_MAX_DELAY_MS: '100',
    KALENDS_API_BODY_BYTES: '65536',
    KALENDS_NODE_ID: 'node-7',
  };
  expect(Object.keys(env).sort()).toEqual(
    Object.values(settings)
      .map(({ name }) => name)
      .sort(),
  );
  expect(configOf(env)).toEqual({
    services: ['supervisor', 'ops'],
    dataDir: '/var/lib/kalends',
    host: '0.0.0.0',
    port: 0,
    publicUrl: 'https://calendar.example.org',
    store: { kind: 'mongodb', url: env.KALENDS_STORE_URL },
    natsUrl: 'nats://nats:4222',
    redisUrl: 'redis://redis:6379/2',
    keys: [
      { id: 'new', key: new Uint8Array(32).fill(1) },
      { id: 'old', key: new Uint8Array(32).fill(2) },
    ],
    allowPrivateAddresses: true,
    allowedAddresses: ['10.1.0.0/16', 'radicale.internal', 'fd00::/8', '192.168.7.9'],
    logLevel: 'debug',
    pollMs: 60_000,
    lateEffectMs: 5_000,
    quietMs: 0,
    maxDelayMs: 100,
    apiBodyBytes: 65_536,
    nodeId: 'node-7',
    given: Object.values(settings).map(({ name }) => name),
  });
});

test('an empty value counts as not set: container files pass them', () => {
  expect(configOf({ KALENDS_PORT: '', KALENDS_NATS_URL: ' ', KALENDS_KEYS: undefined })).toEqual(configOf({}));
});

const wrong: readonly (readonly [string, string])[] = [
  ['SERVICES', 'gateway,foo'],
  ['SERVICES', ','],
  ['SERVICES', 'all,ops'],
  ['KALENDS_HOST', 'two words'],
  ['KALENDS_PORT', '65536'],
  ['KALENDS_PORT', '-1'],
  ['KALENDS_PORT', '80.5'],
  ['KALENDS_PORT', '0x50'],
  ['KALENDS_PORT', '1e3'],
  ['KALENDS_PUBLIC_URL', 'calendar.example.org'],
  ['KALENDS_PUBLIC_URL', 'ftp://example.org'],
  ['KALENDS_PUBLIC_URL', 'https://example.org/?a=b'],
  ['KALENDS_STORE_URL', 'postgres://db/kalends'],
  ['KALENDS_STORE_URL', 'mongodb://'],
  ['KALENDS_NATS_URL', 'nats'],
  ['KALENDS_REDIS_URL', 'http://redis'],
  ['KALENDS_KEYS', 'only-an-id'],
  ['KALENDS_KEYS', `short:${Buffer.alloc(31).toString('base64')}`],
  ['KALENDS_KEYS', `twice:${key(1)},twice:${key(2)}`],
  ['KALENDS_ALLOW_PRIVATE_ADDRESSES', 'perhaps'],
  ['KALENDS_ALLOWED_ADDRESSES', '10.0.0.0/33'],
  ['KALENDS_ALLOWED_ADDRESSES', '10.0.0.0/8/8'],
  ['KALENDS_ALLOWED_ADDRESSES', 'host.example/8'],
  ['KALENDS_ALLOWED_ADDRESSES', '300.1.1.1'],
  ['KALENDS_ALLOWED_ADDRESSES', 'good.example, not good'],
  ['KALENDS_LOG_LEVEL', 'loud'],
  ['KALENDS_POLL_MS', '999'],
  ['KALENDS_QUIET_MS', '5s'],
  ['KALENDS_MAX_DELAY_MS', '4999'],
  ['KALENDS_API_BODY_BYTES', '99999999999999999999'],
  ['KALENDS_NODE_ID', 'a b'],
];

test.each(wrong)('%s=%s is one problem of that name, with a remedy', (name, value) => {
  const problems = problemsOf({ [name]: value });
  expect(problems.map((problem) => problem.name)).toEqual([name]);
  for (const { problem, fix } of problems) {
    expect(problem.length).toBeGreaterThan(5);
    expect(fix.length).toBeGreaterThan(5);
  }
});

test('every problem is reported at once: values, unknown names, and contradictions between what is right', () => {
  const problems = problemsOf({
    KALENDS_PORT: 'http',
    KALENDS_LOG_LEVEL: 'loud',
    KALENDS_PROT: '8080',
    SERVICES: 'gateway',
    KALENDS_QUIET_MS: '60000',
  });
  expect(problems.map(({ name }) => name)).toEqual([
    'KALENDS_PROT',
    'KALENDS_PORT',
    'KALENDS_LOG_LEVEL',
    'KALENDS_NATS_URL',
    'KALENDS_STORE_URL',
    'KALENDS_KEYS',
    'KALENDS_MAX_DELAY_MS',
  ]);
});

test('a contradiction with a value that is wrong by itself is not reported on top of it', () => {
  const names = problemsOf({ KALENDS_QUIET_MS: 'long', KALENDS_MAX_DELAY_MS: '10' }).map(({ name }) => name);
  expect(names).toEqual(['KALENDS_QUIET_MS']);
});

test('an unknown name is a problem, with the name that was meant where one is near', () => {
  expect(problemsOf({ KALENDS_LOGLEVEL: 'info', KALENDS_SERVICES: 'all', KALENDS_FROBNICATE: '1' })).toEqual([
    { name: 'KALENDS_FROBNICATE', problem: 'there is no such setting', fix: 'remove it' },
    { name: 'KALENDS_LOGLEVEL', problem: 'there is no such setting', fix: 'did you mean KALENDS_LOG_LEVEL?' },
    { name: 'KALENDS_SERVICES', problem: 'there is no such setting', fix: 'did you mean SERVICES?' },
  ]);
});

test('variables of others, and those of our test suites, are none of our business', () => {
  expect(problemsOf({ PATH: '/bin', NODE_ENV: 'test', KALENDS_TEST_MONGO_URI: 'mongodb://x' })).toEqual([]);
});

test('split services with NATS, MongoDB and shared keys are no contradiction', () => {
  const env = {
    SERVICES: 'gateway',
    KALENDS_NATS_URL: 'nats://n:4222',
    KALENDS_STORE_URL: 'mongodb://m/k',
    KALENDS_KEYS: `a:${key(3)}`,
  };
  expect(configOf(env).services).toEqual(['gateway']);
});

test('one process may use NATS with the embedded store: its consumers need no cluster', () => {
  expect(configOf({ KALENDS_NATS_URL: 'nats://127.0.0.1:4222' }).store).toEqual({ kind: 'sqlite' });
});

test('no problem quotes a secret', () => {
  const env = {
    KALENDS_KEYS: 'a:TOPSECRET',
    KALENDS_STORE_URL: 'mongo://u:TOPSECRET@h',
    KALENDS_NATS_URL: 'natz://TOPSECRET@h',
    KALENDS_REDIS_URL: 'TOPSECRET',
  };
  const lines = problemLines(problemsOf(env));
  expect(lines).toHaveLength(4);
  expect(lines.join('\n')).not.toContain('TOPSECRET');
});

test('the description names every setting, where it comes from, and no secret', () => {
  const rows = describeConfig(
    configOf({
      KALENDS_STORE_URL: 'mongodb://app:TOPSECRET@one,two/kalends?authSource=TOPSECRET',
      KALENDS_NATS_URL: 'nats://TOPSECRET@nats:4222',
      KALENDS_REDIS_URL: 'rediss://:TOPSECRET@redis',
      KALENDS_KEYS: `k1:${key(9)}`,
    }),
  );
  expect(rows.map(({ name }) => name)).toEqual(Object.values(settings).map(({ name }) => name));
  const value = Object.fromEntries(rows.map((row) => [row.name, row.value]));
  expect(value).toMatchObject({
    SERVICES: 'all',
    KALENDS_STORE_URL: 'mongodb://***@one,two/kalends?***',
    KALENDS_NATS_URL: 'nats://***@nats:4222',
    KALENDS_REDIS_URL: 'rediss://***@redis',
    KALENDS_KEYS: 'k1:***',
    KALENDS_PUBLIC_URL: '(what requests name as their host)',
  });
  expect(JSON.stringify(rows)).not.toMatch(/TOPSECRET/);
  expect(JSON.stringify(rows)).not.toContain(key(9).slice(0, 8));
  expect(rows.filter(({ source }) => source === 'environment').map(({ name }) => name)).toEqual([
    'KALENDS_STORE_URL',
    'KALENDS_NATS_URL',
    'KALENDS_REDIS_URL',
    'KALENDS_KEYS',
  ]);
});

test('the public URL follows the address that was bound, unless it is set', () => {
  expect(publicUrlOf(configOf({ KALENDS_PORT: '0' }), 40_123)).toBe('http://127.0.0.1:40123');
  expect(publicUrlOf(configOf({ KALENDS_HOST: '0.0.0.0' }), 3000)).toBe('http://127.0.0.1:3000');
  expect(publicUrlOf(configOf({ KALENDS_HOST: '::1' }), 3000)).toBe('http://[::1]:3000');
  expect(publicUrlOf(configOf({ KALENDS_HOST: '::' }), 3000)).toBe('http://[::1]:3000');
  expect(publicUrlOf(configOf({ KALENDS_PUBLIC_URL: 'https://k.example/' }), 9)).toBe('https://k.example');
});

test('every setting has a sentence of reason, and every default is legal', () => {
  for (const { reason, expects } of Object.values(settings)) {
    expect(reason).toMatch(/^[A-Z].*\.$/);
    expect(expects).not.toMatch(/\.$/);
  }
});
