/** The writer check: log, cache and views have one writer here, and another one is named. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { layerRules } from '../../tools/layers/rules.ts';
import { checkWriters } from '../../tools/layers/writers.ts';
import { scratch } from '../support/scratch.ts';

const at = scratch();

/** What the two writers do, and more. */
function tree(more: Readonly<Record<string, string>>): string {
  const root = at('tree');
  const files = {
    'store/commit.ts': "await documents.insert('commits', commit);",
    'store/projection-target.ts': ['resources', 'events', 'calendars', 'managed_events']
      .map((name) => `await documents.upsertMany('${name}', []);`)
      .join('\n'),
    ...more,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\nexport {};\n`);
  }
  return root;
}

it('finds one writer in this repository, and saw its writes', () => {
  const { writes, broken } = checkWriters(join(import.meta.dirname, '../..'));
  expect(broken).toEqual([]);
  expect(writes).toBeGreaterThanOrEqual(5);
});

it('sees nothing in an empty tree, which `npm run check` takes for a failure', () => {
  expect(checkWriters(at('nothing'))).toEqual({ writes: 0, broken: [] });
});

it.each([
  ['actors/a.ts', "await deps.documents.insert('commits', commit);", 'commits by insert, but store/commit'],
  [
    'services/a.ts',
    "await context.documents.upsertMany('events', rows);",
    'events by upsertMany, but store/projection-target',
  ],
  ['services/ops/a.ts', "await store.remove('resources', ids);", 'resources by remove, but store/projection-target'],
  ['store/a.ts', "await documents.replace('calendars', next, 1);", 'calendars by replace, but store/projection-target'],
  [
    'store/commit.ts',
    "await documents.insertMany('managed_events', []);",
    'managed_events by insertMany, but store/proj',
  ],
  [
    'tools/a.ts',
    "await documents.removeWhere('eventsOfResource', {});",
    'events by removeWhere, but store/projection-target',
  ],
])('names %s where it says %s', (path, text, expected) => {
  const { broken } = checkWriters(tree({ [path]: text }));
  expect(broken.join('\n')).toContain(`${path.replace('.ts', '')} writes ${expected}`);
});

it.each([
  ['insert', 'await documents.insert(collection, document);'],
  ['insertMany', 'await documents.insertMany(collection, rows);'],
  ['remove', 'await deps.documents.remove(name, ids);'],
  ['remove', "await documents.remove(whole ? 'events' : 'profiles', ids);"],
  ['remove', 'await store.remove(...what);'],
  ['removeWhere', 'await documents.removeWhere(query, {});'],
  ['replace', 'await documents.replace(collection, next, 1);'],
  ['upsertMany', 'await documents.upsertMany(collection, rows);'],
])('names who hides a collection from it in %s: %s', (method, text) => {
  const { broken } = checkWriters(tree({ 'actors/a.ts': text }));
  expect(broken).toEqual([`actors/a calls ${method} with a collection that cannot be read from its text`]);
});

it('lets the writer of the log correct whatever it finds wrong', () => {
  const text = "await documents.insert('commits', commit); await deps.documents.remove(collection, ids);";
  expect(checkWriters(tree({ 'store/commit.ts': text })).broken).toEqual([]);
});

it('takes nothing for a write that is called so elsewhere', () => {
  const texts = [
    "text.replace(pattern, '');",
    'index.remove(match);',
    'await turn.provider.remove(session, { ref });',
    'await writer.remove(caller, calendarId, body);',
  ];
  expect(checkWriters(tree({ 'actors/a.ts': texts.join('\n') }))).toEqual({ writes: 5, broken: [] });
});

it('lets everyone write what is neither log nor projection, and tests write what they like', () => {
  const files = {
    'actors/a.ts': "await documents.replace('profiles', next, 1); text.replace(/x/, ''); new Map().get('events');",
    'test/a.ts': "await documents.insert('commits', commit);",
  };
  expect(checkWriters(tree(files))).toEqual({ writes: 5, broken: [] });
});

it('fails where it has lost sight of a collection', () => {
  expect(checkWriters(tree({ 'store/commit.ts': '' })).broken).toEqual(['no write to commits was seen']);
});

it('relies on the layer rule that store/commit alone reaches the writer of projections', () => {
  const rule = layerRules.find(({ to }) => to.test('store/projection-target') && !to.test('store/commit'));
  expect(['actors/a', 'services/a', 'store/rebuild', 'tools/a'].map((from) => rule?.from.test(from))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(rule?.from.test('store/commit')).toBe(false);
});
