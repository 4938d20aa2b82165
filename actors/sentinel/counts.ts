/** What the turns of this process counted since it was last written down: sums in memory, by kind of server. */
import type { ProfileId } from '../../domain/ids.ts';
import type { ProviderName } from '../../domain/profile.ts';
import { baselineKey, type Counted } from '../../domain/sync/sentinel/baseline.ts';
import {
  addTally,
  isBlank,
  noTally,
  shares,
  signals,
  type Signal,
  type Tally,
} from '../../domain/sync/sentinel/tally.ts';

interface Sum {
  readonly provider: ProviderName;
  readonly software: string;
  readonly tally: Tally;
  readonly affected: Map<Signal, Set<ProfileId>>;
}

/** By `baselineKey`. */
export type Taken = Map<string, Sum>;

export class Counts {
  #sums: Taken = new Map();
  readonly #profilesMin: number;

  /** `profilesMin`: affected profiles beyond so many need not be remembered. */
  constructor(profilesMin: number) {
    this.#profilesMin = profilesMin;
  }

  get size(): number {
    return this.#sums.size;
  }

  note(provider: ProviderName, software: string, profileId: ProfileId, tally: Readonly<Tally>): void {
    if (isBlank(tally)) return;
    const sum = this.#sumOf(provider, software);
    addTally(sum.tally, tally);
    for (const signal of signals) if (tally[shares[signal].count] > 0) this.#affect(sum, signal, profileId);
  }

  /** All of it; counting begins anew. */
  take(): Taken {
    const taken = this.#sums;
    this.#sums = new Map();
    return taken;
  }

  /** What was taken and could not be written down waits for the next time. */
  putBack(left: Taken): void {
    for (const { provider, software, tally, affected } of left.values()) {
      const sum = this.#sumOf(provider, software);
      addTally(sum.tally, tally);
      for (const [signal, profiles] of affected) for (const id of profiles) this.#affect(sum, signal, id);
    }
  }

  #sumOf(provider: ProviderName, software: string): Sum {
    const key = baselineKey(provider, software);
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    const fresh: Sum = { provider, software, tally: noTally(), affected: new Map() };
    this.#sums.set(key, fresh);
    return fresh;
  }

  #affect({ affected }: Sum, signal: Signal, profileId: ProfileId): void {
    const profiles = affected.get(signal) ?? new Set();
    if (profiles.size < this.#profilesMin) affected.set(signal, profiles.add(profileId));
  }
}

export const countedOf = ({ tally, affected }: Sum): Counted => ({
  tally,
  affected: Object.fromEntries([...affected].map(([signal, profiles]) => [signal, [...profiles]])),
});
