/** What fails is made shorter and can be run again: by hand, from the command that is printed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planOf, type Plan } from './plan.ts';
import { chosenPlan, replayCommand, shrink } from './shrink.ts';

const seed = 231;
const violation = { invariant: 'I4', what: 'the write op_1 is lost' };
const idsOf = ({ actions }: Plan): number[] => actions.map((one) => one.id);

/** Fails as soon as all of these are done; fails otherwise as soon as `other` is left out. */
function planted(needed: readonly number[], other?: number) {
  return (plan: Plan) => {
    const ids = new Set(idsOf(plan));
    if (needed.every((id) => ids.has(id))) return Promise.resolve({ violation });
    const otherwise = other !== undefined && !ids.has(other) ? { invariant: 'I9', what: 'something else' } : null;
    return Promise.resolve({ violation: otherwise });
  };
}

/** The plan that a printed command stands for. */
function planOfCommand(command: string): Plan {
  const [, of, only] = /^npm run simulate -- --seed (\d+)(?: --only (\S+))?$/.exec(command) ?? [];
  return chosenPlan(Number(of), only);
}

describe('shrinking', () => {
  const some = idsOf(planOf(seed)).filter((_, at) => at % 50 === 7);

  test.each([
    ['a few actions', some],
    ['one action', some.slice(0, 1)],
    ['none', []],
  ])('ends with what is needed, and the command that is printed does it again: %s', async (_, needed) => {
    const run = planted(needed, 0);
    const { plan, outcome, runs } = await shrink(planOf(seed), violation, { run });
    expect(idsOf(plan)).toEqual(needed);
    expect(outcome).toEqual({ violation });
    expect(runs).toBeLessThan(150);
    const again = planOfCommand(replayCommand(plan));
    expect(again).toEqual(plan);
    expect(await run(again)).toEqual({ violation });
  });

  test('ends after so many runs, with what still fails', async () => {
    const run = planted(some.slice(0, 1));
    const { plan, runs } = await shrink(planOf(seed), violation, { run, runsMax: 5 });
    expect(runs).toBe(5);
    expect(plan.actions.length).toBeLessThan(planOf(seed).actions.length);
    expect(await run(plan)).toEqual({ violation });
  });
});

test('a whole plan is named by its seed alone', () => {
  expect(replayCommand(planOf(seed))).toBe(`npm run simulate -- --seed ${seed}`);
  expect(planOfCommand(replayCommand(planOf(seed)))).toEqual(planOf(seed));
});

test.each(['', '3,', '9999', '1.0', 'x'])('what is no action of the seed is refused: %j', (only) => {
  expect(() => chosenPlan(seed, only)).toThrow(`seed ${seed} has no action`);
});

const hooks = join(import.meta.dirname, 'mutations/hooks.ts');
const mistake = { KALENDS_MUTATION: 'project a removal without its evidence' };

function simulate(...words: readonly string[]) {
  const line = ['--import', hooks, join(import.meta.dirname, 'main.ts'), ...words];
  return spawnSync(process.execPath, line, { encoding: 'utf8', env: { ...process.env, ...mistake } });
}

test(
  'among many, a seed that fails is told before the run is over, with the command that replays it',
  {
    timeout: 60_000,
  },
  () => {
    const { status, stdout, stderr } = simulate('--seeds', '1', '--lenient');
    expect(status).toBe(1);
    const lines = stderr.split(/[\r\n]+/).filter((line) => line !== '');
    expect(lines).toEqual([
      expect.stringMatching(/^seed 1 violates I9 at step \d+: /),
      '  replay: npm run simulate -- --seed 1',
      '1 of 1 seeds, 1 failed ',
    ]);
    expect(stdout).toContain('failed            1\n');
    expect(stdout).toMatch(/\n\d+ of \d+ actions are enough/);
  },
);

test('a mistake in the code is shown by its seed, shrunk, and shown again by the command', { timeout: 60_000 }, () => {
  const { status, stdout } = simulate('--seed', '1');
  expect(status).toBe(1);
  const [, left = '', whole = ''] = /\n(\d+) of (\d+) actions are enough/.exec(stdout) ?? [];
  expect(Number(left)).toBeLessThan(Number(whole) / 2);
  const [, only = ''] = /\nreplay: npm run simulate -- --seed 1 --only (\S+) --verbose/.exec(stdout) ?? [];
  const again = simulate('--seed', '1', '--only', only);
  expect(again.status).toBe(1);
  expect(again.stdout).toContain('seed 1 violates I9 at');
});
