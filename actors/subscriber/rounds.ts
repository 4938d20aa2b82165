/** Rounds: how the courier finds the subscribers that it must look at, by nudges, due times and sweeps. */
import { isKalendsError } from '../../domain/errors.ts';
import type { ProfileId } from '../../domain/ids.ts';
import { newStream, streamKey } from '../../domain/notification/subscriber.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { isPassing, type LookDeps } from './look-deps.ts';
import type { Looks } from './looks.ts';

export interface Rounds {
  readonly deps: LookDeps;
  /** Looks at subscribers. */
  readonly looks: Looks;
  /** Looks at profiles, for whom their subscribers are looked at. */
  readonly nudged: Looks;
  readonly stopped: AbortSignal;
  /** Profiles seen by the sweep for lost nudges, with what was projected then. */
  readonly swept: Map<ProfileId, number>;
}

/** Subscribers or profiles read in one go. */
const pageSize = 500;

/** The subscribers that a profile's projected log is ahead of; the stream of its account begins here. */
export async function subscribersBehind(deps: LookDeps, profileId: ProfileId): Promise<readonly string[]> {
  const { store, targets } = deps;
  const profile = await store.get('profiles', profileId);
  if (profile === null) return [];
  await ensureStream(deps, profile);
  const subscribers = await store.find('subscribersOfAccount', { accountId: profile.accountId, open: 1 });
  return subscribers
    .filter((one) => targets[one.kind] !== null && (one.told[profileId] ?? 0) < profile.projectedSeq)
    .map((one) => one._id);
}

async function ensureStream({ store, targets, clock }: LookDeps, { appId, accountId }: ProfileDoc): Promise<void> {
  if (targets.stream === null) return;
  if ((await store.get('subscribers', streamKey(appId, accountId))) !== null) return;
  try {
    await store.insert('subscribers', newStream(appId, accountId, clock.now()));
  } catch (error) {
    // Another courier was first.
    if (!isKalendsError(error) || error.code !== 'duplicate_key') throw error;
  }
}

/** Those that wait for a slot stay due: they must not take the place of others. */
export async function dueIds({ deps, looks }: Rounds, nowMs: number): Promise<readonly string[]> {
  const limit = pageSize + looks.underWay();
  const due = await deps.store.find('dueSubscribers', { open: 1, dueAtMs: { lte: nowMs } }, { limit });
  return due.map((one) => one._id);
}

export async function sweepDue(rounds: Rounds): Promise<void> {
  const { deps, looks } = rounds;
  for (const id of await dueIds(rounds, deps.clock.now())) if (!looks.isUnderWay(id)) void looks.request(id);
}

/** The bound on a lost nudge; also repeats what failed. */
export async function sweepRecent({ deps, looks, nudged, swept }: Rounds): Promise<void> {
  looks.repeatFailed();
  nudged.repeatFailed();
  const sinceMs = deps.clock.now() - deps.policy.sweepLookBackMs;
  const recent = await deps.store.find('recentlyProjectedProfiles', { projectedAtMs: { gte: sinceMs } });
  const fresh = recent.filter((profile) => swept.get(profile._id) !== profile.projectedSeq);
  swept.clear();
  for (const profile of recent) swept.set(profile._id, profile.projectedSeq);
  for (const profile of fresh) void nudged.request(profile._id);
}

/** One profile after the other: nobody waits for this. */
export async function sweepAll({ deps, nudged, stopped }: Rounds): Promise<void> {
  let page: readonly ProfileDoc[] = [];
  let after: ProfileId | null = null;
  do {
    page = await deps.store.find('allProfiles', after === null ? {} : { _id: { gt: after } }, { limit: pageSize });
    for (const profile of page) {
      if (stopped.aborted) return;
      await nudged.request(profile._id);
    }
    after = page.at(-1)?._id ?? null;
  } while (page.length === pageSize);
}

export async function sweepLog({ deps }: Rounds): Promise<void> {
  await deps.store.removeWhere('oldDeliveries', { atMs: { lt: deps.clock.now() - deps.policy.logKeptMs } });
}

/** At once and then again and again, until stopped; a round that fails is repeated like any other. */
export async function every(ms: number, rounds: Rounds, round: (rounds: Rounds) => Promise<void>): Promise<void> {
  const { deps, stopped } = rounds;
  while (!stopped.aborted) {
    try {
      await round(rounds);
    } catch (error) {
      deps.report(isPassing(error) ? 'warn' : 'error', 'a sweep for subscribers failed and is repeated', { error });
    }
    await deps.clock.sleep(ms, stopped).catch(() => undefined);
  }
}
