/** The operator of the demo: `kalends …` in processes of their own, which ask the running service through its socket. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Narrator } from './narrator.ts';

const program = fileURLToPath(new URL('../kalends.js', import.meta.url));

interface Spoken {
  /** What is given on standard input, and not shown. */
  readonly input?: string;
  /** Words of the answer that are shown by their first letters alone. */
  readonly secrets?: readonly string[];
}

/** Runs a command to its end and shows it; answers what it printed, or throws what it complained of. */
export type CommandLine = (args: readonly string[], spoken?: Spoken) => Promise<string>;

export function createCommandLine(settings: Readonly<Record<string, string>>, narrator: Narrator): CommandLine {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('KALENDS_') && name !== 'SERVICES');
  const env = { ...Object.fromEntries(own), ...settings };
  return (args, { input = '', secrets = [] } = {}) =>
    narrator.exchange(
      `kalends ${args.join(' ')}`,
      async () => {
        const child = spawn(process.execPath, [program, ...args], { env });
        const ended = new Promise<number | null>((resolve, reject) => {
          child.once('error', reject);
          child.once('close', resolve);
        });
        child.stdin.end(input);
        const [answer, complaint, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
        if (status !== 0) throw new Error(`kalends ${args.join(' ')} ended with ${status}: ${complaint}${answer}`);
        return answer;
      },
      (answer) => masked(answer, secrets),
    );
}

function masked(answer: string, names: readonly string[]): string {
  return names.reduce((shown, name) => shown.replaceAll(new RegExp(`("${name}":"[^"]{4})[^"]*`, 'g'), '$1…'), answer);
}
