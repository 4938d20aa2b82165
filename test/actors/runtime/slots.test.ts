/** Slots: every one has one owner, and a node that comes or goes moves its own share alone. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownerOf, slotsOf } from '../../../actors/runtime/slots.ts';

const nodeName = fc.stringMatching(/^nod_[0-9a-hjkmnp-tv-z]{6}$/);
const nodes = fc.uniqueArray(nodeName, { minLength: 1, maxLength: 8 });
const slots = 256;
const all = Array.from({ length: slots }, (_, slot) => slot);
const runs = { numRuns: 60, seed: 20_261_120 };

test('every slot has exactly one owner, which is one of the nodes', () => {
  fc.assert(
    fc.property(nodes, (names) => {
      const owned = names.flatMap((name) => slotsOf(name, names, slots));
      expect(owned.sort((a, b) => a - b)).toEqual(all);
    }),
    runs,
  );
});

test('the order in which nodes are named does not matter', () => {
  fc.assert(
    fc.property(nodes, fc.nat(slots - 1), (names, slot) => {
      expect(ownerOf(slot, names.toReversed())).toBe(ownerOf(slot, names));
    }),
    runs,
  );
});

test('a node that leaves moves only its own slots', () => {
  fc.assert(
    fc.property(nodes, fc.nat(), (names, pick) => {
      fc.pre(names.length > 1);
      const leaver = names[pick % names.length];
      const rest = names.filter((name) => name !== leaver);
      for (const slot of all) {
        const before = ownerOf(slot, names);
        if (before !== leaver) expect(ownerOf(slot, rest)).toBe(before);
      }
    }),
    runs,
  );
});

test('a node that comes takes slots and moves none between the others', () => {
  fc.assert(
    fc.property(nodes, nodeName, (names, comer) => {
      fc.pre(!names.includes(comer));
      const more = [...names, comer];
      for (const slot of all) {
        const after = ownerOf(slot, more);
        if (after !== comer) expect(after).toBe(ownerOf(slot, names));
      }
    }),
    runs,
  );
});

test('each of several nodes, with names as alike as can be, gets its share within a quarter', () => {
  const names = Array.from({ length: 5 }, (_, n) => `node-${n}`);
  for (const name of names) {
    const { length } = slotsOf(name, names);
    expect(length).toBeGreaterThan((1_024 / 5) * 0.75);
    expect(length).toBeLessThan((1_024 / 5) * 1.25);
  }
});

test('without nodes nobody owns anything, and a stranger owns nothing', () => {
  expect(ownerOf(7, [])).toBeNull();
  expect(slotsOf('stranger', ['a', 'b'])).toEqual([]);
});

test('the owners of today are those of tomorrow: nodes of different versions must agree', () => {
  const names = ['node-a', 'node-b', 'node-c'];
  expect([0, 1, 2, 3, 500, 1_023].map((slot) => ownerOf(slot, names))).toMatchInlineSnapshot(`
    [
      "node-a",
      "node-a",
      "node-c",
      "node-b",
      "node-b",
      "node-a",
    ]
  `);
});
