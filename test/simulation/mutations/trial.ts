/** One mutation, tried: how many seeds it takes until an invariant notices the mistake. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unreachable } from '../../../domain/errors.ts';
import { runMany, type Failure } from '../many.ts';
import { isInOnePlace, type Mutation } from './mutation.ts';

export type Trial =
  /** `seeds`: up to and with the first that fails; the same however many threads there are. */
  | { readonly kind: 'noticed'; readonly invariant: string; readonly what: string; readonly seeds: number }
  /** `otherwise`: what was wrong in a seed that failed, though no invariant says so; an exception in the mutant, say. */
  | { readonly kind: 'missed'; readonly seeds: number; readonly otherwise: string | null }
  /** The code is not as the list says. */
  | { readonly kind: 'stale' }
  /** The run itself ended. */
  | { readonly kind: 'broken'; readonly why: string };

export interface TrialOptions {
  readonly from: number;
  readonly seeds: number;
  readonly threads?: number;
}

const root = join(import.meta.dirname, '../../..');
const execArgv = ['--import', new URL('hooks.ts', import.meta.url).href];

/** An exception (`end`, `API`) is found by any test that runs the code: what is shown here is that the invariants look. */
const isInvariant = ({ violation }: Failure): boolean => /^I(?:[1-9]|10)$/.test(violation.invariant);

/** Answers whatever happens, so that one mutation cannot end the run of all. */
export async function tryMutation(
  mutation: Mutation,
  { from, ...options }: TrialOptions,
  run: typeof runMany = runMany,
): Promise<Trial> {
  try {
    if (!isInOnePlace(mutation, readFileSync(join(root, mutation.file), 'utf8'))) return { kind: 'stale' };
    const enough = (failed: readonly Failure[]): boolean => failed.some(isInvariant);
    const sum = await run({ ...options, from, enough, execArgv, env: { KALENDS_MUTATION: mutation.name } });
    const first = sum.failed.find(isInvariant);
    if (first !== undefined) return { kind: 'noticed', ...first.violation, seeds: first.seed - from + 1 };
    return { kind: 'missed', seeds: sum.seeds, otherwise: sum.failed[0]?.violation.what ?? null };
  } catch (error) {
    return { kind: 'broken', why: String(error) };
  }
}

/** One line for people. */
export function lineOf({ name }: Mutation, trial: Trial): string {
  const seeds = 'seeds' in trial ? `${String(trial.seeds).padStart(4)} seeds` : ''.padEnd(10);
  return `${name.padEnd(56)} ${seeds}  ${saidOf(trial)}`;
}

function saidOf(trial: Trial): string {
  switch (trial.kind) {
    case 'noticed':
      return `${trial.invariant}: ${trial.what.slice(0, 90)}`;
    case 'missed':
      return `NOT CAUGHT${trial.otherwise === null ? '' : `, though: ${trial.otherwise.slice(0, 90)}`}`;
    case 'stale':
      return 'STALE: its file has changed';
    case 'broken':
      return `BROKEN: ${trial.why.slice(0, 200)}`;
    default:
      return unreachable(trial);
  }
}
