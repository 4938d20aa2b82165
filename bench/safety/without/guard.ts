/** No guard: every removal with evidence is believed, every other one held. For comparison alone. */
import type { GuardDecision, GuardInput, Nomination } from '../../../domain/sync/guard.ts';
import type { Evidence } from '../../../domain/resource.ts';

export function guardRemovals({ nominations, tally }: GuardInput): GuardDecision {
  const believed = nominations.filter((one): one is Nomination & { evidence: Evidence } => one.evidence !== null);
  return { believed, held: nominations.filter((one) => one.evidence === null), tally, suspicious: false };
}

/** Every listing is taken for complete. */
export const isPlausible = (): boolean => true;
