/** The contract of documents on a SQLite file, and what only this engine has: groups, one owner, a real disk. */
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import BetterSqlite3 from 'better-sqlite3';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

import { openSqlite } from '../../store/engines/sqlite.ts';
import type { SqliteDocuments, SqliteOptions } from '../../store/engines/sqlite.ts';
import { documentsContract } from '../contracts/documents.contract.ts';
import { scratch } from '../support/scratch.ts';
import { smallDisk } from './full-disk.ts';
import { anyWrites, emptied, Model, perform, stored } from './model.ts';
import { everyQuestion } from './questions.ts';
import { app, commit, delivery, profileId, resource, schema } from './samples.ts';

const path = scratch();
const ada = profileId('ada');

async function opened(options: SqliteOptions): Promise<SqliteDocuments> {
  const documents = openSqlite(options);
  await documents.open();
  return documents;
}

documentsContract('a SQLite file', { again: true, full: true, unavailable: false }, async () => {
  let documents: SqliteDocuments;
  const disk = smallDisk(path('disk'), () => documents);
  documents = await opened({ path: disk.path });
  return {
    documents: async () => documents,
    again: async (before) => {
      await before.close();
      documents = await opened({ path: disk.path });
      return documents;
    },
    full: disk,
    end: async () => {
      await documents.close();
      disk.remove();
    },
  };
});

