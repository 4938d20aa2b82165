/** The embedded engine: one SQLite file, one process, every acknowledged write on disk. */
import type BetterSqlite3 from 'better-sqlite3';

import type { CollectionName, Collections } from '../collections.ts';
import type { Documents, Durability, FindOptions, RevisedCollection } from '../documents.ts';
import type { QueryDocument, QueryName, QueryParams } from '../queries.ts';
import { checkDocument, checkIds, checkRev, closedError, takenError } from './document-checks.ts';
import type { Keyed } from './document-checks.ts';
import { GroupCommit } from './group-commit.ts';
import type { Schedule } from './group-commit.ts';
import { limitOf, questionOf } from './question.ts';
import type { Scalar } from './question.ts';
import { fromSqlite, isTaken } from './sqlite-errors.ts';
import { openFile } from './sqlite-file.ts';
import {
  cell,
  columnsOf,
  countSql,
  deleteSql,
  insertText,
  quote,
  replaceText,
  selectSql,
  upsertText,
} from './sqlite-sql.ts';
import type { Cell, Sql } from './sqlite-sql.ts';

export interface SqliteOptions {
  /** A file, made when it is missing with its folder, or `:memory:`. */
  readonly path: string;
  /** False: writes resolve before they are on disk, for tests that need no durability. Default true. */
  readonly durable?: boolean;
  /** When a group of writes is carried out. Default: the next turn of the event loop. */
  readonly schedule?: Schedule;
}

export interface SqliteDocuments extends Documents {
  /** The plan of a `find`, line by line, as `EXPLAIN QUERY PLAN` prints it. */
  explain<Q extends QueryName>(query: Q, params: QueryParams<Q>, options?: FindOptions): readonly string[];
  /** The value of a PRAGMA of the open database, e.g. `synchronous`. */
  setting(pragma: string): unknown;
  /** Forgets the writes that were called and not carried out, as `kill -9` would; for the simulation's crashes. */
  forgetWaiting(): void;
}

/** The cells of one document in the order of its table's columns: `_id` first, the document itself last. */
interface Row {
  readonly id: string;
  readonly cells: readonly Cell[];
}

function rowOf(collection: CollectionName, document: Keyed): Row {
  checkDocument(collection, document);
  const fields: Readonly<Record<string, unknown>> = { ...document };
  const named = columnsOf(collection).map((column) => cell((fields[column] ?? null) as Scalar));
  return { id: document._id, cells: [document._id, ...named, JSON.stringify(document)] };
}

const parse = <D>(rows: readonly unknown[]): D[] => rows.map((row) => JSON.parse((row as { doc: string }).doc) as D);

interface Open {
  readonly database: BetterSqlite3.Database;
  readonly group: GroupCommit;
  /** By their text: the text depends on a question's shape alone. */
  readonly statements: Map<string, BetterSqlite3.Statement>;
}

class SqliteEngine implements SqliteDocuments {
  readonly #options: SqliteOptions;
  #state: Open | null = null;

