/** A checkpoint: what a pull of one calendar continues from, and all that it left behind, in one document. */
import type { CalendarId, ProfileId, ResourceId } from '../ids.ts';

/** Asked for (or reported as changed) but not answered yet. */
export interface OwedResource {
  readonly ref: string;
  /** How often it was asked for without an answer of its own; 0 for one that was only reported as changed. */
  readonly asked: number;
  /** The first one left out of a partial answer: it is asked for alone. */
  readonly suspect: boolean;
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
  /** Direct requests made so far. */
  readonly checks: number;
  readonly nextCheckAtMs: number;
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

export function emptyCheckpoint(calendarId: CalendarId, profileId: ProfileId): CheckpointDoc {
  return {
    _id: calendarId,
    rev: 0,
    profileId,
    token: null,
    ctag: null,
    owed: [],
    held: [],
    removals24h: [],
    listedAtMs: null,
  };
}

/** Adds what was reported as changed; what is owed already is asked for afresh, since it changed again. */
export function owe(checkpoint: CheckpointDoc, refs: readonly string[], nowMs: number): CheckpointDoc {
  if (refs.length === 0) return checkpoint;
  const fresh = new Set(refs);
  const kept = checkpoint.owed.filter((one) => !fresh.has(one.ref));
  const added = [...fresh].map((ref) => ({ ref, asked: 0, suspect: false, sinceMs: nowMs, quarantinedUntilMs: null }));
  return { ...checkpoint, owed: [...kept, ...added] };
}

/** What was answered, or is known to be gone, is owed no longer. */
export function settleOwed(checkpoint: CheckpointDoc, refs: ReadonlySet<string>): CheckpointDoc {
  if (refs.size === 0 || checkpoint.owed.length === 0) return checkpoint;
  return { ...checkpoint, owed: checkpoint.owed.filter((one) => !refs.has(one.ref)) };
}

/** Removals that wait; one that waits already keeps its place. */
export function hold(checkpoint: CheckpointDoc, removals: readonly HeldRemoval[]): CheckpointDoc {
  const waiting = new Set(checkpoint.held.map((one) => one.resourceId));
  const added = removals.filter((one) => !waiting.has(one.resourceId));
  return added.length === 0 ? checkpoint : { ...checkpoint, held: [...checkpoint.held, ...added] };
}

/** A removal that was proved, or contradicted by a sign of life, is held no longer. */
export function settleHeld(checkpoint: CheckpointDoc, refs: ReadonlySet<string>): CheckpointDoc {
  if (refs.size === 0 || checkpoint.held.length === 0) return checkpoint;
  return { ...checkpoint, held: checkpoint.held.filter((one) => !refs.has(one.ref)) };
}

/** Two checkpoints say the same: nothing needs to be stored. */
export function sameCheckpoint(a: CheckpointDoc, b: CheckpointDoc): boolean {
  return (
    a === b ||
    (a.token === b.token &&
      a.ctag === b.ctag &&
      a.listedAtMs === b.listedAtMs &&
      JSON.stringify([a.owed, a.held, a.removals24h]) === JSON.stringify([b.owed, b.held, b.removals24h]))
  );
}
