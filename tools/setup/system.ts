/** The programs of other projects that tests and the demo run against: found, else installed, else named as missing. */
import { existsSync } from 'node:fs';
import { aptInstall, aptObstacle, aptUpdate } from './apt.ts';
import { locate } from './locate.ts';
import { installInVirtualEnvironment, isPythonServer } from './virtual-environment.ts';

/** What is looked for, and the Debian packages that bring it. */
const programs = {
  radicale: { programs: ['radicale'], packages: ['radicale'] },
  xandikos: { programs: ['xandikos'], packages: ['xandikos'] },
  // httpd comes with cyrus-caldav; its name alone could be another web server.
  cyrus: {
    programs: ['/usr/lib/cyrus/bin/master', '/usr/lib/cyrus/bin/httpd', 'saslpasswd2'],
    packages: ['cyrus-caldav', 'cyrus-imapd', 'sasl2-bin', 'libsasl2-modules', 'libsasl2-modules-db'],
  },
  nats: { programs: ['nats-server'], packages: ['nats-server'] },
  redis: { programs: ['redis-server'], packages: ['redis-server'] },
  // What stands in for MongoDB, which Debian does not carry: one fetches it, the other runs it.
  java: { programs: ['java', 'mvn'], packages: ['default-jre-headless', 'maven'] },
} as const satisfies Record<string, { readonly programs: readonly string[]; readonly packages: readonly string[] }>;

export type SystemProgram = keyof typeof programs;

export type Readiness = 'present' | 'installed' | { readonly missing: string };

/**
 * Looks for each; installs what is not there, by the system's packages where that needs no password, else (Radicale
 * and Xandikos) by a Python virtual environment. Nothing that fails here is fatal: the reason is in the result. `log`
 * gets one line for each step that takes time.
 */
export async function ensureSystemPackages<P extends SystemProgram>(
  wanted: readonly P[],
  log: (line: string) => void,
): Promise<Record<P, Readiness>> {
  const results = new Map<P, Readiness>();
  for (const name of wanted) if (isPresent(name)) results.set(name, 'present');
  const absent = wanted.filter((name) => !results.has(name));
  if (absent.length > 0) {
    log(`missing here: ${absent.join(', ')}`);
    for (const [name, result] of await installAll(absent, log)) results.set(name, result);
  }
  return Object.fromEntries(results) as Record<P, Readiness>;
}

function isPresent(name: SystemProgram): boolean {
  return programs[name].programs.every((program) =>
    program.startsWith('/') ? existsSync(program) : locate(program) !== null,
  );
}

async function installAll<P extends SystemProgram>(
  absent: readonly P[],
  log: (line: string) => void,
): Promise<Map<P, Readiness>> {
  const results = new Map<P, Readiness>();
  const obstacle = await aptObstacle();
  if (obstacle !== null) log(`no system packages: ${obstacle}`);
  else await updateLists(log);
  for (const name of absent) {
    const reasons = obstacle === null ? await byPackages(name, log) : obstacle;
    const result = reasons === null ? 'installed' : await byPython(name, reasons, log);
    if (typeof result === 'object') log(`${name} stays missing: ${result.missing}`);
    results.set(name, result);
  }
  return results;
}

async function updateLists(log: (line: string) => void): Promise<void> {
  log('apt-get update');
  const updated = await aptUpdate();
  if (!updated.ok) log(`apt-get update failed, trying with the lists that are there: ${updated.tail}`);
}

/** One at a time: a package that cannot be had must not take the others with it. Null when it worked. */
async function byPackages(name: SystemProgram, log: (line: string) => void): Promise<string | null> {
  const { packages } = programs[name];
  log(`apt-get install ${packages.join(' ')}`);
  const installed = await aptInstall(packages);
  if (!installed.ok) return `apt-get install: ${installed.tail}`;
  return isPresent(name) ? null : `apt-get installed ${packages.join(' ')}, but ${name} is not there`;
}

async function byPython(name: SystemProgram, reason: string, log: (line: string) => void): Promise<Readiness> {
  if (!isPythonServer(name)) return { missing: reason };
  log(`python3 -m venv and pip install ${name}`);
  const failure = await installInVirtualEnvironment(name);
  return failure === null ? 'installed' : { missing: `${reason}; ${failure}` };
}
