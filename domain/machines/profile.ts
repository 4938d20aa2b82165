/** The profile machine: connecting, live, backing off, quarantined, relink required, disconnected. */
import { machineOf, type MachineContext, type MachineNumbers } from './machine.ts';
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
import type { ProfileEffect, ProfileInput, ProfileState } from './profile-states.ts';

const disconnect = { to: { disconnected: 'ended by the person or the application' }, step: end };
const relinked = { to: { connecting: 'new credentials' }, step: reconnect };
const recover = { to: { connecting: 'the initial sync is not complete', live: 'otherwise' }, step: comeBack };
const relinkBy = {
  relink_required: 'proof: revoked, or refused several times over a stated time while the host is well',
};
const failures = {
  backing_off: 'transient, rate limited, refused credentials',
  quarantined: 'ambiguous, permanent, too many failures in a row, or asked to wait for long',
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

/** When ordinary work is tried again, as far as is known; null where nothing forbids it, or only a person can allow it. */
export function triedAgainAt(state: ProfileState): number | null {
  if (state.name === 'backing_off') return state.untilMs;
  return state.name === 'quarantined' ? state.probeAtMs : null;
}

/** When `probe_due` is next of use, in epoch milliseconds; null where the state waits for nothing. */
export function wakeAtOf(state: ProfileState, numbers: MachineNumbers): number | null {
  if (state.name === 'backing_off') return state.untilMs;
  return state.name === 'quarantined' ? nextLook(state, { numbers }) : null;
}
