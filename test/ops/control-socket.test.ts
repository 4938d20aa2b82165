/** Operators' commands carry passwords: they go to the process that has the data, and to nobody who took its place. */
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { dial, listen, socketPath } from '../../services/control-socket.ts';
import { onlyWhere } from '../../tools/test/verdict.ts';
import { failure } from '../contracts/provider-subject.ts';
import { temporaryFolder } from '../support/process.ts';

const stranger = 4_242;
const isRoot = process.getuid?.() === 0;
const giving = `${onlyWhere}this is root, who alone can give a file to somebody else`;
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
  vi.unstubAllEnvs();
});

function dataFolder(name: string): string {
  const base = temporaryFolder('socket');
  undo.push(() => rmSync(base, { recursive: true, force: true }));
  // The folder that is made there must not be the one of a Kalends that runs on this machine.
  vi.stubEnv('TMPDIR', base);
  const folder = join(base, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function thiefAt(path: string): Promise<readonly string[]> {
  const heard: string[] = [];
  const thief: Server = createServer((socket) => socket.on('data', (bytes) => void heard.push(String(bytes))));
  await new Promise<void>((ready) => thief.listen(path, ready));
  undo.push(() => new Promise((done) => thief.close(done)));
  return heard;
}

async function answered(dataDir: string): Promise<unknown> {
  const listener = await listen(dataDir, (action, params) => Promise.resolve({ action, params }));
  undo.push(() => listener.close());
  const link = await dial(dataDir);
  undo.push(() => link?.close());
  return link?.call('ops.ping', { n: 1 });
}

describe.each([
  ['in the data directory', 'data'],
  ['in a folder of its own, where the data directory makes too long an address', 'x'.repeat(110)],
])('%s', (_where, name) => {
  test('the process that listens is reached', async () => {
    const dataDir = dataFolder(name);
    expect(await dial(dataDir)).toBeNull();
    expect(await answered(dataDir)).toEqual({ action: 'ops.ping', params: { n: 1 } });
  });

  test('a socket of somebody else is not dialled', async ({ skip }) => {
    skip(!isRoot, giving);
    const dataDir = dataFolder(name);
    await answered(dataDir);
    for (const one of undo.splice(1).reverse()) await one();
    const path = socketPath(dataDir);
    const heard = await thiefAt(path);
    chownSync(path, stranger, stranger);
    expect((await failure(dial(dataDir))).code).toBe('configuration_invalid');
    expect(heard).toEqual([]);
  });
});

describe('a folder that others can look into', () => {
  const folderFirst = (change: (folder: string) => void): string => {
    const dataDir = dataFolder('x'.repeat(110));
    const folder = dirname(socketPath(dataDir));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    change(folder);
    return dataDir;
  };

  test.for<[string, (folder: string) => void, boolean]>([
    ['because of its mode', (folder) => chmodSync(folder, 0o777), true],
    ['because it is somebody else’s', (folder) => chownSync(folder, stranger, stranger), isRoot],
  ])('%s is neither listened in nor dialled', async ([_why, change, isPossible], { skip }) => {
    skip(!isPossible, giving);
    const dataDir = folderFirst(change);
    const heard = await thiefAt(socketPath(dataDir));
    expect((await failure(dial(dataDir))).code).toBe('configuration_invalid');
    expect((await failure(listen(dataDir, () => Promise.resolve(null)))).code).toBe('configuration_invalid');
    expect(heard).toEqual([]);
  });
});

test('where there is no data there is nobody to be reached', async () => {
  expect(await dial(join(dataFolder('data'), 'never-made'))).toBeNull();
});
