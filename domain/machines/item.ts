/** The machine of one resource between cache and provider: ok, owed, held, quarantined. */
import { delayOf } from '../backoff.ts';
import type { Evidence } from '../resource.ts';
import { machineOf, type MachineContext, type MachineNumbers, type Step } from './machine.ts';

/** Why a resource is thought to be gone: see `HeldRemoval`. */
export type NominationReason = 'absent' | 'tombstone' | 'direct_404';

/** As checkpoints keep them, in `owed` and `held`; `ok` leaves no trace. */
export type ResourceState =
  /** Nothing is outstanding: the cache shows what is there, or a recorded removal. */
  | { readonly name: 'ok' }
  | {
      /** Reported as changed and not answered yet. */
      readonly name: 'owed';
      /** Questions so far that named it. */
      readonly asked: number;
      /** How many were asked for together when it last got no answer; null before the first question, 1: it is the suspect. */
      readonly among: number | null;
      readonly sinceMs: number;
    }
  /** Its removal was claimed and waits for a direct request. */
  | {
      readonly name: 'held';
      readonly reason: NominationReason;
      readonly sinceMs: number;
      /** Direct requests that proved nothing. */
      readonly checks: number;
      readonly nextCheckAtMs: number;
      /** One of more removals than people are likely to make: if it is there after all, the calendar was not right. */
      readonly suspicious: boolean;
      /** Others that were claimed to be gone with it are proved to be; absent: none was. */
      readonly borneOut?: true;
    }
  /** It fails alone: asked again by probes, while the rest of its calendar goes on. */
  | { readonly name: 'quarantined'; readonly asked: number; readonly sinceMs: number; readonly untilMs: number };

export type ResourceInput =
  /** A delta or a listing says that it is new or different. */
  | { readonly kind: 'reported' }
  /** It arrived: whatever was claimed of it, it is there. */
  | { readonly kind: 'answered' }
  /** It was asked for together with others (`among`, itself included), and the answer does not account for it. */
  | { readonly kind: 'unanswered'; readonly among: number }
  /** It was asked for alone and failed, while its calendar answers. */
  | { readonly kind: 'failed' }
  /** Its removal is claimed by what is not yet evidence enough. */
  | { readonly kind: 'nominated'; readonly reason: NominationReason; readonly suspicious: boolean }
  /** A direct request proved the removal. */
  | { readonly kind: 'verified_gone'; readonly evidence: Evidence }
  /** The direct request failed, so it proved nothing. */
  | { readonly kind: 'unverified' }
  /** Others of the same claim were proved, and none of those asked for is there. */
  | { readonly kind: 'borne_out' }
  /** An operator believes the removal. */
  | { readonly kind: 'released'; readonly evidence: Extract<Evidence, { readonly kind: 'operator' }> }
  /** An operator does not believe the removal. */
  | { readonly kind: 'discarded' }
  | { readonly kind: 'probe_due' };

export type ResourceEffect =
  /** Record the removal with this evidence: the only way in which this machine ends a resource. */
  | { readonly kind: 'remove'; readonly evidence: Evidence }
  /** Ask for it alone. */
  | { readonly kind: 'ask_alone' };

export interface ResourceNumbers {
  readonly backoff: Pick<MachineNumbers['backoff'], 'probe'>;
}

export type ResourceContext = MachineContext<ResourceNumbers>;
type ResourceStep = Step<ResourceState, ResourceEffect>;
type StateOf<Name extends ResourceState['name']> = Extract<ResourceState, { readonly name: Name }>;
type InputOf<Kind extends ResourceInput['kind']> = Extract<ResourceInput, { readonly kind: Kind }>;

const stay = (state: ResourceState): ResourceStep => ({ state, effects: [] });

const answered = { to: { ok: 'it arrived' }, step: (): ResourceStep => stay({ name: 'ok' }) };
const reported = { to: { owed: 'it is to be fetched' }, step: owe };
const nominated = { to: { held: 'absence and claims only nominate' }, step: hold };
const verifiedGone = { to: { ok: 'removed, with evidence' }, step: remove };

