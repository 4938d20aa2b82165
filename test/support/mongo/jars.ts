/** The jars of mongo-java-server, fetched once by Maven into a folder of the repository that git ignores. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { repositoryRoot } from '../../../tools/setup/locate.ts';

const cache = join(repositoryRoot, '.cache', 'mongo');
const run = promisify(execFile);

/** The version of pom.xml in its name: another one is fetched again. */
export const jarsFolder: string = join(cache, 'jars-1.47.0');
export const launcher: string = join(import.meta.dirname, 'Launcher.java');

/** Test files run side by side; Maven's own store does not stand two of them at once. */
const lock = join(cache, 'lock');
const lockStaleMs = 180_000;

/** Does nothing when they are there. Rejects with Maven's own words. */
export async function fetchJars(maven: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  while (!existsSync(jarsFolder)) {
    if (!takeLock()) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    try {
      const half = `${jarsFolder}.part`;
      rmSync(half, { recursive: true, force: true });
      const pom = join(import.meta.dirname, 'pom.xml');
      await run(maven, ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${half}`]);
      renameSync(half, jarsFolder);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > lockStaleMs) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}
