/** No accounting: what is owed is asked for once, and whatever the answer leaves out is forgotten. For comparison alone. */
import type { ResourceInput } from '../../../domain/machines/item.ts';
import type { OwedResource } from '../../../domain/sync/checkpoint.ts';
import type { Question } from '../../../domain/sync/owed.ts';

export const nextQuestion = (owed: readonly OwedResource[], batch: number): Question | null =>
  owed.length === 0 ? null : { kind: 'fetch', refs: owed.slice(0, batch).map((one) => one.ref) };

export const afterFetch = (): ReadonlyMap<string, ResourceInput> => new Map();
