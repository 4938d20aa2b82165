/** Where a program of another project is on this machine: on the PATH, or where Debian and our own cache keep it. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The repository's root, whatever the working directory. */
export const repositoryRoot: string = join(import.meta.dirname, '..', '..');

/** The Python virtual environment that stands in where there are no system packages. `TEST_VENV`: for tests of how it is made. */
export const virtualEnvironment = (): string => process.env['TEST_VENV'] ?? join(repositoryRoot, '.cache', 'venv');

/** Servers live outside an ordinary person's PATH on Debian. */
const moreFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/lib/cyrus/bin'];

/** The absolute path of an executable file, or null when it is nowhere. */
export function locate(program: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...moreFolders, join(virtualEnvironment(), 'bin')];
  for (const folder of folders) {
    const path = join(folder, program);
    if (folder !== '' && isExecutable(path)) return path;
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
