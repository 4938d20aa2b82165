/** How many resources are asked for together next time, learned per calendar from how long the last answer took. */

export interface BatchNumbers {
  readonly start: number;
  readonly min: number;
  readonly max: number;
  /** What one answer should take: writes of the same profile wait for it. */
  readonly targetMs: number;
}

/**
 * Aims at an answer of `targetMs`. One that took longer shrinks the next batch as much as it was late; a quick one at
 * most doubles it, and only when the batch was full, since a small question says little about a large one.
 */
export function nextBatch(batch: number, asked: number, tookMs: number, numbers: BatchNumbers): number {
  const fitting = Math.floor((asked * numbers.targetMs) / Math.max(1, tookMs));
  const wanted = fitting < asked ? fitting : asked < batch ? batch : Math.min(fitting, 2 * batch);
  return Math.min(numbers.max, Math.max(numbers.min, wanted));
}
