/** The control socket: the process that has the embedded store open answers operators' commands of other processes. */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync, statSync, type Stats } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { isKalendsError, KalendsError, toKalendsError } from '../domain/errors.ts';
import { unusableFile } from '../domain/unusable-file.ts';
import { restoredError } from './restored-error.ts';

/** Calls an operators' action by name. */
export type OpsCall = (action: string, params: object) => Promise<unknown>;

/** Unix socket addresses hold at most 107 bytes. */
const longestPath = 100;

/**
 * In the data directory, or, where that makes too long an address, in a folder of the system's temporary ones that only
 * the owner of the data directory can look into.
 */
export function socketPath(dataDir: string): string {
  const path = resolve(dataDir, 'kalends.sock');
  if (path.length <= longestPath) return path;
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return join(tmpdir(), `kalends-${statSync(dataDir).uid}`, `${name}.sock`);
}

/** Makes the folder, and rejects one that somebody else made first: its name is no secret, what goes through it is. */
function ownFolder(dataDir: string, folder: string): void {
  if (folder === resolve(dataDir)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  demandOwned(dataDir, folder, lstatSync(folder));
}

/** Of the owner of the data, who has its secrets anyway, of ourselves, or of root; a folder of nobody else's reading. */
function demandOwned(dataDir: string, path: string, found: Stats): void {
  const owners = [0, process.getuid?.(), statSync(dataDir).uid];
  const isClosed = found.isDirectory() ? (found.mode & 0o077) === 0 : found.isSocket();
  if (isClosed && owners.includes(found.uid)) return;
  throw new KalendsError(
    'configuration_invalid',
    `${path} is not of the owner of the data, or others can look into it: remove it, or give KALENDS_DATA_DIR a shorter path`,
  );
}

/** One JSON object a line: `{id, action, params}` in, `{id, result}` or `{id, error}` out. Only this user may connect. */
export async function listen(dataDir: string, call: OpsCall): Promise<{ close(): Promise<void> }> {
  const path = socketPath(dataDir);
  ownFolder(dataDir, dirname(path));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    createInterface({ input: socket }).on('line', (line) => void answer(socket, line, call));
  });
  // Whoever has the store open owns the socket: one that is left over belongs to a process that died.
  rmSync(path, { force: true });
  await new Promise<void>((ready, failed) => {
    server.once('error', (error) => failed(unusableFile(path, 'written', error)));
    server.listen(path, ready);
  });
  chmodSync(path, 0o600);
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function answer(socket: Socket, line: string, call: OpsCall): Promise<void> {
  let id: unknown = null;
  try {
    const request = JSON.parse(line) as { id: unknown; action: string; params: object };
    id = request.id;
    if (!request.action.startsWith('ops.'))
      throw new KalendsError('not_permitted', "only operators' actions are answered here");
    reply(socket, { id, result: await call(request.action, request.params) });
  } catch (error) {
    const { code, message, ids, evidence, next, fields, retryAtMs } = toKalendsError(error);
    reply(socket, { id, error: { code, message, ids, evidence, next, fields, retryAtMs } });
  }
}

function reply(socket: Socket, message: object): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
}

function ownedSocket(dataDir: string): string | null {
  try {
    return ownedSocketIn(dataDir);
  } catch (error) {
    throw isKalendsError(error) ? error : unusableFile(dataDir, 'read', error);
  }
}

function ownedSocketIn(dataDir: string): string | null {
  if (statSync(dataDir, { throwIfNoEntry: false }) === undefined) return null;
  const path = socketPath(dataDir);
  const folder = dirname(path);
  for (const one of folder === resolve(dataDir) ? [path] : [folder, path]) {
    const found = lstatSync(one, { throwIfNoEntry: false });
    if (found === undefined) return null;
    demandOwned(dataDir, one, found);
  }
  return path;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection to the process that has the store open; null when there is none. Rejects with `configuration_invalid`
 * where somebody else listens in its place: commands carry passwords.
 */
export async function dial(dataDir: string): Promise<{ call: OpsCall; close(): void } | null> {
  const path = ownedSocket(dataDir);
  if (path === null) return null;
  const socket = connect(path);
  const open = await new Promise<boolean>((decide) => {
    socket.once('connect', () => decide(true));
    socket.once('error', () => decide(false));
  });
  if (!open) return null;
  const waiting = new Map<number, Waiting>();
  const ended = (): KalendsError =>
    new KalendsError('shutting_down', 'the running Kalends ended the connection; ask again');
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(ended());
    waiting.clear();
  });
  createInterface({ input: socket }).on('line', (line) => settle(waiting, line));
  let last = 0;
  return {
    call: (action, params) =>
      new Promise((resolveCall, reject) => {
        if (socket.destroyed) return reject(ended());
        last += 1;
        waiting.set(last, { resolve: resolveCall, reject });
        socket.write(`${JSON.stringify({ id: last, action, params })}\n`);
      }),
    close: () => socket.destroy(),
  };
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: Pick<KalendsError, 'code' | 'message' | 'ids' | 'evidence' | 'next' | 'fields' | 'retryAtMs'>;
}

function settle(waiting: Map<number, Waiting>, line: string): void {
  const { id, result, error } = JSON.parse(line) as Reply;
  const call = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) call?.resolve(result);
  else call?.reject(restoredError(error));
}
