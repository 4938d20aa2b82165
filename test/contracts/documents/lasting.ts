/** Sentences 8 to 11 of the contract of documents: order, durability, independence, and trouble from outside. */
import { describe, expect, test } from 'vitest';

import { commit, delivery, intent, schema } from '../../store/samples.ts';
import { ada, fails, present } from './ground.ts';
import type { Abilities, At } from './ground.ts';

export function lasting(at: At, can: Abilities): void {
  describe('8. order', () => {
    test('reads see every write that has resolved, from wherever they are asked', async () => {
      const other = await at.ground.documents();
      for (let n = 1; n <= 30; n += 1) {
        await at.documents.upsertMany('schema', [schema('one', { version: n })]);
        expect((await other.get('schema', 'one'))?.version).toBe(n);
      }
    });

    test('a write that is called after another has resolved is carried out after it', async () => {
      const other = await at.ground.documents();
      for (let n = 1; n <= 30; n += 1) {
        await at.documents.upsertMany('schema', [schema('one', { version: n })]);
        expect(await other.remove('schema', ['one'])).toBe(1);
        await other.insert('schema', schema('one'));
      }
    });
  });

  if (can.again)
    test('9. what has resolved is there after closing and opening again, with its indexes', async () => {
      const writes = Array.from({ length: 50 }, (_, k) => at.documents.insert('commits', commit(ada, k + 1)));
      await Promise.all(writes);
      at.documents = await present(at.ground.again)(at.documents);
      expect(await at.documents.count('commitsOfProfile', { profileId: ada })).toBe(50);
      await expect(at.documents.insert('commits', commit(ada, 50, { _id: 'other' }))).rejects.toEqual(
        fails('duplicate_key'),
      );
    });

  test('9. a write that is durable with the next one counts like every write until then', async () => {
    await at.documents.upsertMany('schema', [schema('one')], 'with_next');
    expect(await at.documents.get('schema', 'one')).toEqual(schema('one'));
    expect(await at.documents.replace('schema', schema('one', { rev: 2 }), 1, 'with_next')).toBe(true);
    expect(await at.documents.replace('schema', schema('one', { rev: 2 }), 1)).toBe(false);
    expect(await at.documents.remove('schema', ['one'], 'with_next')).toBe(1);
    expect(await at.documents.get('schema', 'one')).toBeNull();
    await at.documents.upsertMany('schema', [schema('kept')], 'with_next');
    if (can.again) at.documents = await present(at.ground.again)(at.documents);
    expect(await at.documents.get('schema', 'kept')).toEqual(schema('kept'));
  });

  test('10. a write that failed does not undo another that was called with it', async () => {
    await at.documents.insert('intents', intent(ada, 1));
    const outcomes = await Promise.allSettled([
      at.documents.insert('intents', intent(ada, 2)),
      at.documents.insert('intents', intent(ada, 1)),
      at.documents.insert('intents', intent(ada, 3)),
    ]);
    expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await at.documents.find('intentsOfProfile', { profileId: ada })).map((one) => one.n)).toEqual([1, 2, 3]);
  });

  describe('11. trouble', () => {
    if (can.full)
      test('a full disk rejects with store_full, leaves what was there, and is over when there is room', async () => {
        const full = present(at.ground.full);
        await at.documents.insert('schema', schema('before'));
        await full.begin();
        const stored: string[] = [];
        const writing = (async (): Promise<void> => {
          for (let n = 0; n < 200; n += 1) {
            await at.documents.insert('deliveries', delivery(`${n}`, { body: 'x'.repeat(200_000) }));
            stored.push(`${n}`);
          }
        })();
        await expect(writing).rejects.toEqual(fails('store_full'));
        expect((await at.documents.getMany('deliveries', stored)).map((one) => one._id)).toEqual(stored);
        expect(await at.documents.get('deliveries', `${stored.length}`)).toBeNull();
        await full.end();
        await at.documents.insert('deliveries', delivery('after', { body: 'x'.repeat(200_000) }));
        expect(await at.documents.count('oldDeliveries', {})).toBe(stored.length + 1);
        expect(await at.documents.get('schema', 'before')).toEqual(schema('before'));
      });

    if (can.unavailable)
      test('a database that cannot be reached rejects with store_unavailable until it can', async () => {
        const unavailable = present(at.ground.unavailable);
        await at.documents.insert('schema', schema('before'));
        await unavailable.begin();
        await expect(at.documents.insert('schema', schema('during'))).rejects.toEqual(fails('store_unavailable'));
        await expect(at.documents.find('allNodes', {})).rejects.toEqual(fails('store_unavailable'));
        await unavailable.end();
        await at.documents.insert('schema', schema('after'));
        expect(await at.documents.getMany('schema', ['before', 'after'])).toHaveLength(2);
      });

    test('closing carries out what was called before; what is closed rejects with store_unavailable', async () => {
      const last = at.documents.insert('schema', schema('called before closing'));
      await at.documents.close();
      await at.documents.close();
      await last;
      await expect(at.documents.get('schema', 'one')).rejects.toEqual(fails('store_unavailable'));
      await expect(at.documents.insert('schema', schema('one'))).rejects.toEqual(fails('store_unavailable'));
      await expect(at.documents.find('allNodes', {})).rejects.toEqual(fails('store_unavailable'));
    });
  });

  test('opening again what is open changes nothing', async () => {
    await at.documents.insert('schema', schema('one'));
    await at.documents.open();
    expect(await at.documents.get('schema', 'one')).toEqual(schema('one'));
  });
}
