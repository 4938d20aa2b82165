/** The model server on real ports of 127.0.0.1, as one more calendar server that tests and the demo can run against. */
import { appendFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Clock, Random } from '../../../domain/clock.ts';
import type { CalDavServer } from '../caldav-server.ts';
import { temporaryFolder } from '../process.ts';
import type { AuthKind } from './authentication.ts';
import type { ModelAnswer } from './exchange.ts';
import { createModelServer, type Abilities, type ModelServer, type ModelServerOptions } from './server.ts';
import { textOfStatus } from './status.ts';

export interface MountOptions {
  /** Passwords by user name; the first is the server's own login. Default: alice. */
  readonly users?: Readonly<Record<string, string>>;
  readonly auth?: AuthKind;
  readonly abilities?: Partial<Abilities>;
  /** For repeatable faults. Default: Math.random. */
  readonly random?: Random;
  readonly seen?: ModelServerOptions['seen'];
}

/** The controls of the model beside what every server has. */
export type MountedModelServer = CalDavServer &
  Pick<ModelServer, 'world' | 'faults' | 'abilities' | 'log' | 'origins'> & {
    addUser(username: string, password: string): ReturnType<NonNullable<CalDavServer['addUser']>>;
  };

/** Starts one; it is never missing. Its second port is the partition that the `moved_…` faults point to. */
export async function startModelServer(options: MountOptions = {}): Promise<MountedModelServer> {
  const listeners = [createServer(), createServer()] as const;
  const origins = [await listen(listeners[0]), await listen(listeners[1])] as const;
  const model = createModelServer({
    clock: realClock,
    random: options.random ?? Math.random,
    origins,
    ...(options.auth === undefined ? {} : { auth: options.auth }),
    ...(options.abilities === undefined ? {} : { abilities: options.abilities }),
    ...(options.seen === undefined ? {} : { seen: options.seen }),
  });
  const folder = temporaryFolder('model');
  const logFile = join(folder, 'requests.jsonl');
  for (const [index, listener] of listeners.entries()) {
    listener.on('request', (message, response) => void serve(model, origins[index] ?? '', logFile, message, response));
  }
  const addUser: MountedModelServer['addUser'] = (username, password) => {
    model.world.addUser(username, password);
    return Promise.resolve({ username, password, calendarsHome: model.homeOf(username) });
  };
  const logins = Object.entries(options.users ?? { alice: 'alice-password' });
  for (const [name, password] of logins) model.world.addUser(name, password);
  const [username, password] = logins[0] ?? ['', ''];
  const { world, faults, abilities, log } = model;
  return {
    software: 'model',
    url: `${origins[0]}/`,
    username,
    password,
    world,
    faults,
    abilities,
    log,
    origins,
    logFile,
    addUser,
    calendarsHome: model.homeOf(username),
    makeCalendar: (name) => Promise.resolve(origins[0] + world.addCalendar(username, name)),
    stop: async () => {
      await Promise.all(listeners.map(close));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  breathe: () => new Promise((resolve) => void setImmediate(resolve)),
};

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function serve(
  model: ModelServer,
  origin: string,
  logFile: string,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message);
  if (body === null) return;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) headers[name] = String(value);
  const url = origin + (message.url ?? '/');
  const logged = model.log.length;
  const answer = await model.respond({ method: message.method ?? 'GET', url, headers, body });
  const lines = model.log.slice(logged).map((entry) => `${JSON.stringify(entry)}\n`);
  appendFileSync(logFile, lines.join(''));
  await send(answer, response);
}

/** Null when the client gave up before its request was whole. */
async function readBody(message: IncomingMessage): Promise<string | null> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return null;
  }
}

async function send(answer: ModelAnswer, response: ServerResponse): Promise<void> {
  const { wire } = answer;
  if (wire.kind === 'hang') return;
  if (wire.kind === 'drop' || wire.kind === 'refuse') {
    response.socket?.destroy();
    return;
  }
  const body = Buffer.from(answer.body);
  const headers: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(answer.headers)) {
    const [only = ''] = values;
    headers[name] = values.length === 1 ? only : [...values];
  }
  const bodiless = answer.status === 204 || answer.status === 304;
  if (!bodiless) headers['content-length'] = String(body.byteLength);
  response.writeHead(answer.status, textOfStatus(answer.status), headers);
  if (wire.kind === 'whole') {
    response.end(bodiless ? undefined : body);
    return;
  }
  if (wire.kind === 'cut') {
    response.write(body.subarray(0, wire.afterBytes), () => response.socket?.destroy());
    return;
  }
  await drip(body, wire.bytesPerSecond, response);
}

/** Ten small writes a second. */
async function drip(body: Buffer, bytesPerSecond: number, response: ServerResponse): Promise<void> {
  const step = Math.max(1, Math.ceil(bytesPerSecond / 10));
  for (let from = 0; from < body.byteLength && !response.destroyed; from += step) {
    response.write(body.subarray(from, from + step));
    await realClock.sleep(100);
  }
  response.end();
}
