/** The host breaker: well, suspected, broken, recovering; one for all profiles of a host, on all nodes. */
import { clamp } from '../backoff.ts';
import type { ErrorCode, FailureEvidence } from '../errors.ts';
import { respectRetryAfter, tryAgainAt } from './delays.ts';
import { machineOf, type Failure, type MachineContext, type MachineNumbers, type Step } from './machine.ts';

/** A login that its host left without an answer, under a name that does not show it. */
export interface FailingLogin {
  readonly login: string;
  readonly atMs: number;
  /** Its last failure was a refusal of its credentials: a well-formed answer of a host that is up. */
  readonly refused?: true;
}

/** What a refusal of one login is worth: `refusing`: others are refused, too, and nobody fails otherwise. */
export type HostStanding = 'well' | 'refusing' | 'failing';

export type HostState =
  | { readonly name: 'well' }
  /** Logins failed, and none was answered since. */
  | { readonly name: 'suspected'; readonly failing: readonly FailingLogin[] }
  /** Ordinary work of all profiles of the host has stopped; one of them asks for all, by probes. */
  | {
      readonly name: 'broken';
      readonly code: ErrorCode;
      readonly evidence: FailureEvidence | null;
      readonly sinceMs: number;
      readonly probeAtMs: number;
      readonly probes: number;
      /** The probe was counted before it was made. */
      readonly trying?: true;
    }
  /** It answers again: those that wait are let in by steps, each twice as large as the one before. */
  | {
      readonly name: 'recovering';
      readonly code: ErrorCode;
      readonly sinceMs: number;
      readonly probes: number;
      /** Steps so far, and when the next begins. */
      readonly step: number;
      readonly stepAtMs: number;
      /** Of this step, how many may still be let in; and how many were, of all steps. */
      readonly left: number;
      readonly admitted: number;
      readonly failing: readonly FailingLogin[];
    };

export type HostInput =
  /** A profile of the host failed, and its account did not answer a cheap question either. */
  | { readonly kind: 'failed'; readonly login: string; readonly error: Failure }
  /** A profile of the host was answered as it should. */
  | { readonly kind: 'answered_well' }
  /** A node has a profile that could ask; early ones are harmless. */
  | { readonly kind: 'probe_due' }
  /** A node has so many profiles that wait. */
  | { readonly kind: 'admit_due'; readonly wanted: number }
  /** No profile waits for the host any more, on any node. */
  | { readonly kind: 'nobody_waits' }
  /** No profile waits for it, and time has passed; early ones are harmless. */
  | { readonly kind: 'forget_due' }
  /** An operator, or a person who connected again, wants it asked now. */
  | { readonly kind: 'operator_probe' };

export type HostEffect =
  /** Let one profile ask; feed the outcome back. */
  | { readonly kind: 'probe' }
  /** Let so many profiles work again. */
  | { readonly kind: 'admit'; readonly count: number };

export interface HostNumbers extends Pick<MachineNumbers, 'backoff' | 'retryAfter'> {
  readonly hosts: {
    readonly brokenAfterLogins: number;
    readonly withinMs: number;
    readonly rememberMs: number;
    readonly doubtedAfterLogins: number;
    readonly rampStart: number;
    readonly rampMax: number;
    readonly rampStepMs: number;
  };
}

export type HostContext = MachineContext<HostNumbers>;
type HostStep = Step<HostState, HostEffect>;
type StateOf<Name extends HostState['name']> = Extract<HostState, { readonly name: Name }>;
type Failed = Extract<HostInput, { readonly kind: 'failed' }>;

const stay = (state: HostState): HostStep => ({ state, effects: [] });
const becomeWell = (): HostStep => stay({ name: 'well' });
const breaks = { broken: 'so many logins fail at once, and none is answered' };

export const hostMachine = machineOf<HostState, HostInput, HostContext, HostEffect>('host', 'well', {
  well: {
    failed: { to: { suspected: 'remembered', ...breaks }, step: suspect },
  },
  suspected: {
    failed: { to: { suspected: 'remembered', ...breaks }, step: suspect },
    answered_well: { to: { well: 'one answer is enough' }, step: becomeWell },
    forget_due: { to: { suspected: 'something failed lately', well: 'nobody asks it any more' }, step: forget },
  },
  broken: {
    failed: { to: { broken: 'the probe failed, or a request that was under way' }, step: stayBroken },
    answered_well: { to: { recovering: 'the probe was answered' }, step: recover },
    probe_due: { to: { broken: 'counts the probe before it is made' }, step: probeIfDue },
    operator_probe: { to: { broken: 'probed at once' }, step: probeSoon },
    forget_due: { to: { broken: 'a probe was due lately', well: 'nobody is left to probe it' }, step: forget },
  },
  recovering: {
    failed: {
      to: { recovering: 'some fail', broken: 'half of those let in fail, or as many as break a host' },
      step: relapse,
    },
    answered_well: { to: { recovering: 'always' }, step: (state) => stay(withoutFailing(state)) },
    admit_due: { to: { recovering: 'a few first, then twice as many' }, step: admit },
    nobody_waits: { to: { well: 'everybody is back' }, step: becomeWell },
  },
});

/** The next state and what to do; throws on an input that the state does not know. */
export const transition = hostMachine.transition;

/** Ordinary work of its profiles has stopped, or is let in by steps. */
export const isShut = (state: HostState): state is StateOf<'broken' | 'recovering'> =>
  state.name === 'broken' || state.name === 'recovering';

