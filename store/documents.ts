/**
 * The engine port: the few operations that Kalends asks of a database, in prose and types.
 *
 * Each sentence has a test in `test/contracts/documents.contract.ts`, which runs on every engine.
 *
 * 1. Documents are plain JSON values with a string `_id`; what is read equals what was written.
 * 2. `insert` and `insertMany` reject with `duplicate_key` when an `_id` or a unique index is taken; of racing inserts
 *    exactly one wins. `insertMany` inserts every document that it can and reports the ids that were taken.
 * 3. `replace` stores the document only if the stored `rev` equals `expectedRev` and answers whether it did; of racing
 *    replaces exactly one wins. The document's own `rev` must be larger.
 * 4. `upsertMany` leaves each document as given, whether or not it was there, and may be repeated.
 * 5. `remove` and `removeWhere` delete what matches and answer how many; nothing matching is not an error.
 * 6. `find` answers the documents that a declared query selects, in its order, at most `limit`; `count` how many.
 * 7. When a write resolves it is durable: it survives the loss of power. Writes may be grouped, not reordered.
 * 8. There is no transaction over several documents, and no caller may assume one.
 * 9. A full disk rejects with `store_full` and leaves what was there; an engine that cannot be reached rejects with
 *    `store_unavailable`. After either, later calls work again when the cause is gone.
 */
import type { CollectionName, Collections } from './collections.ts';
import type { QueryName, QueryParams, QueryDocument } from './queries.ts';

export interface FindOptions {
  readonly limit?: number;
  /** Reverses the query's order. */
  readonly descending?: boolean;
}

export interface Documents {
  /** Creates what is missing (tables, indexes); safe to repeat. */
  open(): Promise<void>;
  close(): Promise<void>;
  get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | null>;
  getMany<C extends CollectionName>(collection: C, ids: readonly string[]): Promise<Collections[C][]>;
  insert<C extends CollectionName>(collection: C, document: Collections[C]): Promise<void>;
  insertMany<C extends CollectionName>(
    collection: C,
    documents: readonly Collections[C][],
  ): Promise<{ readonly taken: readonly string[] }>;
  replace<C extends RevisedCollection>(collection: C, document: Collections[C], expectedRev: number): Promise<boolean>;
  upsertMany<C extends CollectionName>(collection: C, documents: readonly Collections[C][]): Promise<void>;
  remove(collection: CollectionName, ids: readonly string[]): Promise<number>;
  removeWhere<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number>;
  find<Q extends QueryName>(query: Q, params: QueryParams<Q>, options?: FindOptions): Promise<QueryDocument<Q>[]>;
  count<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number>;
}

/** Collections whose documents carry a revision. */
export type RevisedCollection = {
  [C in CollectionName]: Collections[C] extends { readonly rev: number } ? C : never;
}[CollectionName];