export const resourceMachine = machineOf<ResourceState, ResourceInput, ResourceContext, ResourceEffect>('item', 'ok', {
  ok: { reported, answered, nominated },
  owed: {
    reported: { to: { owed: 'it changed again' }, step: owe },
    answered,
    unanswered: { to: { owed: 'asked again, among fewer' }, step: countQuestion },
    failed: { to: { quarantined: 'it fails alone' }, step: setAside },
    nominated,
    verified_gone: verifiedGone,
  },
  held: {
    reported: { to: { owed: 'a sign of life' }, step: owe },
    answered,
    nominated: { to: { held: 'the first reason is kept' }, step: stay },
    verified_gone: verifiedGone,
    unverified: { to: { held: 'counted, and checked again later' }, step: checkLater },
    borne_out: { to: { held: 'the claim is believed, and each of it still verified' }, step: bearOut },
    released: { to: { ok: 'removed, on the word of an operator' }, step: remove },
    discarded: { to: { ok: 'an operator does not believe it' }, step: (): ResourceStep => stay({ name: 'ok' }) },
  },
  quarantined: {
    reported: { to: { owed: 'it changed: it may be well again' }, step: owe },
    answered,
    failed: { to: { quarantined: 'the probe was counted before it was made' }, step: stay },
    nominated,
    verified_gone: verifiedGone,
    probe_due: { to: { quarantined: 'counts the question before it is asked' }, step: probeIfDue },
  },
});

/** The next state and what to do; throws on an input that the state does not know. */
export const transition = resourceMachine.transition;

function owe(_: ResourceState, __: unknown, context: ResourceContext): ResourceStep {
  return stay({ name: 'owed', asked: 0, among: null, sinceMs: context.nowMs });
}

function countQuestion(state: StateOf<'owed'>, { among }: InputOf<'unanswered'>): ResourceStep {
  return stay({ ...state, asked: state.asked + 1, among });
}

/** An outage must not quarantine what it touched: whoever says `failed` has seen the calendar answer. */
function setAside(state: StateOf<'owed'>, _: unknown, context: ResourceContext): ResourceStep {
  const untilMs = context.nowMs + delayOf(context.numbers.backoff.probe, 1, context.random);
  return stay({ name: 'quarantined', asked: 1, sinceMs: state.sinceMs, untilMs });
}

/** Counted and planned before it is asked: a process that dies of the answer finds it counted. */
function probeIfDue(state: StateOf<'quarantined'>, _: unknown, context: ResourceContext): ResourceStep {
  if (context.nowMs < state.untilMs) return stay(state);
  const asked = state.asked + 1;
  const untilMs = context.nowMs + delayOf(context.numbers.backoff.probe, asked, context.random);
  return { state: { ...state, asked, untilMs }, effects: [{ kind: 'ask_alone' }] };
}

function hold(
  _: ResourceState,
  { reason, suspicious }: InputOf<'nominated'>,
  { nowMs }: ResourceContext,
): ResourceStep {
  return stay({ name: 'held', reason, sinceMs: nowMs, checks: 0, nextCheckAtMs: nowMs, suspicious });
}

function checkLater(state: StateOf<'held'>, _: unknown, context: ResourceContext): ResourceStep {
  const checks = state.checks + 1;
  const nextCheckAtMs = context.nowMs + delayOf(context.numbers.backoff.probe, checks, context.random);
  return stay({ ...state, checks, nextCheckAtMs });
}

function bearOut(state: StateOf<'held'>): ResourceStep {
  return stay(state.borneOut ? state : { ...state, borneOut: true });
}

function remove(_: ResourceState, { evidence }: InputOf<'verified_gone' | 'released'>): ResourceStep {
  return { state: { name: 'ok' }, effects: [{ kind: 'remove', evidence }] };
}
