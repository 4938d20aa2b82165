/** A stretch of time. */

/** Half-open, epoch milliseconds. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether something from `startMs` to `endMs` shows in the window; what has no length shows where it begins. */
export const overlapsWindow = (startMs: number, endMs: number, window: TimeWindow): boolean =>
  startMs < window.toMs && (endMs > window.fromMs || startMs >= window.fromMs);
