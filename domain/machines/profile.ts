/** The profile machine: connecting, live, backing off, quarantined, relink required, disconnected. */
import type { ErrorCode, FailureEvidence } from '../errors.ts';
import type { NoticeType } from '../profile.ts';
import { machineOf, type Failure, type MachineContext, type MachineNumbers, type Step } from './machine.ts';
import { fail } from './profile-failures.ts';
import {
  comeBack,
  completeInitialSync,
  end,
  goOnConnecting,
  nextLook,
  probeIfDue,
  reconnect,
  retryIfDue,
  stay,
} from './profile-steps.ts';

/** Refused credentials since the last answer that proved them, or since the host was last seen failing otherwise. */
export interface Refusals {
  readonly count: number;
  readonly sinceMs: number;
}

/**
 * `initial`: the initial sync has not been completed; where it is optional, absent means true.
 * `trying`: the next try was counted before it was made, so its failure is not counted again.
 * Fields that came later are optional: documents written before them must still be read.
 */
export type ProfileState =
  | { readonly name: 'connecting'; readonly initial?: boolean }
  | { readonly name: 'live' }
  | {
      readonly name: 'backing_off';
      readonly untilMs: number;
      readonly attempt: number;
      readonly code: ErrorCode;
      readonly initial: boolean;
      readonly trying?: true;
      readonly refusals?: Refusals;
    }
  | {
      readonly name: 'quarantined';
      readonly code: ErrorCode;
      readonly evidence: FailureEvidence | null;
      readonly sinceMs: number;
      readonly probeAtMs: number;
      readonly probes: number;
      readonly initial: boolean;
      readonly trying?: true;
      readonly refusals?: Refusals;
      /** Applications were told of this quarantine. */
      readonly told?: true;
    }
  | { readonly name: 'relink_required'; readonly code: ErrorCode; readonly sinceMs: number; readonly initial?: boolean }
  | { readonly name: 'disconnected'; readonly sinceMs: number; readonly initial?: boolean };

export type ProfileInput =
  /** The provider answered as it should: the credentials work and the account answers. */
  | { readonly kind: 'answered_well' }
  /** Every calendar of the first list has been listed in full once, or is quarantined or gone. */
  | { readonly kind: 'initial_sync_done' }
  /** A failure that no smaller scope could take. `hostWell: false`: other profiles of the host are failing too. */
  | { readonly kind: 'failed'; readonly error: Failure; readonly hostWell?: boolean }
  /** The wake-up of a backing off or quarantined profile; early ones are harmless. */
  | { readonly kind: 'probe_due' }
  /** The person consented again: new credentials are stored. */
  | { readonly kind: 'relinked' }
  /** The person or the application ended the connection. */
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'operator_reinstate' };

export type ProfileEffect =
  /** Append a change of kind `notice`. */
  | { readonly kind: 'notice'; readonly notice: NoticeType; readonly detail: string }
  /** Look at this profile at that time, or earlier. */
  | { readonly kind: 'wake'; readonly atMs: number }
  /** Ask the provider's `probe`; feed its outcome back. Nothing else may be asked. */
  | { readonly kind: 'probe' }
  /** Try the ordinary work once; feed its outcome back. */
  | { readonly kind: 'retry' }
  /** Record the time of the initial sync; the notice about it comes as its own effect. */
  | { readonly kind: 'initial_sync_completed'; readonly atMs: number };

export type ProfileStep = Step<ProfileState, ProfileEffect>;

const disconnect = { to: { disconnected: 'ended by the person or the application' }, step: end };
const relinked = { to: { connecting: 'new credentials' }, step: reconnect };
const recover = { to: { connecting: 'the initial sync is not complete', live: 'otherwise' }, step: comeBack };
const relinkBy = {
  relink_required: 'proof: revoked, or refused several times over a stated time while the host is well',
};
const failures = {
  backing_off: 'transient, rate limited, refused credentials',
  quarantined: 'ambiguous, permanent, or too many failures in a row',
  ...relinkBy,
};

export const profileMachine = machineOf<ProfileState, ProfileInput, MachineContext, ProfileEffect>(
  'profile',
  'connecting',
  {
    connecting: {
      answered_well: { ...recover, step: goOnConnecting },
      initial_sync_done: { to: { live: 'everything was listed once' }, step: completeInitialSync },
      failed: { to: { connecting: 'not a matter of the profile', ...failures }, step: fail },
      relinked,
      disconnect,
    },
    live: {
      answered_well: { to: { live: 'always' }, step: stay },
      failed: { to: { live: 'not a matter of the profile', ...failures }, step: fail },
      relinked,
      disconnect,
    },
    backing_off: {
      answered_well: recover,
      failed: { to: failures, step: fail },
      probe_due: { to: { backing_off: 'counts the try before it is made' }, step: retryIfDue },
      relinked,
      disconnect,
      operator_reinstate: recover,
    },
    quarantined: {
      answered_well: recover,
      failed: { to: { quarantined: 'the probe failed', ...relinkBy }, step: fail },
      probe_due: { to: { quarantined: 'counts the probe before it is made' }, step: probeIfDue },
      relinked,
      disconnect,
      operator_reinstate: recover,
    },
    relink_required: { relinked, disconnect, operator_reinstate: recover },
    disconnected: { relinked, disconnect: { to: { disconnected: 'already' }, step: stay } },
  },
);

/** The next state and what to do; throws on an input that the state does not know. */
export const transition = profileMachine.transition;

/** True while ordinary work may be asked of the provider; a backing off profile may only on the effect `retry`. */
export function mayWork(state: ProfileState): boolean {
  return state.name === 'connecting' || state.name === 'live';
}

/** When `probe_due` is next of use, in epoch milliseconds; null where the state waits for nothing. */
export function wakeAtOf(state: ProfileState, numbers: MachineNumbers): number | null {
  if (state.name === 'backing_off') return state.untilMs;
  return state.name === 'quarantined' ? nextLook(state, { numbers }) : null;
}
