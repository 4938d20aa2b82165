/** Fresh processes for what is measured: each subject runs in one of its own and is asked over the channel of a fork. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { SubjectName } from '../child.ts';
import type { Question, Reply } from './subject.ts';

export interface Subject {
  /** Rejects with what the subject threw, or when its process ended. */
  ask<T>(action: string, params?: object): Promise<T>;
  /** Ends the process and waits for its end; may be repeated. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const entry = join(import.meta.dirname, '..', 'child.ts');

/** With `BENCH_PROFILE=folder` every subject leaves a profile of its processor time there. */
const profiling = (name: string): readonly string[] => {
  const folder = process.env['BENCH_PROFILE'];
  if (folder === undefined || folder === '') return [];
  return [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-name=${name}-${performance.now().toFixed(0)}.cpuprofile`,
  ];
};

/** A process that does not end by itself after this long is ended. */
const patienceMs = 20_000;

/** The subject's output goes to our standard error, so that results stand alone on standard output. */
export function startSubject(name: SubjectName, nodeArguments: readonly string[] = []): Subject {
  const child = fork(entry, [name], {
    execArgv: [...profiling(name), ...nodeArguments],
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`${name} ended with ${code ?? signal}`));
      resolve();
    });
  });
  child.on('message', (message) => settle(waiting, name, message as Reply));
  let last = 0;
  return {
    ask: <T>(action: string, params: object = {}) =>
      new Promise<T>((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve: resolve as (value: unknown) => void, reject });
        send(child, { id: last, action, params }, reject);
      }),
    stop: async () => {
      if (child.connected) child.disconnect();
      const late = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await ended;
      clearTimeout(late);
    },
  };
}

function send(child: ChildProcess, question: Question, reject: (error: Error) => void): void {
  if (!child.connected) return reject(new Error('the process of this subject has ended'));
  child.send(question, (error) => {
    if (error !== null) reject(error);
  });
}

function settle(waiting: Map<number, Waiting>, name: string, reply: Reply): void {
  const asked = waiting.get(reply.id);
  waiting.delete(reply.id);
  if ('failure' in reply) asked?.reject(new Error(`${name}: ${reply.failure}`));
  else asked?.resolve(reply.result);
}

/** Starts a subject, uses it, and ends it whatever happens. */
export async function withSubject<T>(
  name: SubjectName,
  use: (subject: Subject) => Promise<T>,
  nodeArguments: readonly string[] = [],
): Promise<T> {
  const subject = startSubject(name, nodeArguments);
  try {
    return await use(subject);
  } finally {
    await subject.stop();
  }
}
