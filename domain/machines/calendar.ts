/** The calendar machine: initial, live, quarantined, gone. */
import { unreachable, type ErrorCode, type FailureEvidence } from '../errors.ts';
import type { Evidence } from '../resource.ts';
import { policyOf, respectRetryAfter, tryAgainAt } from './delays.ts';
import { machineOf, type Failure, type MachineContext, type Step } from './machine.ts';

/** `initial`: it had not been listed in full when it was set aside; absent means that it had. */
export type CalendarState =
  | { readonly name: 'initial' }
  | { readonly name: 'live' }
  | {
      readonly name: 'quarantined';
      readonly code: ErrorCode;
      readonly evidence: FailureEvidence | null;
      readonly sinceMs: number;
      readonly probeAtMs: number;
      readonly probes: number;
      readonly initial?: true;
      /** The probe was counted before it was made. */
      readonly trying?: true;
    }
  | { readonly name: 'gone'; readonly evidence: Evidence };

export type CalendarInput =
  /** A complete listing was reconciled. */
  | { readonly kind: 'listed' }
  /** Any other good answer about this calendar: a delta, its version, a probe. */
  | { readonly kind: 'answered_well' }
  /** A failure of this calendar alone; `failures`: how many in a row, this one included. */
  | { readonly kind: 'failed'; readonly error: Failure; readonly failures: number }
  /** The wake-up of a quarantined calendar; early ones are harmless. */
  | { readonly kind: 'probe_due' }
  /** Its absence from the list was confirmed by a direct request. */
  | { readonly kind: 'gone'; readonly evidence: Evidence }
  /** The list names it again. */
  | { readonly kind: 'reappeared' }
  | { readonly kind: 'operator_reinstate' };

export type CalendarEffect =
  /** Work on this calendar next at that time. */
  | { readonly kind: 'wake'; readonly atMs: number }
  /** Ask for this calendar's version before anything else of it; feed the outcome back. */
  | { readonly kind: 'probe' };

type CalendarStep = Step<CalendarState, CalendarEffect>;
type Quarantined = Extract<CalendarState, { readonly name: 'quarantined' }>;
type Present = Exclude<CalendarState, { readonly name: 'gone' }>;
type Failed = Extract<CalendarInput, { readonly kind: 'failed' }>;

const stay = (state: CalendarState): CalendarStep => ({ state, effects: [] });
const becomeLive = (): CalendarStep => stay({ name: 'live' });

const failures = { quarantined: 'ambiguous, permanent for this calendar, or too many failures in a row' };
const gone = { to: { gone: 'with evidence' }, step: leave };
const comeBack = { to: { initial: 'it was never listed in full', live: 'otherwise' }, step: reinstate };

export const calendarMachine = machineOf<CalendarState, CalendarInput, MachineContext, CalendarEffect>(
  'calendar',
  'initial',
  {
    initial: {
      listed: { to: { live: 'everything was reconciled' }, step: becomeLive },
      answered_well: { to: { initial: 'until it is listed in full' }, step: stay },
      failed: { to: { initial: 'tried again later, or not its own matter', ...failures }, step: fail },
      gone,
    },
    live: {
      listed: { to: { live: 'always' }, step: stay },
      answered_well: { to: { live: 'always' }, step: stay },
      failed: { to: { live: 'tried again later, or not its own matter', ...failures }, step: fail },
      gone,
    },
    quarantined: {
      listed: { to: { live: 'everything was reconciled' }, step: becomeLive },
      answered_well: comeBack,
      failed: { to: { quarantined: 'the probe failed' }, step: fail },
      probe_due: { to: { quarantined: 'counts the probe before it is made' }, step: probeIfDue },
      gone,
      operator_reinstate: comeBack,
    },
    gone: {
      gone: { to: { gone: 'the first evidence is kept' }, step: stay },
      reappeared: { to: { initial: 'listed anew' }, step: () => stay({ name: 'initial' }) },
    },
  },
);

/** The next state and what to do; throws on an input that the state does not know. */
export const transition = calendarMachine.transition;

function fail(state: Present, { error, failures: inRow }: Failed, context: MachineContext): CalendarStep {
  switch (error.verdict) {
    case 'ambiguous':
    case 'permanent':
    case 'calendar_permanent':
      return quarantine(state, error, context);
    case 'transient':
      if (inRow > context.numbers.quarantine.afterAttempts) return quarantine(state, error, context);
      return tryLater(state, error, inRow, context);
    case 'rate_limited':
      return tryLater(state, error, inRow, context);
    case 'auth_suspect':
    case 'auth_revoked':
    case 'resync':
    case 'conflict':
    case 'gone':
    case 'item_permanent':
    case 'refused':
      return stay(state);
    default:
      return unreachable(error.verdict);
  }
}

function tryLater(state: Present, error: Failure, inRow: number, context: MachineContext): CalendarStep {
  if (state.name === 'quarantined') return quarantine(state, error, context);
  const ownMs = tryAgainAt(policyOf(error.verdict, context.numbers), inRow, context);
  return { state, effects: [{ kind: 'wake', atMs: respectRetryAfter(ownMs, error, context) }] };
}

/** Sets the calendar aside; the others of its profile go on. A failed probe renews the reason and waits longer. */
function quarantine(state: Present, error: Failure, context: MachineContext): CalendarStep {
  const before = state.name === 'quarantined' ? state : null;
  const probes = before === null ? 0 : before.probes + (before.trying ? 0 : 1);
  const plannedMs = before?.trying ? before.probeAtMs : tryAgainAt(context.numbers.backoff.probe, probes + 1, context);
  const probeAtMs = respectRetryAfter(plannedMs, error, context);
  const next: Quarantined = {
    name: 'quarantined',
    code: error.code,
    evidence: error.evidence,
    sinceMs: before?.sinceMs ?? context.nowMs,
    probeAtMs,
    probes,
    ...(state.name === 'initial' || before?.initial ? { initial: true } : {}),
  };
  return { state: next, effects: [{ kind: 'wake', atMs: probeAtMs }] };
}

/** Counts the probe before it is made: a process that dies of it finds it counted. */
function probeIfDue(state: Quarantined, _: unknown, context: MachineContext): CalendarStep {
  if (context.nowMs < state.probeAtMs) return { state, effects: [{ kind: 'wake', atMs: state.probeAtMs }] };
  const probes = state.probes + 1;
  const probeAtMs = tryAgainAt(context.numbers.backoff.probe, probes + 1, context);
  return {
    state: { ...state, probes, probeAtMs, trying: true },
    effects: [{ kind: 'probe' }, { kind: 'wake', atMs: probeAtMs }],
  };
}

function reinstate(state: Quarantined, _: unknown, context: MachineContext): CalendarStep {
  return {
    state: state.initial ? { name: 'initial' } : { name: 'live' },
    effects: [{ kind: 'wake', atMs: context.nowMs }],
  };
}

function leave(_: CalendarState, input: Extract<CalendarInput, { readonly kind: 'gone' }>): CalendarStep {
  return stay({ name: 'gone', evidence: input.evidence });
}
