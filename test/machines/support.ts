/** What the tests of the machines share: failures by code, a context with the product's own numbers, a walk over all states. */
import { backoff, quarantine, retryAfter } from '../../config/policies.ts';
import { verdicts, type ErrorCode } from '../../domain/errors.ts';
import type { Arrow, Failure, Machine, MachineContext } from '../../domain/machines/machine.ts';

export const numbers = { backoff, quarantine, retryAfter };
export const t0 = 1_800_000_000_000;
export const minute = 60_000;
export const hour = 60 * minute;

/** `random` 0: every delay is the longest of its policy. */
export const at = (nowMs: number): MachineContext => ({ nowMs, random: () => 0, numbers });

export const failure = (code: ErrorCode, retryAtMs: number | null = null): Failure => ({
  code,
  verdict: verdicts[code],
  retryAtMs,
  evidence: { status: 599 },
});

/** The arrows that `steps` (state and input pairs, tried in order) went along. */
export function arrowsWalked<
  State extends { readonly name: string },
  Input extends { readonly kind: string },
  Context,
  Effect,
>(
  machine: Machine<State, Input, Context, Effect>,
  states: readonly State[],
  inputs: readonly Input[],
  contexts: readonly Context[],
): { readonly walked: readonly string[]; readonly illegal: readonly string[] } {
  const walked = new Set<string>();
  const illegal = new Set<string>();
  for (const state of states) {
    for (const input of inputs) {
      for (const context of contexts) {
        try {
          const step = machine.transition(state, input, context);
          walked.add(keyOf({ from: state.name, input: input.kind, to: step.state.name }));
        } catch {
          illegal.add(`${state.name} ${input.kind}`);
        }
      }
    }
  }
  return { walked: [...walked].sort(), illegal: [...illegal].sort() };
}

export const keyOf = ({ from, input, to }: Omit<Arrow, 'when'>): string => `${from} ${input} ${to}`;
