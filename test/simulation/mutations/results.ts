/** What came of the mutations when they were tried last: `docs/mutations.json`, which the page of mutations tells. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mutation } from './mutation.ts';
import type { Trial } from './trial.ts';

export interface Noticed {
  readonly invariant: string;
  readonly seeds: number;
}

/** Name → how it was noticed; null: tried, and not noticed. What is missing was not tried as it is. */
export type Results = Readonly<Record<string, Noticed | null>>;

const path = join(import.meta.dirname, '../../../docs/mutations.json');

export const readResults = async (): Promise<Results> => JSON.parse(await readFile(path, 'utf8')) as Results;

export const writeResults = (results: Results): Promise<void> =>
  writeFile(path, `${JSON.stringify(results, null, 2)}\n`);

/** In the order of the list, without what is in it no more. */
export function withTrials(
  mutations: readonly Mutation[],
  before: Results,
  trials: ReadonlyMap<string, Trial>,
): Results {
  const after: Record<string, Noticed | null> = {};
  for (const { name } of mutations) {
    const trial = trials.get(name);
    const known = before[name];
    if (trial === undefined && known !== undefined) after[name] = known;
    if (trial?.kind === 'noticed') after[name] = { invariant: trial.invariant, seeds: trial.seeds };
    if (trial?.kind === 'missed') after[name] = null;
  }
  return after;
}
