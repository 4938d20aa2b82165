/** A MongoDB for tests: the one that was named, a real one, a container, or a wire-compatible stand-in on Java. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

import { locate } from '../../tools/setup/locate.ts';
import type { MissingServer } from './caldav-server.ts';
import { freePort } from './free-port.ts';
import { fetchJars, jarsFolder, launcher } from './mongo/jars.ts';
import { listens, startProcess, temporaryFolder, tryTwice } from './process.ts';

export interface MongoServer {
  readonly url: string;
  /** `java` stands in for `mongod`: it proves nothing about durability, replica sets and the planner. */
  readonly kind: 'given' | 'mongod' | 'docker' | 'java';
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** In the order of preference: a server that somebody named, `mongod`, a container, Java and Maven. */
export async function startMongo(): Promise<MongoServer | MissingServer> {
  const given = process.env['KALENDS_TEST_MONGO_URI'] ?? '';
  if (given !== '') return { url: given, kind: 'given', stop: async () => undefined };
  const mongod = locate('mongod');
  if (mongod !== null) return tryTwice(() => startMongod(mongod));
  const docker = locate('docker');
  if (docker !== null && (await answers(docker))) return tryTwice(() => startContainer(docker));
  const java = locate('java');
  const maven = locate('mvn');
  if (java === null || (maven === null && !existsSync(jarsFolder)))
    return {
      missing: 'MongoDB (set KALENDS_TEST_MONGO_URI, or install mongod, or run Docker, or install Java 17 and Maven)',
    };
  try {
    if (maven !== null) await fetchJars(maven);
  } catch (error) {
    return { missing: `MongoDB, and Maven could not fetch its stand-in: ${String(error)}` };
  }
  return tryTwice(() => startStandIn(java));
}

/** A suite must not pass over a missing server where nobody looks: throws under CI, says so loudly elsewhere. */
export function mayBeMissing(missing: string): void {
  if ((process.env['CI'] ?? '') !== '') throw new Error(`missing under CI: ${missing}`);
  process.stderr.write(`\nNOT TESTED, because this is missing: ${missing}\n\n`);
}

async function startMongod(command: string): Promise<MongoServer> {
  const folder = temporaryFolder('mongod');
  const port = await freePort();
  const args = ['--dbpath', folder, '--bind_ip', '127.0.0.1', '--port', String(port)];
  const owned = await startProcess({ command, args, folder, ready: () => listens(port) });
  return { url: `mongodb://127.0.0.1:${port}`, kind: 'mongod', stop: () => owned.stop() };
}

/** The client alone says nothing: its daemon may not run. */
async function answers(docker: string): Promise<boolean> {
  try {
    await run(docker, ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

async function startContainer(command: string): Promise<MongoServer> {
  const folder = temporaryFolder('mongo-container');
  const port = await freePort();
  const name = `kalends-test-mongo-${port}`;
  const args = ['run', '--rm', '--name', name, '-p', `127.0.0.1:${port}:27017`, 'mongo:8'];
  const owned = await startProcess({
    command,
    args,
    folder,
    // The proxy's port answers before the server behind it does, so its own words count.
    ready: async () => (await run(command, ['logs', name])).stdout.includes('Waiting for connections'),
    // The first time the image is fetched.
    readyWithinMs: 110_000,
  });
  const stop = async (): Promise<void> => {
    await run(command, ['rm', '--force', name]).catch(() => undefined);
    await owned.stop();
  };
  return { url: `mongodb://127.0.0.1:${port}`, kind: 'docker', stop };
}

async function startStandIn(command: string): Promise<MongoServer> {
  const folder = temporaryFolder('mongo-stand-in');
  const port = await freePort();
  const args = ['-Xmx256m', '-cp', `${jarsFolder}/*`, launcher, String(port)];
  const owned = await startProcess({ command, args, folder, ready: () => listens(port) });
  return { url: `mongodb://127.0.0.1:${port}`, kind: 'java', stop: () => owned.stop() };
}
