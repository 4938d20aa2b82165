/** docs/http-additions.md names every addition to Cronofy's format that the code makes, and no other. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/http-additions.md');

/** What Cronofy sends too: facts of its documentation. */
const cronofyTypes = new Set(['verification', 'change', 'profile_disconnected', 'profile_initial_sync_completed']);

it('names the headers and fields', () => {
  const ours = /(?:x-)?kalends[-_][a-z]+(?:[-_][a-z]+)*/gi;
  const files = globSync(['services/api/*.ts', 'services/gateway/*.ts', 'actors/subscriber/*.ts'], { cwd: root });
  const sent = new Set(files.flatMap((path) => read(path).match(ours) ?? []).map((one) => one.toLowerCase()));
  expect(sent.size).toBeGreaterThan(5);
  const named = page.match(new RegExp(ours.source, 'gi')) ?? [];
  expect(new Set(named.map((one) => one.toLowerCase()))).toEqual(sent);
});

it('names the types of notifications', () => {
  const union = /type NotificationType =([^;]+);/.exec(read('domain/channel.ts'))?.[1] ?? '';
  const all = [...union.matchAll(/'(\w+)'/g)].map(([, type = '']) => type);
  const named = [...page.matchAll(/^\| `(profile_\w+)` \|/gm)].map(([, type = '']) => type);
  expect(named).toEqual(all.filter((type) => !cronofyTypes.has(type)));
});

it('names every state of a write', () => {
  const union = /type IntentState =([^;]+);/.exec(read('domain/intent.ts'))?.[1] ?? '';
  const states = [...union.matchAll(/'(\w+)'/g)].map(([, state = '']) => `| \`${state}\` |`);
  expect(states.length).toBeGreaterThan(4);
  for (const state of states) expect(page).toContain(`\n${state}`);
});
