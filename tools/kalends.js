#!/usr/bin/env node
/** The command `kalends`: finds a Node that is new enough, whatever started this file, and runs the command line in it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const needed = 26;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const main = join(root, 'tools', 'cli', 'main.ts');

if (Number(process.versions.node.split('.')[0]) >= needed) {
  await import(main);
} else {
  const own = [join(root, 'node_modules', 'node', 'bin', 'node'), join(root, 'node_modules', '.bin', 'node')].find(
    (path) => existsSync(path),
  );
  if (own === undefined) {
    process.stderr.write(
      `kalends needs Node ${needed} or newer, and this is ${process.versions.node}. Run \`npm ci\` in ${root}: it brings the right one.\n`,
    );
    process.exit(1);
  }
  const { status, signal, error } = spawnSync(own, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (error !== undefined || status === 127) {
    process.stderr.write(
      `the Node that npm installed does not start (${error?.message ?? 'status 127'}); on Debian and Ubuntu install libatomic1\n`,
    );
  }
  if (signal !== null) process.kill(process.pid, signal);
  process.exit(status ?? 1);
}
