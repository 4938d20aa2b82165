/** `npm run simulate:mutations`: shows how many seeds it takes to notice each deliberate mistake. */
import { parseArgs } from 'node:util';
import { runMany } from '../many.ts';
import { mutations } from './list.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '600' },
    from: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});

/** The first failing seed decides; seeds are taken in order, so the number of seeds is how many it took. */
async function caught(name: string): Promise<boolean> {
  const sum = await runMany({
    from: Number(values.from),
    seeds: Number(values.seeds),
    failuresMax: 1,
    execArgv: ['--import', new URL('hooks.ts', import.meta.url).href],
    env: { KALENDS_MUTATION: name },
  });
  const [first] = sum.failed;
  const what = first?.violation;
  const found = what === undefined || what === null ? 'NOT CAUGHT' : `${what.invariant}: ${what.what.slice(0, 90)}`;
  console.log(`${name.padEnd(48)} ${String(sum.seeds).padStart(4)} seeds  ${found}`);
  return first !== undefined;
}

const chosen = mutations.filter((one) => values.only === undefined || one.name.includes(values.only));
let missed = 0;
for (const { name } of chosen) if (!(await caught(name))) missed += 1;
console.log(`${chosen.length - missed} of ${chosen.length} mutations were caught`);
process.exitCode = missed === 0 ? 0 : 1;
