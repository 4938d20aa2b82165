/** Occurrences: a normalised resource laid out on the time line, one entry for each single event or instance. */
import type { EventFields } from './event.ts';

/** Half-open, epoch milliseconds. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Occurrence {
  /** Original start in UTC basic form (`20261121T090000Z`; `20261121` for dates; `20261121T090000` for floating); null for a single event. */
  readonly recurrenceKey: string | null;
  readonly recurring: boolean;
  /** Dates as UTC midnights; floating times as if in the fallback zone. */
  readonly startMs: number;
  readonly endMs: number;
  /** The fields of this occurrence, its own start and end among them. */
  readonly fields: EventFields;
}
