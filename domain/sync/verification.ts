/** Which held removals are asked for next: a sample of all that are due, then of those that are left, until none is. */
import type { HeldRemoval } from './checkpoint.ts';

/**
 * At most `max` of those that are due, in their order, the first and the last among them, the others at even distances.
 * What a server is wrong about lies together: the rest of a listing that it cut, or a share that it withdrew. Asked for
 * from the front, such a part would be met after everything before it was believed.
 */
export function nextToVerify(held: readonly HeldRemoval[], max: number, nowMs: number): readonly HeldRemoval[] {
  const due = held.filter((one) => one.nextCheckAtMs <= nowMs);
  if (due.length <= max) return due;
  const step = (due.length - 1) / Math.max(1, max - 1);
  const picked = new Set(Array.from({ length: max }, (_, k) => Math.round(k * step)));
  return due.filter((_, index) => picked.has(index));
}
