/** Sentences 6 and 7 of the contract of documents: declared queries and ids. */
import { beforeEach, describe, expect, test } from 'vitest';

import type { CommitDoc } from '../../../domain/commit.ts';
import { calendarId, commit, delivery, profile, profileId, resource, schema } from '../../store/samples.ts';
import { ada, ben, fails } from './ground.ts';
import type { At } from './ground.ts';

export function reading(at: At): void {
  describe('6. asking a declared query', () => {
    beforeEach(async () => {
      await at.documents.insertMany(
        'commits',
        [3, 1, 2, 10].map((seq) => commit(ada, seq)),
      );
      await at.documents.insertMany(
        'commits',
        [2, 1].map((seq) => commit(ben, seq)),
      );
      await at.documents.insertMany(
        'deliveries',
        ['c', 'a', 'b'].map((id) => delivery(id, { atMs: 7 })),
      );
    });
    const seqs = (found: readonly CommitDoc[]): number[] => found.map((one) => one.seq);

    test('selects by equality and range, in order, at most limit, both ways', async () => {
      const find = at.documents.find.bind(at.documents);
      expect(seqs(await find('commitsOfProfile', { profileId: ada }))).toEqual([1, 2, 3, 10]);
      expect(seqs(await find('commitsOfProfile', { profileId: ada, seq: { gt: 1, lte: 3 } }))).toEqual([2, 3]);
      expect(seqs(await find('commitsOfProfile', { profileId: ada, seq: { gte: 2, lt: 10 } }))).toEqual([2, 3]);
      expect(seqs(await find('commitsOfProfile', { profileId: ada }, { limit: 2 }))).toEqual([1, 2]);
      expect(seqs(await find('commitsOfProfile', { profileId: ada }, { limit: 2, descending: true }))).toEqual([10, 3]);
      expect(await find('commitsOfProfile', { profileId: profileId('none') })).toEqual([]);
    });

    test('a field that most documents lack selects those that have it, and null those that have not', async () => {
      const waits = (name: string, nextWakeAtMs: number, waitsFor?: string | null) =>
        profile(profileId(name), { nextWakeAtMs, ...(waitsFor === undefined ? {} : { waitsFor }) });
      const others = [waits('late', 9, 'a.example'), waits('soon', 1, 'a.example'), waits('else', 2, 'b.example')];
      await at.documents.insertMany('profiles', [...others, waits('none', 3), waits('no more', 4, null)]);
      const ids = async (waitsFor: string | null): Promise<string[]> =>
        (await at.documents.find('profilesWaitingForHost', { waitsFor })).map((one) => one._id);
      expect(await ids('a.example')).toEqual(['pro_soon', 'pro_late']);
      expect(await ids(null)).toEqual(['pro_none', 'pro_no more']);
    });

    test('counts what find would answer', async () => {
      expect(await at.documents.count('commitsOfProfile', { profileId: ada, seq: { gt: 1 } })).toBe(3);
      expect(await at.documents.count('commitsOfProfile', { profileId: profileId('none') })).toBe(0);
    });

    test('equal values of the range field are ordered by _id', async () => {
      const ids = async (descending: boolean): Promise<string[]> =>
        (await at.documents.find('oldDeliveries', {}, { descending })).map((one) => one._id);
      expect(await ids(false)).toEqual(['a', 'b', 'c']);
      expect(await ids(true)).toEqual(['c', 'b', 'a']);
    });

    test('a list matches any of its values and keeps the order of the query', async () => {
      const both = { profileId: [ben, ada, profileId('none'), ada] };
      expect(seqs(await at.documents.find('commitsOfProfile', both))).toEqual([1, 1, 2, 2, 3, 10]);
      const last = await at.documents.find('commitsOfProfile', both, { limit: 3, descending: true });
      expect(last.map((one) => [one.profileId, one.seq])).toEqual([
        [ada, 10],
        [ada, 3],
        [ben, 2],
      ]);
      const many = { profileId: [...Array.from({ length: 60 }, (_, k) => profileId(`${k}`)), ada, ben] };
      expect(seqs(await at.documents.find('commitsOfProfile', many, { limit: 3 }))).toEqual([1, 1, 2]);
      expect(await at.documents.count('commitsOfProfile', both)).toBe(6);
      expect(await at.documents.removeWhere('commitsOfProfile', both)).toBe(6);
    });

    test('an empty list matches nothing', async () => {
      expect(await at.documents.find('commitsOfProfile', { profileId: [] })).toEqual([]);
      expect(await at.documents.count('commitsOfProfile', { profileId: [] })).toBe(0);
      expect(await at.documents.removeWhere('commitsOfProfile', { profileId: [] })).toBe(0);
    });

    test('filters compare inside the engine: one value, a list, a range', async () => {
      await at.documents.insertMany(
        'profiles',
        [0, 1, 2, 3].map((slot) => profile(profileId(`${slot}`), { slot, nextWakeAtMs: 10 - slot })),
      );
      const slots = async (slot: number | number[] | { gte: number; lt: number }): Promise<number[]> =>
        (await at.documents.find('dueProfiles', { nextWakeAtMs: { lte: 9 }, slot })).map((one) => one.slot);
      expect(await slots(2)).toEqual([2]);
      expect(await slots([0, 1, 3])).toEqual([3, 1]);
      expect(await slots({ gte: 1, lt: 3 })).toEqual([2, 1]);
    });

    test('true and false are found by what they are', async () => {
      await at.documents.insertMany('resources', [resource('a', { recurring: true }), resource('b')]);
      const found = async (recurring: boolean): Promise<string[]> =>
        (await at.documents.find('resourcesOfProfile', { profileId: profileId('1'), recurring })).map((one) => one._id);
      expect(await found(true)).toEqual(['a']);
      expect(await found(false)).toEqual(['b']);
    });

    test('null equals null, alone and in a list', async () => {
      await at.documents.insertMany('resources', [resource('a', { uid: null }), resource('b'), resource('c')]);
      const found = async (uid: string | null | (string | null)[]): Promise<string[]> =>
        (await at.documents.find('resourcesByUid', { calendarId: calendarId('1'), uid })).map((one) => one._id);
      expect(await found(null)).toEqual(['a']);
      expect(await found([null])).toEqual(['a']);
      expect(await found(['c', null])).toEqual(['a', 'c']);
      expect(await found([null, 'c', ...Array.from({ length: 40 }, (_, k) => `no ${k}`)])).toEqual(['a', 'c']);
      expect(await found('null')).toEqual([]);
    });

    test('no range contains null', async () => {
      await at.documents.insertMany('deliveries', [
        delivery('none', { atMs: null as never }),
        delivery('d', { atMs: -1 }),
      ]);
      const found = async (atMs: object): Promise<string[]> =>
        (await at.documents.find('oldDeliveries', { atMs })).map((one) => one._id);
      expect(await found({ lt: 7 })).toEqual(['d']);
      expect(await found({ gte: -5, lte: 0 })).toEqual(['d']);
      expect(await found({ gt: 7 })).toEqual([]);
    });

    test('a query or a field outside the table does not compile, and rejects', async () => {
      // @ts-expect-error there is no such query
      await expect(at.documents.find('everything', {})).rejects.toEqual(fails('internal'));
      // @ts-expect-error inherited names are no queries either
      await expect(at.documents.count('toString', {})).rejects.toEqual(fails('internal'));
      // @ts-expect-error the index begins with profileId
      await expect(at.documents.find('commitsOfProfile', { seq: { gt: 1 } })).rejects.toEqual(fails('internal'));
      // @ts-expect-error runId stands in no query
      await expect(at.documents.removeWhere('commitsOfProfile', { profileId: ada, runId: 'x' })).rejects.toEqual(
        fails('internal'),
      );
      const operator = { profileId: ada, seq: { $gt: 1 } } as never;
      await expect(at.documents.find('commitsOfProfile', operator)).rejects.toEqual(fails('internal'));
      await expect(at.documents.find('commitsOfProfile', { profileId: ada }, { limit: 0 })).rejects.toEqual(
        fails('internal'),
      );
    });

    test('a value is never read as an operator', async () => {
      const value = { $gt: '' } as never;
      await expect(at.documents.find('commitsOfProfile', { profileId: value })).rejects.toEqual(fails('internal'));
      await expect(at.documents.find('commitsOfProfile', { profileId: [value] })).rejects.toEqual(fails('internal'));
      expect(await at.documents.find('appsByName', { name: '$gt' })).toEqual([]);
    });
  });

  describe('7. getting', () => {
    test('get answers one document or null', async () => {
      await at.documents.insert('schema', schema('one'));
      expect(await at.documents.get('schema', 'one')).toEqual(schema('one'));
      expect(await at.documents.get('schema', 'two')).toBeNull();
      expect(await at.documents.get('nodes', 'one')).toBeNull();
    });

    test('getMany answers those that are there, each once, in the order asked', async () => {
      await at.documents.insertMany(
        'schema',
        ['a', 'b', 'c'].map((id) => schema(id)),
      );
      const found = await at.documents.getMany('schema', ['c', 'none', 'a', 'c', 'b']);
      expect(found.map((one) => one._id)).toEqual(['c', 'a', 'b']);
      expect(await at.documents.getMany('schema', [])).toEqual([]);
    });
  });
}
