/** Sentences 2 to 5 of the contract of documents: inserting, replacing, upserting, removing. */
import { describe, expect, test } from 'vitest';

import { app, calendarId, commit, delivery, profileId, resource, schema } from '../../store/samples.ts';
import { ada, ben, fails, several } from './ground.ts';
import type { At } from './ground.ts';

export function writing(at: At): void {
  describe('2. inserting', () => {
    test('a second document with the same _id rejects with duplicate_key and changes nothing', async () => {
      await at.documents.insert('schema', schema('one'));
      await expect(at.documents.insert('schema', schema('one', { version: 2 }))).rejects.toEqual(
        fails('duplicate_key'),
      );
      expect(await at.documents.get('schema', 'one')).toEqual(schema('one'));
    });

    test('a second document with the same unique fields rejects with duplicate_key', async () => {
      await at.documents.insert('commits', commit(ada, 1));
      await expect(at.documents.insert('commits', commit(ada, 1, { _id: 'other' }))).rejects.toEqual(
        fails('duplicate_key'),
      );
      await at.documents.insert('commits', commit(ben, 1));
      expect(await at.documents.get('commits', 'other')).toBeNull();
    });

    test('of racing inserts exactly one wins', async () => {
      const pick = await several(at.ground, 3);
      for (let round = 1; round <= 20; round += 1) {
        const racing = Array.from({ length: 12 }, (_, k) =>
          pick(k).insert('commits', commit(ada, round, { _id: `${round}|${k}` })),
        );
        const outcomes = await Promise.allSettled(racing);
        expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
        const losers = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
        expect(losers).toEqual(losers.map(() => fails('duplicate_key')));
      }
      expect(await at.documents.count('commitsOfProfile', { profileId: ada })).toBe(20);
    });

    test('insertMany inserts what it can and reports the ids that were taken', async () => {
      await at.documents.insert('commits', commit(ada, 2));
      const more = [1, 2, 3].map((seq) => commit(ada, seq));
      const taken = commit(ada, 3, { _id: 'seq 3 again' });
      expect(await at.documents.insertMany('commits', [...more, taken])).toEqual({ taken: [more[1]?._id, taken._id] });
      expect(await at.documents.count('commitsOfProfile', { profileId: ada })).toBe(3);
      expect(await at.documents.insertMany('commits', [])).toEqual({ taken: [] });
    });
  });

  describe('3. replacing', () => {
    test('stores only over the expected revision, and answers whether it did', async () => {
      await at.documents.insert('schema', schema('one'));
      expect(await at.documents.replace('schema', schema('one', { rev: 2, version: 2 }), 1)).toBe(true);
      expect(await at.documents.replace('schema', schema('one', { rev: 2, version: 3 }), 1)).toBe(false);
      expect(await at.documents.replace('schema', schema('none', { rev: 2 }), 1)).toBe(false);
      expect(await at.documents.get('schema', 'one')).toEqual(schema('one', { rev: 2, version: 2 }));
      expect(await at.documents.get('schema', 'none')).toBeNull();
    });

    test('of racing replaces exactly one wins', async () => {
      const pick = await several(at.ground, 3);
      await at.documents.insert('schema', schema('one'));
      for (let rev = 1; rev <= 20; rev += 1) {
        const racing = Array.from({ length: 12 }, (_, k) =>
          pick(k).replace('schema', schema('one', { rev: rev + 1, version: k }), rev),
        );
        expect((await Promise.all(racing)).filter((won) => won)).toHaveLength(1);
      }
    });

    test('a revision that does not grow rejects', async () => {
      await at.documents.insert('schema', schema('one'));
      await expect(at.documents.replace('schema', schema('one', { version: 2 }), 1)).rejects.toEqual(fails('internal'));
      expect(await at.documents.get('schema', 'one')).toEqual(schema('one'));
    });

    test('unique fields of another document reject with duplicate_key', async () => {
      await at.documents.insertMany('apps', [app('a'), app('b')]);
      const stolen = app('b', { rev: 2, name: app('a').name });
      await expect(at.documents.replace('apps', stolen, 1)).rejects.toEqual(fails('duplicate_key'));
      expect(await at.documents.get('apps', app('b')._id)).toEqual(app('b'));
    });
  });

  describe('4. upserting', () => {
    test('leaves each document as given, whether or not it was there, and may be repeated', async () => {
      await at.documents.insert('resources', resource('one', { etag: '"old"' }));
      const wanted = ['one', 'two'].map((id) => resource(id, { etag: '"new"' }));
      for (let time = 0; time < 2; time += 1) {
        await at.documents.upsertMany('resources', wanted);
        expect(await at.documents.getMany('resources', ['one', 'two'])).toEqual(wanted);
      }
      await at.documents.upsertMany('resources', []);
      expect(await at.documents.count('resourcesOfProfile', { profileId: profileId('1') })).toBe(2);
    });

    test('what a query finds follows the document', async () => {
      const live = { calendarId: calendarId('1'), live: 1 } as const;
      await at.documents.upsertMany('resources', [resource('one')]);
      expect(await at.documents.find('resourcesOfCalendar', live)).toHaveLength(1);
      await at.documents.upsertMany('resources', [resource('one', { live: 0 })]);
      expect(await at.documents.find('resourcesOfCalendar', live)).toHaveLength(0);
      expect(await at.documents.find('resourcesOfCalendar', { ...live, live: 0 })).toHaveLength(1);
    });

    test('of two with one _id the last stays', async () => {
      await at.documents.upsertMany('schema', [schema('one'), schema('two'), schema('one', { version: 2 })]);
      expect((await at.documents.get('schema', 'one'))?.version).toBe(2);
    });

    test('racing upserts of one new _id all resolve', async () => {
      const pick = await several(at.ground, 2);
      const racing = Array.from({ length: 16 }, (_, k) =>
        pick(k).upsertMany('schema', [schema('one', { version: k })]),
      );
      await Promise.all(racing);
      expect(await at.documents.get('schema', 'one')).not.toBeNull();
    });

    test('unique fields of another document reject with duplicate_key; the others stand', async () => {
      await at.documents.insert('apps', app('a'));
      const thief = app('b', { name: app('a').name });
      await expect(at.documents.upsertMany('apps', [thief, app('c')])).rejects.toEqual(fails('duplicate_key'));
      expect((await at.documents.find('allApps', {})).map((one) => one._id)).toEqual(['a', 'c']);
    });
  });

  describe('5. removing', () => {
    test('by id and by query, answering how many', async () => {
      await at.documents.insertMany(
        'deliveries',
        [1, 2, 3, 4].map((n) => delivery(`${n}`, { atMs: n })),
      );
      expect(await at.documents.remove('deliveries', ['1', 'not there', '1'])).toBe(1);
      expect(await at.documents.removeWhere('oldDeliveries', { atMs: { lt: 4 } })).toBe(2);
      expect((await at.documents.find('oldDeliveries', {})).map((one) => one._id)).toEqual(['4']);
    });

    test('nothing matching is not an error', async () => {
      expect(await at.documents.remove('deliveries', [])).toBe(0);
      expect(await at.documents.remove('deliveries', ['none'])).toBe(0);
      expect(await at.documents.removeWhere('oldDeliveries', { atMs: { gt: 1 } })).toBe(0);
    });

    test('a forgotten bound removes nothing', async () => {
      await at.documents.insert('deliveries', delivery('1'));
      const forgotten = { atMs: { lt: undefined } } as never;
      await expect(at.documents.removeWhere('oldDeliveries', forgotten)).rejects.toEqual(fails('internal'));
      await expect(at.documents.removeWhere('deliveriesOfSubscriber', {} as never)).rejects.toEqual(fails('internal'));
      expect(await at.documents.count('oldDeliveries', {})).toBe(1);
    });
  });
}
