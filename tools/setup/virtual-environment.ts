/** Radicale and Xandikos where there are no system packages: a Python virtual environment inside `.cache`. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { locate, virtualEnvironment } from './locate.ts';
import { run } from './run.ts';

/** The versions that the facts were measured with, and what they need that their own metadata does not say. */
const packages = {
  // It imports pkg_resources, which newer setuptools no longer bring.
  radicale: ['radicale==3.1.8', 'setuptools<81'],
  // It imports a name that icalendar 5 dropped, and takes apart what dulwich 0.21 made whole.
  xandikos: ['xandikos==0.2.8', 'icalendar<5', 'dulwich<0.21', 'setuptools<81'],
} as const;

export type PythonServer = keyof typeof packages;

export function isPythonServer(name: string): name is PythonServer {
  return name in packages;
}

/** Null when it is there now, else why not. */
export async function installInVirtualEnvironment(name: PythonServer): Promise<string | null> {
  const made = await makeEnvironment();
  if (made !== null) return made;
  const python = join(virtualEnvironment(), 'bin', 'python');
  const quietly = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const installed = await run(python, [...quietly, ...packages[name]]);
  if (!installed.ok) return `pip install ${packages[name].join(' ')}: ${installed.tail}`;
  const program = join(virtualEnvironment(), 'bin', name);
  const works = await run(program, ['--version']);
  if (works.ok) return null;
  // Or the next who looks for it takes it for one that is present.
  rmSync(program, { force: true });
  return `${name} was installed but does not run: ${works.tail}`;
}

async function makeEnvironment(): Promise<string | null> {
  if (locate('python3') === null) return 'there is no python3';
  const existing = await run(join(virtualEnvironment(), 'bin', 'python'), ['-m', 'pip', '--version']);
  if (existing.ok) return null;
  mkdirSync(dirname(virtualEnvironment()), { recursive: true });
  const made = await run('python3', ['-m', 'venv', '--clear', virtualEnvironment()]);
  return made.ok ? null : `python3 -m venv: ${made.tail}`;
}
