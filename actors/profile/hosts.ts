/** What this process knows of hosts: their breakers, shared by all nodes through the store, and whom it lets in. */
import { hostNumbers } from '../../config/profile-numbers.ts';
import { hosts as policy } from '../../config/policies.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import { KalendsError, isKalendsError } from '../../domain/errors.ts';
import type { HostDoc } from '../../domain/host.ts';
import type { ProfileId } from '../../domain/ids.ts';
import { createInTurn } from '../../domain/in-turn.ts';
import {
  isForgotten,
  transition,
  type HostEffect,
  type HostInput,
  type HostState,
} from '../../domain/machines/host.ts';
import type { Failure } from '../../domain/machines/machine.ts';
import type { Documents } from '../../store/documents.ts';

/** Why a profile that waits for its host may ask: it probes for all, or its step of the ramp has come. */
export type Admission = 'probe' | 'ramp';

export interface Hosts {
  /** At most `lookMs` old; asks the store that often, whatever the number of hosts, and only while somebody asks. */
  stateOf(host: string): Promise<HostState>;
  /** As it is now, where more than latency depends on it. */
  freshStateOf(host: string): Promise<HostState>;
  /** The state that follows. `login`: see `failingLoginOf`. */
  failed(host: string, login: string, error: Failure): Promise<HostState>;
  /** Costs nothing while the host is well. */
  answered(host: string): Promise<void>;
  /** Makes the next probe due at once. */
  probeSoon(host: string): Promise<void>;
  /** Whether this profile was let in. */
  admissionOf(profileId: ProfileId): Admission | null;
  /** Its turn has come: it is let in no more. */
  took(profileId: ProfileId): void;
  /** Lets in whoever's time has come, and answers them, to be nudged; forgets hosts that nobody asks any more. `slots`: those of this node, null when it has all. */
  admit(slots: readonly number[] | null): Promise<readonly ProfileId[]>;
}

export interface HostsOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly random: Random;
}

interface Fed {
  readonly state: HostState;
  readonly effects: readonly HostEffect[];
}

const well: HostState = { name: 'well' };

/** Others may write the same document at the same time; whoever loses so often meets a defect. */
const raceMax = 20;

export function createHosts(options: HostsOptions): Hosts {
  return new KnownHosts(options);
}

class KnownHosts implements Hosts {
  readonly #options: HostsOptions;
  /** Those in trouble, by name. */
  #troubled: ReadonlyMap<string, HostDoc> = new Map();
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  readonly #admitted = new Map<ProfileId, Admission>();
  readonly #inTurn = createInTurn<string>();

  constructor(options: HostsOptions) {
    this.#options = options;
  }

  async stateOf(host: string): Promise<HostState> {
    await this.#look();
    return this.#troubled.get(host)?.state ?? well;
  }

