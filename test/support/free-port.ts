/** Ports of 127.0.0.1 for servers that must be told theirs, without two test files ever getting the same one. */
import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below the ephemeral range, or an outgoing connection of anybody could hold the port in the meantime. */
const firstPort = 12_000;
const lastPort = 31_999;

/** One file per reserved port, naming the process that reserved it; test files run as processes side by side. */
const folder = join(tmpdir(), `kalends-ports-${process.getuid?.() ?? 'all'}`);
const reserved = new Set<number>();

/** A port that nobody listens on and that no other process of ours will be given until this process ends. */
export async function freePort(): Promise<number> {
  mkdirSync(folder, { recursive: true });
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort + 1));
    if (reserve(port)) {
      if (await isIdle(port)) return port;
      release(port);
    }
  }
  throw new Error(`no idle port between ${firstPort} and ${lastPort} on 127.0.0.1`);
}

/** Several different ones. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

function reserve(port: number): boolean {
  if (reserved.has(port)) return false;
  const path = join(folder, String(port));
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
  } catch {
    dropIfStale(path);
    return false;
  }
  if (reserved.size === 0) process.once('exit', releaseAll);
  reserved.add(port);
  return true;
}

/** A process that was killed leaves its reservations: the next one that meets such a file removes it. */
function dropIfStale(path: string): void {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    if (pid > 0 && !isAlive(pid)) unlinkSync(path);
  } catch {
    // another process was faster
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function release(port: number): void {
  reserved.delete(port);
  try {
    unlinkSync(join(folder, String(port)));
  } catch {
    // already gone
  }
}

function releaseAll(): void {
  for (const port of reserved) release(port);
}

function isIdle(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
