/** Answers that can be compared: what a reader sees of each occurrence, as one digest whatever the order. */
import { hash } from 'node:crypto';

export interface SeenOccurrence {
  readonly uid: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly summary: string;
  readonly location: string;
  readonly description: string;
  readonly organizer: string;
  readonly attendees: readonly string[];
}

export interface Reading {
  readonly resources: number;
  readonly occurrences: number;
  /** Over the sorted hashes of all occurrences. */
  readonly digest: string;
}

export const seenHash = (one: SeenOccurrence): string =>
  hash(
    'sha256',
    JSON.stringify([
      one.uid,
      one.startMs,
      one.endMs,
      one.summary,
      one.location,
      one.description,
      one.organizer,
      [...one.attendees].sort(),
    ]),
    'hex',
  );

export const readingOf = (resources: number, hashes: readonly string[]): Reading => ({
  resources,
  occurrences: hashes.length,
  digest: hash('sha256', [...hashes].sort().join('\n'), 'hex'),
});

/** Rejects a measurement whose answer is another one. */
export function demandEqual(what: string, actual: unknown, expected: unknown): void {
  const [ours, theirs] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (ours !== theirs) throw new Error(`${what}: the answer is ${ours} and should be ${theirs}; nothing was measured`);
}
