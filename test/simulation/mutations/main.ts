/** `npm run simulate:mutations`: shows how many seeds it takes to notice each deliberate mistake. */
import { parseArgs } from 'node:util';
import { mutationsPage } from '../../../tools/pages/mutations.ts';
import { refresh } from '../../../tools/pages/page.ts';
import { repositoryRoot } from '../../../tools/setup/locate.ts';
import { mutations } from './list.ts';
import { readResults, withTrials, writeResults } from './results.ts';
import { lineOf, tryMutation, type Trial } from './trial.ts';

const usage = `npm run simulate:mutations -- [--seeds N] [--from SEED] [--threads N] [--only TEXT] [--write]

Makes each mistake of test/simulation/mutations/list.ts in turn and runs seeds until an invariant notices it. Fails when one is not noticed, or
when the code that it is about has changed. --only: those with the text in their name. --write: keeps what was found in docs/mutations.json and
docs/mutations.md, beside what is known of the others.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '600' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const startedAt = performance.now();
  const threads = values.threads === undefined ? {} : { threads: Number(values.threads) };
  const options = { from: Number(values.from), seeds: Number(values.seeds), ...threads };
  const trials = new Map<string, Trial>();
  for (const mutation of mutations.filter(({ name }) => name.includes(values.only))) {
    const trial = await tryMutation(mutation, options);
    trials.set(mutation.name, trial);
    console.log(lineOf(mutation, trial));
    // At once: a run that is broken off has shown what it has shown.
    if (values.write) await write(new Map([[mutation.name, trial]]));
  }
  const caught = [...trials.values()].filter(({ kind }) => kind === 'noticed').length;
  console.log(`${Math.round((performance.now() - startedAt) / 1_000)} s`);
  console.log(`${caught} of ${trials.size} mutations were caught`);
  return caught === trials.size && caught > 0 ? 0 : 1;
}

async function write(trials: ReadonlyMap<string, Trial>): Promise<void> {
  await writeResults(withTrials(mutations, await readResults(), trials));
  await refresh(mutationsPage, { root: repositoryRoot, check: false });
}

if (values.help) console.log(usage);
else process.exitCode = await main();
