/** Time and chance as they are passed in: nothing outside the composition root reads a clock or rolls a die. */

/** All times in Kalends are numbers of milliseconds; `now` since 1970 UTC, `monotonic` since some fixed moment. */
export interface Clock {
  now(): number;
  /** Never runs backwards, not comparable between processes. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets other work of this process run before the caller goes on. */
  breathe(): Promise<void>;
}

/** Uniform in [0, 1). */
export type Random = () => number;
