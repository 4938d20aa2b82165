/** Around the whole run: a folder for traces, and at the end a look for secrets in every log; one that is found fails the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leaksIn, tracesVariable, wholeRunVariable } from './traces.ts';

/** A whole run uses hundreds of secrets and logs tens of megabytes. With less than this the look has lost sight of them. */
const ofWholeRun = { secrets: 100, characters: 1_000_000 } as const;

let folder = '';

export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), 'kalends-traces-'));
  process.env[tracesVariable] = folder;
}

export function teardown(): void {
  const { leaks, secrets, logBytes } = leaksIn(folder);
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`looked for ${secrets} secrets in ${logBytes} characters of logs\n`);
  if (process.env[wholeRunVariable] === 'yes' && (secrets < ofWholeRun.secrets || logBytes < ofWholeRun.characters))
    fail(`a whole run has at least ${ofWholeRun.secrets} secrets and ${ofWholeRun.characters} characters`);
  if (leaks.length === 0) return;
  const lines = leaks.slice(0, 20).map(({ line }) => `\n  ${line}`);
  fail(`${leaks.length} secrets in the logs:${lines.join('')}`);
}

/** Whoever runs the suite reads it: an error thrown here would be a note among others. */
function fail(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
}
