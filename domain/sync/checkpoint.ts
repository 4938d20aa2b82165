/** A checkpoint: what a pull of one calendar continues from, and all that it left behind, in one document. */
import { resourceIdOf, type CalendarId, type ProfileId, type ResourceId } from '../ids.ts';
import {
  transition,
  type NominationReason,
  type ResourceContext,
  type ResourceInput,
  type ResourceState,
} from '../machines/item.ts';
import type { Evidence } from '../resource.ts';

/** Reported as changed and not answered yet: the states `owed` and `quarantined` of the resource's machine. */
export interface OwedResource {
  readonly ref: string;
  /** Questions so far that named it. */
  readonly asked: number;
  /** How many were asked for together when it last got no answer; null before the first question, 1: it is the suspect. */
  readonly among: number | null;
  readonly sinceMs: number;
  /** Set aside after it failed alone, until this time. */
  readonly quarantinedUntilMs: number | null;
}

/** A removal that waits for verification: the state `held`. */
export interface HeldRemoval {
  readonly resourceId: ResourceId;
  readonly ref: string;
  /** `absent`: missing from a complete listing. `tombstone`: reported, but too many at once to believe. `direct_404`: asked for alone, or met by a write, while the breaker held. */
  readonly reason: NominationReason;
  readonly sinceMs: number;
  /** Direct requests that proved nothing. */
  readonly checks: number;
  readonly nextCheckAtMs: number;
  /** One of more removals than people are likely to make: if it is there after all, the calendar was not right. */
  readonly suspicious: boolean;
  /** Others that were claimed to be gone with it are proved to be; absent: none was. */
  readonly borneOut?: true;
}

/**
 * Of a claim that nobody believes yet. What could not be verified when it was asked for is the trouble of that resource
 * alone, once others of its claim were proved: it stays held.
 */
export const isDoubted = ({ suspicious, borneOut, checks }: HeldRemoval): boolean =>
  suspicious && !(borneOut === true && checks > 0);

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
  /**
   * Refs of resources that our own requests showed since the token was given. A delta need not speak of what came and
   * went since its token (RFC 6578 3.5.2), so one that passes over such a resource leaves its removal possible.
   */
  readonly unseen: readonly string[];
  /** Refs that a repair looks for: what a listing shows of them is reinstated. Absent: no repair is under way. */
  readonly repairing?: readonly string[];
  /** When a complete listing was last reconciled; null before the first, also while its parts are being read (with a token). */
  readonly listedAtMs: number | null;
  /** Resources that are asked for together next time, see `batch.ts`; null before the first answer. */
  readonly batch: number | null;
  /** Pages read so far of a delta, or of a first listing, that promises more. */
  readonly deltaPages: number;
}

/** `rev` 0: not stored yet. */
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
    unseen: [],
    listedAtMs: null,
    batch: null,
    deltaPages: 0,
  };
}

export interface Advanced {
  readonly checkpoint: CheckpointDoc;
  /** Removals that are to be recorded, each with what proved it. */
  readonly removals: readonly { readonly ref: string; readonly evidence: Evidence }[];
}

/** Feeds the machine of each resource that `inputs` name. A resource is owed, held, or neither: never both. */
export function advance(
  checkpoint: CheckpointDoc,
  inputs: ReadonlyMap<string, ResourceInput>,
  context: ResourceContext,
): Advanced {
  if (inputs.size === 0) return { checkpoint, removals: [] };
  const owed = new Map(checkpoint.owed.map((one) => [one.ref, one]));
  const held = new Map(checkpoint.held.map((one) => [one.ref, one]));
  const removals: { ref: string; evidence: Evidence }[] = [];
  let moved = false;
  for (const [ref, input] of inputs) {
    const before = stateOf(owed.get(ref), held.get(ref));
    const { state, effects } = transition(before, input, context);
    for (const effect of effects) if (effect.kind === 'remove') removals.push({ ref, evidence: effect.evidence });
    if (state === before || (state.name === 'ok' && before.name === 'ok')) continue;
    moved = true;
    owed.delete(ref);
    held.delete(ref);
    keep(checkpoint._id, ref, state, owed, held);
  }
  if (!moved) return { checkpoint, removals };
  return { checkpoint: { ...checkpoint, owed: [...owed.values()], held: [...held.values()] }, removals };
}

