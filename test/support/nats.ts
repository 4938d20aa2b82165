/** A real NATS server on a free port of 127.0.0.1, with or without JetStream, that can lose power and come back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locate } from '../../tools/setup/locate.ts';
import type { MissingServer } from './caldav-server.ts';
import { freePort } from './free-port.ts';
import { listens, startProcess, temporaryFolder, tryTwice, type OwnedProcess } from './process.ts';

export interface NatsOptions {
  readonly jetstream?: boolean;
  /** Further lines of its configuration, e.g. permissions. */
  readonly settings?: string;
}

/** A server that keeps its port and its files over `kill` and `startAgain`. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly logFile: string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** After `kill`: the same port, the same files. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one, or says why this machine has none. `url` begins with `nats://`. */
export async function startNats(options: NatsOptions = {}): Promise<RunningServer | MissingServer> {
  const command = locate('nats-server');
  if (command === null) return { missing: 'nats-server is not installed' };
  return tryTwice(async () => {
    const folder = temporaryFolder('nats');
    const port = await freePort();
    const settings = [
      `listen: 127.0.0.1:${port}`,
      options.jetstream === true ? `jetstream { store_dir: "${join(folder, 'jetstream')}" }` : '',
      options.settings ?? '',
    ];
    writeFileSync(join(folder, 'nats.conf'), settings.join('\n'));
    return keepRunning(`nats://127.0.0.1:${port}`, port, () =>
      startProcess({ command, args: ['-c', join(folder, 'nats.conf')], folder, ready: () => listens(port) }),
    );
  });
}

/** Turns a way to start a program into a server that can be killed and started again. */
export async function keepRunning(
  url: string,
  port: number,
  start: () => Promise<OwnedProcess>,
): Promise<RunningServer> {
  let owned = await start();
  return {
    url,
    port,
    logFile: owned.logFile,
    kill: () => owned.kill(),
    startAgain: async () => {
      owned = await start();
    },
    stop: () => owned.stop(),
  };
}
