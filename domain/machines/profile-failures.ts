/** What the profile machine makes of a failure: the verdict decides, and no failure but proof ends in a relink. */
import { unreachable } from '../errors.ts';
import { policyOf, probePolicyOf, respectRetryAfter, tryAgainAt } from './delays.ts';
import type { Failure, MachineContext } from './machine.ts';
import type { ProfileInput, ProfileState, ProfileStep, Refusals } from './profile-states.ts';
import { initialOf, nextLook, noticeOf, stay, tellIfLasting, wakeOf, type StateOf } from './profile-steps.ts';

type Failing = StateOf<'connecting' | 'live' | 'backing_off' | 'quarantined'>;
type Failed = Extract<ProfileInput, { readonly kind: 'failed' }>;

export function fail(state: Failing, input: Failed, context: MachineContext): ProfileStep {
  const { error } = input;
  switch (error.verdict) {
    case 'transient':
      return wait(state, error, null, context);
    case 'rate_limited':
      return wait(state, error, refusalsOf(state), context);
    case 'auth_suspect':
      return suspect(state, input, context);
    case 'auth_revoked':
      return requireRelink(state, error, context);
    case 'ambiguous':
    case 'permanent':
      return quarantine(state, error, null, context);
    case 'resync':
    case 'conflict':
    case 'gone':
    case 'item_permanent':
    case 'calendar_permanent':
    case 'refused':
      return stay(state);
    default:
      return unreachable(error.verdict);
  }
}

/**
 * A refused password is suspected, never believed at once: iCloud refuses correct ones. Proof is several refusals over
 * a stated time with the host otherwise well (facts F), a much longer one where it refuses others as well. A host that
 * fails in another way makes them worthless, so that the count starts anew.
 */
function suspect(state: Failing, input: Failed, context: MachineContext): ProfileStep {
  const { error, host = 'well' } = input;
  if (host === 'failing') return wait(state, error, null, context);
  const refusals = oneMore(refusalsOf(state), host, context.nowMs);
  if (isProof(refusals, context)) return requireRelink(state, error, context);
  return host === 'well' ? backOff(state, error, refusals, context) : wait(state, error, refusals, context);
}

function oneMore(before: Refusals | null, host: 'well' | 'refusing', nowMs: number): Refusals {
  const counted = (count: Omit<Refusals, 'alone'> | null) => ({
    count: (count?.count ?? 0) + 1,
    sinceMs: count !== null && count.count > 0 ? count.sinceMs : nowMs,
  });
  const all = counted(before);
  if (host === 'refusing') return { ...all, alone: { count: 0, sinceMs: nowMs } };
  return before?.alone === undefined ? all : { ...all, alone: counted(before.alone) };
}

function isProof({ alone, ...all }: Refusals, { nowMs, numbers }: MachineContext): boolean {
  const { relinkAfterRefusals, relinkAfterMs, relinkWithOthersAfterMs } = numbers.quarantine;
  const lasted = ({ count, sinceMs }: Omit<Refusals, 'alone'>, forMs: number): boolean =>
    count >= Math.max(2, relinkAfterRefusals) && nowMs - sinceMs >= forMs;
  return lasted(alone ?? all, relinkAfterMs) || lasted(all, relinkWithOthersAfterMs);
}

/** Stops everything until the person consents again; credentials and intents stay. */
function requireRelink(state: ProfileState, error: Failure, context: MachineContext): ProfileStep {
  return {
    state: { name: 'relink_required', code: error.code, sinceMs: context.nowMs, initial: initialOf(state) },
    effects: [noticeOf('disconnected', error.code)],
  };
}

/** Most failures pass: waits for them a few times in a row, and no longer than applications should go without a word. */
function wait(state: Failing, error: Failure, refusals: Refusals | null, context: MachineContext): ProfileStep {
  const { afterAttempts, noticeAfterMs } = context.numbers.quarantine;
  const askedToWaitMs = respectRetryAfter(context.nowMs, error, context) - context.nowMs;
  const setAside = attemptOf(state) > afterAttempts || askedToWaitMs > noticeAfterMs;
  return (setAside ? quarantine : backOff)(state, error, refusals, context);
}

/** Waits by the verdict's policy; a quarantined profile stays so, whatever its probe died of. */
function backOff(state: Failing, error: Failure, refusals: Refusals | null, context: MachineContext): ProfileStep {
  if (state.name === 'quarantined') return quarantine(state, error, refusals, context);
  const attempt = attemptOf(state);
  // Refusals have their own count, so that an outage before them does not delay the proof by hours.
  const step = error.verdict === 'auth_suspect' ? ((refusals?.alone ?? refusals)?.count ?? 1) : attempt;
  const ownMs = tryAgainAt(policyOf(error.verdict, context.numbers), step, context);
  const untilMs = respectRetryAfter(ownMs, error, context);
  const counted = refusals === null ? {} : { refusals };
  return {
    state: { name: 'backing_off', untilMs, attempt, code: error.code, initial: initialOf(state), ...counted },
    effects: [wakeOf(untilMs)],
  };
}

/** Sets the profile aside with reason, evidence and way out; a failed probe renews all three and waits longer. */
function quarantine(state: Failing, error: Failure, refusals: Refusals | null, context: MachineContext): ProfileStep {
  const before = state.name === 'quarantined' ? state : null;
  const probes = before === null ? 0 : before.probes + (before.trying ? 0 : 1);
  const plannedMs = before?.trying
    ? before.probeAtMs
    : tryAgainAt(probePolicyOf(error.code, context.numbers), probes + 1, context);
  const { state: next, effects } = tellIfLasting(
    {
      name: 'quarantined',
      code: error.code,
      evidence: error.evidence,
      sinceMs: before?.sinceMs ?? context.nowMs,
      probeAtMs: respectRetryAfter(plannedMs, error, context),
      probes,
      initial: initialOf(state),
      ...(before?.told ? { told: true as const } : {}),
      ...(refusals === null ? {} : { refusals }),
    },
    context,
  );
  return { state: next, effects: [...effects, wakeOf(nextLook(next, context))] };
}

const refusalsOf = (state: Failing): Refusals | null =>
  state.name === 'backing_off' || state.name === 'quarantined' ? (state.refusals ?? null) : null;

/** Which failure in a row this one is, from 1; a try that was counted before it was made is not counted twice. */
const attemptOf = (state: Failing): number =>
  state.name === 'backing_off' ? state.attempt + (state.trying ? 0 : 1) : 1;
