/** Shrinking: the fewest actions of a failing seed that still violate the same invariant. */
import { lineOf, planOf, type Plan } from './plan.ts';
import type { Outcome } from './outcome.ts';
import { runSeed } from './run.ts';
import type { Violation } from './watch.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Pick<Outcome, 'violation'>;
  readonly runs: number;
}

export interface ShrinkOptions {
  readonly runsMax?: number;
  readonly run?: (plan: Plan) => Promise<Pick<Outcome, 'violation'>>;
}

/** Leaves out ever smaller parts of the plan, for as long as what is left fails in the same way. */
export async function shrink(
  plan: Plan,
  violation: Violation,
  { runsMax = 150, run = (one) => runSeed(one) }: ShrinkOptions = {},
): Promise<Shrunk> {
  let kept = plan;
  let outcome = await run(kept);
  let runs = 1;
  for (
    let size = Math.ceil(plan.actions.length / 2);
    size >= 1 && runs < runsMax;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < kept.actions.length && runs < runsMax;) {
      const without = { ...kept, actions: kept.actions.toSpliced(from, size) };
      const tried = await run(without);
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

/** The whole plan of a seed, or the part of it that `--only` names; throws when it names what is not there. */
export function chosenPlan(seed: number, only?: string): Plan {
  const whole = planOf(seed);
  if (only === undefined) return whole;
  const words = only === noActions ? [] : only.split(',');
  const unknown = words.filter((word) => !whole.actions.some((one) => String(one.id) === word));
  if (unknown.length > 0)
    throw new Error(`seed ${seed} has no action ${unknown.map((word) => JSON.stringify(word)).join(', ')}`);
  return { ...whole, actions: whole.actions.filter((one) => words.includes(String(one.id))) };
}

/** In place of ids: what a seed does before its first action is enough. */
const noActions = 'none';

/** The command that runs exactly this again. */
export function replayCommand({ seed, actions }: Plan): string {
  const command = `npm run simulate -- --seed ${seed}`;
  if (actions.length === planOf(seed).actions.length) return command;
  return `${command} --only ${actions.map((one) => one.id).join(',') || noActions}`;
}

export const traceOf = ({ actions }: Plan): string => actions.map(lineOf).join('\n');
