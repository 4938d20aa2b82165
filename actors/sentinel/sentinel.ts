/** The sentinel of a process: adds up what turns counted, writes it down in batches, and knows whose removals are held. */
import type { Clock } from '../../domain/clock.ts';
import { isKalendsError } from '../../domain/errors.ts';
import type { ProfileId } from '../../domain/ids.ts';
import type { ProviderName } from '../../domain/profile.ts';
import {
  addCounted,
  baselineKey,
  newBaseline,
  type BaselineDoc,
  type Counted,
  type SentinelNumbers,
} from '../../domain/sync/sentinel/baseline.ts';
import { judge, noteOf, type SentinelEvent } from '../../domain/sync/sentinel/judge.ts';
import {
  addTally,
  isBlank,
  noTally,
  shares,
  signals,
  type Signal,
  type Tally,
} from '../../domain/sync/sentinel/tally.ts';
import type { Documents } from '../../store/documents.ts';

export interface SentinelDeps {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly numbers: SentinelNumbers & { readonly flushMs: number };
  readonly report: (what: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** What a turn needs of it: neither waits for anything. */
export interface TurnSentinel {
  readonly note: (provider: ProviderName, software: string, profileId: ProfileId, tally: Readonly<Tally>) => void;
  /** Every removal of this kind of server is to be held. As old as the last flush: see `flushMs`. */
  readonly holds: (provider: ProviderName, software: string) => boolean;
}

export interface Sentinel extends TurnSentinel {
  /** Writes down what was counted, judges every baseline, and learns what other nodes and operators made of them. */
  flush(): Promise<void>;
  /** Resolves when the breakers are known: no turn may run before. */
  start(): Promise<void>;
  /** Writes down what is left; resolves when no timer is left. */
  stop(): Promise<void>;
}

interface Pending {
  readonly provider: ProviderName;
  readonly software: string;
  readonly tally: Tally;
  readonly affected: Map<Signal, Set<ProfileId>>;
}

export function createSentinel(deps: SentinelDeps): Sentinel {
  const { clock, documents, numbers, report } = deps;
  const stopping = new AbortController();
  let pending = new Map<string, Pending>();
  let holding: ReadonlySet<string> = new Set();
  let loop: Promise<void> = Promise.resolve();
  let flushing: Promise<void> = Promise.resolve();

  function pendingOf(provider: ProviderName, software: string): Pending {
    const key = baselineKey(provider, software);
    const known = pending.get(key);
    if (known !== undefined) return known;
    const fresh = { provider, software, tally: noTally(), affected: new Map<Signal, Set<ProfileId>>() };
    pending.set(key, fresh);
    return fresh;
  }

  function note(provider: ProviderName, software: string, profileId: ProfileId, tally: Readonly<Tally>): void {
    if (isBlank(tally)) return;
    const sum = pendingOf(provider, software);
    addTally(sum.tally, tally);
    for (const signal of signals) if (tally[shares[signal].count] > 0) affect(sum, signal, profileId);
  }

  function affect({ affected }: Pending, signal: Signal, profileId: ProfileId): void {
    const profiles = affected.get(signal) ?? new Set();
    if (profiles.size < numbers.profilesMin) affected.set(signal, profiles.add(profileId));
  }

  /** What could not be written down waits for the next time. */
  function keep(left: ReadonlyMap<string, Pending>): void {
    for (const one of left.values()) {
      addTally(pendingOf(one.provider, one.software).tally, one.tally);
      const sum = pendingOf(one.provider, one.software);
      for (const [signal, profiles] of one.affected) for (const id of profiles) affect(sum, signal, id);
    }
  }

  /** One after the other: what was read first must not be believed last. */
  function flush(): Promise<void> {
    const mine = flushing.then(writeDown);
    flushing = mine.catch(() => undefined);
    return mine;
  }

  async function writeDown(): Promise<void> {
    const left = pending;
    pending = new Map();
    try {
      const docs = new Map((await documents.find('allBaselines', {})).map((one) => [one._id, one]));
      for (const key of new Set([...docs.keys(), ...left.keys()])) {
        docs.set(key, await settle(key, docs.get(key) ?? null, left.get(key) ?? null));
        left.delete(key);
      }
      holding = new Set([...docs.values()].filter((one) => one.breaker.name === 'holding').map((one) => one._id));
    } catch (error) {
      keep(left);
      throw error;
    }
  }

  /** By compare and set: of several nodes each adds its own, and one of them tells what came of it. */
  async function settle(key: string, known: BaselineDoc | null, more: Pending | null): Promise<BaselineDoc> {
    for (let before = known; ; before = await documents.get('baselines', key)) {
      const nowMs = clock.now();
      const base = before ?? newBaseline(...kindOf(key, more), nowMs);
      const added = more === null ? base : addCounted(base, countedOf(more), nowMs, numbers);
      const { doc, events } = judge(added, nowMs, numbers);
      if (doc === before) return doc;
      if (!(await stored(before, doc))) continue;
      for (const event of events) tell(doc, event);
      return { ...doc, rev: base.rev + 1 };
    }
  }

  async function stored(before: BaselineDoc | null, doc: BaselineDoc): Promise<boolean> {
    const next = { ...doc, rev: doc.rev + 1 };
    if (before !== null) return documents.replace('baselines', next, before.rev, 'with_next');
    try {
      await documents.insert('baselines', next);
      return true;
    } catch (error) {
      if (isKalendsError(error) && error.code === 'duplicate_key') return false;
      throw error;
    }
  }

  function tell({ provider, software, breaker }: BaselineDoc, event: SentinelEvent): void {
    const kind = { provider, software };
    if (event.kind === 'alert_raised') {
      const { signal, count, of, normal, profiles } = event.alert;
      report('sentinel: a kind of server is unlike itself', { ...kind, signal, count, of, normal, profiles });
    } else if (event.kind === 'alert_ended') {
      report('sentinel: a kind of server is as usual again', { ...kind, was: noteOf(event.alert) });
    } else if (event.kind === 'breaker_holds') {
      report('sentinel: removals of a kind of server are held from now on', { ...kind, breaker });
    } else {
      report('sentinel: removals of a kind of server go their usual way again', kind);
    }
  }

  async function repeat(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await clock.sleep(numbers.flushMs, stopping.signal);
      } catch {
        return;
      }
      await flush().catch((error: unknown) => report('sentinel: counts could not be written down', { error }));
    }
  }

  return {
    note,
    holds: (provider, software) => holding.size > 0 && holding.has(baselineKey(provider, software)),
    flush,
    start: async () => {
      await flush();
      loop = repeat();
    },
    stop: async () => {
      stopping.abort();
      await loop;
      if (pending.size > 0) await flush();
    },
  };
}

const kindOf = (key: string, more: Pending | null): [ProviderName, string] =>
  more === null ? [key.split('|')[0] as ProviderName, key.split('|')[1] ?? ''] : [more.provider, more.software];

const countedOf = ({ tally, affected }: Pending): Counted => ({
  tally,
  affected: Object.fromEntries([...affected].map(([signal, profiles]) => [signal, [...profiles]])),
});
