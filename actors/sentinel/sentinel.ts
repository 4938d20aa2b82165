/** The sentinel of a process: writes down in batches what turns counted, and knows whose removals are held. */
import type { Clock } from '../../domain/clock.ts';
import { isKalendsError } from '../../domain/errors.ts';
import type { ProfileId } from '../../domain/ids.ts';
import type { ProviderName } from '../../domain/profile.ts';
import {
  addCounted,
  baselineKey,
  newBaseline,
  type BaselineDoc,
  type SentinelNumbers,
} from '../../domain/sync/sentinel/baseline.ts';
import { judge, noteOf, type SentinelEvent } from '../../domain/sync/sentinel/judge.ts';
import type { Tally } from '../../domain/sync/sentinel/tally.ts';
import type { Documents, Durability } from '../../store/documents.ts';
import { countedOf, Counts, type Taken } from './counts.ts';

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

export function createSentinel(deps: SentinelDeps): Sentinel {
  const stopping = new AbortController();
  const counts = new Counts(deps.numbers.profilesMin);
  let holding: ReadonlySet<string> = new Set();
  let loop: Promise<void> = Promise.resolve();
  let flushing: Promise<void> = Promise.resolve();

  /** One after the other: what was read first must not be believed last. */
  function flush(): Promise<void> {
    const mine = flushing.then(writeDown);
    flushing = mine.catch(() => undefined);
    return mine;
  }

  async function writeDown(): Promise<void> {
    const left = counts.take();
    try {
      const docs = await settleAll(deps, left);
      holding = new Set(docs.filter((one) => one.breaker.name === 'holding').map((one) => one._id));
    } catch (error) {
      counts.putBack(left);
      throw error;
    }
  }

  return {
    note: (...counted) => counts.note(...counted),
    holds: (provider, software) => holding.size > 0 && holding.has(baselineKey(provider, software)),
    flush,
    start: async () => {
      await flush();
      loop = repeat(deps, flush, stopping.signal);
    },
    stop: async () => {
      stopping.abort();
      await loop;
      if (counts.size > 0) await flush();
    },
  };
}

async function repeat({ clock, numbers, report }: SentinelDeps, flush: () => Promise<void>, signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      await clock.sleep(numbers.flushMs, signal);
    } catch {
      return;
    }
    await flush().catch((error: unknown) => report('sentinel: counts could not be written down', { error }));
  }
}

/** Strikes off `left` what is written down. */
async function settleAll(deps: SentinelDeps, left: Taken): Promise<readonly BaselineDoc[]> {
  const known = await deps.documents.find('allBaselines', {});
  const settled: BaselineDoc[] = [];
  for (const doc of known) {
    settled.push(await settle(deps, doc, doc, left.get(doc._id)));
    left.delete(doc._id);
  }
  for (const [key, sum] of left) {
    const first = newBaseline(sum.provider, sum.software, deps.clock.now());
    settled.push(await settle(deps, first, null, sum));
    left.delete(key);
  }
  return settled;
}

/** By compare and set: of several nodes each adds its own, and one of them tells what came of it. */
async function settle(
  deps: SentinelDeps,
  first: BaselineDoc,
  stored: BaselineDoc | null,
  more: Parameters<typeof countedOf>[0] | undefined,
): Promise<BaselineDoc> {
  const { documents, clock, numbers } = deps;
  for (let before = stored; ; before = await documents.get('baselines', first._id)) {
    const nowMs = clock.now();
    const base = before ?? first;
    const added = more === undefined ? base : addCounted(base, countedOf(more), nowMs, numbers);
    const { doc, events } = judge(added, nowMs, numbers);
    if (doc === before) return doc;
    const next = { ...doc, rev: base.rev + 1 };
    // Counts are made again; an alert, and a breaker that moved, are told once.
    const durability = events.length > 0 ? 'at_once' : 'with_next';
    if (!(await store(documents, before, next, durability))) continue;
    for (const event of events) tell(deps, next, event);
    return next;
  }
}

async function store(
  documents: Documents,
  before: BaselineDoc | null,
  next: BaselineDoc,
  durability: Durability,
): Promise<boolean> {
  if (before !== null) return documents.replace('baselines', next, before.rev, durability);
  try {
    await documents.insert('baselines', next);
    return true;
  } catch (error) {
    if (isKalendsError(error) && error.code === 'duplicate_key') return false;
    throw error;
  }
}

function tell({ report }: SentinelDeps, { provider, software, breaker }: BaselineDoc, event: SentinelEvent): void {
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
