/** A store that loses with the power what was written `with_next` and nothing durable has followed. */
import type { CollectionName } from '../../../store/collections.ts';
import type { Documents, Durability } from '../../../store/documents.ts';
import { passingOn } from '../../support/passing-on.ts';

export interface PoweredStore {
  readonly documents: Documents;
  /** As if the power had gone: answers how many writes went with it. */
  lose(): Promise<number>;
}

type Undo = () => Promise<void>;

export function powered(inner: Documents): PoweredStore {
  let undo: Undo[] = [];

  /** What brings these documents back to what they are now. */
  async function backTo(collection: CollectionName, ids: readonly string[]): Promise<Undo> {
    const before = await inner.getMany(collection, ids);
    return async () => {
      await inner.remove(collection, ids);
      if (before.length > 0) await inner.insertMany(collection, before);
    };
  }

  async function written<T>(
    collection: CollectionName,
    ids: readonly string[],
    durability: Durability | undefined,
    write: () => Promise<T>,
  ): Promise<T> {
    const back = await backTo(collection, ids);
    const answer = await write();
    if (durability === 'with_next') undo.push(back);
    else undo = [];
    return answer;
  }

  async function durable<T>(write: Promise<T>): Promise<T> {
    const answer = await write;
    undo = [];
    return answer;
  }

  return {
    documents: {
      ...passingOn(inner),
      insert: (collection, document) => durable(inner.insert(collection, document)),
      insertMany: (collection, documents) => durable(inner.insertMany(collection, documents)),
      removeWhere: (query, params) => durable(inner.removeWhere(query, params)),
      replace: (collection, document, rev, durability) =>
        written(collection, [document._id], durability, () => inner.replace(collection, document, rev, durability)),
      upsertMany: (collection, documents, durability) => {
        const ids = documents.map((one) => one._id);
        return written(collection, ids, durability, () => inner.upsertMany(collection, documents, durability));
      },
      remove: (collection, ids, durability) =>
        written(collection, ids, durability, () => inner.remove(collection, ids, durability)),
    },
    lose: async () => {
      const lost = undo;
      undo = [];
      for (const one of lost.toReversed()) await one();
      return lost.length;
    },
  };
}
