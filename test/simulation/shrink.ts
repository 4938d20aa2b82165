/** Shrinking: the fewest actions of a failing seed that still violate the same invariant. */
import { lineOf, type Plan } from './plan.ts';
import type { Outcome } from './outcome.ts';
import { runSeed } from './run.ts';
import type { Violation } from './watch.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly runs: number;
}

/** Leaves out ever smaller parts of the plan, for as long as what is left fails in the same way; at most `runsMax` runs. */
export async function shrink(plan: Plan, violation: Violation, runsMax = 150): Promise<Shrunk> {
  let kept = plan;
  let outcome = await runSeed(kept);
  let runs = 1;
  for (
    let size = Math.ceil(plan.actions.length / 2);
    size >= 1 && runs < runsMax;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < kept.actions.length && runs < runsMax;) {
      const without = { ...kept, actions: kept.actions.toSpliced(from, size) };
      const tried = await runSeed(without);
      runs += 1;
      if (tried.violation !== null && kindOf(tried.violation) === kindOf(violation)) {
        kept = without;
        outcome = tried;
      } else from += size;
    }
  }
  return { plan: kept, outcome, runs };
}

/** Names and numbers aside, what is wrong. */
const kindOf = ({ invariant, what }: Violation): string =>
  `${invariant} ${what.replaceAll(/\S*\d\S*|[{[].*/g, '').slice(0, 40)}`;

/** Keeps only these actions of a plan. */
export const withOnly = (plan: Plan, ids: readonly number[]): Plan => ({
  ...plan,
  actions: plan.actions.filter((one) => ids.includes(one.id)),
});

/** The command that runs exactly this again. */
export function replayCommand(plan: Plan, whole: Plan): string {
  const command = `npm run simulate -- --seed ${plan.seed}`;
  if (plan.actions.length === whole.actions.length) return command;
  return `${command} --only ${plan.actions.map((one) => one.id).join(',')}`;
}

export const traceOf = ({ actions }: Plan): string => actions.map(lineOf).join('\n');
