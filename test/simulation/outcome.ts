/** What came of a seed. */
import type { Counts, Violation, Watch } from './watch.ts';

export interface Outcome {
  readonly seed: number;
  /** Null: every invariant held after every step, and at the end. */
  readonly violation: Violation | null;
  readonly step: number;
  readonly simulatedMs: number;
  readonly counts: Counts;
  readonly faults: ReadonlyMap<string, number>;
  readonly crashes: number;
  /** What a seed must have at least, as it was. */
  readonly least: Least;
  readonly notifications: number;
  readonly accepted: number;
  readonly effects: Watch['effects'];
  /** What happened, one line each, as far as it was asked for. */
  readonly trace: readonly string[];
}

export interface Least {
  /** Steps until nothing went wrong any more. */
  readonly steps: number;
  readonly crashes: number;
  readonly nodes: number;
  /** How far two clocks were apart, milliseconds. */
  readonly clocksApartMs: number;
  readonly calendars: number;
  /** Resources of one calendar that had one UID. */
  readonly sameUid: number;
}
