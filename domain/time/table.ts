/** A zone as a table of its changes of offset, answered by binary search. */
import type { Zone } from './zone.ts';

/** Ascending; `offsetMs` applies from `atMs` on. */
export interface Transition {
  readonly atMs: number;
  readonly offsetMs: number;
}

/** Answers for instants and wall times; what a zone does before or after its table is the caller's business. */
export interface OffsetTable {
  offsetAt(instantMs: number): number;
  toInstant(wallMs: number): number;
}

/**
 * `firstOffsetMs` applies before the first transition, the last one's offset for ever after it.
 *
 * Wall times follow RFC 5545, section 3.3.5: in a gap the offset before it applies, in an overlap the first reading
 * counts. Both say the same thing: a wall time belongs to the old offset until *both* offsets have passed it.
 */
export function offsetTable(firstOffsetMs: number, transitions: readonly Transition[]): OffsetTable {
  const size = transitions.length;
  const instants = new Float64Array(size);
  const wallEnds = new Float64Array(size);
  const offsets = new Float64Array(size + 1);
  offsets[0] = firstOffsetMs;
  let before = firstOffsetMs;
  for (const [index, { atMs, offsetMs }] of transitions.entries()) {
    instants[index] = atMs;
    wallEnds[index] = atMs + Math.max(before, offsetMs);
    offsets[index + 1] = offsetMs;
    before = offsetMs;
  }
  const offsetIn = (bounds: Float64Array, value: number): number => offsets[countUpTo(bounds, value)] ?? firstOffsetMs;
  return {
    offsetAt: (instantMs) => offsetIn(instants, instantMs),
    toInstant: (wallMs) => wallMs - offsetIn(wallEnds, wallMs),
  };
}

/** How many of the ascending `bounds` are at or before `value`. */
function countUpTo(bounds: Float64Array, value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A zone that is nothing but its table. */
export const tableZone = (id: string, iana: string | null, table: OffsetTable): Zone => ({
  id,
  iana,
  offsetAt: (instantMs) => table.offsetAt(instantMs),
  toInstant: (wallMs) => table.toInstant(wallMs),
});
