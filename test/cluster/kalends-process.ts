/** Kalends as operators run it: `kalends start` in processes of its own, and commands beside them. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../tools/setup/locate.ts';
import { startProcess, temporaryFolder, type OwnedProcess } from '../support/process.ts';
import { keepLog, useKeys, useSecret } from '../support/traces.ts';

export type Settings = Readonly<Record<string, string>>;

const entrance = join(repositoryRoot, 'tools', 'kalends.js');

export function newKeys(id = 'k1'): string {
  const ring = `${id}:${randomBytes(32).toString('base64')}`;
  useKeys(ring);
  return ring;
}

/** Intervals of seconds instead of minutes, and a log in which every secret would be seen. */
export const quickCluster = {
  KALENDS_PORT: '0',
  KALENDS_ALLOWED_ADDRESSES: '127.0.0.1',
  KALENDS_POLL_MS: '1000',
  KALENDS_LATE_EFFECT_MS: '1500',
  KALENDS_QUIET_MS: '200',
  KALENDS_MAX_DELAY_MS: '1000',
  KALENDS_LOG_LEVEL: 'debug',
} as const;

/** A database of its own on a server that others may use as well. */
export function databaseAt(serverUrl: string): string {
  const [, server = '', options = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*(\?.*)?$/.exec(serverUrl) ?? [];
  return `${server}/kalends_${randomBytes(6).toString('hex')}${options}`;
}

export interface KalendsProcess extends OwnedProcess {
  /** Of its gateway; empty where it runs none. */
  readonly url: string;
}

/** Resolves when it printed its line; rejects with all that it printed when it ends before. */
export async function startKalends(services: string, settings: Settings): Promise<KalendsProcess> {
  const folder = temporaryFolder(`cluster-${services.split(',')[0] ?? ''}`);
  const log = join(folder, 'output.log');
  const owned = await startProcess({
    command: process.execPath,
    args: [entrance, 'start'],
    folder,
    environment: { KALENDS_DATA_DIR: join(folder, 'data'), ...settings, SERVICES: services },
    ready: async () => startedLine(readFileSync(log, 'utf8')) !== null,
  });
  const end = owned.stop.bind(owned);
  const stop = (): Promise<void> => end().finally(() => keepLog(owned.output()));
  return Object.assign(owned, { url: startedLine(owned.output())?.url ?? '', stop });
}

function startedLine(output: string): { readonly url?: string } | null {
  const line = output.split('\n').find((one) => one.startsWith('{"started":true'));
  return line === undefined ? null : (JSON.parse(line) as { url?: string });
}

export interface Ended {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when what it printed matches. */
  printed(pattern: RegExp): Promise<void>;
}

/** Runs any command of `kalends`; standard input is closed after `input`. */
export function runKalends(args: readonly string[], settings: Settings, input = ''): Command {
  const child = spawn(process.execPath, [entrance, ...args], {
    env: { ...process.env, ...settings },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
      for (const look of watchers) look();
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  // What is handed over on standard input is a password.
  if (input !== '') useSecret(input.trim());
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => {
      keepLog(printed.stderr);
      resolve({ status, ...printed });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    signal: (signal) => void child.kill(signal),
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(printed.stdout + printed.stderr)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        void ended.then(() => reject(new Error(`it ended before ${String(pattern)}: ${JSON.stringify(printed)}`)));
      }),
  };
}

/** Its one JSON line; throws with what it said when it failed. */
export async function kalends(args: readonly string[], settings: Settings, input = ''): Promise<unknown> {
  const { status, stdout, stderr } = await runKalends(args, settings, input).ended;
  if (status !== 0) throw new Error(`kalends ${args.join(' ')}: status ${String(status)}: ${stderr}${stdout}`);
  return JSON.parse(stdout);
}
