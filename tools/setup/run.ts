/** Runs a program to its end and says in one value whether it worked and what it printed last. */
import { spawn } from 'node:child_process';

export interface Ran {
  readonly ok: boolean;
  /** The last lines of what it printed, for a reason that a person can use. */
  readonly tail: string;
}

/** Never rejects: a program that cannot be started has not worked. Time-out in milliseconds, default ten minutes. */
export function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  timeoutMs = 600_000,
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    let printed = '';
    const keep = (chunk: Buffer): void => {
      printed = (printed + chunk.toString()).slice(-8_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => resolve({ ok: false, tail: error.message }));
    child.once('close', (code, signal) =>
      resolve({ ok: code === 0, tail: lastLines(printed) || `ended with ${code ?? signal}` }),
    );
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' / ').slice(-600);
}
