/** A real Redis on a free port of 127.0.0.1 that keeps nothing on disk. */
import { locate } from '../../tools/setup/locate.ts';
import type { MissingServer } from './caldav-server.ts';
import { freePort } from './free-port.ts';
import { keepRunning, type RunningServer } from './nats.ts';
import { listens, startProcess, temporaryFolder, tryTwice } from './process.ts';

/** Starts one, or says why this machine has none. `url` begins with `redis://`. */
export async function startRedis(): Promise<RunningServer | MissingServer> {
  const command = locate('redis-server');
  if (command === null) return { missing: 'redis-server is not installed' };
  return tryTwice(async () => {
    const folder = temporaryFolder('redis');
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
    return keepRunning(`redis://127.0.0.1:${port}`, port, () =>
      startProcess({ command, args, folder, ready: () => listens(port) }),
    );
  });
}
