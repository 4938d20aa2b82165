/** The steps of the profile machine that no failure causes: recovery, consent, the tries that fall due, the end. */
import { verdicts } from '../errors.ts';
import type { NoticeType } from '../notice.ts';
import { policyOf, probePolicyOf, tryAgainAt } from './delays.ts';
import type { MachineContext } from './machine.ts';
import type { ProfileEffect, ProfileState, ProfileStep } from './profile-states.ts';

export type StateOf<Name extends ProfileState['name']> = Extract<ProfileState, { readonly name: Name }>;

export const stay = (state: ProfileState): ProfileStep => ({ state, effects: [] });

/** True until the initial sync has been completed, across every detour. */
export function initialOf(state: ProfileState): boolean {
  return state.name === 'live' ? false : (state.initial ?? true);
}

export const noticeOf = (notice: NoticeType, detail: string): ProfileEffect => ({ kind: 'notice', notice, detail });
export const wakeOf = (atMs: number): ProfileEffect => ({ kind: 'wake', atMs });

/** Applications believe this profile to be out of order, so that its return is worth telling. */
const toldOf = (state: ProfileState): boolean =>
  state.name === 'relink_required' || (state.name === 'quarantined' && state.told === true);

export function end(state: ProfileState, _: unknown, context: MachineContext): ProfileStep {
  return stay({ name: 'disconnected', sinceMs: context.nowMs, initial: initialOf(state) });
}

/** New credentials: whatever was held against the old ones is forgotten. */
export function reconnect(state: ProfileState, _: unknown, context: MachineContext): ProfileStep {
  const told = toldOf(state) || state.name === 'disconnected';
  return {
    state: { name: 'connecting', initial: initialOf(state) },
    effects: [...(told ? [noticeOf('relinked', 'new credentials')] : []), wakeOf(context.nowMs)],
  };
}

/** Ordinary work again, at once: what waited is carried out. */
export function comeBack(state: ProfileState, _: unknown, context: MachineContext): ProfileStep {
  return {
    state: initialOf(state) ? { name: 'connecting', initial: true } : { name: 'live' },
    effects: [...(toldOf(state) ? [noticeOf('reinstated', 'the provider answers again')] : []), wakeOf(context.nowMs)],
  };
}

/** One good answer proves new credentials, but not that an initial sync is complete. */
export function goOnConnecting(state: StateOf<'connecting'>, input: unknown, context: MachineContext): ProfileStep {
  return initialOf(state) ? stay(state) : comeBack(state, input, context);
}

export function completeInitialSync(state: StateOf<'connecting'>, _: unknown, context: MachineContext): ProfileStep {
  if (!initialOf(state)) return stay({ name: 'live' });
  return {
    state: { name: 'live' },
    effects: [
      { kind: 'initial_sync_completed', atMs: context.nowMs },
      noticeOf('initial_sync_completed', 'every calendar was listed once'),
    ],
  };
}

/**
 * Counts the try and plans the one after it before the try is made: a process that dies of the try finds it counted,
 * so that it never becomes a hot loop, and never starves others.
 */
export function retryIfDue(state: StateOf<'backing_off'>, _: unknown, context: MachineContext): ProfileStep {
  if (context.nowMs < state.untilMs) return { state, effects: [wakeOf(state.untilMs)] };
  const attempt = state.attempt + 1;
  const untilMs = tryAgainAt(policyOf(verdicts[state.code], context.numbers), attempt, context);
  return { state: { ...state, attempt, untilMs, trying: true }, effects: [{ kind: 'retry' }, wakeOf(untilMs)] };
}

/** Counts the probe before it is made, as above, and tells applications of a quarantine that has lasted. */
export function probeIfDue(state: StateOf<'quarantined'>, _: unknown, context: MachineContext): ProfileStep {
  const { state: told, effects } = tellIfLasting(state, context);
  if (context.nowMs < told.probeAtMs) return { state: told, effects: [...effects, wakeOf(nextLook(told, context))] };
  const probes = told.probes + 1;
  const probeAtMs = tryAgainAt(probePolicyOf(told.code, context.numbers), probes + 1, context);
  const next: StateOf<'quarantined'> = { ...told, probes, probeAtMs, trying: true };
  return { state: next, effects: [...effects, { kind: 'probe' }, wakeOf(nextLook(next, context))] };
}

/** A quarantine is told once, after a stated time: most outages are shorter. */
export function tellIfLasting(
  state: StateOf<'quarantined'>,
  context: MachineContext,
): { readonly state: StateOf<'quarantined'>; readonly effects: readonly ProfileEffect[] } {
  const tellAtMs = state.sinceMs + context.numbers.quarantine.noticeAfterMs;
  if (state.told === true || context.nowMs < tellAtMs) return { state, effects: [] };
  return { state: { ...state, told: true }, effects: [noticeOf('quarantined', state.code)] };
}

/** When a quarantined profile is looked at next: for its probe, or to tell of it. */
export function nextLook(state: StateOf<'quarantined'>, context: Pick<MachineContext, 'numbers'>): number {
  if (state.told === true) return state.probeAtMs;
  return Math.min(state.probeAtMs, state.sinceMs + context.numbers.quarantine.noticeAfterMs);
}
