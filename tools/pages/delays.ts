/** docs/delays.md: every delay before a retry, and every other number of config/policies.ts with its reason. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as policies from '../../config/policies.ts';
import { delayOf, type BackoffPolicy } from '../../domain/backoff.ts';
import { mark, table, type Page } from './page.ts';

const source = join(import.meta.dirname, '../../config/policies.ts');

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** `5 min`, `1 min 30 s`: the two largest units that say it. */
export function duration(ms: number): string {
  const first = units.findIndex(([, size]) => ms >= size);
  if (first === -1) return `${Math.round(ms)} ms`;
  let left = ms;
  const parts: string[] = [];
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = size === 1_000 ? Math.round(left / 100) / 10 : Math.floor(left / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    left -= count * size;
  }
  return parts.join(' ');
}

/** Failures in a row until the delay grows no more, each with the least and the most that it waits. */
function delayRows(policy: BackoffPolicy): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let least = 0;
  let most = 0;
  for (let attempt = 1; ; attempt += 1) {
    const shortest = delayOf(policy, attempt, () => 1);
    const longest = delayOf(policy, attempt, () => 0);
    least += shortest;
    most += longest;
    const last = longest >= policy.capMs;
    const name = last ? `${attempt} and all after it` : String(attempt);
    rows.push([name, `${duration(shortest)} to ${duration(longest)}`, `${duration(least)} to ${duration(most)}`]);
    if (last) return rows;
  }
}

const backoffSections = (reasons: ReadonlyMap<string, string>): string[] =>
  Object.entries(policies.backoff).flatMap(([name, policy]) => [
    `### ${name}`,
    '',
    reasons.get(`backoff.${name}`) ?? '',
    '',
    table(['failure in a row', 'wait after it', 'since the first failure'], delayRows(policy)),
    '',
  ]);

function shown(name: string, value: unknown): string {
  if (typeof value !== 'number') return JSON.stringify(value);
  return name.endsWith('Ms') ? duration(value) : String(value);
}

function numberRows(reasons: ReadonlyMap<string, string>): string[][] {
  const rows: string[][] = [];
  for (const [group, numbers] of Object.entries(policies)) {
    if (group === 'backoff') continue;
    for (const [name, value] of Object.entries(numbers)) {
      const key = `${group}.${name}`;
      rows.push([`\`${key}\``, shown(name, value), reasons.get(key) ?? reasons.get(group) ?? '']);
    }
  }
  return rows;
}

const named = /(?:\/\*\*(?<reason>(?:(?!\*\/)[^])*)\*\/\s*)?^(?:export const (?<group>\w+) =| {2}(?<name>\w+):)/gm;

/** The comment before each name of the file, by `group` and by `group.name`. */
export function reasonsIn(text: string): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  let group = '';
  for (const { groups = {} } of text.matchAll(named)) {
    group = groups['group'] ?? group;
    const key = groups['group'] ?? `${group}.${groups['name'] ?? ''}`;
    const reason = (groups['reason'] ?? '').replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
    if (reason !== '') reasons.set(key, reason);
  }
  return reasons;
}

async function render(): Promise<string> {
  const reasons = reasonsIn(await readFile(source, 'utf8'));
  return [
    '# Delays',
    '',
    mark,
    '',
    'One place retries: the profile supervisor for calendar servers, the courier for applications. The delay after',
    'failure number n is `base × 2^(n-1)`, at most the cap, shortened at random by up to the jitter, so that many who',
    'failed together do not return together. A `Retry-After` makes it longer, inside its own bounds. What each verdict',
    'leads to says [errors](errors.md).',
    '',
    '## Growing delays',
    '',
    ...backoffSections(reasons),
    '## All other numbers',
    '',
    table(['number', 'value', 'reason'], numberRows(reasons)),
    '',
  ].join('\n');
}

export const delaysPage: Page = { path: 'docs/delays.md', render };
