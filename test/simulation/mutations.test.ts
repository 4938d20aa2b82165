/** The list of mutations is about the code as it is, and one that is not, or that nobody notices, is told among the others. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutationsText } from '../../tools/pages/mutations.ts';
import type { Failure, runMany } from './many.ts';
import { mutations } from './mutations/list.ts';
import { isInOnePlace, type Mutation } from './mutations/mutation.ts';
import { withTrials } from './mutations/results.ts';
import { lineOf, tryMutation, type Trial } from './mutations/trial.ts';

test.each(mutations)('the mistake "$name" can be made, in one place', (mutation) => {
  const source = readFileSync(new URL(`../../${mutation.file}`, import.meta.url), 'utf8');
  expect(isInOnePlace(mutation, source)).toBe(true);
  expect(mutation.replace).not.toBe(mutation.find);
});

test('there are enough of them, each with a name of its own', () => {
  expect(new Set(mutations.map((one) => one.name)).size).toBe(mutations.length);
  expect(mutations.length).toBeGreaterThanOrEqual(20);
});

const mutation: Mutation = {
  name: 'one',
  mistake: 'what it does | wrong',
  file: 'package.json',
  find: '"name": "kalends"',
  replace: '',
};
const options = { from: 11, seeds: 9 };

/** A run in which these seeds fail so, until it is enough. */
const failing =
  (...failures: readonly (readonly [seed: number, invariant: string])[]) =>
  (asked: Parameters<typeof runMany>[0]) => {
    const failed: Failure[] = [];
    for (const [seed, invariant] of failures)
      if (asked.enough?.(failed) !== true) failed.push({ seed, violation: { invariant, what: 'why' } } as Failure);
    return Promise.resolve({ failed, seeds: asked.seeds } as unknown as Awaited<ReturnType<typeof runMany>>);
  };

test.each<[string, typeof runMany, Partial<Trial>]>([
  ['the first seed that violates an invariant', failing([13, 'I4'], [14, 'I1']), { invariant: 'I4', seeds: 3 }],
  ['an invariant behind an exception', failing([12, 'end'], [13, 'API'], [15, 'I10']), { invariant: 'I10', seeds: 5 }],
  ['exceptions alone', failing([12, 'end'], [13, 'API']), { kind: 'missed', seeds: 9, otherwise: 'why' }],
  ['nothing', failing(), { kind: 'missed', seeds: 9, otherwise: null }],
  ['a run that ends', () => Promise.reject(new Error('out of memory')), { kind: 'broken' }],
])('what a mutation comes to is told: %s', async (_, run, expected) => {
  const trial = await tryMutation(mutation, options, run);
  expect(trial).toMatchObject(expected);
  expect(lineOf(mutation, trial)).toMatch(/^one .*(?:I\d|NOT CAUGHT|BROKEN)/);
});

test.each([{ find: 'stands nowhere' }, { file: 'test/no-such-file.ts' }])(
  'a mutation whose code is not there ends nothing but itself: %j',
  async (wrong) => {
    const trial = await tryMutation({ ...mutation, ...wrong }, options, failing([11, 'I1']));
    expect(lineOf(mutation, trial)).toMatch(/STALE|BROKEN/);
  },
);

test('what was found is kept beside what is known of others, and what is in the list no more is forgotten', () => {
  const list = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ ...mutation, name }));
  const known = { invariant: 'I1', seeds: 1 };
  const trials = new Map<string, Trial>([
    ['b', { kind: 'noticed', invariant: 'I4', what: 'why', seeds: 7 }],
    ['c', { kind: 'missed', seeds: 600, otherwise: null }],
    ['d', { kind: 'stale' }],
  ]);
  const results = withTrials(list, { d: known, x: known, a: known }, trials);
  expect(results).toEqual({ a: known, b: { invariant: 'I4', seeds: 7 }, c: null });
  const rows = mutationsText(list, results)
    .split('\n')
    .filter((line) => line.includes('what it does'));
  expect(rows.map((row) => row.split(' | ').slice(3).join(' '))).toEqual([
    'I1 1 |',
    'I4 7 |',
    'NOT NOTICED  |',
    'not run yet  |',
    'not run yet  |',
  ]);
  expect(() => mutationsText(list, { x: known })).toThrow('no mutation: x');
});
