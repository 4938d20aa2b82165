/** How `kalends start` begins and ends: its line, its refusals, signals, and faults that nobody expected. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Documents } from '../../store/documents.ts';
import { freePort } from '../support/free-port.ts';
import { newNode } from '../support/node-under-test.ts';
import { scratch } from '../support/scratch.ts';
import { runKalends, type Settings } from './kalends-process.ts';

const folder = scratch();

const settingsIn = (dataDir: string, settings: Settings = {}): Settings => ({
  KALENDS_DATA_DIR: dataDir,
  KALENDS_PORT: '0',
  KALENDS_LOG_LEVEL: 'error',
  ...settings,
});

async function occupied(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

describe('kalends start', () => {
  it('prints its line when the gateway answers, and ends with status 0 when it is told to', async () => {
    const command = runKalends(['start'], settingsIn(folder('data')));
    await command.printed(/"started":true/);
    command.signal('SIGTERM');
    const { status, stdout } = await command.ended;
    expect(status).toBe(0);
    const [line, ...more] = stdout.trim().split('\n');
    expect(more).toEqual([]);
    expect(JSON.parse(line ?? '')).toMatchObject({
      started: true,
      services: ['gateway', 'supervisor', 'notifier', 'auth', 'ops'],
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      pid: command.pid,
    });
  });

  it('ends with status 0 when it is told to in the middle of its start', async () => {
    const command = runKalends(['start'], settingsIn(folder('data'), { KALENDS_LOG_LEVEL: 'debug' }));
    await command.printed(/"mod":"broker"/);
    command.signal('SIGTERM');
    expect((await command.ended).status).toBe(0);
  });

  it('says that its port is taken, what to do, and leaves nothing behind', async () => {
    const port = await freePort();
    const other = await occupied(port);
    const settings = settingsIn(folder('data'), { KALENDS_PORT: String(port), KALENDS_LOG_LEVEL: 'info' });
    const { status, stdout, stderr } = await runKalends(['start'], settings).ended;
    await new Promise((resolve) => other.close(resolve));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^kalends: .*listen on 127\.0\.0\.1:\d+: another program listens there.*KALENDS_PORT.*\n$/);
    // The store is closed again: the next start has it.
    const next = runKalends(['start'], settings);
    await next.printed(/"started":true/);
    next.signal('SIGTERM');
    expect((await next.ended).status).toBe(0);
  });

  it('says that another process has the store, and ends', async () => {
    const settings = settingsIn(folder('data'));
    const first = runKalends(['start'], settings);
    await first.printed(/"started":true/);
    const second = await runKalends(['start'], settings).ended;
    first.signal('SIGTERM');
    await first.ended;
    expect(second.status).toBe(1);
    expect(second.stdout).toBe('');
    expect(second.stderr).toMatch(/`kalends ops …` asks it.*store_unavailable/);
  });

  it('says where MongoDB should have answered, without the password, and ends', async () => {
    const port = await freePort();
    const settings = settingsIn(folder('data'), {
      KALENDS_STORE_URL: `mongodb://me:secret-word@127.0.0.1:${port}/kalends?serverSelectionTimeoutMS=300`,
    });
    const { status, stderr } = await runKalends(['start'], settings).ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/store_unavailable/);
    expect(stderr).not.toContain('secret-word');
  });

  it('logs a fault that nobody expected and ends with another status than 0', async () => {
    const fault = folder('fault.mjs');
    writeFileSync(fault, `process.on('SIGUSR2', () => void Promise.reject(new Error('nobody expected this')));`);
    const settings = settingsIn(folder('data'), { NODE_OPTIONS: `--import=${fault}` });
    const command = runKalends(['start'], settings);
    await command.printed(/"started":true/);
    command.signal('SIGUSR2');
    const { status, stderr } = await command.ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/"level":"fatal".*nobody expected this.*"unhandledRejection"/);
  });

  it('says what is missing when the native part of the embedded store cannot be loaded', async () => {
    const hook = folder('hook.mjs');
    writeFileSync(
      hook,
      `import { registerHooks } from 'node:module';
       import Module from 'node:module';
       const load = process.dlopen;
       process.dlopen = (module, path, ...rest) => {
         if (String(path).includes('sqlite')) throw Object.assign(new Error('wrong ELF class: ' + path), { code: 'ERR_DLOPEN_FAILED' });
         return load(module, path, ...rest);
       };`,
    );
    const settings = settingsIn(folder('data'), { NODE_OPTIONS: `--import=${hook}` });
    const { status, stdout, stderr } = await runKalends(['start'], settings).ended;
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^kalends: .*better-sqlite3.*npm ci/);
  });
});

describe('a node', () => {
  it('opens one store, whatever stands around it', async () => {
    const opened: Documents[] = [];
    const node = newNode(folder('data'), {
      around: {
        documents: (documents) => {
          opened.push(documents);
          return documents;
        },
      },
    });
    await node.start();
    expect(opened).toEqual([node.documents]);
    await node.stop();
  });

  it('closes what was open when a later part cannot start', async () => {
    const port = await freePort();
    const other = await occupied(port);
    const dataDir = folder('data');
    const node = newNode(dataDir, { settings: { KALENDS_PORT: String(port) } });
    await expect(node.start()).rejects.toMatchObject({ code: 'configuration_invalid' });
    await expect(node.documents.get('apps', 'app_1')).rejects.toMatchObject({ code: 'store_unavailable' });
    await new Promise((resolve) => other.close(resolve));
    const again = newNode(dataDir, { settings: { KALENDS_PORT: String(port) } });
    await again.start();
    await again.stop();
  });

  it('is stopped once, however often it is told to', async () => {
    const node = newNode(folder('data'));
    await node.start();
    await Promise.all([node.stop(), node.stop()]);
    await node.stop();
    await expect(node.start()).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('does not wait for clients that keep a connection open', async () => {
    const node = newNode(folder('data'));
    await node.start();
    const { port } = new URL(node.gatewayUrl() ?? '');
    const socket = createConnection(Number(port), '127.0.0.1');
    socket.write('GET /v1/account HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await node.stop();
    await ended;
  });

  it('does not take a folder that it cannot write for a store', async () => {
    const path = folder('data');
    mkdirSync(path);
    mkdirSync(join(path, 'kalends.sqlite'));
    const node = newNode(path);
    await expect(node.start()).rejects.toMatchObject({ name: 'KalendsError' });
    await node.stop();
  });
});
