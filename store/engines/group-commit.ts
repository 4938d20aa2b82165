/** Group commit: writes that are called together share one transaction, hence one wait for the disk. */
import type BetterSqlite3 from 'better-sqlite3';

import type { KalendsError } from '../../domain/errors.ts';
import type { Durability } from '../documents.ts';
import { fromSqlite, isOfTheDatabase } from './sqlite-errors.ts';

/** Calls `flush` once, later, in a turn of its own. */
export type Schedule = (flush: () => void) => void;

interface Write {
  /** Carries the write out inside the transaction and answers what settles it once the transaction is durable. */
  readonly run: () => () => void;
  readonly reject: (reason: KalendsError) => void;
  readonly durability: Durability;
}

/**
 * Writes run in the order of their calls. Each one's own failure (a taken key) is its own; a failure of the database
 * rejects the whole group, because what was not committed together cannot be told apart afterwards.
 *
 * A group of which nothing has to be durable at once does not wait for the disk: in WAL mode the next one that waits
 * brings everything before it along, since they share one file (sqlite.org/pragma.html#pragma_synchronous).
 */
export class GroupCommit {
  readonly #database: BetterSqlite3.Database;
  readonly #schedule: Schedule;
  readonly #begin: BetterSqlite3.Statement;
  readonly #commit: BetterSqlite3.Statement;
  readonly #durable: boolean;
  #synchronised: Durability = 'at_once';
  #waiting: Write[] = [];

  /** `durable` false: nothing ever waits for the disk. */
  constructor(database: BetterSqlite3.Database, schedule: Schedule, durable: boolean) {
    this.#database = database;
    this.#schedule = schedule;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#durable = durable;
  }

  /** Resolves with what `write` answered once it is committed; rejects with a KalendsError. */
  add<T>(write: () => T, durability: Durability): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = (): (() => void) => {
        try {
          const answer = write();
          return () => resolve(answer);
        } catch (error) {
          // SQLite ends the transaction by itself on some failures: then nothing before it stands either.
          if (isOfTheDatabase(error) || !this.#database.inTransaction) throw error;
          return () => reject(fromSqlite(error, this.#database.name));
        }
      };
      this.#waiting.push({ run, reject, durability });
      if (this.#waiting.length === 1) this.#schedule(() => this.flush());
    });
  }

  /** Carries out now what waits; does nothing when nothing does. */
  flush(): void {
    const writes = this.#waiting;
    this.#waiting = [];
    if (writes.length === 0) return;
    let settle: (() => void)[];
    try {
      this.#synchronise(writes.some((one) => one.durability === 'at_once') ? 'at_once' : 'with_next');
      this.#begin.run();
      settle = writes.map((write) => write.run());
      this.#commit.run();
    } catch (error) {
      this.#rollBack();
      const failure = fromSqlite(error, this.#database.name);
      for (const write of writes) write.reject(failure);
      return;
    }
    for (const done of settle) done();
  }

  /** Drops what waits, as `kill -9` would: those promises never settle. */
  forget(): void {
    this.#waiting = [];
  }

  /** Cannot be changed inside a transaction, nor prepared: SQLite obeys this one while it compiles it. */
  #synchronise(wanted: Durability): void {
    if (!this.#durable || wanted === this.#synchronised) return;
    this.#database.pragma(`synchronous = ${wanted === 'at_once' ? 'FULL' : 'NORMAL'}`);
    this.#synchronised = wanted;
  }

  #rollBack(): void {
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }
}