/** Where it fails for others as well, what it says of one login is no proof. */
export function standingOf(state: HostState, { hosts }: Pick<HostNumbers, 'hosts'>): HostStanding {
  if (isShut(state)) return 'failing';
  if (state.name === 'well' || state.failing.length < hosts.doubtedAfterLogins) return 'well';
  return state.failing.every((one) => one.refused === true) ? 'refusing' : 'failing';
}

/** Its profiles were disconnected, or moved away: whoever is left would have asked since, waits are shorter than that. */
export function isForgotten(state: HostState, { nowMs, numbers }: Pick<HostContext, 'nowMs' | 'numbers'>): boolean {
  const sinceMs = nowMs - numbers.hosts.rememberMs;
  if (state.name === 'suspected') return state.failing.every((one) => one.atMs < sinceMs);
  return state.name === 'broken' && state.probeAtMs < sinceMs;
}

function forget(state: HostState, _: unknown, context: HostContext): HostStep {
  return isForgotten(state, context) ? becomeWell() : stay(state);
}

/** Each login once, with its last failure; what is long ago is forgotten, so that the list stays short. */
function remember(
  failing: readonly FailingLogin[],
  { login, error }: Failed,
  { nowMs, numbers }: HostContext,
): FailingLogin[] {
  const { rememberMs, brokenAfterLogins } = numbers.hosts;
  const refused = error.verdict === 'auth_suspect' ? { refused: true as const } : {};
  const others = failing.filter((one) => one.login !== login && nowMs - one.atMs < rememberMs);
  return [...others.slice(-(brokenAfterLogins - 1)), { login, atMs: nowMs, ...refused }];
}

function suspect(state: StateOf<'well' | 'suspected'>, input: Failed, context: HostContext): HostStep {
  const { brokenAfterLogins, withinMs } = context.numbers.hosts;
  const failing = remember(state.name === 'suspected' ? state.failing : [], input, context);
  const atOnce = failing.filter((one) => context.nowMs - one.atMs < withinMs);
  if (atOnce.length < brokenAfterLogins) return stay({ name: 'suspected', failing });
  return stay(broken(input.error, { sinceMs: atOnce[0]?.atMs ?? context.nowMs, probes: 0 }, context));
}

function broken(
  { code, evidence, retryAtMs }: Failure,
  before: { readonly sinceMs: number; readonly probes: number },
  context: HostContext,
): StateOf<'broken'> {
  const plannedMs = tryAgainAt(context.numbers.backoff.probe, before.probes + 1, context);
  const probeAtMs = respectRetryAfter(plannedMs, { retryAtMs }, context);
  return { name: 'broken', code, evidence, ...before, probeAtMs };
}

/** What was under way when the host broke says nothing new; a probe renews the reason, and has planned the next. */
function stayBroken({ trying, ...state }: StateOf<'broken'>, { error }: Failed, context: HostContext): HostStep {
  if (trying === undefined) return stay(state);
  const probeAtMs = respectRetryAfter(state.probeAtMs, error, context);
  return stay({ ...state, code: error.code, evidence: error.evidence, probeAtMs });
}

/** Counts the probe before it is made: a process that dies of it finds it counted, and no second one is made meanwhile. */
function probeIfDue(state: StateOf<'broken'>, _: unknown, context: HostContext): HostStep {
  if (context.nowMs < state.probeAtMs) return stay(state);
  const probes = state.probes + 1;
  const probeAtMs = tryAgainAt(context.numbers.backoff.probe, probes + 1, context);
  return { state: { ...state, probes, probeAtMs, trying: true }, effects: [{ kind: 'probe' }] };
}

function probeSoon(state: StateOf<'broken'>, _: unknown, { nowMs }: HostContext): HostStep {
  return stay({ ...state, probeAtMs: Math.min(state.probeAtMs, nowMs) });
}

function recover({ code, sinceMs, probes }: StateOf<'broken'>, _: unknown, { nowMs }: HostContext): HostStep {
  const none = { step: 0, stepAtMs: nowMs, left: 0, admitted: 0, failing: [] };
  return stay({ name: 'recovering', code, sinceMs, probes, ...none });
}

/** A few first, then twice as many with each step; nodes share a step among them. */
function admit(
  state: StateOf<'recovering'>,
  { wanted }: Extract<HostInput, { readonly kind: 'admit_due' }>,
  { nowMs, numbers }: HostContext,
): HostStep {
  const { rampStart, rampMax, rampStepMs } = numbers.hosts;
  const due = nowMs >= state.stepAtMs;
  const quota = Math.min(rampMax, rampStart * 2 ** Math.min(state.step, 30));
  const count = clamp(wanted, 0, due ? quota : state.left);
  if (count === 0) return stay(state);
  const begun = due ? { step: state.step + 1, stepAtMs: nowMs + rampStepMs, left: quota } : {};
  const next = { ...state, ...begun };
  return {
    state: { ...next, left: next.left - count, admitted: state.admitted + count },
    effects: [{ kind: 'admit', count }],
  };
}

/** Half of the few that were let in first, but two at least, or later as many as break a host: back to ever rarer probes. */
function relapse(state: StateOf<'recovering'>, input: Failed, context: HostContext): HostStep {
  const failing = remember(state.failing, input, context);
  const enough = clamp(Math.ceil(state.admitted / 2), 2, context.numbers.hosts.brokenAfterLogins);
  if (failing.length < enough) return stay({ ...state, failing });
  return stay(broken(input.error, { sinceMs: state.sinceMs, probes: state.probes }, context));
}

const withoutFailing = (state: StateOf<'recovering'>): HostState =>
  state.failing.length === 0 ? state : { ...state, failing: [] };
