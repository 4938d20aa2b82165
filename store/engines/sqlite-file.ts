/** Opens a SQLite file as this engine needs it: locked, durable, and with today's tables and indexes. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';

import { collectionNames } from '../collections.ts';
import type { CollectionName } from '../collections.ts';
import { allIndexes, columnsOf, createIndex, createTable, indexName, quote } from './sqlite-sql.ts';

function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  // People's calendars are nobody else's business. Only where it is missing: closing a descriptor of a file that this
  // process has open would give up SQLite's locks on it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
}

/** A column that an older version did not have is filled from the documents. */
function addColumns(database: BetterSqlite3.Database, collection: CollectionName): void {
  const rows = database.pragma(`table_info(${quote(collection)})`) as readonly { readonly name: string }[];
  const there = new Set(rows.map((row) => row.name));
  for (const column of columnsOf(collection)) {
    if (there.has(column)) continue;
    database.exec(`ALTER TABLE ${quote(collection)} ADD COLUMN ${quote(column)}`);
    database.prepare(`UPDATE ${quote(collection)} SET ${quote(column)} = json_extract("doc", ?)`).run(`$."${column}"`);
  }
}

/** An index that no query names any more costs writes, and a unique one may refuse what is now legal. */
function dropOldIndexes(database: BetterSqlite3.Database): void {
  const wanted = new Set(allIndexes().map(indexName));
  const rows = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`).all();
  for (const { name } of rows as readonly { readonly name: string }[])
    if (!wanted.has(name)) database.exec(`DROP INDEX ${quote(name)}`);
}

function layOut(database: BetterSqlite3.Database): void {
  for (const collection of collectionNames) {
    database.exec(createTable(collection));
    addColumns(database, collection);
  }
  dropOldIndexes(database);
  for (const index of allIndexes()) database.exec(createIndex(index));
}

function configure(database: BetterSqlite3.Database, durable: boolean): void {
  if (!database.memory) {
    // Before the first access: the lock is then taken for good, and a second process is refused at once.
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
  }
  database.pragma(`synchronous = ${durable ? 'FULL' : 'OFF'}`);
  // On macOS a plain fsync leaves data in the drive's cache; elsewhere this means nothing.
  database.pragma(`fullfsync = ${durable ? 1 : 0}`);
  database.pragma(`checkpoint_fullfsync = ${durable ? 1 : 0}`);
  // Minus KiB: the inner pages of every index fit. More is in the system's own cache of the file, and costs nothing here.
  database.pragma('cache_size = -16384');
  // Bytes: a burst does not leave a log of its own size behind for ever.
  database.pragma('journal_size_limit = 67108864');
}

/** Throws what SQLite throws. `path` is a file, made when missing with its folder, or `:memory:`. */
export function openFile(path: string, durable: boolean): BetterSqlite3.Database {
  if (path !== ':memory:') makeFile(path);
  // No waiting for a lock: who has it keeps it.
  const database = new BetterSqlite3(path, { timeout: 0 });
  try {
    configure(database, durable);
    database.transaction(() => layOut(database)).immediate();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
