/** Folding and reconciling: patches in order become one wish, and the wish one call or none. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestedFields } from '../../domain/managed-event.ts';
import { foldIntents } from '../../domain/sync/fold.ts';
import { groupOf, reconcile, resourceName } from '../../domain/sync/reconcile.ts';
import { appId, calendarId, managed, remove, removeAll, resource, upsert } from './samples.ts';

const event = { appId, calendarId, eventId: 'x' };
const nothing = { generation: 1, wanted: null };
const jane = { email: 'Jane@Example.com', displayName: 'Jane' };

test('omitted fields stay, null clears, and the last word counts', () => {
  const wanted = { summary: 'A', description: 'kept', url: 'https://a.example' };
  expect(foldIntents({ generation: 1, wanted }, [upsert(1, { summary: 'B' }), upsert(2, { url: null })])).toEqual({
    generation: 1,
    wanted: { summary: 'B', description: 'kept', url: null },
  });
});

test('attendees are a delta by address, whatever its case', () => {
  const { wanted } = foldIntents(nothing, [
    upsert(1, { invited: [jane, { email: 'bob@example.com', displayName: null }] }),
    upsert(2, { removed: ['JANE@example.com'] }),
    upsert(3, { invited: [{ email: 'jane@example.com', displayName: 'Jane again' }] }),
    upsert(4, { summary: 'says nothing of people' }),
  ]);
  expect(wanted?.invited?.map((one) => one.email)).toEqual(['bob@example.com', 'jane@example.com']);
  expect(wanted?.removed).toEqual([]);
});

test('a removal ends a life, and repeats of it change nothing', () => {
  expect(foldIntents({ generation: 3, wanted: { summary: 'A' } }, [remove(1), remove(2), removeAll(3)])).toEqual({
    generation: 4,
    wanted: null,
  });
});

test('a repair changes no wish, and begins no life', () => {
  const repair = upsert(2, {}, 'x', { repair: true });
  expect(foldIntents({ generation: 1, wanted: { summary: 'S' } }, [repair])).toEqual({
    generation: 1,
    wanted: { summary: 'S' },
  });
  const ended = { generation: 2, wanted: null };
  expect(foldIntents({ generation: 1, wanted: { summary: 'S' } }, [remove(1), repair])).toEqual(ended);
  expect(foldIntents(ended, [repair])).toEqual(ended);
});

test('folding in two parts is folding at once', () => {
  const patch = fc.record(
    {
      summary: fc.string(),
      url: fc.option(fc.string()),
      invited: fc.array(fc.record({ email: fc.constantFrom('a@x', 'B@x', 'c@x'), displayName: fc.constant(null) })),
      removed: fc.array(fc.constantFrom('A@x', 'b@x', 'c@x')),
    },
    { requiredKeys: [] },
  );
  const step = fc.oneof(
    patch.map((one): RequestedFields | null => one),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), fc.nat(8), (steps, cut) => {
      const intents = steps.map((one, index) => (one === null ? remove(index + 1) : upsert(index + 1, one)));
      const half = foldIntents(nothing, intents.slice(0, cut));
      expect(foldIntents(half, intents.slice(cut))).toEqual(foldIntents(nothing, intents));
    }),
    { numRuns: 300, seed: 20_261_120 },
  );
});

test('over a standing life only what leads to its end is carried out together', () => {
  const intents = [upsert(1, { summary: 'A' }), remove(2), upsert(3, { summary: 'B' })];
  const standing = groupOf({ generation: 1, wanted: { summary: '0' } }, intents, resource());
  expect(standing.intents.map((one) => one.n)).toEqual([1, 2]);
  expect(standing.state).toEqual({ generation: 2, wanted: null });
  for (const none of [null, resource({ live: 0 })]) {
    const together = groupOf({ generation: 1, wanted: { summary: '0' } }, intents, none);
    expect(together.intents).toHaveLength(3);
    expect(together.state).toEqual({ generation: 2, wanted: { summary: 'B' } });
  }
});

test('a delete that was accepted before what began the life that stands does not end it', () => {
  const intents = [upsert(1, { summary: 'A' }), remove(2), upsert(3, { summary: 'B' }), upsert(4, { location: null })];
  const start = { generation: 2, wanted: { summary: '0' } };
  const begun = groupOf(start, intents, resource(), 3);
  expect(begun.intents).toHaveLength(4);
  expect(begun.state).toEqual({ generation: 2, wanted: { summary: 'B', location: null } });
  expect(groupOf(start, [...intents, remove(5), upsert(6, { summary: 'C' })], resource(), 3)).toEqual({
    intents: [...intents, remove(5)],
    state: { generation: 3, wanted: null },
  });
  expect(groupOf(start, [remove(2), remove(4)], resource(), 3).state).toEqual({ generation: 3, wanted: null });
});

test('no call if and only if the wish is the last one and the calendar holds what it made', () => {
  const wanted = { summary: 'A' };
  const base = { ...event, generation: 1, state: { generation: 1, wanted } };
  expect(reconcile({ ...base, applied: managed(wanted), resource: resource() }).kind).toBe('settled');
  const touched = resource({ observedHash: 'somebody else' });
  expect(reconcile({ ...base, applied: managed(wanted), resource: touched }).kind).toBe('update');
  expect(reconcile({ ...base, applied: managed({ summary: 'B' }), resource: resource() }).kind).toBe('update');
  expect(reconcile({ ...base, applied: null, resource: resource() }).kind).toBe('update');
});

test('a life that somebody ended is followed by another, under another name', () => {
  const state = { generation: 1, wanted: { summary: 'A' } };
  const dead = resource({ live: 0 });
  const applied = managed({ summary: 'A' });
  expect(reconcile({ ...event, applied, resource: dead, generation: 1, state })).toMatchObject({
    kind: 'create',
    generation: 2,
    name: resourceName(event, 2),
  });
  // So is one that nobody recorded a write of.
  const second = { generation: 2, wanted: { summary: 'A' } };
  expect(reconcile({ ...event, applied, resource: dead, generation: 2, state: second })).toMatchObject({
    kind: 'create',
    generation: 3,
  });
  // After our own removal the generation has advanced already.
  const after = { generation: 2, wanted: { summary: 'A' } };
  expect(
    reconcile({ ...event, applied: managed(null, { generation: 2 }), resource: dead, generation: 2, state: after }),
  ).toMatchObject({
    kind: 'create',
    generation: 2,
  });
});

test('nothing wanted and nothing there is settled; something there is removed', () => {
  const base = { ...event, applied: null, generation: 2, state: { generation: 2, wanted: null } };
  expect(reconcile({ ...base, resource: null }).kind).toBe('settled');
  expect(reconcile({ ...base, resource: resource({ live: 0 }) }).kind).toBe('settled');
  expect(reconcile({ ...base, resource: resource() }).kind).toBe('remove');
});

test('a name says which life of which event it is, and nothing else has it', () => {
  const names = [
    resourceName(event, 1),
    resourceName(event, 2),
    resourceName({ ...event, eventId: 'y' }, 1),
    resourceName({ ...event, eventId: 'x/../y z' }, 1),
  ];
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(name).toMatch(/^kalends-[0-9a-z]{26}-g\d$/);
});
