/** The container files agree with each other, with the settings and with the files that the image starts. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig, problemLines } from '../../config/load.ts';
import { serviceNames, settings } from '../../config/schema.ts';
import { repositoryRoot } from '../../tools/setup/locate.ts';
import { readCompose, type Mapping, type Node } from './compose-file.ts';
import { newKeys } from './kalends-process.ts';

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');

const mappingOf = (node: Node | undefined): Mapping =>
  typeof node === 'object' && node !== null && !Array.isArray(node) ? (node as Mapping) : {};
const listOf = (node: Node | undefined): readonly string[] => (Array.isArray(node) ? (node as string[]) : []);

const compose = readCompose(read('docker-compose.yml'));
const containers = Object.entries(mappingOf(compose['services'])).map(([name, one]) => [name, mappingOf(one)] as const);
const ours = containers.filter(([, one]) => 'build' in one);
const textOf = (node: Node): string => (typeof node === 'string' ? node : JSON.stringify(node));
const environmentOf = (one: Mapping): Record<string, string> =>
  Object.fromEntries(Object.entries(mappingOf(one['environment'])).map(([name, value]) => [name, textOf(value)]));
const example = parseEnv(read('docs/examples/kalends.env')) as Record<string, string>;
const filledIn = { ...example, KALENDS_KEYS: newKeys() };
const docker = read('Dockerfile').split('\n');
const instructions = (word: string): string[] =>
  docker.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim());

describe('docker-compose.yml', () => {
  const known: ReadonlySet<string> = new Set(Object.values(settings).map((setting) => setting.name));

  it('runs every service of Kalends once', () => {
    const roles = ours.flatMap(([, one]) => (environmentOf(one)['SERVICES'] ?? '').split(','));
    expect(roles.toSorted()).toEqual(serviceNames.toSorted());
  });

  it.each(ours)('gives %s settings that exist and that it starts with', (_, one) => {
    const environment = environmentOf(one);
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    const loaded = loadConfig({ ...filledIn, ...environment });
    expect(loaded.ok ? [] : problemLines(loaded.problems)).toEqual([]);
  });

  it.each(ours)('leaves the keys of %s to a file that is not in the repository', (_, one) => {
    expect(one['env_file']).toBe('kalends.env');
    const loaded = loadConfig({ ...example, ...environmentOf(one) });
    expect(loaded.ok ? [] : loaded.problems.map((problem) => problem.name)).toEqual(['KALENDS_KEYS']);
    expect(existsSync(join(repositoryRoot, 'kalends.env'))).toBe(false);
  });

  it('names only settings that exist in the example of that file, also where they are commented out', () => {
    const names = [...read('docs/examples/kalends.env').matchAll(/^#?(KALENDS_\w+)=/gm)].map((found) => found[1] ?? '');
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(names).toContain('KALENDS_KEYS');
  });

  it('waits for, reaches and stores in nothing but what it declares', () => {
    const names = containers.map(([name]) => name);
    const volumes = Object.keys(mappingOf(compose['volumes']));
    for (const [name, one] of containers) {
      const waitsFor = Object.entries(mappingOf(one['depends_on']));
      for (const [other, how] of waitsFor) {
        expect(names, name).toContain(other);
        if (mappingOf(how)['condition'] !== 'service_healthy') continue;
        expect(Object.fromEntries(containers)[other], `${name} waits for the health of ${other}`).toHaveProperty(
          'healthcheck',
        );
      }
      for (const mounted of listOf(one['volumes'])) expect(volumes, name).toContain(mounted.split(':', 1)[0]);
      for (const [setting, url] of Object.entries(environmentOf(one)))
        if (URL.canParse(url)) expect(names, `${name}: ${setting}`).toContain(new URL(url).hostname);
    }
  });

  it('makes the replica set that Kalends asks for', () => {
    const all = Object.fromEntries(containers);
    const [, wanted] = /replicaSet=(\w+)/.exec(environmentOf(all['gateway'] ?? {})['KALENDS_STORE_URL'] ?? '') ?? [];
    const command = listOf(all['mongo']?.['command']);
    expect(command[command.indexOf('--replSet') + 1]).toBe(wanted);
    expect(listOf(all['mongo-init']?.['command']).join(' ')).toContain(`_id: '${String(wanted)}'`);
    expect(all['mongo-init']?.['image']).toBe(all['mongo']?.['image']);
  });

  it('opens the gateway alone, on the port that it listens on and is asked at', () => {
    const open = containers.filter(([, one]) => 'ports' in one).map(([name]) => name);
    expect(open).toEqual(['gateway']);
    const gateway = mappingOf(mappingOf(compose['services'])['gateway']);
    const { KALENDS_PORT: port = '' } = environmentOf(gateway);
    expect(listOf(gateway['ports'])).toEqual([`${port}:${port}`]);
    expect(listOf(mappingOf(gateway['healthcheck'])['test']).join(' ')).toContain(`http://127.0.0.1:${port}/`);
    expect(instructions('EXPOSE')).toEqual([port]);
  });

  it.each(ours)('lets %s write nowhere and be nobody', (_, one) => {
    expect(one).toMatchObject({ read_only: 'true', cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect('volumes' in one).toBe(false);
  });
});

describe('the image', () => {
  const image = mkdtempSync(join(tmpdir(), 'kalends-image-'));
  afterAll(() => rmSync(image, { recursive: true, force: true }));

  const ignored = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const isIgnored = (path: string): boolean =>
    ignored.some((pattern) =>
      new RegExp(`^${pattern.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*')}$`).test(path),
    );

  const run = (args: readonly string[], environment: Record<string, string>) => {
    const [command = '', ...first] = JSON.parse(instructions('ENTRYPOINT')[0] ?? '[]') as string[];
    expect(command).toBe('node');
    return spawnSync(process.execPath, [...first, ...args], {
      cwd: image,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
    });
  };

  it('is of the Node that package.json asks for, and runs as nobody special', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const [major] = /\d+/.exec(engines.node) ?? [];
    expect(instructions('FROM').map((one) => one.split(' ', 1)[0])).toEqual([
      `node:${String(major)}`,
      `node:${String(major)}-slim`,
    ]);
    expect(instructions('USER')).toEqual(['node']);
  });

  it('keeps what is secret, local or only for tests out', () => {
    for (const path of ['.git', 'data', 'kalends.env', '.env', 'node_modules', 'test', 'kalends.sqlite-wal'])
      expect(isIgnored(path), path).toBe(true);
  });

  it('starts from what is copied into it, with the packages of production alone', () => {
    cpSync(repositoryRoot, image, {
      recursive: true,
      filter: (source) => {
        const path = relative(repositoryRoot, source);
        // Its patterns are about the top level; what is below goes with the folder that it is in.
        return path.includes('/') || !isIgnored(path);
      },
    });
    expect(existsSync(join(image, 'test'))).toBe(false);
    linkProduction(image);
    for (const [name, one] of ours) {
      const { status, stdout, stderr } = run(['config', '--json'], { ...filledIn, ...environmentOf(one) });
      expect({ status, stderr }, name).toEqual({ status: 0, stderr: '' });
      const rows = JSON.parse(stdout) as { name: string; value: string }[];
      expect(rows.find((row) => row.name === 'SERVICES')?.value).toBe(environmentOf(one)['SERVICES']);
    }
  });

  it('has a command that exists', () => {
    const [command = ''] = JSON.parse(instructions('CMD')[0] ?? '[]') as string[];
    const { stdout } = run(['--help'], {});
    expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'));
    // Without keys it refuses in one sentence, instead of making some of its own.
    const [, gateway] = ours[0] ?? [];
    const refused = run([command], environmentOf(gateway ?? {}));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/KALENDS_KEYS: .*; give all of them the same id:key pairs/);
  });
});

/** What `npm ci --omit=dev` would leave, as links. */
function linkProduction(image: string): void {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
  for (const [path, one] of Object.entries(packages)) {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
    const installed = resolve(repositoryRoot, path);
    if (name === undefined || one.dev === true || name === 'node' || !existsSync(installed)) continue;
    const link = join(image, path);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(installed, link);
  }
}
