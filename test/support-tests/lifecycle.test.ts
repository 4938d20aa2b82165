/** Servers of other projects start where there is room, run side by side, and are gone afterwards, however it ends. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { onlyWhere } from '../../tools/test/verdict.ts';
import { usable, type CalDavServer, type MissingServer } from '../support/caldav-server.ts';
import { startCyrus } from '../support/cyrus.ts';
import { freePorts } from '../support/free-port.ts';
import { startNats, type RunningServer } from '../support/nats.ts';
import { groupIsAlive, listens, NotStarted, startProcess, temporaryFolder } from '../support/process.ts';
import { startRadicale } from '../support/radicale.ts';
import { startRedis } from '../support/redis.ts';
import { startXandikos } from '../support/xandikos.ts';

type Server = (CalDavServer | RunningServer) & { readonly url: string };

const starts: readonly (readonly [string, () => Promise<Server | MissingServer>])[] = [
  ['Radicale', startRadicale],
  ['Xandikos', startXandikos],
  ['Cyrus', startCyrus],
  ['NATS', () => startNats({ jetstream: true })],
  ['Redis', startRedis],
];

/** Processes that have this folder in their command line or as their working directory. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

describe.each(starts)('%s', (name, start) => {
  test('answers when it is started, and leaves no process, port or folder when it is stopped', async (context) => {
    context.skip(!existsSync('/proc/self/cmdline'), `${onlyWhere}processes are listed in /proc`);
    const server = usable(name, await start());
    if (server === null) {
      context.skip();
      return;
    }
    const port = Number(new URL(server.url).port);
    const folder = dirname(server.logFile);
    expect(await listens(port)).toBe(true);
    expect(processesIn(folder).length).toBeGreaterThan(0);
    await server.stop();
    expect(await listens(port)).toBe(false);
    // One that has been ended is listed until its parent has heard of it.
    await expect.poll(() => processesIn(folder), { timeout: 10_000 }).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    await server.stop();
  });
});

test('a server dies with the test that started it, and its folder with it', async () => {
  const script = `
    import { startProcess, temporaryFolder } from ${JSON.stringify(join(import.meta.dirname, '../support/process.ts'))};
    const folder = temporaryFolder('orphan');
    const args = ['-c', 'sleep 300 & sleep 300'];
    const owned = await startProcess({ command: 'sh', args, folder, ready: async () => true });
    process.stdout.write(JSON.stringify({ pid: owned.pid, folder }), () => process.kill(process.pid, 'SIGKILL'));
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script]);
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const { pid, folder } = JSON.parse(printed) as { pid: number; folder: string };
  await expect.poll(() => groupIsAlive(pid), { timeout: 10_000 }).toBe(false);
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
});

test('a program that ends before it is ready is reported with what it printed, and leaves nothing', async () => {
  const folder = temporaryFolder('broken');
  const args = ['-c', 'echo the disk is on fire; exit 3'];
  const started = startProcess({ command: 'sh', args, folder, ready: () => Promise.resolve(false) });
  await expect(started).rejects.toThrow(/ended with 3 before it was ready[\s\S]*the disk is on fire/);
  expect(existsSync(folder)).toBe(false);
});

test('a program that cannot be started is reported', async () => {
  const folder = temporaryFolder('absent');
  const started = startProcess({ command: 'no-such-program', args: [], folder, ready: () => Promise.resolve(true) });
  await expect(started).rejects.toThrow(NotStarted);
  expect(existsSync(folder)).toBe(false);
});

test('a killed NATS server comes back on its port with its files', async (context) => {
  const nats = usable('NATS', await startNats({ jetstream: true }));
  if (nats === null) {
    context.skip();
    return;
  }
  await nats.kill();
  expect(await listens(nats.port)).toBe(false);
  await nats.startAgain();
  expect(await listens(nats.port)).toBe(true);
  const folder = dirname(nats.logFile);
  await nats.stop();
  expect(processesIn(folder)).toEqual([]);
});

test('free ports are all different', async () => {
  const ports = await freePorts(50);
  expect(new Set(ports).size).toBe(50);
});
