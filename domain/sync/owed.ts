/** What is asked next of the resources that are owed: together while that works, the suspect alone, else in halves. */
import type { CheckpointDoc, OwedResource } from './checkpoint.ts';

export type Question =
  | { readonly kind: 'fetch'; readonly refs: readonly string[] }
  | { readonly kind: 'get'; readonly ref: string }
  /** Everything that is owed is set aside until then. */
  | { readonly kind: 'wait'; readonly untilMs: number };

/**
 * The next question, or null when nothing is owed. Those never asked for go first, `batch` at a time. Of those left
 * unanswered the suspect is asked for alone and the rest together; a group that brought no answer at all is halved
 * at each round, so k missing among n cost O(k log n) requests.
 */
export function nextQuestion(owed: readonly OwedResource[], batch: number, nowMs: number): Question | null {
  if (owed.length === 0) return null;
  const open = owed.filter((one) => one.quarantinedUntilMs === null || one.quarantinedUntilMs <= nowMs);
  if (open.length === 0) {
    return { kind: 'wait', untilMs: Math.min(...owed.map((one) => one.quarantinedUntilMs ?? nowMs)) };
  }
  const fresh = open.filter((one) => one.asked === 0);
  if (fresh.length > 0) return { kind: 'fetch', refs: fresh.slice(0, batch).map((one) => one.ref) };
  const suspect = open.find((one) => one.suspect);
  if (suspect !== undefined) return { kind: 'get', ref: suspect.ref };
  const rounds = Math.min(...open.map((one) => one.asked));
  const group = open.filter((one) => one.asked === rounds);
  const width = Math.max(1, Math.floor(batch / 2 ** (rounds - 1)));
  const [first] = group;
  if (first !== undefined && (width === 1 || group.length === 1)) return { kind: 'get', ref: first.ref };
  return { kind: 'fetch', refs: group.slice(0, width).map((one) => one.ref) };
}

/**
 * After a fetch of `asked` of which `unanswered` stayed without an answer of their own: when others were answered, the
 * first one left out is the suspect and the rest are asked for as before; when none was, all count a round.
 */
export function afterFetch(
  checkpoint: CheckpointDoc,
  asked: readonly string[],
  unanswered: readonly string[],
): CheckpointDoc {
  if (unanswered.length === 0) return checkpoint;
  const left = new Set(unanswered);
  const progress = unanswered.length < asked.length;
  const suspectRef = asked.find((ref) => left.has(ref));
  const owed = checkpoint.owed.map((one) => {
    if (!left.has(one.ref)) return one;
    return {
      ...one,
      asked: progress ? Math.max(1, one.asked) : one.asked + 1,
      suspect: progress && one.ref === suspectRef,
    };
  });
  return { ...checkpoint, owed };
}

export interface SetAsideNumbers {
  readonly askedMax: number;
  readonly setAsideMs: number;
}

/** A direct request for `ref` alone failed: ask again later, and set it aside after too many times. */
export function afterFailedGet(
  checkpoint: CheckpointDoc,
  ref: string,
  nowMs: number,
  numbers: SetAsideNumbers,
): CheckpointDoc {
  const owed = checkpoint.owed.map((one) => {
    if (one.ref !== ref) return one;
    const asked = one.asked + 1;
    return {
      ...one,
      asked,
      suspect: true,
      quarantinedUntilMs: asked >= numbers.askedMax ? nowMs + numbers.setAsideMs : null,
    };
  });
  return { ...checkpoint, owed };
}
