/** `npm run simulate`: seeds beyond those of `npm test`, and the replay of one. */
import { parseArgs } from 'node:util';
import { lacking, missing, tablesOf } from './expected.ts';
import { runMany, type Failure, type Sum } from './many.ts';
import { planOf } from './plan.ts';
import { runSeed } from './run.ts';
import { chosenPlan, replayCommand, shrink, traceOf } from './shrink.ts';

const usage = `npm run simulate -- [--seeds N] [--from SEED] [--threads N] [--failures N] [--json] [--lenient]
npm run simulate -- --seed SEED [--only ID,ID…|none] [--verbose]

Runs whole profiles on two nodes against a model calendar server that errs, and asserts every invariant after every step. Fails as well when
something was never hit that so many seeds are to hit, unless it is lenient: a few seeds cannot hit everything. A seed that fails is told at
once; the first of them is shrunk at the end. Ends early after 5 that failed, or as many as --failures says.
The second form replays one seed, or some actions of it, and shrinks what fails.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string' },
    failures: { type: 'string', default: '5' },
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
  const fails = (failure: Failure): void => void process.stderr.write(`\n${lineOfFailure(failure)}\n`);
  const enough = (failed: readonly Failure[]): boolean => failed.length >= Number(values.failures);
  const sum = await runMany({ from, seeds, progress, fails, enough, ...threads });
  process.stderr.write('\n');
  if (values.json) console.log(JSON.stringify(summaryOf(sum)));
  else console.log(linesOf(sum).join('\n'));
  const [first] = sum.failed;
  if (!values.json && first !== undefined) await one(first.seed);
  const covered = values.lenient || missing(sum.coverage, sum.seeds).length === 0;
  return sum.failed.length === 0 && covered && lacking(sum.least).length === 0 ? 0 : 1;
}

async function one(seed: number): Promise<number> {
  const plan = chosenPlan(seed, values.only);
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
  console.log(`${shrunk.outcome.violation?.what ?? ''}\nreplay: ${replayCommand(shrunk.plan)} --verbose`);
  return 1;
}

/** All that is needed to see it again. */
function lineOfFailure({ seed, step, violation: { invariant, what } }: Failure): string {
  return `seed ${seed} violates ${invariant} at step ${step}: ${what.slice(0, 300)}\n  replay: ${replayCommand(planOf(seed))}`;
}

function summaryOf(sum: Sum) {
  const { seeds, steps, crashes, accepted, notifications, counts } = sum;
  const faults = Object.fromEntries([...sum.faults].toSorted(([, a], [, b]) => b - a));
  const days = Math.round(sum.simulatedMs / 86_400_000);
  const failed = sum.failed.map(({ seed }) => seed);
  const seconds = Math.round(sum.tookMs / 1_000);
  return { seeds, failed, steps, days, seconds, crashes, accepted, notifications, ...counts, faults, least: sum.least };
}

function linesOf(sum: Sum): string[] {
  const { faults, failed, least, ...numbers } = summaryOf(sum);
  const total = Object.values(faults).reduce((all, times) => all + times, 0);
  const unhit = missing(sum.coverage, sum.seeds);
  return [
    ...Object.entries({ ...numbers, failed: failed.length, 'faults injected': total }).map(
      ([name, value]) => `${name.padEnd(18)}${value.toLocaleString('en')}`,
    ),
    ...Object.entries(faults).map(([name, times]) => `  ${name.padEnd(28)}${times.toLocaleString('en').padStart(9)}`),
    ...(failed.length === 0 ? [] : [`failed seeds      ${failed.join(', ')}`, ...sum.failed.map(lineOfFailure)]),
    tablesOf(sum.coverage),
    `each seed at least ${Object.entries(least)
      .map(([name, had]) => `${name} ${Math.floor(had).toLocaleString('en')}`)
      .join(', ')}`,
    ...lacking(sum.least),
    unhit.length === 0 ? 'coverage          complete' : `coverage          never hit: ${unhit.join('; ')}`,
  ];
}
