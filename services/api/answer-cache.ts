/** The answer cache: finished answers of listings, for as long as the projections that they were made from stand still. */
import type { ProfileDoc } from '../../domain/profile.ts';

export interface AnswerCache {
  get(key: string, profiles: readonly ProfileDoc[], nowMs: number): Buffer | null;
  set(key: string, profiles: readonly ProfileDoc[], nowMs: number, answer: Buffer): void;
}

/** Enough for the first pages of 500 busy accounts. */
const bytesMax = 64 * 1024 * 1024;
/** One account that reads everything must not push out all the others. */
const answerBytesMax = 1024 * 1024;
/** Bounds what a rebuild of projections, which advances no seq, can leave behind. */
export const keptMs = 30_000;

interface Kept {
  readonly state: string;
  readonly untilMs: number;
  readonly answer: Buffer;
}

/**
 * Every change of a projection advances its profile's `projectedSeq`, which is read for every request anyway: nobody
 * has to be told to forget, in this process or another. A profile must be read before the rows, so that an answer is
 * never kept under a seq that it has not reached. Not for rows that depend on open intents: those advance no seq.
 */
export function createAnswerCache(): AnswerCache {
  const kept = new Map<string, Kept>();
  let bytes = 0;
  const drop = (key: string, one: Kept): void => {
    kept.delete(key);
    bytes -= one.answer.length;
  };
  return {
    get(key, profiles, nowMs) {
      const one = kept.get(key);
      if (one === undefined) return null;
      if (one.untilMs > nowMs && one.state === stateOf(profiles)) return one.answer;
      drop(key, one);
      return null;
    },
    set(key, profiles, nowMs, answer) {
      if (answer.length > answerBytesMax) return;
      const before = kept.get(key);
      if (before !== undefined) drop(key, before);
      kept.set(key, { state: stateOf(profiles), untilMs: nowMs + keptMs, answer });
      bytes += answer.length;
      for (const [oldest, one] of kept) {
        if (bytes <= bytesMax) break;
        drop(oldest, one);
      }
    },
  };
}

/** What finished rows rest on: the projections, and the person's own addresses. */
export const stateOf = (profiles: readonly ProfileDoc[]): string =>
  profiles
    .map(({ _id, projectedSeq, name, email, aliases = [] }) => [_id, projectedSeq, name, email, ...aliases].join(' '))
    .join('|');
