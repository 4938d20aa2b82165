/** The lock file: a newcomer has a network, and neither a compiler nor the headers of Node. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));

interface LockedPackage {
  readonly gypfile?: boolean;
}

test('packages that bring their binaries along are not compiled by npm', () => {
  const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, LockedPackage>> };
  const compiled = Object.keys(packages).filter((path) => path !== '' && existsSync(join(root, path, 'binding.gyp')));
  expect(compiled).toContain('node_modules/better-sqlite3');
  for (const path of compiled) {
    // What the package says of itself npm does not look for, where it installs from a lock file.
    expect(read(join(path, 'package.json')), path).toMatchObject({ gypfile: false });
    expect(
      packages[path],
      `${path}: npm left "gypfile": false out when it wrote package-lock.json; put it back`,
    ).toMatchObject({ gypfile: false });
  }
});
