/** The list of mutations is about the code as it is. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutations } from './mutations/list.ts';

test.each(mutations)('the mistake "$name" can be made, in one place', ({ file, find, replace }) => {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  expect(source.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});

test('there are enough of them, each with a name of its own', () => {
  expect(new Set(mutations.map((one) => one.name)).size).toBe(mutations.length);
  expect(mutations.length).toBeGreaterThanOrEqual(20);
});
