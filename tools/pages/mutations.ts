/** docs/mutations.md: every deliberate mistake that the simulation is tried with, and how it noticed it. */
import { mutations } from '../../test/simulation/mutations/list.ts';
import type { Mutation } from '../../test/simulation/mutations/mutation.ts';
import { readResults, type Results } from '../../test/simulation/mutations/results.ts';
import { mark, table, type Page } from './page.ts';

function rowOf({ name, mistake, file }: Mutation, results: Results): readonly string[] {
  const result = results[name];
  const found =
    result === undefined ? ['not run yet', ''] : [result?.invariant ?? 'NOT NOTICED', String(result?.seeds ?? '')];
  return [name, mistake, `\`${file}\``, ...found];
}

/** Throws when there are results of what is no mutation: they would be lost in silence. */
export function mutationsText(list: readonly Mutation[], results: Results): string {
  const unknown = Object.keys(results).filter((name) => list.every((one) => one.name !== name));
  if (unknown.length > 0) throw new Error(`docs/mutations.json tells of what is no mutation: ${unknown.join(', ')}`);
  return [
    '# Mutations',
    '',
    mark,
    '',
    'Deliberate mistakes, made in the real code while it is loaded ([the list](../test/simulation/mutations)), each of',
    'which the [simulation](simulation.md) must notice. The invariant is the one that was violated first, in the last of so',
    'many seeds; an exception does not count. `npm run simulate:mutations -- --write` tries them all and writes what it found.',
    '',
    table(
      ['name', 'the mistake', 'made in', 'noticed by', 'seeds'],
      list.map((one) => rowOf(one, results)),
    ),
    '',
  ].join('\n');
}

export const mutationsPage: Page = {
  path: 'docs/mutations.md',
  render: async () => mutationsText(mutations, await readResults()),
};
