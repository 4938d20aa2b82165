/** A checkpoint: what a pull of one calendar continues from, and all that it left behind, in one document. */
import type { CalendarId, ProfileId, ResourceId } from '../ids.ts';

/** Asked for (or reported as changed) but not answered yet. */
export interface OwedResource {
  readonly ref: string;
  /** How often it was asked for without an answer of its own; 0 for one that was only reported as changed. */
  readonly asked: number;
  readonly sinceMs: number;
  /** Set aside after repeated failures of this resource alone, until this time. */
  readonly quarantinedUntilMs: number | null;
}

/** A removal that waits for verification. */
export interface HeldRemoval {
  readonly resourceId: ResourceId;
  readonly ref: string;
  /** `absent`: missing from a complete listing. `tombstone`: reported, but too many at once to believe. `multiget_404`: answered so inside a multiget. */
  readonly reason: 'absent' | 'tombstone' | 'multiget_404';
  readonly sinceMs: number;
  readonly checks: number;
  /** Held for an operator: direct requests contradict each other or too many are gone. */
  readonly suspicious: boolean;
}

/** Removals that were recorded without a direct GET, for the guard's rolling 24 hours. */
export interface RemovalTally {
  readonly atMs: number;
  readonly count: number;
}

export interface CheckpointDoc {
  readonly _id: CalendarId;
  readonly rev: number;
  readonly profileId: ProfileId;
  /** Null: a full listing comes next. */
  readonly token: string | null;
  /** For servers without sync tokens: read before the listing whose result is cached. */
  readonly ctag: string | null;
  readonly owed: readonly OwedResource[];
  readonly held: readonly HeldRemoval[];
  readonly removals24h: readonly RemovalTally[];
  /** When a complete listing was last reconciled; null before the first. */
  readonly listedAtMs: number | null;
}
