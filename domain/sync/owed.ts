/** What is asked next of the resources that are owed: together while that works, the suspect alone, else in halves. */
import type { ResourceInput } from '../machines/item.ts';
import type { OwedResource } from './checkpoint.ts';

export type Question =
  | { readonly kind: 'fetch'; readonly refs: readonly string[] }
  /** `probe`: it was set aside before and its time has come. */
  | { readonly kind: 'get'; readonly ref: string; readonly probe: boolean }
  /** Everything that is owed is set aside until then. */
  | { readonly kind: 'wait'; readonly untilMs: number };

/**
 * The next question, or null when nothing is owed. Those never asked for go first, `batch` at a time. What stayed
 * without an answer is asked for among at most half as many as the last time, in the end alone: each question is at
 * most half of the one that failed, so k that fail among n cost O(k log n) requests.
 */
export function nextQuestion(owed: readonly OwedResource[], batch: number, nowMs: number): Question | null {
  if (owed.length === 0) return null;
  const fresh = owed.filter((one) => one.among === null && one.quarantinedUntilMs === null);
  if (fresh.length > 0) return { kind: 'fetch', refs: fresh.slice(0, batch).map((one) => one.ref) };
  const open = owed.filter((one) => one.quarantinedUntilMs === null);
  const widest = Math.max(1, ...open.map((one) => one.among ?? 1));
  const [first] = open;
  if (first !== undefined) {
    const width = Math.min(batch, Math.floor(widest / 2));
    if (width <= 1) return { kind: 'get', ref: first.ref, probe: false };
    const group = open.filter((one) => one.among === widest);
    return { kind: 'fetch', refs: group.slice(0, width).map((one) => one.ref) };
  }
  const due = owed.find((one) => (one.quarantinedUntilMs ?? 0) <= nowMs);
  if (due !== undefined) return { kind: 'get', ref: due.ref, probe: true };
  return { kind: 'wait', untilMs: owed.reduce((at, one) => Math.min(at, one.quarantinedUntilMs ?? at), Infinity) };
}

/**
 * What a fetch of `asked` means for those without an answer of their own. One that was answered with "not there" is
 * asked for alone: only that proves it. When anything was answered, the first one left out is the suspect, and the
 * rest are asked for as before; when nothing was, all of them are, among fewer.
 */
export function afterFetch(
  asked: readonly string[],
  missing: ReadonlySet<string>,
  unanswered: ReadonlySet<string>,
): ReadonlyMap<string, ResourceInput> {
  const inputs = new Map<string, ResourceInput>();
  const progress = unanswered.size < asked.length;
  const suspect = asked.find((ref) => unanswered.has(ref));
  for (const ref of asked) {
    if (missing.has(ref) || (progress && ref === suspect)) inputs.set(ref, { kind: 'unanswered', among: 1 });
    else if (!progress) inputs.set(ref, { kind: 'unanswered', among: asked.length });
  }
  return inputs;
}
