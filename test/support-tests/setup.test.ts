/** Setting up a machine: what is there is found, packages are installed without starting servers, failures are told. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { aptInstall } from '../../tools/setup/apt.ts';
import { locate } from '../../tools/setup/locate.ts';
import { chooseMongo } from '../../tools/setup/mongo.ts';
import { run } from '../../tools/setup/run.ts';
import { ensureSystemPackages } from '../../tools/setup/system.ts';
import { temporaryFolder } from '../support/process.ts';

const path = process.env['PATH'] ?? '';
let folder = '';
let policyFile = '';

beforeEach(() => {
  folder = temporaryFolder('setup');
  policyFile = join(folder, 'policy-rc.d');
  // Stands in for apt-get: notes what it was asked, and the policy and the settings that it was asked under.
  program('apt-get', `echo "$@ [$DEBIAN_FRONTEND] [$(cat ${policyFile} | tr '\\n' ' ')]" >>${folder}/asked`);
  // Only used where the tests do not run as root.
  program('sudo', 'shift; exec "$@"');
  process.env['PATH'] = `${folder}:${path}`;
});

afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, script: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

test('packages are installed without questions and under a policy that starts no server', async () => {
  expect((await aptInstall(['one', 'two'], policyFile)).ok).toBe(true);
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe(
    'install -y -q --no-install-recommends one two [noninteractive] [#!/bin/sh exit 101 ]\n',
  );
  expect(existsSync(policyFile)).toBe(false);
});

test('a policy that was there before is there afterwards, also when the installation fails', async () => {
  writeFileSync(policyFile, '#!/bin/sh\nexit 0\n');
  program('apt-get', 'echo "E: no such package" >&2; exit 100');
  expect(await aptInstall(['one'], policyFile)).toEqual({ ok: false, tail: 'E: no such package' });
  expect(readFileSync(policyFile, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
});

test('our own policy, left by a run that was killed, is not restored', async () => {
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n');
  await aptInstall(['one'], policyFile);
  expect(existsSync(policyFile)).toBe(false);
});

test('a policy that cannot be written stops the installation before it begins', async () => {
  const result = await aptInstall(['one'], join(folder, 'nowhere', 'policy-rc.d'));
  expect(result.ok).toBe(false);
  expect(result.tail).toContain('cannot be written');
  expect(existsSync(join(folder, 'asked'))).toBe(false);
});

test('a program on the PATH is present and nothing is installed', async () => {
  program('nats-server', 'exit 0');
  const said: string[] = [];
  expect(await ensureSystemPackages(['nats'], (line) => said.push(line))).toEqual({ nats: 'present' });
  expect(said).toEqual([]);
  expect(existsSync(join(folder, 'asked'))).toBe(false);
});

describe('what speaks MongoDB to tests', () => {
  beforeEach(() => {
    vi.stubEnv('KALENDS_TEST_MONGO_URI', '');
    process.env['PATH'] = folder;
  });
  afterEach(() => vi.unstubAllEnvs());

  test('is Java where nothing else answers, so that Java is installed there and nowhere else', async () => {
    expect(await chooseMongo()).toEqual({ kind: 'java' });
    program('docker', 'exit 1');
    expect(await chooseMongo()).toEqual({ kind: 'java' });
  });

  test('is a container where docker answers, mongod before it, and what somebody named before all', async () => {
    program('docker', 'exit 0');
    expect(await chooseMongo()).toEqual({ kind: 'docker', command: join(folder, 'docker') });
    program('mongod', 'exit 1');
    expect(await chooseMongo()).toEqual({ kind: 'mongod', command: join(folder, 'mongod') });
    vi.stubEnv('KALENDS_TEST_MONGO_URI', 'mongodb://db.example');
    expect(await chooseMongo()).toEqual({ kind: 'given', url: 'mongodb://db.example' });
  });
});

test('locate finds executable files only', () => {
  writeFileSync(join(folder, 'not-a-program'), '');
  mkdirSync(join(folder, 'a-folder'));
  program('a-program', 'exit 0');
  expect(locate('a-program')).toBe(join(folder, 'a-program'));
  expect(locate('not-a-program')).toBeNull();
  expect(locate('a-folder')).toBeNull();
  expect(dirname(locate('sh') ?? '')).not.toBe('');
});

test('a program that cannot be started has not worked, and says why', async () => {
  expect((await run('no-such-program', [])).tail).toContain('ENOENT');
  expect(await run('sh', ['-c', 'echo first; echo second >&2; exit 3'])).toMatchObject({ ok: false });
  expect((await run('sh', ['-c', 'exit 3'])).tail).toBe('ended with 3');
});
