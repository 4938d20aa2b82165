/** The cluster's engine: MongoDB, where a write resolves once a majority of the replica set has it in its journal. */
import type { AnyBulkWriteOperation, Collection, DbOptions, MongoClient, MongoClientOptions } from 'mongodb';

import { collectionNames } from '../collections.ts';
import type { CollectionName, Collections } from '../collections.ts';
import type { Documents, FindOptions, RevisedCollection } from '../documents.ts';
import type { QueryDocument, QueryName, QueryParams } from '../queries.ts';
import { checkDocument, checkIds, checkRev, closedError, takenError } from './document-checks.ts';
import type { Keyed } from './document-checks.ts';
import { filterOf, fromStored, sortOf, toStored } from './mongo-documents.ts';
import { mongoDriver } from './mongo-driver.ts';
import { duplicatesOf, fromMongo, isDuplicate } from './mongo-errors.ts';
import { indexesOf, limitOf, questionOf } from './question.ts';
import type { Index, Question } from './question.ts';

export interface MongoOptions {
  /** `mongodb://…`; what it says about write concern, read preference and retries is overruled. */
  readonly url: string;
  readonly database: string;
  /** Told of each command as it is sent; the tests look at what is pinned. */
  readonly onCommand?: (name: string, command: Readonly<Record<string, unknown>>) => void;
}

export interface MongoDocuments extends Documents {
  /** The plan of a `find` as the server explains it. */
  explain<Q extends QueryName>(query: Q, params: QueryParams<Q>, options?: FindOptions): Promise<unknown>;
}

/**
 * Not settings: with less, an acknowledged write may vanish in an election, or a read may show one that will. Retries
 * belong to the actors; two owners of one retry multiply.
 */
const pinned = (): DbOptions => ({
  // A write that waits longer than this for its majority has an unknown outcome; the caller looks.
  writeConcern: { w: 'majority', j: true, wtimeoutMS: 10_000 },
  readPreference: 'primary',
  readConcern: new (mongoDriver().ReadConcern)('majority'),
});

const noRetries = {
  retryWrites: false,
  retryReads: false,
  maxAdaptiveRetries: 0,
} as const satisfies MongoClientOptions;

/** An election takes up to 12 s: waiting for its end would hold every request; a 503 and a retry are better. */
const waiting = {
  serverSelectionTimeoutMS: 5_000,
  connectTimeoutMS: 5_000,
  // Longer than any declared query takes; a host that vanished answers nothing at all.
  socketTimeoutMS: 30_000,
} as const satisfies MongoClientOptions;

const keyOf = (index: Index): Record<string, 1> => Object.fromEntries(index.fields.map((field) => [field, 1]));

/** The primary key's index has the same name in every collection. */
const hintOf = (question: Question): string => question.index?.name ?? '_id_';

const storedOf = (collection: CollectionName, document: Keyed): Keyed => {
  checkDocument(collection, document);
  return toStored(document);
};

