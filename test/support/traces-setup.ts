/** Around the whole run: a folder for traces, and at the end a look for secrets in every log; one that is found fails the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leaksIn, tracesVariable } from './traces.ts';

let folder = '';

export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), 'kalends-traces-'));
  process.env[tracesVariable] = folder;
}

export function teardown(): void {
  const { leaks, secrets, logBytes } = leaksIn(folder);
  rmSync(folder, { recursive: true, force: true });
  if (secrets > 0) process.stderr.write(`looked for ${secrets} secrets in ${logBytes} characters of logs\n`);
  if (leaks.length === 0) return;
  const lines = leaks.slice(0, 20).map(({ line }) => `  ${line}\n`);
  process.stderr.write(`${leaks.length} secrets in the logs:\n${lines.join('')}`);
  // Whoever runs the suite reads it: an error thrown here would be a note among others.
  process.exitCode = 1;
}
