/** `npm run simulate`: seeds beyond those of `npm test`. */
import { planOf } from './plan.ts';
import { runSeed } from './run.ts';

const from = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1);
const started = performance.now();
for (let seed = from; seed < from + count; seed += 1) {
  const outcome = await runSeed(planOf(seed), { verbose: count === 1 });
  const { violation, step, simulatedMs, counts } = outcome;
  console.log(
    seed,
    step,
    `${Math.round(simulatedMs / 60_000)} min`,
    JSON.stringify(counts),
    outcome.crashes,
    outcome.notifications,
    outcome.accepted,
    [...outcome.faults.values()].reduce((a, b) => a + b, 0),
    violation === null ? 'ok' : `${violation.invariant}: ${violation.what}`,
  );
  if (violation !== null && count === 1)
    console.log(outcome.trace.join('\n'), outcome.effects.map((one) => JSON.stringify(one)).join('\n'));
}
console.log(`${Math.round(performance.now() - started)} ms`);
