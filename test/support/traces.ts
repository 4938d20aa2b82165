/**
 * What tests leave behind for the end of the run: the secrets that they used and the logs of all that they started.
 * Every test process writes files of its own into one folder; the end of the run looks for each secret in every log.
 */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretsOf } from '../../providers/redact.ts';

/** Where the folder is; set by the run, inherited by its processes. Without it nothing is kept. */
export const tracesVariable = 'TEST_TRACES';

/** Set by who runs everything: then there must be secrets and logs. */
export const wholeRunVariable = 'TEST_TRACES_WHOLE_RUN';

/** Shorter texts stand in every log by chance. */
const secretCharactersMin = 8;

const seen = new Set<string>();

const folder = (): string => process.env[tracesVariable] ?? '';

/** False outside a run of the suite, e.g. in a bench that is run to be measured. */
export const keepsTraces = (): boolean => folder() !== '';

function keep(kind: 'secrets' | 'log', text: string): void {
  if (keepsTraces()) appendFileSync(join(folder(), `${kind}-${process.pid}`), text);
}

/** From now on no log may hold it, in none of the clothes in which `redact` knows it. Throws when it is too short. */
export function useSecret(secret: string, username = ''): void {
  if (secret.length < secretCharactersMin)
    throw new Error(
      `a secret of a test has at least ${secretCharactersMin} characters, or nobody can look for it in logs`,
    );
  for (const form of secretsOf(username, secret)) {
    if (form.length < secretCharactersMin || seen.has(form)) continue;
    seen.add(form);
    keep('secrets', `${JSON.stringify(form)}\n`);
  }
}

/** Names under which answers of operators' actions carry what is shown once. */
const secretNames: ReadonlySet<string> = new Set(['access_token', 'client_secret']);

/** Every token and client secret in an answer is a secret in use. */
export function useSecretsIn(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null) return;
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value === 'string' && secretNames.has(name)) useSecret(value);
    else useSecretsIn(value);
  }
}

/** A line of `id:key` for each sealing key, as settings and key files have them. */
export function useKeys(ring: string): void {
  for (const [, key = ''] of ring.matchAll(/[\w.-]+:([A-Za-z0-9+/]{43}=)/g)) useSecret(key);
}

/** Of a process: all that it wrote to its log. */
export const keepLog = (text: string): void => keep('log', `${text}\n`);

/** For a node in this process, in place of its standard error. */
export const logSink = { write: (line: string): void => keep('log', line) };

export interface Leak {
  /** Enough to see where it came from, without the secret. */
  readonly line: string;
}

/** Every line of every log in the folder that holds any secret of any process. */
export function leaksIn(traces: string): {
  readonly leaks: readonly Leak[];
  readonly secrets: number;
  readonly logBytes: number;
} {
  const files = (kind: string): string[] => readdirSync(traces).filter((name) => name.startsWith(`${kind}-`));
  const linesOf = (kind: string): string[] =>
    files(kind).flatMap((name) =>
      readFileSync(join(traces, name), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    );
  const secrets = new Set(linesOf('secrets').map((line) => JSON.parse(line) as string));
  const leaks: Leak[] = [];
  let logBytes = 0;
  for (const name of files('log')) {
    const text = readFileSync(join(traces, name), 'utf8');
    logBytes += text.length;
    for (const secret of secrets) {
      const at = text.indexOf(secret);
      if (at !== -1) leaks.push({ line: around(text, at, secret) });
    }
  }
  return { leaks, secrets: secrets.size, logBytes };
}

function around(text: string, at: number, secret: string): string {
  const from = Math.max(text.lastIndexOf('\n', at) + 1, at - 300);
  const [line = ''] = text.slice(from, at + secret.length + 200).split('\n');
  return line.replaceAll(secret, `[${secret.slice(0, 3)}…]`);
}
