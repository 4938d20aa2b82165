/** The frame of every state machine: its table of rules is the machine, its documentation and its diagram at once. */
import type { BackoffPolicy } from '../backoff.ts';
import type { Random } from '../clock.ts';
import type { ErrorCode, FailureEvidence, Verdict } from '../errors.ts';

/** What the machines need to know of a failure; a `KalendsError` is one. */
export interface Failure {
  readonly code: ErrorCode;
  readonly verdict: Verdict;
  /** Not before this time, in epoch milliseconds, as the server asked. */
  readonly retryAtMs: number | null;
  readonly evidence: FailureEvidence | null;
}

/** The numbers that decide; their values and reasons are in `config/policies.ts`. */
export interface MachineNumbers {
  readonly backoff: {
    readonly transient: BackoffPolicy;
    readonly rateLimited: BackoffPolicy;
    readonly probe: BackoffPolicy;
    readonly unsealed: BackoffPolicy;
  };
  readonly retryAfter: { readonly minMs: number; readonly maxMs: number };
  readonly quarantine: {
    readonly afterAttempts: number;
    readonly relinkAfterRefusals: number;
    readonly relinkAfterMs: number;
    readonly relinkWithOthersAfterMs: number;
    readonly noticeAfterMs: number;
  };
}

export interface MachineContext<Numbers = MachineNumbers> {
  readonly nowMs: number;
  readonly random: Random;
  readonly numbers: Numbers;
}

export interface Step<State, Effect> {
  readonly state: State;
  /** To be carried out in this order. */
  readonly effects: readonly Effect[];
}

interface Rule<State extends { readonly name: string }, From, Input, Context, Effect> {
  /** Every state that this rule may lead to, each with its condition in a few words. */
  readonly to: { readonly [Name in State['name']]?: string };
  readonly step: (state: From, input: Input, context: Context) => Step<State, Effect>;
}

/** State × input → rule; a pair without a rule is illegal. */
export type Table<State extends { readonly name: string }, Input extends { readonly kind: string }, Context, Effect> = {
  readonly [Name in State['name']]: {
    readonly [Kind in Input['kind']]?: Rule<
      State,
      Extract<State, { readonly name: Name }>,
      Extract<Input, { readonly kind: Kind }>,
      Context,
      Effect
    >;
  };
};

/** One arrow of the diagram. */
export interface Arrow {
  readonly from: string;
  readonly input: string;
  readonly to: string;
  readonly when: string;
}

export interface Machine<State, Input, Context, Effect> {
  readonly name: string;
  readonly start: string;
  readonly states: readonly string[];
  readonly arrows: readonly Arrow[];
  /** Pure. Throws an Error that names state and input when the table has no rule for them. */
  readonly transition: (state: State, input: Input, context: Context) => Step<State, Effect>;
}

/** Makes the machine that `table` describes. `start` is the state that a new subject begins in. */
export function machineOf<
  State extends { readonly name: string },
  Input extends { readonly kind: string },
  Context,
  Effect,
>(
  name: string,
  start: State['name'],
  table: Table<State, Input, Context, Effect>,
): Machine<State, Input, Context, Effect> {
  type Row = { readonly [kind: string]: Rule<State, State, Input, Context, Effect> | undefined };
  const rows = table as unknown as { readonly [name: string]: Row | undefined };
  return {
    name,
    start,
    states: Object.keys(rows),
    arrows: Object.entries(rows).flatMap(([from, row]) => arrowsFrom(from, row ?? {})),
    transition(state, input, context) {
      const rule = rows[state.name]?.[input.kind];
      if (rule === undefined) {
        throw new Error(`the ${name} machine has no rule for the input ${input.kind} in the state ${state.name}`);
      }
      const step = rule.step(state, input, context);
      // Without this a rule could lead where the diagram does not.
      if (!Object.hasOwn(rule.to, step.state.name)) {
        throw new Error(
          `the ${name} machine went from ${state.name} by ${input.kind} to ${step.state.name}, off its table`,
        );
      }
      return step;
    },
  };
}

function arrowsFrom(from: string, row: { readonly [kind: string]: { readonly to: object } | undefined }): Arrow[] {
  return Object.entries(row).flatMap(([input, rule]) =>
    Object.entries(rule?.to ?? {}).map(([to, when]) => ({ from, input, to, when: String(when) })),
  );
}
