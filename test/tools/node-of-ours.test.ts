/** Whoever comes with an old Node: what they start runs in the Node that npm installed, or says what to do. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../../tools/setup/locate.ts';
import { onlyWhere } from '../../tools/test/verdict.ts';
import { scratch } from '../support/scratch.ts';

const at = scratch();
let root = '';

/** A repository with the entrances alone, and without packages. */
beforeEach(() => {
  root = at('repository');
  for (const path of ['tools/kalends.js', 'tools/run.js', 'tools/node-of-ours.js', 'package.json']) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(join(repositoryRoot, path), join(root, path));
  }
  writeFileSync(join(root, 'package-lock.json'), '{}');
});

function program(path: string, script: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** The Node among the packages. */
const nodeOfOurs = (script: string): void => program('node_modules/node/bin/node', script);

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Node = readonly [path: string, ...flags: string[]];

/** `signal` is sent as soon as something was printed. */
async function started([node, ...flags]: Node, args: readonly string[], signal?: NodeJS.Signals): Promise<Ended> {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const child = spawn(node, [...flags, ...args], {
    cwd: root,
    env: { ...env, PATH: `${root}/bin:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (signal !== undefined) child.stdout.once('data', () => child.kill(signal));
  const ended = new Promise<Pick<Ended, 'status' | 'signal'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, by) => resolve({ status, signal: by }));
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { ...(await ended), stdout, stderr };
}

/** Says that it is old before the first line of an entrance runs, and that is all that those look at. */
function pretended(): Node {
  const file = join(root, 'old.cjs');
  writeFileSync(
    file,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`,
  );
  return [process.execPath, '--require', file];
}

/** What an entrance is written in, a real old one has to parse: this machine's, where it has one that is still maintained. */
async function realOldNode(): Promise<string | null> {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/bin', '/usr/bin'];
  for (const node of folders.map((folder) => join(folder, 'node')).filter((one) => existsSync(one))) {
    const child = spawn(node, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const failed = new Promise<string>((resolve) => child.once('error', () => resolve('')));
    const major = Number(/^v(\d+)\./.exec(await Promise.race([failed, text(child.stdout)]))?.[1]);
    if (major >= 20 && major < 26) return node;
  }
  return null;
}
const real = await realOldNode();
const noReal = `${onlyWhere}a Node from 20 to 25 is on the PATH or beside it`;

describe.each<[string, (() => Node) | null]>([
  ['a Node that says that it is 20', pretended],
  ['the old Node of this machine', real === null ? null : () => [real]],
])('%s', (_which, old) => {
  const theOld = (skip: (condition: boolean, why: string) => void): Node => {
    skip(old === null, noReal);
    return old?.() ?? [''];
  };

  test('runs a command in the Node among the packages, with what stands after it', async ({ skip }) => {
    const node = theOld(skip);
    nodeOfOurs('echo "$0|$*|$NODE_COMPILE_CACHE|$PATH"');
    const { status, stdout, stderr } = await started(node, ['tools/kalends.js', 'ops', 'profiles', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [ran, args, cache, path] = stdout.trim().split('|');
    expect(ran).toBe(join(root, 'node_modules/node/bin/node'));
    expect(args).toBe([...node.slice(1), join(root, 'tools/cli/main.ts'), 'ops profiles --json'].join(' '));
    expect(cache).toBe(join(root, 'node_modules/.cache/node'));
    // What that one starts by the name `node` is of the same age.
    expect(path?.split(':').slice(0, 2)).toEqual([
      join(root, 'node_modules/.bin'),
      join(root, 'node_modules/node/bin'),
    ]);
  });

  test('ends as that one ends: with its status, or by its signal', async ({ skip }) => {
    const node = theOld(skip);
    nodeOfOurs('exit 3');
    expect(await started(node, ['tools/kalends.js'])).toMatchObject({ status: 3, signal: null });
    nodeOfOurs('kill -KILL $$');
    expect(await started(node, ['tools/kalends.js'])).toMatchObject({ status: null, signal: 'SIGKILL' });
  });

  test('hands on the signals that stop a service', async ({ skip }) => {
    const node = theOld(skip);
    nodeOfOurs(`trap 'echo told; exit 0' TERM; echo ready; while :; do sleep 0.05; done`);
    expect(await started(node, ['tools/kalends.js', 'start'], 'SIGTERM')).toMatchObject({
      status: 0,
      stdout: 'ready\ntold\n',
    });
  });

  test('without packages says which Node is needed, and how to get it', async ({ skip }) => {
    const { status, stdout, stderr } = await started(theOld(skip), ['tools/kalends.js']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^Kalends needs Node 26 or newer, and this is 2\d\.\S+\. Run `npm ci` in \S+: it brings the right one\.\n$/,
    );
  });

  test('says what is missing where the installed Node does not start', async ({ skip }) => {
    const node = theOld(skip);
    nodeOfOurs('exit 127');
    const { status, stderr } = await started(node, ['tools/kalends.js']);
    expect(status).toBe(127);
    expect(stderr).toContain('the Node that npm installed does not start (status 127)');
    expect(stderr).toContain('apt-get install libatomic1');
  });

  test('installs the packages for npm run, once, and then runs the tool in the Node among them', async ({ skip }) => {
    const node = theOld(skip);
    program(
      'bin/npm',
      `echo npm "$*" >>${root}/asked; mkdir -p ${root}/node_modules/moleculer ${root}/node_modules/node/bin
      printf '#!/bin/sh\\necho "$*"\\n' >${root}/node_modules/node/bin/node; chmod 755 ${root}/node_modules/node/bin/node`,
    );
    const expected = [...node.slice(1), join(root, 'tools/check.ts'), 'one'].join(' ');
    const first = await started(node, ['tools/run.js', 'tools/check.ts', 'one']);
    expect(first).toMatchObject({ status: 0, stdout: `${expected}\n`, stderr: 'installing packages: npm ci\n' });
    const second = await started(node, ['tools/run.js', 'tools/check.ts', 'one']);
    expect(second).toMatchObject({ status: 0, stdout: `${expected}\n`, stderr: '' });
  });

  test('says so where the packages cannot be installed, and runs nothing', async ({ skip }) => {
    const node = theOld(skip);
    program('bin/npm', 'echo no network >&2; exit 1');
    const { status, stdout, stderr } = await started(node, ['tools/run.js', 'tools/check.ts']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/no network\nnpm ci failed; .* see that the npm registry can be reached\.\n$/);
  });
});

test('the real command runs from the old Node of this machine', async ({ skip }) => {
  skip(real === null, noReal);
  const { status, stdout } = await started(
    [real ?? ''],
    [join(repositoryRoot, 'tools/kalends.js'), 'config', '--json'],
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toBeTypeOf('object');
});

test('a Node that is new enough is the one that runs the command', async () => {
  mkdirSync(join(root, 'tools/cli'));
  writeFileSync(join(root, 'tools/cli/main.ts'), 'process.stdout.write(process.execPath);');
  nodeOfOurs('echo another one');
  expect(await started([process.execPath], ['tools/kalends.js'])).toMatchObject({
    status: 0,
    stdout: process.execPath,
  });
});