  constructor(options: SqliteOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    if (this.#state !== null) return;
    try {
      const durable = this.#options.durable ?? true;
      const database = openFile(this.#options.path, durable);
      const group = new GroupCommit(database, this.#options.schedule ?? setImmediate, durable);
      this.#state = { database, group, statements: new Map() };
    } catch (error) {
      throw fromSqlite(error, this.#options.path);
    }
  }

  async close(): Promise<void> {
    this.#state?.group.flush();
    this.#state?.database.close();
    this.#state = null;
  }

  async get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | null> {
    const [document] = await this.getMany(collection, [id]);
    return document ?? null;
  }

  async getMany<C extends CollectionName>(collection: C, ids: readonly string[]): Promise<Collections[C][]> {
    checkIds(ids);
    return this.#read(() => {
      const statement = this.#prepared(`SELECT "doc" FROM ${quote(collection)} WHERE "_id" = ?`);
      return parse([...new Set(ids)].map((id) => statement.get(id)).filter((row) => row !== undefined));
    });
  }

  async insert<C extends CollectionName>(collection: C, document: Collections[C]): Promise<void> {
    const row = rowOf(collection, document);
    await this.#write(() => this.#run(insertText(collection), row.cells, collection, row.id));
  }

  async insertMany<C extends CollectionName>(
    collection: C,
    documents: readonly Collections[C][],
  ): Promise<{ readonly taken: readonly string[] }> {
    const rows = documents.map((document) => rowOf(collection, document));
    return this.#write(() => ({ taken: this.#runEach(insertText(collection), rows).map(({ id }) => id) }));
  }

  async replace<C extends RevisedCollection>(
    collection: C,
    document: Collections[C],
    expectedRev: number,
    durability: Durability = 'at_once',
  ): Promise<boolean> {
    checkRev(collection, document, expectedRev);
    const { id, cells } = rowOf(collection, document);
    return this.#write(
      () => this.#run(replaceText(collection), [...cells, id, expectedRev], collection, id) === 1,
      durability,
    );
  }

  async upsertMany<C extends CollectionName>(
    collection: C,
    documents: readonly Collections[C][],
    durability: Durability = 'at_once',
  ): Promise<void> {
    const rows = documents.map((document) => rowOf(collection, document));
    await this.#write(() => {
      const [first] = this.#runEach(upsertText(collection), rows);
      if (first !== undefined) throw takenError(collection, first.id, first.cause);
    }, durability);
  }

  async remove(
    collection: CollectionName,
    ids: readonly string[],
    durability: Durability = 'at_once',
  ): Promise<number> {
    checkIds(ids);
    const text = `DELETE FROM ${quote(collection)} WHERE "_id" IN (SELECT value FROM json_each(?))`;
    return this.#write(() => this.#prepared(text).run(JSON.stringify(ids)).changes, durability);
  }

  async removeWhere<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number> {
    const { text, values } = deleteSql(questionOf(query, params));
    return this.#write(() => this.#prepared(text).run(...values).changes);
  }

  async find<Q extends QueryName>(
    query: Q,
    params: QueryParams<Q>,
    options?: FindOptions,
  ): Promise<QueryDocument<Q>[]> {
    const { text, values } = this.#select(query, params, options);
    return this.#read(() => parse(this.#prepared(text).all(...values)));
  }

  async count<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<number> {
    const { text, values } = countSql(questionOf(query, params));
    return this.#read(() => (this.#prepared(text).get(...values) as { readonly total: number }).total);
  }

  explain<Q extends QueryName>(query: Q, params: QueryParams<Q>, options?: FindOptions): readonly string[] {
    const { text, values } = this.#select(query, params, options);
    const rows = this.#prepared(`EXPLAIN QUERY PLAN ${text}`).all(...values);
    return rows.map((row) => (row as { readonly detail: string }).detail);
  }

  setting(pragma: string): unknown {
    return this.#opened().database.pragma(pragma, { simple: true });
  }

  forgetWaiting(): void {
    this.#state?.group.forget();
  }

  #select<Q extends QueryName>(query: Q, params: QueryParams<Q>, options: FindOptions | undefined): Sql {
    return selectSql(questionOf(query, params), limitOf(query, options), options?.descending ?? false);
  }

  #opened(): Open {
    if (this.#state === null) throw closedError(this.#options.path);
    return this.#state;
  }

  #prepared(text: string): BetterSqlite3.Statement {
    const { database, statements } = this.#opened();
    const known = statements.get(text);
    if (known !== undefined) return known;
    const statement = database.prepare(text);
    statements.set(text, statement);
    return statement;
  }

  /** How many rows changed; a taken key is thrown as `duplicate_key` of this document. */
  #run(text: string, cells: readonly Cell[], collection: CollectionName, id: string): number {
    try {
      return this.#prepared(text).run(...cells).changes;
    } catch (error) {
      throw isTaken(error) ? takenError(collection, id, error) : error;
    }
  }

  /** Runs it for every row and answers those whose keys were taken; the others stand. */
  #runEach(text: string, rows: readonly Row[]): { readonly id: string; readonly cause: unknown }[] {
    const statement = this.#prepared(text);
    const taken: { readonly id: string; readonly cause: unknown }[] = [];
    for (const { id, cells } of rows) {
      try {
        statement.run(...cells);
      } catch (error) {
        if (!isTaken(error)) throw error;
        taken.push({ id, cause: error });
      }
    }
    return taken;
  }

  #write<T>(write: () => T, durability: Durability = 'at_once'): Promise<T> {
    return this.#opened().group.add(write, durability);
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw fromSqlite(error, this.#options.path);
    }
  }
}

/** Nothing is touched before `open()`, which rejects with `store_unavailable` while another process has the file. */
export const openSqlite = (options: SqliteOptions): SqliteDocuments => new SqliteEngine(options);