/** Every write is durable at once: in an election a write that was not would vanish, and one called after it might not. */
class MongoEngine implements MongoDocuments {
  readonly #options: MongoOptions;
  #client: MongoClient | null = null;
  /** Closing waits for them: the driver would cut them off. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: MongoOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    try {
      this.#client ??= await this.#connect();
      for (const collection of collectionNames)
        for (const index of indexesOf(collection))
          await this.#of(collection).createIndex(keyOf(index), { name: index.name, unique: index.unique });
    } catch (error) {
      throw fromMongo(error, this.#options.database);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await Promise.allSettled(this.#underWay);
    await client?.close();
  }

  async get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | null> {
    checkIds([id]);
    const stored = await this.#ask(() => this.#of(collection).findOne({ _id: id }));
    return stored === null ? null : (fromStored(stored) as Collections[C]);
  }

  async getMany<C extends CollectionName>(collection: C, ids: readonly string[]): Promise<Collections[C][]> {
    checkIds(ids);
    const asked = [...new Set(ids)];
    const stored = await this.#ask(() =>
      this.#of(collection)
        .find({ _id: { $in: asked } })
        .toArray(),
    );
    const byId = new Map(stored.map((one) => [one._id, one]));
    return asked.flatMap((id) => byId.get(id) ?? []).map((one) => fromStored(one) as Collections[C]);
  }

  async insert<C extends CollectionName>(collection: C, document: Collections[C]): Promise<void> {
    const stored = storedOf(collection, document);
    await this.#writeOne(collection, document._id, () => this.#of(collection).insertOne(stored));
  }

  async insertMany<C extends CollectionName>(
    collection: C,
    documents: readonly Collections[C][],
  ): Promise<{ readonly taken: readonly string[] }> {
    const failed = await this.#bulk(
      collection,
      documents.map((document) => ({ insertOne: { document: storedOf(collection, document) } })),
    );
    return { taken: failed.flatMap(({ place }) => documents[place]?._id ?? []) };
  }

  async replace<C extends RevisedCollection>(
    collection: C,
    document: Collections[C],
    expectedRev: number,
  ): Promise<boolean> {
    checkRev(collection, document, expectedRev);
    const stored = storedOf(collection, document);
    const filter = { _id: document._id, rev: expectedRev };
    const answer = await this.#writeOne(collection, document._id, () =>
      this.#of(collection).replaceOne(filter, stored),
    );
    return answer.matchedCount === 1;
  }

  async upsertMany<C extends CollectionName>(collection: C, documents: readonly Collections[C][]): Promise<void> {
    // The last of each `_id`: an unordered bulk promises no order.
    const last = new Map(documents.map((document) => [document._id, storedOf(collection, document)]));
    const stored = [...last.values()];
    // Two that race for one new `_id` are no conflict: the server itself tries the loser again.
    const [first] = await this.#bulk(
      collection,
      stored.map((replacement) => ({ replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true } })),
    );
    if (first !== undefined) throw takenError(collection, stored[first.place]?._id ?? '', first.cause);
  }

  async remove(collection: CollectionName, ids: readonly string[]): Promise<number> {
    checkIds(ids);
    const answer = await this.#ask(() => this.#of(collection).deleteMany({ _id: { $in: [...ids] } }));
    return answer.deletedCount;
  }

  async removeWhere<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number> {
    const question = questionOf(query, params);
    const answer = await this.#ask(() =>
      this.#of(question.collection).deleteMany(filterOf(question.conditions), { hint: hintOf(question) }),
    );
    return answer.deletedCount;
  }

  async find<Q extends QueryName>(
    query: Q,
    params: QueryParams<Q>,
    options?: FindOptions,
  ): Promise<QueryDocument<Q>[]> {
    const stored = await this.#ask(() => this.#cursor(query, params, options).toArray());
    return stored.map((one) => fromStored(one) as QueryDocument<Q>);
  }

  async count<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number> {
    const question = questionOf(query, params);
    return this.#ask(() =>
      this.#of(question.collection).countDocuments(filterOf(question.conditions), { hint: hintOf(question) }),
    );
  }

  async explain<Q extends QueryName>(query: Q, params: QueryParams<Q>, options?: FindOptions): Promise<unknown> {
    return this.#ask(() => this.#cursor(query, params, options).explain('queryPlanner'));
  }

  #cursor<Q extends QueryName>(query: Q, params: QueryParams<Q>, options: FindOptions | undefined) {
    const question = questionOf(query, params);
    // Zero means no limit to MongoDB.
    const limit = limitOf(query, options) ?? 0;
    const sort = sortOf(question, options?.descending ?? false);
    return this.#of(question.collection).find(filterOf(question.conditions), { sort, limit, hint: hintOf(question) });
  }

  async #connect(): Promise<MongoClient> {
    const { url, onCommand } = this.#options;
    const client = new (mongoDriver().MongoClient)(url, {
      ...noRetries,
      ...waiting,
      appName: 'kalends',
      monitorCommands: onCommand !== undefined,
    });
    client.on('commandStarted', ({ commandName, command }) => onCommand?.(commandName, command));
    try {
      return await client.connect();
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  #of(collection: CollectionName): Collection<Keyed> {
    // The driver would connect a closed client again.
    if (this.#client === null) throw closedError(this.#options.database);
    return this.#client.db(this.#options.database, pinned()).collection<Keyed>(collection);
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    const answer = question();
    this.#underWay.add(answer);
    try {
      return await answer;
    } catch (error) {
      throw fromMongo(error, this.#options.database);
    } finally {
      this.#underWay.delete(answer);
    }
  }

  async #writeOne<T>(collection: CollectionName, id: string, write: () => Promise<T>): Promise<T> {
    return this.#ask(async () => {
      try {
        return await write();
      } catch (error) {
        throw isDuplicate(error) ? takenError(collection, id, error) : error;
      }
    });
  }

  /** Carries out all that can be; answers the places of those whose keys were taken. */
  async #bulk(
    collection: CollectionName,
    writes: AnyBulkWriteOperation<Keyed>[],
  ): Promise<readonly { readonly place: number; readonly cause: unknown }[]> {
    if (writes.length === 0) return [];
    return this.#ask(async () => {
      try {
        await this.#of(collection).bulkWrite(writes, { ordered: false });
        return [];
      } catch (error) {
        const taken = duplicatesOf(error);
        if (taken === null) throw error;
        return taken.map((one) => ({ place: one.index, cause: error }));
      }
    });
  }
}

/** Nothing is contacted before `open()`, which rejects with `store_unavailable` while no primary answers. */
export const openMongo = (options: MongoOptions): MongoDocuments => new MongoEngine(options);
