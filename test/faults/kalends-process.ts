/** The command line as users run it: `node tools/kalends.js …` in processes of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { quickSettings } from '../support/node-under-test.ts';
import { keepLog, useSecret } from '../support/traces.ts';

const pathOf = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const program = pathOf('tools/kalends.js');

/** The way of those whose own Node is too old: a process that starts the right one. */
export const throughAnotherNode = [pathOf('tools/run.js'), 'tools/cli/main.ts', 'start'];

export type Settings = Readonly<Record<string, string>>;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of the process: the tests' quick settings, and none of whoever runs the tests. */
function environmentOf(dataDir: string, settings: Settings): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('KALENDS_'));
  return { ...Object.fromEntries(own), ...quickSettings, KALENDS_DATA_DIR: dataDir, ...settings };
}

/** Runs a command to its end. */
export function kalends(
  dataDir: string,
  args: readonly string[],
  more: { readonly settings?: Settings; readonly input?: string } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...args], { env: environmentOf(dataDir, more.settings ?? {}) });
  child.stdin.end(more.input ?? '');
  // What is handed over on standard input is a password, but for the console's.
  if (more.input !== undefined && args[0] !== 'repl') useSecret(more.input.trim());
  return outcomeOf(child);
}

export interface RunningKalends {
  readonly url: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<Outcome>;
}

/** `kalends start`; resolves when it says that it has started, rejects with its complaints when it ends before. */
export async function startKalends(
  dataDir: string,
  settings: Settings = {},
  command: readonly string[] = [program, 'start'],
): Promise<RunningKalends> {
  const child = spawn(process.execPath, command, {
    env: environmentOf(dataDir, settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = outcomeOf(child);
  const started = new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const first = await Promise.race([started, ended]);
  if (typeof first !== 'string') throw new Error(`it did not start: ${JSON.stringify(first)}`);
  const { url, pid } = JSON.parse(first) as { url: string; pid: number };
  return { url, pid, ended, signal: (signal) => void child.kill(signal) };
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) =>
    child.once('close', (status) => {
      keepLog(stderr);
      resolve({ status, stdout, stderr });
    }),
  );
}
