/** The simulation: seeds of whole profiles on two nodes, with every fault, and every invariant after every step. */
import { expect, test } from 'vitest';
import { missing } from './expected.ts';
import { runMany, type Sum } from './many.ts';
import { neverMet } from './meeting.ts';
import { planOf, stepsOfSeed } from './plan.ts';
import { runSeed } from './run.ts';
import { replayCommand, shrink, traceOf } from './shrink.ts';

const seeds = 400;

/** What happened in the first failing seed, as short as it can be made. */
async function storyOf(sum: Sum): Promise<string> {
  const [first] = sum.failed;
  if (first?.violation == null) return '';
  const whole = planOf(first.seed);
  const { plan, outcome } = await shrink(whole, first.violation);
  const said = outcome.violation ?? first.violation;
  return `${said.invariant}: ${said.what}\n${traceOf(plan)}\nreplay: ${replayCommand(plan, whole)} --verbose`;
}

test(
  `every invariant holds in ${seeds} seeds, and they hit every fault, state and await`,
  { timeout: 1_200_000 },
  async () => {
    const sum = await runMany({ from: 1, seeds, failuresMax: 1 });
    expect(await storyOf(sum)).toBe('');
    expect(sum.seeds).toBe(seeds);
    expect(sum.least.steps).toBeGreaterThanOrEqual(Math.min(2_000, stepsOfSeed));
    expect(sum.least.crashes).toBeGreaterThanOrEqual(3);
    console.log(tableOf(sum));
    expect(missing(sum.coverage, sum.seeds)).toEqual([]);
  },
);

/** Faults that fired and awaits at which a process died, with how often. */
function tableOf({ coverage, faults, crashes, steps }: Sum): string {
  const hits = [...coverage.hits].filter(([key]) => key.startsWith('crash ')).map(([key, times]) => `${key} ${times}`);
  const fired = [...faults].map(([name, times]) => `${name} ${times}`);
  return [`${steps} steps, ${crashes} crashes`, fired.join(', '), hits.join(', ')].join('\n');
}

test('a seed is the same whenever it is run', async () => {
  const once = await runSeed(planOf(7), { verbose: true });
  const again = await runSeed(planOf(7), { verbose: true });
  expect(again.trace).toEqual(once.trace);
  expect(again.step).toBe(once.step);
});

test('what cannot be met is a few faults, each with its reason', () => {
  expect([...neverMet.keys()]).toEqual(['limit_refused_507', 'duplicate_uids_accepted']);
});