/** Every one of `refs` gets the same input. */
export const each = (refs: Iterable<string>, input: ResourceInput): ReadonlyMap<string, ResourceInput> =>
  new Map(Array.from(refs, (ref) => [ref, input]));

function stateOf(owed: OwedResource | undefined, held: HeldRemoval | undefined): ResourceState {
  if (held !== undefined) {
    const { resourceId: _id, ref: _ref, ...fields } = held;
    return { name: 'held', ...fields };
  }
  if (owed === undefined) return { name: 'ok' };
  const { asked, among, sinceMs, quarantinedUntilMs } = owed;
  if (quarantinedUntilMs !== null) return { name: 'quarantined', asked, sinceMs, untilMs: quarantinedUntilMs };
  return { name: 'owed', asked, among, sinceMs };
}

function keep(
  calendarId: CalendarId,
  ref: string,
  state: ResourceState,
  owed: Map<string, OwedResource>,
  held: Map<string, HeldRemoval>,
): void {
  if (state.name === 'held') {
    const { name: _name, ...fields } = state;
    held.set(ref, { resourceId: resourceIdOf(calendarId, ref), ref, ...fields });
  }
  if (state.name === 'owed') {
    const { asked, among, sinceMs } = state;
    owed.set(ref, { ref, asked, among, sinceMs, quarantinedUntilMs: null });
  }
  if (state.name === 'quarantined') {
    const { asked, sinceMs, untilMs } = state;
    owed.set(ref, { ref, asked, among: 1, sinceMs, quarantinedUntilMs: untilMs });
  }
}

/** When something that was left behind can next be asked for; null while nothing was. */
export function leftOverAt({ owed, held }: Pick<CheckpointDoc, 'owed' | 'held'>): number | null {
  if (owed.length === 0 && held.length === 0) return null;
  let first = Number.MAX_SAFE_INTEGER;
  for (const one of owed) first = Math.min(first, one.quarantinedUntilMs ?? 0);
  for (const one of held) first = Math.min(first, one.nextCheckAtMs);
  return first;
}

/** Listed in full, and everything that the listing named was asked for. */
export const isComplete = ({ listedAtMs, owed }: CheckpointDoc): boolean =>
  listedAtMs !== null && owed.every((one) => one.quarantinedUntilMs !== null);

const leftBehind = ({ owed, held, removals24h, unseen, repairing }: CheckpointDoc) => [
  owed,
  held,
  removals24h,
  unseen,
  repairing ?? [],
];

/** What a repair looks for still: nothing once everything was listed, but for what was named and not answered yet. */
export function repairLeft(checkpoint: CheckpointDoc): CheckpointDoc {
  const { repairing, owed, listedAtMs } = checkpoint;
  if (repairing === undefined || repairing.length === 0 || listedAtMs === null) return checkpoint;
  const named = new Set(owed.map((one) => one.ref));
  return { ...checkpoint, repairing: repairing.filter((ref) => named.has(ref)) };
}

/** Two checkpoints say the same: nothing needs to be stored. */
export function sameCheckpoint(a: CheckpointDoc, b: CheckpointDoc): boolean {
  return (
    a === b ||
    (a.token === b.token &&
      a.ctag === b.ctag &&
      a.listedAtMs === b.listedAtMs &&
      a.batch === b.batch &&
      a.deltaPages === b.deltaPages &&
      JSON.stringify(leftBehind(a)) === JSON.stringify(leftBehind(b)))
  );
}
