/**
 * The engine port: the few operations that Kalends asks of a database, in prose and types.
 *
 * Each sentence has a test in `test/contracts/documents.contract.ts`, which runs on every engine.
 *
 * 1. Documents are plain JSON values with a string `_id`; what is read equals what was written, as it was when the write
 *    was called. A field that is undefined is absent; keys may hold any characters and their order means nothing. An
 *    `_id` and the fields that a query names are well-formed Unicode, others reject with `invalid_input`.
 * 2. `insert` and `insertMany` reject with `duplicate_key` when an `_id` or a unique index is taken; of racing inserts
 *    exactly one wins. `insertMany` inserts every document that it can and reports the ids that were taken.
 * 3. `replace` stores the document only if the stored `rev` equals `expectedRev` and answers whether it did; of racing
 *    replaces exactly one wins. The document's own `rev` must be larger. Where its unique fields belong to another
 *    document it rejects with `duplicate_key`.
 * 4. `upsertMany` leaves each document as given, whether or not it was there, and may be repeated. Of two with one `_id`
 *    the last stays. One whose unique fields belong to another document rejects with `duplicate_key`; the others stand.
 * 5. `remove` and `removeWhere` delete what matches and answer how many; nothing matching is not an error.
 * 6. `find` answers the documents that a declared query selects, in its order, at most `limit`; `count` how many.
 *    The order is that of the query's range field, then of `_id`, so that it is total. Null equals null, and no range
 *    contains it. A list matches any of its values, an empty list nothing. A query or field outside the table rejects.
 * 7. `get` answers one document or null; `getMany` those that are there, each once, in the order asked.
 * 8. Reads see every write that has resolved. A write that is called after another has resolved is carried out after it;
 *    writes under way at the same time may be carried out in any order.
 * 9. When a write resolves it is durable: it survives the loss of power. One that is called `with_next` is visible when it
 *    resolves, and durable no later than any other write that is called after that and changes something: for what can
 *    be made again from what is durable, and should not wait for the disk.
 * 10. There is no transaction over several documents, and no caller may assume one: a write that failed does not undo
 *    another, not even inside one `insertMany` or `upsertMany`.
 * 11. A full disk rejects with `store_full` and leaves what was there; an engine that cannot be reached rejects with
 *    `store_unavailable`, and so does one that is closed. After either, later calls work again when the cause is gone.
 *    A write rejected with `store_unavailable` may have been carried out.
 */
import type { CollectionName, Collections } from './collections.ts';
import type { QueryName, QueryParams, QueryDocument } from './queries.ts';

export type Durability = 'at_once' | 'with_next';

export interface FindOptions {
  /** At most this many documents, from 1; all of them when absent. */
  readonly limit?: number;
  /** Reverses the query's order. */
  readonly descending?: boolean;
}

export interface Documents {
  /** Creates what is missing (tables, indexes); safe to repeat. */
  open(): Promise<void>;
  /** Carries out what was called before, then releases the database; safe to repeat. */
  close(): Promise<void>;
  get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | null>;
  getMany<C extends CollectionName>(collection: C, ids: readonly string[]): Promise<Collections[C][]>;
  insert<C extends CollectionName>(collection: C, document: Collections[C]): Promise<void>;
  insertMany<C extends CollectionName>(
    collection: C,
    documents: readonly Collections[C][],
  ): Promise<{ readonly taken: readonly string[] }>;
  /** `durability`: at once when absent. */
  replace<C extends RevisedCollection>(
    collection: C,
    document: Collections[C],
    expectedRev: number,
    durability?: Durability,
  ): Promise<boolean>;
  upsertMany<C extends CollectionName>(
    collection: C,
    documents: readonly Collections[C][],
    durability?: Durability,
  ): Promise<void>;
  remove(collection: CollectionName, ids: readonly string[], durability?: Durability): Promise<number>;
  removeWhere<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number>;
  find<Q extends QueryName>(query: Q, params: QueryParams<Q>, options?: FindOptions): Promise<QueryDocument<Q>[]>;
  count<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number>;
}

/** Collections whose documents carry a revision. */
export type RevisedCollection = {
  [C in CollectionName]: Collections[C] extends { readonly rev: number } ? C : never;
}[CollectionName];
