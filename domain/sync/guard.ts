/** The guard: how many removals are believed without a direct request, counted over a rolling day (February 2020). */
import type { ResourceId } from '../ids.ts';
import type { NominationReason } from '../machines/item.ts';
import type { Evidence } from '../resource.ts';
import type { RemovalTally } from './checkpoint.ts';

export interface GuardNumbers {
  readonly removalsFloor: number;
  readonly removalsShare: number;
  readonly windowMs: number;
}

/** Something says that a resource is no more. `evidence` is null where it is absence alone. */
export interface Nomination {
  readonly resourceId: ResourceId;
  readonly ref: string;
  readonly reason: NominationReason;
  readonly evidence: Evidence | null;
}

export interface GuardInput {
  readonly nominations: readonly Nomination[];
  /** Live resources of the calendar before these removals. */
  readonly liveCount: number;
  readonly tally: readonly RemovalTally[];
  /** The sentinel's breaker holds every removal of this kind of server. */
  readonly breakerHolds: boolean;
  readonly nowMs: number;
  readonly numbers: GuardNumbers;
}

export interface GuardDecision {
  /** Recorded now: each has evidence. */
  readonly believed: readonly (Nomination & { readonly evidence: Evidence })[];
  /** Wait for a direct request each. */
  readonly held: readonly Nomination[];
  readonly tally: readonly RemovalTally[];
  /** More than a person is likely to have removed: a SuspiciousDelta. */
  readonly suspicious: boolean;
}

/**
 * Tombstones are believed while the day's unverified removals stay within max(floor, share) and are not all that the
 * calendar holds, and no breaker holds them; otherwise every nomination of this page is held. Absence is always held,
 * never believed.
 */
export function guardRemovals(input: GuardInput): GuardDecision {
  const { nominations, nowMs, numbers } = input;
  const tally = input.tally.filter((entry) => nowMs - entry.atMs < numbers.windowMs);
  if (nominations.length === 0) return { believed: [], held: [], tally, suspicious: false };
  const counted = tally.reduce((sum, entry) => sum + entry.count, 0);
  const before = input.liveCount + counted;
  const allowed = allowedOf(before, numbers);
  const suspicious = counted + nominations.length > allowed || nominations.length >= input.liveCount;
  const proved = nominations.filter((one): one is Nomination & { evidence: Evidence } => one.evidence !== null);
  const holdAll = suspicious || input.breakerHolds;
  const believed = holdAll ? [] : proved;
  const held = holdAll ? nominations : nominations.filter((one) => one.evidence === null);
  return {
    believed,
    held,
    tally: believed.length === 0 ? tally : [...tally, { atMs: nowMs, count: believed.length }],
    suspicious,
  };
}

const allowedOf = (before: number, { removalsFloor, removalsShare }: GuardNumbers): number =>
  Math.max(removalsFloor, Math.floor(before * removalsShare));

/** Whether a listing may be complete, by what it lacks of what is known: one that lacks as much as is suspicious is not. */
export const isPlausible = (known: number, lacking: number, numbers: GuardNumbers): boolean =>
  lacking === 0 || (lacking < known && lacking <= allowedOf(known, numbers));
