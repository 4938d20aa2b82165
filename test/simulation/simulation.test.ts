/** The simulation: seeds of whole profiles on two nodes, with every fault, and every invariant after every step. */
import { expect, test } from 'vitest';
import { lacking, machineStates, missing, tablesOf } from './expected.ts';
import { runMany, type Sum } from './many.ts';
import { askingStates, neverMet, silentStates } from './meeting.ts';
import { planOf } from './plan.ts';
import { runSeed } from './run.ts';
import { replayCommand, shrink, traceOf } from './shrink.ts';

const seeds = 300;

/** What happened in the first failing seed, as short as it can be made. */
async function storyOf(sum: Sum): Promise<string> {
  const [first] = sum.failed;
  if (first === undefined) return '';
  const { plan, outcome } = await shrink(planOf(first.seed), first.violation);
  const said = outcome.violation ?? first.violation;
  return `${said.invariant}: ${said.what}\n${traceOf(plan)}\nreplay: ${replayCommand(plan)} --verbose`;
}

test(
  `every invariant holds in ${seeds} seeds, and they hit every fault, state and await`,
  { timeout: 1_200_000 },
  async () => {
    const sum = await runMany({ from: 1, seeds, enough: (failed) => failed.length > 0 });
    expect(await storyOf(sum)).toBe('');
    expect(sum.seeds).toBe(seeds);
    console.log(`${sum.steps} steps, ${sum.crashes} crashes\n${tablesOf(sum.coverage)}`);
    expect(lacking(sum.least)).toEqual([]);
    expect(missing(sum.coverage, sum.seeds)).toEqual([]);
  },
);

test('a seed is the same whenever it is run', async () => {
  const once = await runSeed(planOf(7), { verbose: true });
  const again = await runSeed(planOf(7), { verbose: true });
  expect(again.trace).toEqual(once.trace);
  expect(again.step).toBe(once.step);
});

test('what cannot be met is a few faults, each with its reason', () => {
  expect([...neverMet.keys()]).toEqual([
    'limit_refused_507',
    'allprop_500',
    'query_without_component_400',
    'principal_wrong_500',
    'put_uid_elsewhere_409',
    'uid_aliased_changes',
    'uid_aliased_moves',
    'put_drops_alarms',
    'put_without_end_403',
    'delete_third_403',
    'mkcalendar_405',
    'duplicate_uids_accepted',
  ]);
});

test('every state of the machines is one in which somebody is asked, or one in which nobody is', () => {
  expect([...askingStates, ...silentStates].toSorted()).toEqual(machineStates.toSorted());
});
