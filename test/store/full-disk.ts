/** A disk that a test can fill and empty again: a small file system where root may mount one, else a page limit. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { SqliteDocuments } from '../../store/engines/sqlite.ts';
import type { Trouble } from '../contracts/documents/ground.ts';

export interface SmallDisk extends Trouble {
  /** `file system`: real ENOSPC; `page limit`: SQLite's own, for users who may not mount. */
  readonly kind: 'file system' | 'page limit';
  readonly path: string;
  remove(): void;
}

/** `mount` is a folder that does not exist yet; `documents` answers the store that lives on the disk. */
export function smallDisk(mount: string, documents: () => SqliteDocuments): SmallDisk {
  mkdirSync(mount, { recursive: true });
  const path = join(mount, 'kalends.db');
  const filler = join(mount, 'filler');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mount], { stdio: 'ignore' });
  } catch {
    return { ...pageLimit(documents), path, remove: () => rmSync(dirname(path), { recursive: true }) };
  }
  return {
    kind: 'file system',
    path,
    begin: async () => fill(filler),
    end: async () => rmSync(filler),
    remove: () => {
      execFileSync('umount', [mount]);
      rmSync(mount, { recursive: true });
    },
  };
}

function fill(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(65_536);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

function pageLimit(documents: () => SqliteDocuments): Trouble & { readonly kind: 'page limit' } {
  return {
    kind: 'page limit',
    begin: async () => void documents().setting(`max_page_count = ${Number(documents().setting('page_count')) + 200}`),
    end: async () => void documents().setting('max_page_count = 4294967294'),
  };
}
