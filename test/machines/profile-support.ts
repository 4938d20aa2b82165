/** Profiles in every state, and a walk through inputs at their times. */
import type { ErrorCode } from '../../domain/errors.ts';
import { transition } from '../../domain/machines/profile.ts';
import type { ProfileEffect, ProfileInput, ProfileState } from '../../domain/machines/profile-states.ts';
import { at, failure, minute, t0 } from './support.ts';

export const live: ProfileState = { name: 'live' };
export const failed = (code: ErrorCode, retryAtMs: number | null = null): ProfileInput => ({
  kind: 'failed',
  error: failure(code, retryAtMs),
});

/** Carries a profile through inputs at their times; answers the last state and every effect. */
export function walk(start: ProfileState, steps: readonly (readonly [number, ProfileInput])[]) {
  let state = start;
  const effects: ProfileEffect[] = [];
  for (const [nowMs, input] of steps) {
    const step = transition(state, input, at(nowMs));
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects, notices: effects.flatMap((effect) => (effect.kind === 'notice' ? [effect.notice] : [])) };
}

export const quarantined = (over: Partial<Extract<ProfileState, { name: 'quarantined' }>> = {}): ProfileState => ({
  name: 'quarantined',
  code: 'server_error',
  evidence: null,
  sinceMs: t0,
  probeAtMs: t0 + 5 * minute,
  probes: 0,
  initial: false,
  ...over,
});
export const backingOff = (over: Partial<Extract<ProfileState, { name: 'backing_off' }>> = {}): ProfileState => ({
  name: 'backing_off',
  untilMs: t0 + 2_000,
  attempt: 1,
  code: 'unavailable',
  initial: false,
  ...over,
});
