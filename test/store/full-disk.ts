/** A disk that a test can fill and empty again: a small file system where one can be mounted, else a page limit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { SqliteDocuments } from '../../store/engines/sqlite.ts';
import type { Trouble } from '../contracts/documents/ground.ts';

export interface SmallDisk extends Trouble {
  readonly path: string;
  remove(): void;
}

/** `file system`: real ENOSPC; `page limit`: SQLite's own, for users who may not mount. */
export const smallDiskKind: 'file system' | 'page limit' = mayMount() ? 'file system' : 'page limit';

/** Root alone does not say so: containers take CAP_SYS_ADMIN away from theirs. */
function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-mount-'));
  const { status } = mountAt(folder);
  if (status === 0) execFileSync('umount', [folder]);
  else process.stderr.write('\nfull disks are played by a page limit of SQLite: nothing can be mounted here\n\n');
  rmSync(folder, { recursive: true });
  return status === 0;
}

function mountAt(folder: string): { readonly status: number | null } {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', folder], { stdio: 'ignore' });
}

/** `mount` is a folder that does not exist yet; `documents` answers the store that lives on the disk. */
export function smallDisk(mount: string, documents: () => SqliteDocuments): SmallDisk {
  mkdirSync(mount, { recursive: true });
  const path = join(mount, 'kalends.db');
  if (smallDiskKind === 'page limit') {
    return { ...pageLimit(documents), path, remove: () => rmSync(dirname(path), { recursive: true }) };
  }
  const filler = join(mount, 'filler');
  if (mountAt(mount).status !== 0) throw new Error(`no file system can be mounted at ${mount}`);
  return {
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

function pageLimit(documents: () => SqliteDocuments): Trouble {
  return {
    begin: async () => void documents().setting(`max_page_count = ${Number(documents().setting('page_count')) + 200}`),
    end: async () => void documents().setting('max_page_count = 4294967294'),
  };
}
