/** A folder for one test file, removed when its tests are over. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll } from 'vitest';

import { temporaryFolder } from './process.ts';

/** A path inside a new folder; each call with the same name gives another one. */
export type Scratch = (name: string) => string;

/** Call it at the top of a test file or inside a `describe`. */
export function scratch(): Scratch {
  const folder = temporaryFolder('scratch');
  let count = 0;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => {
    count += 1;
    return join(folder, `${count}-${name}`);
  };
}
