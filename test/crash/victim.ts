/** The parent's hold on the process that dies: starting it, hearing it, calling it, and knowing how it ended. */
import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keepLog, useSecretsIn } from '../support/traces.ts';
import type { Orders, Said } from './child.ts';

export interface Victim {
  /** Where its gateway listens; rejects when it dies before. */
  readonly ready: Promise<string>;
  /** Resolves when it is gone. */
  readonly ended: Promise<Ending>;
  /** Intents in flight that the process before it left in the store; null until it has looked. */
  openAtStart(): number | null;
  /** Intents in flight now. Rejects, as the next one, when it dies before it answers. */
  openNow(): Promise<number>;
  ops<T>(action: string, params?: object): Promise<T>;
  kill(): void;
  stop(): Promise<void>;
}

export interface Ending {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly said: readonly Said[];
  /** Standard error, for whoever must find out why it ended otherwise. */
  readonly complaint: string;
}

export function startVictim(orders: Orders): Victim {
  const child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(orders)], {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: Said[] = [];
  let complaint = '';
  child.on('error', () => undefined);
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  // `close` comes after the last line was read, `exit` may come before.
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      keepLog(complaint);
      resolve({ code, signal, said, complaint });
    });
  });
  const ready = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const one = JSON.parse(line) as Said;
      said.push(one);
      if (one.said === 'ready') resolve(one.url);
    });
    void ended.then((ending) => reject(new Error(`it died before it was ready: ${ending.complaint}`)));
  });
  ready.catch(() => undefined);
  const call = caller(child, ended);
  return {
    ready,
    ended,
    openAtStart: () => said.find((one) => one.said === 'opened')?.open ?? null,
    ops: (action, params) => call(`ops.${action}`, params),
    openNow: () => call('open'),
    kill: () => child.kill('SIGKILL'),
    stop: async () => {
      if (child.connected) child.send({ id: 0, action: 'stop', params: {} });
      await ended;
    },
  };
}

function caller(child: ChildProcess, ended: Promise<Ending>): Victim['ops'] {
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let last = 0;
  child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
    const one = waiting.get(id);
    waiting.delete(id);
    useSecretsIn(result);
    if (error === undefined) one?.resolve(result as never);
    else one?.reject(new Error(error));
  });
  void ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the process died before it answered'));
  });
  return <T>(action: string, params: object = {}) =>
    new Promise<T>((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      const gone = (): void => reject(new Error('the process died before it was asked'));
      if (!child.connected) return gone();
      child.send({ id: last, action, params }, (error) => void (error !== null && gone()));
    });
}
