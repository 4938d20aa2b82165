/** Sentence 1 of the contract of documents: what is read is what was written. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { CommitDoc } from '../../../domain/commit.ts';
import { app, commit, profile, schema } from '../../store/samples.ts';
import { ada, fails } from './ground.ts';
import type { At } from './ground.ts';

/** Independent of the order of keys, and exact about what is absent. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, canonical(inner)]);
  return { keys: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

const hostileKey = fc.oneof(
  fc.constantFrom('', '$set', '$', 'a.b', '.', '__proto__', 'constructor', '_bsontype', 'toBSON', '$ref', '$id', '%24'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const anyText = fc.string({ unit: 'binary', maxLength: 12 });
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    anyText,
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(hostileKey, tie('json'), { maxKeys: 4 }),
  ),
}));

export function fidelity(at: At): void {
  describe('1. what is read is what was written', () => {
    test('any JSON value, under any keys', async () => {
      let count = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(json, { maxLength: 4 }), async (values) => {
          count += 1;
          const written = commit(ada, count, { changes: values as unknown as CommitDoc['changes'] });
          await at.documents.insert('commits', written);
          const read = await at.documents.get('commits', written._id);
          expect(canonical(read)).toEqual(canonical(written));
        }),
        { seed: 1, numRuns: 200 },
      );
    });

    test('the largest whole numbers, the smallest fractions, and Unicode outside the basic plane', async () => {
      const root = { 'a.b/$c': '\u{1F4C5} \u0000 e\u0301 \uFEFF \u2028', '': 'x'.repeat(100_000) };
      const numbers = { nextWakeAtMs: Number.MAX_SAFE_INTEGER, projectedAtMs: -1, createdAtMs: 5e-324 };
      await at.documents.insert('profiles', profile(ada, { root, ...numbers }));
      expect(await at.documents.get('profiles', ada)).toStrictEqual(profile(ada, { root, ...numbers }));
    });

    test('objects that look like what a database uses itself', async () => {
      const values = [
        { $ref: 'commits', $id: 'one' },
        { $ref: 'commits', $id: 'one', $db: 'kalends' },
        { $numberLong: '1' },
        { $oid: '0'.repeat(24) },
        { _bsontype: 'Long', low: 1, high: 0 },
        { toBSON: 1, toJSON: 2, $date: 3, '%24': 4, '%': 5, '': 6 },
      ];
      const written = commit(ada, 1, { changes: values as unknown as CommitDoc['changes'] });
      await at.documents.insert('commits', written);
      expect(await at.documents.get('commits', written._id)).toStrictEqual(written);
    });

    test('the document as it was when the write was called', async () => {
      const roles = ['profile'];
      const written = { ...schema('one'), roles };
      const inserted = at.documents.insert('schema', written);
      roles.push('changed afterwards');
      await inserted;
      expect(await at.documents.get('schema', 'one')).toEqual({ ...schema('one'), roles: ['profile'] });
    });

    test('a field that is undefined is absent', async () => {
      await at.documents.insert('schema', { ...schema('one'), more: undefined } as never);
      expect(Object.keys((await at.documents.get('schema', 'one')) ?? {}).sort()).toEqual(['_id', 'rev', 'version']);
    });

    test('keys that differ only in what looks alike stay apart', async () => {
      const ids = ['e\u0301', '\u00e9', 'E\u0301', 'a', 'A', 'a ', 'a\u0000', '0123', '123', '1.23e2', '\u{1F4C5}'];
      for (const id of ids) await at.documents.insert('apps', app(id, { name: id, clientId: id }));
      for (const id of ids) {
        expect((await at.documents.find('appsByName', { name: id })).map((one) => one._id)).toEqual([id]);
        expect((await at.documents.get('apps', id as never))?.name).toBe(id);
      }
    });

    test('an _id or a named field with half a character rejects', async () => {
      await expect(at.documents.insert('schema', schema('\ud800'))).rejects.toEqual(fails('invalid_input'));
      await expect(at.documents.insertMany('apps', [app('a', { name: '\udfff' })])).rejects.toEqual(
        fails('invalid_input'),
      );
      await expect(at.documents.upsertMany('schema', [schema('\ud800')])).rejects.toEqual(fails('invalid_input'));
    });
  });
}
