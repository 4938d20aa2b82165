/** The other floor of a 202: one durable write, a row of the same size into a SQLite file with synchronous=FULL. */
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import type { SubjectActions } from '../kit/subject.ts';

export const subject = {
  /** The median of `count` single commits, in milliseconds. */
  insert: async ({
    folder,
    count,
    bytes,
  }: {
    readonly folder: string;
    readonly count: number;
    readonly bytes: number;
  }) => {
    const database = new BetterSqlite3(join(folder, `insert-${process.pid}.sqlite`));
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('CREATE TABLE rows (id TEXT PRIMARY KEY, doc TEXT NOT NULL)');
    const statement = database.prepare('INSERT INTO rows VALUES (?, ?)');
    const doc = 'x'.repeat(bytes);
    const took = Array.from({ length: count }, (_, n) => {
      const startedAt = performance.now();
      statement.run(`row-${n}`, doc);
      return performance.now() - startedAt;
    });
    database.close();
    took.sort((a, b) => a - b);
    return { p50Ms: took[count >> 1] ?? Number.NaN };
  },
} satisfies SubjectActions;
