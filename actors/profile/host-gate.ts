/** Between a profile and its host: closed while the host is broken, opened by steps, and told how each asking went. */
import { hosts as policy } from '../../config/policies.ts';
import { hostNumbers } from '../../config/profile-numbers.ts';
import type { KalendsError } from '../../domain/errors.ts';
import { failingLoginOf, mayBeOfHost } from '../../domain/host.ts';
import { isShut, standingOf, type HostStanding, type HostState } from '../../domain/machines/host.ts';
import type { ProfileState } from '../../domain/machines/profile-states.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Gate } from '../../domain/sync/agenda.ts';
import type { Outage } from '../../domain/sync/outage.ts';
import { spread } from '../../domain/sync/polling.ts';
import { change, type Activation, type ProfileDeps } from './activation.ts';

/** What stands between this profile and its host in this turn. */
async function gateOf(deps: ProfileDeps, profile: ProfileDoc, host: string, known: HostState): Promise<Gate> {
  if (asksNobody.has(profile.state.name)) return open;
  const waits = profile.waitsFor === host;
  if (!isShut(known)) return waits ? { kind: 'try' } : open;
  const admission = deps.hosts.admissionOf(profile._id);
  if (admission === 'probe' || (admission === 'ramp' && known.name === 'recovering')) return { kind: 'try' };
  // Who did not have to wait is no burden to a host that answers again; who just connected is a probe by itself.
  if (!waits && (known.name === 'recovering' || profile.state.name === 'connecting')) return open;
  // Whoever began to wait for a host that is well would wait for long.
  const fresh = await deps.hosts.freshStateOf(host);
  if (isShut(fresh)) return closed(deps, fresh);
  return waits ? { kind: 'try' } : open;
}

/** Whatever the host does, a person has to act first. */
const asksNobody: ReadonlySet<ProfileState['name']> = new Set(['relink_required', 'disconnected']);

const open: Gate = { kind: 'open' };

const closed = ({ clock, random }: ProfileDeps, { code, sinceMs }: Outage): Gate => ({
  kind: 'closed',
  outage: { code, sinceMs },
  untilMs: clock.now() + spread(policy.waitMs, 0.2, random),
});

/** Looks at the gate: where it is closed the profile waits from now on, where it is open it does no more. */
export async function comeToGate(activation: Activation): Promise<void> {
  const { deps, provider, profile } = activation;
  const host = provider.hostOf(profile.root);
  if (host === null) return;
  const known = await deps.hosts.stateOf(host);
  activation.hostState = known.name;
  activation.gate = await gateOf(deps, profile, host, known);
  if (activation.gate.kind === 'open') leaveGate(activation);
  if (activation.gate.kind === 'closed') waitFor(activation, host);
}

/** What an operator asks for is asked of the host, once, for everybody. */
export async function askHostSoon({ deps, provider, profile }: Activation): Promise<void> {
  const host = provider.hostOf(profile.root);
  if (host !== null && profile.waitsFor === host) await deps.hosts.probeSoon(host);
}

/** After an answer as it should be. */
export async function tellHostAnswered(activation: Activation): Promise<void> {
  const { deps, provider, profile } = activation;
  const host = provider.hostOf(profile.root);
  if (host !== null) await deps.hosts.answered(host);
  leaveGate(activation);
}

/**
 * After a failure of the whole account. `broken`: it is the host's, the profile waits and is itself as it was when the
 * turn began. Else how the host is for others: where it fails for them too, a refusal proves nothing.
 */
export async function tellHostFailed(activation: Activation, error: KalendsError): Promise<'broken' | HostStanding> {
  const { deps, provider, profile, stateBefore } = activation;
  const host = provider.hostOf(profile.root);
  if (host === null || !mayBeOfHost(error)) {
    leaveGate(activation);
    return 'well';
  }
  const state = await deps.hosts.failed(host, failingLoginOf(profile.name), error);
  if (state.name === 'broken') {
    activation.gate = closed(deps, state);
    deps.hosts.took(profile._id);
    waitFor(activation, host);
    if (profile.state !== stateBefore) change(activation, { state: stateBefore });
    return 'broken';
  }
  leaveGate(activation);
  return standingOf(state, hostNumbers);
}

function waitFor(activation: Activation, host: string): void {
  if (activation.profile.waitsFor !== host) change(activation, { waitsFor: host });
}

/** Also gives back what let it in: whatever came of asking, its turn is used. */
export function leaveGate(activation: Activation): void {
  activation.gate = open;
  activation.deps.hosts.took(activation.profile._id);
  if (activation.profile.waitsFor) change(activation, { waitsFor: null });
}
