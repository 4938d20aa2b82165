/** The machine of one resource between cache and provider: ok, owed, held, quarantined. */
import { clamp, delayOf } from '../backoff.ts';
import type { Evidence } from '../resource.ts';
import type { HeldRemoval } from '../sync/checkpoint.ts';
import { machineOf, type Failure, type MachineContext, type MachineNumbers, type Step } from './machine.ts';

/**
 * The states as checkpoints keep them: `owed` is an OwedResource without, `quarantined` one with a
 * `quarantinedUntilMs`; `held` is a HeldRemoval; `ok` leaves no trace.
 */
export type ResourceState =
  /** Nothing is outstanding: the cache shows what is there, or a recorded removal. */
  | { readonly name: 'ok' }
  /** Reported as changed or asked for, not answered yet. `asked` as in OwedResource. */
  | { readonly name: 'owed'; readonly asked: number; readonly sinceMs: number }
  /** Its removal was claimed and waits for a direct request, or for an operator where it is suspicious. */
  | {
      readonly name: 'held';
      readonly reason: HeldRemoval['reason'];
      readonly sinceMs: number;
      readonly checks: number;
      readonly suspicious: boolean;
    }
  /** It fails alone: asked again by probes, while the rest of its calendar goes on. */
  | { readonly name: 'quarantined'; readonly asked: number; readonly sinceMs: number; readonly untilMs: number };

export type ResourceInput =
  /** A delta or a listing says that it is new or different. */
  | { readonly kind: 'reported' }
  /** It arrived, readable: whatever was claimed of it, it is there. */
  | { readonly kind: 'answered' }
  /** It was asked for by name, and the answer does not account for it. */
  | { readonly kind: 'unanswered' }
  /** A failure of this resource alone. Verdicts of a wider scope change nothing here. */
  | { readonly kind: 'failed'; readonly error: Failure }
  /** Its removal is claimed by what is not yet evidence. */
  | { readonly kind: 'nominated'; readonly reason: HeldRemoval['reason'] }
  /** A direct request proved the removal. */
  | { readonly kind: 'verified_gone'; readonly evidence: Evidence }
  /** The direct request failed, so it proved nothing. */
  | { readonly kind: 'unverified' }
  /** The guard or a contradiction makes this removal an operator's matter. */
  | { readonly kind: 'doubted' }
  /** An operator believes the removal. */
  | { readonly kind: 'released'; readonly evidence: Extract<Evidence, { readonly kind: 'operator' }> }
  | { readonly kind: 'probe_due' };

export type ResourceEffect =
  /** Record the removal with this evidence: the only way in which this machine ends a resource. */
  | { readonly kind: 'remove'; readonly evidence: Evidence }
  /** Ask for it alone. */
  | { readonly kind: 'ask_alone' };

export interface ResourceNumbers {
  readonly backoff: Pick<MachineNumbers['backoff'], 'probe'>;
  /** Questions about one resource before it is set aside. */
  readonly askedMax: number;
}

type ResourceStep = Step<ResourceState, ResourceEffect>;
type Context = MachineContext<ResourceNumbers>;
type StateOf<Name extends ResourceState['name']> = Extract<ResourceState, { readonly name: Name }>;
type InputOf<Kind extends ResourceInput['kind']> = Extract<ResourceInput, { readonly kind: Kind }>;

const stay = (state: ResourceState): ResourceStep => ({ state, effects: [] });

const answered = { to: { ok: 'it arrived' }, step: (): ResourceStep => stay({ name: 'ok' }) };
const reported = { to: { owed: 'it is to be fetched' }, step: owe };
const nominated = { to: { held: 'absence and claims only nominate' }, step: hold };
const unanswered = { to: { owed: 'asked again', quarantined: 'asked too often' }, step: countQuestion };

export const resourceMachine = machineOf<ResourceState, ResourceInput, Context, ResourceEffect>('item', 'ok', {
  ok: {
    reported,
    answered,
    unanswered,
    failed: { to: { ok: 'not its own matter', quarantined: 'it cannot succeed as it is' }, step: fail },
    nominated,
  },
  owed: {
    reported: { to: { owed: 'already' }, step: stay },
    answered,
    unanswered,
    failed: { to: { owed: 'not its own matter', quarantined: 'it cannot succeed as it is' }, step: fail },
    nominated,
  },
  held: {
    reported,
    answered,
    nominated: { to: { held: 'the first reason is kept' }, step: stay },
    verified_gone: { to: { ok: 'removed, with evidence' }, step: remove },
    unverified: { to: { held: 'counted' }, step: (state) => stay({ ...state, checks: state.checks + 1 }) },
    doubted: { to: { held: 'for an operator' }, step: (state) => stay({ ...state, suspicious: true }) },
    released: { to: { ok: 'removed, on the word of an operator' }, step: remove },
  },
  quarantined: {
    reported: { to: { owed: 'it changed: it may be well again' }, step: owe },
    answered,
    unanswered: { to: { quarantined: 'already counted' }, step: stay },
    failed: { to: { quarantined: 'already counted' }, step: stay },
    nominated,
    probe_due: { to: { quarantined: 'counts the question before it is asked' }, step: probeIfDue },
  },
});

/** The next state and what to do; throws on an input that the state does not know. */
export const transition = resourceMachine.transition;

function owe(_: ResourceState, __: unknown, context: Context): ResourceStep {
  return stay({ name: 'owed', asked: 0, sinceMs: context.nowMs });
}

function countQuestion(state: StateOf<'ok' | 'owed'>, _: unknown, context: Context): ResourceStep {
  const asked = (state.name === 'owed' ? state.asked : 0) + 1;
  const sinceMs = state.name === 'owed' ? state.sinceMs : context.nowMs;
  if (asked >= context.numbers.askedMax) return stay(setAside(asked, sinceMs, context));
  return stay({ name: 'owed', asked, sinceMs });
}

/** Only a verdict about this one resource sets it aside: an outage must not quarantine what it touched. */
function fail(state: StateOf<'ok' | 'owed'>, { error }: InputOf<'failed'>, context: Context): ResourceStep {
  if (error.verdict !== 'item_permanent') return stay(state);
  const sinceMs = state.name === 'owed' ? state.sinceMs : context.nowMs;
  return stay(setAside(context.numbers.askedMax, sinceMs, context));
}

/** `asked` goes on counting in quarantine, so that the probes space out. */
function setAside(asked: number, sinceMs: number, context: Context): ResourceState {
  const probe = clamp(asked - context.numbers.askedMax + 1, 1, Number.MAX_SAFE_INTEGER);
  const untilMs = context.nowMs + delayOf(context.numbers.backoff.probe, probe, context.random);
  return { name: 'quarantined', asked, sinceMs, untilMs };
}

function probeIfDue(state: StateOf<'quarantined'>, _: unknown, context: Context): ResourceStep {
  if (context.nowMs < state.untilMs) return stay(state);
  return { state: setAside(state.asked + 1, state.sinceMs, context), effects: [{ kind: 'ask_alone' }] };
}

function hold(_: ResourceState, { reason }: InputOf<'nominated'>, context: Context): ResourceStep {
  return stay({ name: 'held', reason, sinceMs: context.nowMs, checks: 0, suspicious: false });
}

function remove(_: ResourceState, { evidence }: InputOf<'verified_gone' | 'released'>): ResourceStep {
  return { state: { name: 'ok' }, effects: [{ kind: 'remove', evidence }] };
}