  async freshStateOf(host: string): Promise<HostState> {
    return (await this.#options.documents.get('hosts', host))?.state ?? well;
  }

  async failed(host: string, login: string, error: Failure): Promise<HostState> {
    return (await this.#feed(host, { kind: 'failed', login, error })).state;
  }

  async answered(host: string): Promise<void> {
    const known = this.#troubled.get(host)?.state ?? well;
    if (known.name === 'well' || (known.name === 'recovering' && known.failing.length === 0)) return;
    await this.#feed(host, { kind: 'answered_well' }, ['suspected', 'broken', 'recovering']);
  }

  async probeSoon(host: string): Promise<void> {
    await this.#feed(host, { kind: 'operator_probe' }, ['broken']);
  }

  admissionOf(profileId: ProfileId): Admission | null {
    return this.#admitted.get(profileId) ?? null;
  }

  took(profileId: ProfileId): void {
    this.#admitted.delete(profileId);
  }

  async admit(slots: readonly number[] | null): Promise<readonly ProfileId[]> {
    await this.#look();
    const admitted: ProfileId[] = [];
    const context = { nowMs: this.#options.clock.now(), numbers: hostNumbers };
    for (const { _id: host, state } of this.#troubled.values()) {
      if (isForgotten(state, context) && (await this.#nobodyWaits(host))) {
        await this.#feed(host, { kind: 'forget_due' }, ['suspected', 'broken']);
      }
      if (state.name === 'broken') admitted.push(...(await this.#letProbe(host, state, slots)));
      if (state.name === 'recovering') admitted.push(...(await this.#letBack(host, slots)));
    }
    return admitted;
  }

  /** The one that has waited longest: whoever failed last waits longest for the next time. */
  async #letProbe(
    host: string,
    state: Extract<HostState, { readonly name: 'broken' }>,
    slots: readonly number[] | null,
  ): Promise<readonly ProfileId[]> {
    if (state.probeAtMs > this.#options.clock.now()) return [];
    const waiting = await this.#waiting(host, slots, 1);
    if (waiting.length === 0) return [];
    const { effects } = await this.#feed(host, { kind: 'probe_due' }, ['broken']);
    return effects.some((one) => one.kind === 'probe') ? this.#note(waiting, 'probe') : [];
  }

  /** Those that were let in and have not come are named again: a nudge may be lost. */
  async #letBack(host: string, slots: readonly number[] | null): Promise<readonly ProfileId[]> {
    const waiting = await this.#waiting(host, slots, policy.rampMax + this.#admitted.size);
    const coming = waiting.filter((id) => this.#admitted.get(id) === 'ramp');
    const others = waiting.filter((id) => this.#admitted.get(id) !== 'ramp');
    if (others.length > 0) {
      const { effects } = await this.#feed(host, { kind: 'admit_due', wanted: others.length }, ['recovering']);
      const count = effects.find((one) => one.kind === 'admit')?.count ?? 0;
      return [...coming, ...this.#note(others.slice(0, count), 'ramp')];
    }
    if (await this.#nobodyWaits(host)) await this.#feed(host, { kind: 'nobody_waits' }, ['recovering']);
    return coming;
  }

  #note(ids: readonly ProfileId[], admission: Admission): readonly ProfileId[] {
    for (const id of ids) this.#admitted.set(id, admission);
    return ids;
  }

  /** On no node. */
  async #nobodyWaits(host: string): Promise<boolean> {
    const { documents } = this.#options;
    return (await documents.find('profilesWaitingForHost', { waitsFor: host }, { limit: 1 })).length === 0;
  }

  async #waiting(host: string, slots: readonly number[] | null, limit: number): Promise<readonly ProfileId[]> {
    const share = slots === null ? {} : { slot: slots };
    const { documents } = this.#options;
    const found = await documents.find('profilesWaitingForHost', { waitsFor: host, ...share }, { limit });
    return found.map((one) => one._id);
  }

  /** One question at a time, and a whole `lookMs` between two. */
  async #look(): Promise<void> {
    const { documents, clock } = this.#options;
    if (clock.monotonic() - this.#lookedAtMs < policy.lookMs) return;
    this.#looking ??= documents
      .find('troubledHosts', { troubled: 1 })
      .then((found) => {
        this.#troubled = new Map(found.map((one) => [one._id, one]));
        this.#lookedAtMs = clock.monotonic();
      })
      .finally(() => (this.#looking = null));
    await this.#looking;
  }

  /** Many of this process fail at the same moment: only other nodes are raced with. */
  #feed(host: string, input: HostInput, only?: readonly HostState['name'][]): Promise<Fed> {
    return this.#inTurn(host, () => this.#feedNow(host, input, only));
  }

  /** Compare and set, on what is stored now. Where the machine is in none of the states `only`, nothing is to be done. */
  async #feedNow(host: string, input: HostInput, only?: readonly HostState['name'][]): Promise<Fed> {
    const { documents, clock, random } = this.#options;
    for (let race = 0; race < raceMax; race += 1) {
      const stored = await documents.get('hosts', host);
      const before = stored?.state ?? well;
      if (only?.includes(before.name) === false) return this.#know(host, stored, []);
      const context = { nowMs: clock.now(), random, numbers: hostNumbers };
      const { state, effects } = transition(before, input, context);
      if (state === before) return this.#know(host, stored, effects);
      const next = { _id: host, rev: (stored?.rev ?? 0) + 1, troubled: state.name === 'well' ? 0 : 1, state } as const;
      if (await this.#store(next, stored)) return this.#know(host, next, effects);
    }
    throw new KalendsError('store_conflict', `the host ${host} is changed by others all the time`, { ids: { host } });
  }

  /** False where somebody else was first. */
  async #store(next: HostDoc, stored: HostDoc | null): Promise<boolean> {
    const { documents } = this.#options;
    if (stored !== null) return documents.replace('hosts', next, stored.rev);
    try {
      await documents.insert('hosts', next);
      return true;
    } catch (error) {
      if (isKalendsError(error) && error.code === 'duplicate_key') return false;
      throw error;
    }
  }

  #know(host: string, stored: HostDoc | null, effects: readonly HostEffect[]): Fed {
    const troubled = new Map(this.#troubled);
    if (stored === null || stored.troubled === 0) troubled.delete(host);
    else troubled.set(host, stored);
    this.#troubled = troubled;
    return { state: stored?.state ?? well, effects };
  }
}
