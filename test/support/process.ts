/** Programs of other projects as children that never outlive the test: own process group, own folder, a guard. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Its working directory and everything it writes; removed with it. Made by `temporaryFolder`. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Resolves true once the program does its work; asked every 50 ms. */
  readonly ready: () => Promise<boolean>;
  /** Milliseconds; default 30,000. */
  readonly readyWithinMs?: number;
}

export interface OwnedProcess {
  /** Also the id of its process group. */
  readonly pid: number;
  readonly logFile: string;
  /** What it printed so far. */
  output(): string;
  /** Ends the whole group as a power cut would (SIGKILL) and keeps the folder for another start in it. */
  kill(): Promise<void>;
  /** Ends the whole group (SIGTERM, after 3 s SIGKILL) and removes the folder. May be called twice. */
  stop(): Promise<void>;
}

/** The program ended, or did not answer in time, before it was ready. */
export class NotStarted extends Error {
  readonly output: string;
  constructor(message: string, output: string) {
    super(`${message}\n${output}`);
    this.name = 'NotStarted';
    this.output = output;
  }
}

/** A new folder that only tests use; readable by other users where a server runs as one. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `kalends-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Starts a program and waits until it is ready; rejects with NotStarted, leaving nothing behind. */
export async function startProcess(options: ProcessOptions): Promise<OwnedProcess> {
  const logFile = join(options.folder, 'output.log');
  const log = openSync(logFile, 'a');
  const child = spawn(options.command, options.args, {
    cwd: options.folder,
    env: { ...process.env, ...options.environment },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const pid = await pidOf(child, options.command).catch((error: unknown) => {
    rmSync(options.folder, { recursive: true, force: true });
    throw error;
  });
  const owned = new Group(pid, child, logFile, options.folder);
  try {
    await waitUntilReady(options, child, owned);
    return owned;
  } catch (error) {
    const output = owned.output();
    await owned.stop();
    throw new NotStarted(error instanceof Error ? error.message : String(error), output);
  }
}

/** Runs a start again, once, when it failed: between picking a port and binding it somebody else may take it. */
export async function tryTwice<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    return start();
  }
}

function pidOf(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new NotStarted(`${command} cannot be started: ${error.message}`, '')));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}

async function waitUntilReady(options: ProcessOptions, child: ChildProcess, owned: OwnedProcess): Promise<void> {
  const within = options.readyWithinMs ?? 30_000;
  const deadline = performance.now() + within;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${options.command} ended with ${child.exitCode ?? child.signalCode} before it was ready`);
    }
    if (await options.ready().catch(() => false)) {
      // A server that lost its port to another one dies within moments, while the other one answers for it.
      if (child.exitCode === null && groupIsAlive(owned.pid)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${options.command} was not ready within ${within} ms`);
}

class Group implements OwnedProcess {
  readonly pid: number;
  readonly logFile: string;
  readonly #folder: string;
  readonly #guard: ChildProcess;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #last = '';

  constructor(pid: number, child: ChildProcess, logFile: string, folder: string) {
    this.pid = pid;
    this.logFile = logFile;
    this.#folder = folder;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      child.once('exit', () => resolve());
    });
    child.unref();
    this.#guard = guard(pid, folder);
  }

  output(): string {
    if (existsSync(this.logFile)) this.#last = readFileSync(this.logFile, 'utf8');
    return this.#last;
  }

  async kill(): Promise<void> {
    this.#child.ref();
    signalGroup(this.pid, 'SIGKILL');
    await this.#gone();
    this.#guard.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.output();
    signalGroup(this.pid, 'SIGTERM');
    const deadline = performance.now() + 3_000;
    while (groupIsAlive(this.pid) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #gone(): Promise<void> {
    await this.#exited;
    while (groupIsAlive(this.pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * A tiny process that reads a pipe whose other end only this process holds: when we end, however we end, the pipe
 * closes and the guard ends the group and removes its folder. `exit` handlers do not run on SIGKILL.
 */
function guard(pid: number, folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -s TERM -- "-$1"; sleep 1; kill -s KILL -- "-$1"; rm -rf -- "$2"';
  const watching = spawn('/bin/sh', ['-c', script, 'guard', String(pid), folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watching.unref();
  const pipe = watching.stdin as unknown as { unref?: () => void };
  pipe.unref?.();
  watching.on('error', () => undefined);
  return watching;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // nobody is left in the group
  }
}

/** Whether something listens on a port of 127.0.0.1 now. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Whether any process of the group still runs; a zombie that nobody has collected does not count. */
export function groupIsAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return existsSync('/proc/self/stat') ? readdirSync('/proc').some((entry) => runsInGroup(entry, pid)) : true;
}

/** Containers often have a first process that never collects the dead, so signal 0 alone would wait for ever. */
function runsInGroup(entry: string, group: number): boolean {
  if (!/^\d+$/.test(entry)) return false;
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(itsGroup) === group && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}
