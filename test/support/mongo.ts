/** A MongoDB for tests: the one that was named, a real one, a container, or a wire-compatible stand-in on Java. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

import { locate } from '../../tools/setup/locate.ts';
import { chooseMongo, type MongoChoice } from '../../tools/setup/mongo.ts';
import type { MissingServer } from './caldav-server.ts';
import { freePort } from './free-port.ts';
import { fetchJars, jarsFolder, launcher } from './mongo/jars.ts';
import { listens, startProcess, temporaryFolder, tryTwice } from './process.ts';

export interface MongoServer {
  readonly url: string;
  /** `java` stands in for `mongod`: it proves nothing about durability, replica sets and the planner. */
  readonly kind: MongoChoice['kind'];
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** What `chooseMongo` chose. */
export async function startMongo(): Promise<MongoServer | MissingServer> {
  const choice = await chooseMongo();
  if (choice.kind === 'given') return { url: choice.url, kind: 'given', stop: async () => undefined };
  if (choice.kind === 'mongod') return tryTwice(() => startMongod(choice.command));
  if (choice.kind === 'docker') return tryTwice(() => startContainer(choice.command));
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

async function startMongod(command: string): Promise<MongoServer> {
  const folder = temporaryFolder('mongod');
  const port = await freePort();
  const args = ['--dbpath', folder, '--bind_ip', '127.0.0.1', '--port', String(port)];
  const owned = await startProcess({ command, args, folder, ready: () => listens(port) });
  return { url: `mongodb://127.0.0.1:${port}`, kind: 'mongod', stop: () => owned.stop() };
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