describe('a SQLite file', () => {
  test('is written through to the disk before a write resolves, and readable by its owner alone', async () => {
    const file = path('folder that is missing/kalends.db');
    const documents = await opened({ path: file });
    expect(documents.setting('journal_mode')).toBe('wal');
    expect(documents.setting('synchronous')).toBe(2);
    expect(documents.setting('locking_mode')).toBe('exclusive');
    for (const name of readdirSync(dirname(file)))
      expect(statSync(join(dirname(file), name)).mode & 0o077, name).toBe(0);
    await documents.close();
  });

  test('waits for the disk with every write that has to be durable at once, and with all that came before it', async () => {
    const documents = await opened({ path: path('durability.db') });
    const level = () => documents.setting('synchronous');
    await documents.upsertMany('apps', [app('a')], 'with_next');
    expect(level()).toBe(1);
    await documents.upsertMany('apps', [app('b')]);
    expect(level()).toBe(2);
    await Promise.all([documents.upsertMany('apps', [app('c')], 'with_next'), documents.insert('apps', app('d'))]);
    expect(level()).toBe(2);
    await documents.remove('apps', ['a'], 'with_next');
    expect(level()).toBe(1);
    expect(await documents.count('allApps', {})).toBe(3);
    await documents.close();
  });

  test('that is no database rejects with store_unavailable and says so', async () => {
    await expect(openSqlite({ path: import.meta.filename }).open()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('not a SQLite database') as string,
    });
    await expect(openSqlite({ path: dirname(path('x')) }).open()).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('gains the columns and indexes that an older version did not have, filled from the documents', async () => {
    const file = path('old.db');
    const old = new BetterSqlite3(file);
    old.exec('CREATE TABLE "resources" ("_id" TEXT PRIMARY KEY NOT NULL, "doc" TEXT NOT NULL)');
    old.exec('CREATE UNIQUE INDEX "resources_one_doc" ON "resources" ("doc")');
    const insert = old.prepare('INSERT INTO "resources" VALUES (?, ?)');
    for (const one of [resource('a', { recurring: true }), resource('b')]) insert.run(one._id, JSON.stringify(one));
    old.close();
    const documents = await opened({ path: file });
    const found = await documents.find('resourcesOfProfile', { profileId: profileId('1'), recurring: true });
    expect(found).toEqual([resource('a', { recurring: true })]);
    expect(await documents.count('resourcesByUid', { calendarId: resource('b').calendarId, uid: 'b' })).toBe(1);
    await documents.close();
    const names = new BetterSqlite3(file).prepare(`SELECT name FROM sqlite_schema WHERE type = 'index'`).pluck().all();
    expect(names).toContain('resources_by_calendarId_uid__id');
    expect(names).not.toContain('resources_one_doc');
  });

  test('answers every query of the table from its index, in its order where each field has one value', async () => {
    const documents = await opened({ path: ':memory:' });
    const questions = everyQuestion();
    expect(questions.length).toBeGreaterThan(100);
    for (const { query, params, ordered, index } of questions) {
      const plan = documents.explain(query, params, { limit: 10 });
      const steps = plan.filter((line) => /^(SEARCH|SCAN) /.test(line) && !line.includes('json_each'));
      // Without a bound and without equal fields the whole index is what was asked for.
      const step = Object.keys(params).length > 0 ? 'SEARCH' : 'SCAN';
      for (const line of steps) expect(line, query).toMatch(new RegExp(`^${step} \\w+ USING INDEX ${index}( |$)`));
      expect(steps.length, query).toBeGreaterThan(0);
      if (ordered) expect(plan.join('\n'), query).not.toContain('TEMP B-TREE FOR ORDER BY');
    }
    await documents.close();
  });
});

describe('one process owns a SQLite file', () => {
  const child = (file: string, script: string): string =>
    `import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, '../../store/engines/sqlite.ts'))};
     const documents = openSqlite({ path: ${JSON.stringify(file)} });
     ${script}`;
  const run = (file: string, script: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', child(file, script)], { encoding: 'utf8' });
  const openAndReport = `await documents.open().then(() => 'opened', (error) => error).then((answer) =>
    console.log(answer === 'opened' ? answer : answer.code + ': ' + answer.message));`;

  test('a second process is refused at once, and let in when the first has closed', async () => {
    const file = path('owned.db');
    const documents = await opened({ path: file });
    await documents.insert('schema', schema('one'));
    expect(run(file, openAndReport)).toMatch(/^store_unavailable: .*another process has this database open/);
    await documents.insert('schema', schema('two'));
    await documents.close();
    expect(run(file, openAndReport)).toBe('opened\n');
  });

  test('a second opening in the same process is refused too and does not let others in', async () => {
    const file = path('twice.db');
    const documents = await opened({ path: file });
    await expect(openSqlite({ path: file }).open()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(run(file, openAndReport)).toMatch(/^store_unavailable/);
    await documents.close();
  });

  test('kill -9 loses no acknowledged write, and frees the file', async () => {
    const file = path('killed.db');
    for (let round = 0; round < 3; round += 1) {
      const acknowledged = await untilKilled(child(file, writeForEver(round)), 200);
      const documents = await opened({ path: file });
      const found = await documents.getMany('deliveries', acknowledged);
      expect(found.map((one) => one._id)).toEqual(acknowledged);
      expect(await documents.count('oldDeliveries', {})).toBe(
        (await documents.find('deliveriesOfSubscriber', { subscriberId: 'sub_1' })).length,
      );
      await documents.close();
    }
  });

  /** Eight writers that each report an id once its insert has resolved. */
  const writeForEver = (round: number): string => `
    await documents.open();
    const { writeSync } = await import('node:fs');
    const writer = async (k) => {
      for (let n = 0; ; n += 1) {
        const _id = '${round}-' + k + '-' + n;
        await documents.insert('deliveries', { _id, subscriberId: 'sub_1', atMs: n, body: 'x'.repeat(500) });
        writeSync(1, _id + '\\n');
      }
    };
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(writer));`;
});

/** Kills it once it has reported `count` lines; answers every whole line that it managed to write. */
async function untilKilled(script: string, count: number): Promise<string[]> {
  const running = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of running.stdout) {
    printed += String(chunk);
    if (printed.split('\n').length > count) running.kill('SIGKILL');
  }
  expect(
    running.signalCode ?? (await new Promise((resolve) => running.once('exit', (_, signal) => resolve(signal)))),
  ).toBe('SIGKILL');
  return printed.split('\n').slice(0, -1);
}

describe('group commit', () => {
  /** Carries out a group when the test says so. */
  async function held(): Promise<{ documents: SqliteDocuments; flush: () => void; scheduled: () => number }> {
    const flushes: (() => void)[] = [];
    const documents = await opened({ path: ':memory:', schedule: (flush) => flushes.push(flush) });
    const flush = (): void => flushes.at(-1)?.();
    return { documents, flush, scheduled: () => flushes.length };
  }

  test('writes called together are carried out together, in the order of their calls', async () => {
    const { documents, flush, scheduled } = await held();
    const writes = Promise.all([
      documents.insert('schema', schema('one')),
      documents.replace('schema', schema('one', { rev: 2 }), 1),
      documents.insert('schema', schema('one')).catch((error: { code: string }) => error.code),
      documents.remove('schema', ['one']),
      documents.insert('schema', schema('one', { version: 9 })),
    ]);
    expect(scheduled()).toBe(1);
    expect(await documents.get('schema', 'one')).toBeNull();
    flush();
    expect(await writes).toEqual([undefined, true, 'duplicate_key', 1, undefined]);
    expect((await documents.get('schema', 'one'))?.version).toBe(9);
    void documents.insert('schema', schema('two'));
    expect(scheduled()).toBe(2);
    await documents.close();
  });

  test('nothing is acknowledged and nothing is seen before the commit', async () => {
    const { documents, flush } = await held();
    let resolved = false;
    const write = documents.insert('schema', schema('one')).then(() => {
      resolved = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    expect(await documents.get('schema', 'one')).toBeNull();
    flush();
    await write;
    expect(await documents.get('schema', 'one')).not.toBeNull();
    await documents.close();
  });

  test('what a crash forgets is not stored, and writing goes on', async () => {
    const { documents, flush } = await held();
    void documents.insert('schema', schema('lost'));
    documents.forgetWaiting();
    const kept = documents.insert('schema', schema('kept'));
    flush();
    await kept;
    expect((await documents.getMany('schema', ['lost', 'kept'])).map((one) => one._id)).toEqual(['kept']);
    await documents.close();
  });

  test('a group that meets a full disk is rejected whole, and later groups are carried out', async () => {
    let documents: SqliteDocuments;
    const disk = smallDisk(path('group'), () => documents);
    documents = await opened({ path: disk.path });
    onTestFinished(async () => {
      await documents.close();
      disk.remove();
    });
    await documents.insert('schema', schema('before'));
    await disk.begin();
    const large = delivery('large', { body: 'x'.repeat(16_000_000) });
    const group = await Promise.allSettled([
      documents.insert('schema', schema('with it')),
      documents.insert('deliveries', large),
      documents.insert('schema', schema('before')),
      documents.removeWhere('oldDeliveries', {}),
    ]);
    expect(group.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'stored'))).toEqual(
      Array.from({ length: 4 }, () => 'store_full'),
    );
    await disk.end();
    await documents.insert('schema', schema('after'));
    const kept = await documents.getMany('schema', ['before', 'with it', 'after']);
    expect(kept.map((one) => one._id)).toEqual(['before', 'after']);
  });

  test('random writes in one group have the outcomes that they have one after another', async () => {
    const documents = await opened({ path: ':memory:' });
    await fc.assert(
      fc.asyncProperty(anyWrites, async (calls) => {
        await emptied(documents);
        const model = new Model();
        const expected = calls.map((call) => model.answer(call));
        expect(await Promise.all(calls.map((call) => perform(documents, call)))).toEqual(expected);
        expect(await stored(documents)).toEqual(model.all());
      }),
      { seed: 20_200_204, numRuns: 200 },
    );
    await documents.close();
  });

  test('a thousand writers share a few waits for the disk', async () => {
    let groups = 0;
    const documents = await opened({
      path: path('many.db'),
      schedule: (flush) => {
        groups += 1;
        setImmediate(flush);
      },
    });
    await Promise.all(Array.from({ length: 1_000 }, (_, k) => documents.insert('commits', commit(ada, k + 1))));
    expect(groups).toBe(1);
    expect(await documents.count('commitsOfProfile', { profileId: ada })).toBe(1_000);
    await documents.close();
  });
});
