/** `npm run simulate`: seeds beyond those of `npm test`, and the replay of one. */
import { parseArgs } from 'node:util';
import { missing, tablesOf } from './expected.ts';
import { runMany, type Sum } from './many.ts';
import { planOf } from './plan.ts';
import { runSeed } from './run.ts';
import { replayCommand, shrink, traceOf, withOnly } from './shrink.ts';

const usage = `npm run simulate -- [--seeds N] [--from SEED] [--threads N] [--json] [--lenient]
npm run simulate -- --seed SEED [--only ID,ID…] [--verbose]

Runs whole profiles on two nodes against a model calendar server that errs, and asserts every invariant after every step. Fails as well when
something was never hit that so many seeds are to hit, unless it is lenient: a few seeds cannot hit everything.
The second form replays one seed, or some actions of it, and shrinks what fails.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    lenient: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else process.exitCode = values.seed === undefined ? await many() : await one(Number(values.seed));

async function many(): Promise<number> {
  const seeds = Number(values.seeds);
  const from = Number(values.from);
  const threads = values.threads === undefined ? {} : { threads: Number(values.threads) };
  const every = Math.max(1, Math.floor(seeds / 100));
  const progress = (done: number, failed: number): void => {
    if (done % every === 0 || done === seeds) process.stderr.write(`\r${done} of ${seeds} seeds, ${failed} failed `);
  };
  const sum = await runMany({ from, seeds, progress, ...threads });
  process.stderr.write('\n');
  if (values.json) console.log(JSON.stringify(summaryOf(sum)));
  else console.log(linesOf(sum).join('\n'));
  if (!values.json) for (const { seed } of sum.failed) await one(seed);
  const covered = values.lenient || missing(sum.coverage, sum.seeds).length === 0;
  return sum.failed.length === 0 && covered ? 0 : 1;
}

async function one(seed: number): Promise<number> {
  const whole = planOf(seed);
  const plan = values.only === undefined ? whole : withOnly(whole, values.only.split(',').map(Number));
  const outcome = await runSeed(plan, { verbose: values.verbose });
  if (values.verbose) console.log(outcome.trace.join('\n'));
  if (outcome.violation === null) {
    console.log(`seed ${seed}: every invariant held over ${outcome.step} steps`);
    return 0;
  }
  console.log(
    `\nseed ${seed} violates ${outcome.violation.invariant} at step ${outcome.step}: ${outcome.violation.what}`,
  );
  const shrunk = await shrink(plan, outcome.violation);
  console.log(`${shrunk.plan.actions.length} of ${plan.actions.length} actions are enough (${shrunk.runs} runs):`);
  console.log(traceOf(shrunk.plan));
  console.log(`${shrunk.outcome.violation?.what ?? ''}\nreplay: ${replayCommand(shrunk.plan, whole)} --verbose`);
  return 1;
}

function summaryOf(sum: Sum) {
  const { seeds, steps, crashes, accepted, notifications, counts } = sum;
  const faults = Object.fromEntries([...sum.faults].toSorted(([, a], [, b]) => b - a));
  const days = Math.round(sum.simulatedMs / 86_400_000);
  const failed = sum.failed.map(({ seed }) => seed);
  const seconds = Math.round(sum.tookMs / 1_000);
  return { seeds, failed, steps, days, seconds, crashes, accepted, notifications, ...counts, faults };
}

function linesOf(sum: Sum): string[] {
  const { faults, failed, ...numbers } = summaryOf(sum);
  const total = Object.values(faults).reduce((all, times) => all + times, 0);
  const unhit = missing(sum.coverage, sum.seeds);
  return [
    ...Object.entries({ ...numbers, failed: failed.length, 'faults injected': total }).map(
      ([name, value]) => `${name.padEnd(18)}${value.toLocaleString('en')}`,
    ),
    ...Object.entries(faults).map(([name, times]) => `  ${name.padEnd(28)}${times.toLocaleString('en').padStart(9)}`),
    ...(failed.length === 0 ? [] : [`failed seeds      ${failed.join(', ')}`]),
    tablesOf(sum.coverage),
    unhit.length === 0 ? 'coverage          complete' : `coverage          never hit: ${unhit.join('; ')}`,
  ];
}
