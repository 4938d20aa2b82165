/** Installing Debian packages without a question and without starting the servers that they bring. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locate } from './locate.ts';
import { run, type Ran } from './run.ts';

/** Packages ask this program whether their servers may start; 101 is no. */
const policyOfTheSystem = '/usr/sbin/policy-rc.d';
const policy = '#!/bin/sh\nexit 101\n';

/** Null when packages can be installed here, else why not. */
export async function aptObstacle(): Promise<string | null> {
  if (locate('apt-get') === null) return 'there is no apt-get (not Debian or Ubuntu)';
  if (process.getuid?.() === 0) return null;
  if (locate('sudo') === null) return 'packages need root, and there is no sudo';
  const asked = await run('sudo', ['-n', 'true'], {}, 10_000);
  return asked.ok ? null : 'packages need root, and sudo asks for a password';
}

/** Brings the lists up to date; its failure is no reason not to try: old lists often do. */
export function aptUpdate(): Promise<Ran> {
  return asRoot('apt-get', ['update', '-q']);
}

/** Installs packages all or nothing. Their servers stay stopped; an earlier policy is back afterwards. */
export async function aptInstall(packages: readonly string[], policyFile = policyOfTheSystem): Promise<Ran> {
  const earlier = await forbidStarting(policyFile);
  if (earlier.kind === 'failed') return { ok: false, tail: earlier.reason };
  try {
    return await asRoot('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages]);
  } finally {
    await restore(earlier, policyFile);
  }
}

type EarlierPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'kept'; readonly copy: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** An earlier policy is copied with its mode; ours, left over from a run that was killed, counts as none. */
async function forbidStarting(policyFile: string): Promise<EarlierPolicy> {
  const leftOver = existsSync(policyFile) && readFileSync(policyFile, 'utf8') === policy;
  const copy = join(tmpdir(), `kalends-policy-rc.d-${process.pid}`);
  const earlier: EarlierPolicy = existsSync(policyFile) && !leftOver ? { kind: 'kept', copy } : { kind: 'none' };
  if (earlier.kind === 'kept') {
    const copied = await asRoot('cp', ['-p', policyFile, copy]);
    if (!copied.ok) return { kind: 'failed', reason: `${policyFile} cannot be kept: ${copied.tail}` };
  }
  const ours = join(tmpdir(), `kalends-policy-${process.pid}`);
  writeFileSync(ours, policy);
  chmodSync(ours, 0o755);
  const placed = await asRoot('cp', ['-p', ours, policyFile]);
  rmSync(ours, { force: true });
  if (placed.ok) return earlier;
  await restore(earlier, policyFile);
  return { kind: 'failed', reason: `${policyFile} cannot be written: ${placed.tail}` };
}

async function restore(earlier: EarlierPolicy, policyFile: string): Promise<void> {
  if (earlier.kind === 'none') await asRoot('rm', ['-f', policyFile]);
  if (earlier.kind === 'kept') await asRoot('mv', [earlier.copy, policyFile]);
}

function asRoot(command: string, args: readonly string[]): Promise<Ran> {
  const environment = ['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l'];
  const full = ['env', ...environment, command, ...args];
  return process.getuid?.() === 0 ? run('env', full.slice(1)) : run('sudo', ['-n', ...full]);
}
