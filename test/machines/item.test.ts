/** The machine of one resource: it is owed, held or set aside, and ends only by evidence. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { resourceMachine, transition, type ResourceInput, type ResourceState } from '../../domain/machines/item.ts';
import type { Evidence } from '../../domain/resource.ts';
import { arrowsWalked, hour, keyOf, minute, numbers, t0 } from './support.ts';

const at = (nowMs: number) => ({ nowMs, random: () => 0, numbers: { backoff: numbers.backoff } });
const proof: Evidence = { kind: 'direct_get', request: 'GET /cal/a.ics', status: 404, collectionStatus: 207, atMs: t0 };
const word = { kind: 'operator', note: 'I deleted it', atMs: t0 } as const;
const ok: ResourceState = { name: 'ok' };
const owed: ResourceState = { name: 'owed', asked: 0, among: null, sinceMs: t0 };
const held: ResourceState = {
  name: 'held',
  reason: 'absent',
  sinceMs: t0,
  checks: 0,
  nextCheckAtMs: t0,
  suspicious: false,
};
const aside: ResourceState = { name: 'quarantined', asked: 1, sinceMs: t0, untilMs: t0 + 5 * minute };

test('a resource that is asked for and not answered stays owed, with how many were asked for together', () => {
  let state: ResourceState = owed;
  for (const [asked, among] of [50, 25, 1].entries()) {
    state = transition(state, { kind: 'unanswered', among }, at(t0 + asked)).state;
    expect(state).toEqual({ name: 'owed', asked: asked + 1, among, sinceMs: t0 });
  }
});

test('whatever was claimed of a resource, its arrival settles it', () => {
  for (const state of [ok, owed, held, aside])
    expect(transition(state, { kind: 'answered' }, at(t0)).state).toEqual(ok);
});

test('only a failure of this one resource alone sets it aside', () => {
  expect(transition(owed, { kind: 'failed' }, at(t0)).state).toEqual({
    name: 'quarantined',
    asked: 1,
    sinceMs: t0,
    untilMs: t0 + 5 * minute,
  });
  expect(transition(owed, { kind: 'unanswered', among: 1 }, at(t0)).state.name).toBe('owed');
});

test('a resource that was set aside is asked alone when its probe is due, each time later', () => {
  expect(transition(aside, { kind: 'probe_due' }, at(t0))).toEqual({ state: aside, effects: [] });
  expect(transition(aside, { kind: 'probe_due' }, at(t0 + 5 * minute))).toEqual({
    state: { name: 'quarantined', asked: 2, sinceMs: t0, untilMs: t0 + 15 * minute },
    effects: [{ kind: 'ask_alone' }],
  });
});

test('a change at the provider ends the setting aside: the new version may be well', () => {
  expect(transition(aside, { kind: 'reported' }, at(t0 + 1)).state).toEqual({
    name: 'owed',
    asked: 0,
    among: null,
    sinceMs: t0 + 1,
  });
});

test('a claimed removal is held, and removed by direct proof', () => {
  expect(transition(ok, { kind: 'nominated', reason: 'absent', suspicious: false }, at(t0))).toEqual({
    state: held,
    effects: [],
  });
  expect(transition(held, { kind: 'verified_gone', evidence: proof }, at(t0))).toEqual({
    state: ok,
    effects: [{ kind: 'remove', evidence: proof }],
  });
});

test('a failed check proves nothing, and is made again later', () => {
  const checked = transition(held, { kind: 'unverified' }, at(t0)).state;
  expect(checked).toMatchObject({ name: 'held', checks: 1 });
  expect(checked.name === 'held' && checked.nextCheckAtMs).toBeGreaterThan(t0);
  expect(transition(checked, { kind: 'released', evidence: word }, at(t0)).effects).toEqual([
    { kind: 'remove', evidence: word },
  ]);
});

const inputs: ResourceInput[] = [
  { kind: 'reported' },
  { kind: 'answered' },
  { kind: 'unanswered', among: 5 },
  { kind: 'failed' },
  { kind: 'nominated', reason: 'tombstone', suspicious: true },
  { kind: 'verified_gone', evidence: proof },
  { kind: 'unverified' },
  { kind: 'released', evidence: word },
  { kind: 'probe_due' },
];

test('no sequence of inputs removes a resource without evidence', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...inputs), fc.nat(hour)), { maxLength: 50 }), (steps) => {
      let state: ResourceState = ok;
      let nowMs = t0;
      for (const [input, passedMs] of steps) {
        nowMs += passedMs;
        const before = state.name;
        try {
          const step = transition(state, input, at(nowMs));
          const removal = step.effects.find(({ kind }) => kind === 'remove');
          expect(removal !== undefined).toBe(input.kind === 'verified_gone' || input.kind === 'released');
          if (input.kind === 'released') expect(before).toBe('held');
          state = step.state;
        } catch (error) {
          expect(String(error)).toMatch(/no rule for the input/);
        }
      }
    }),
    { numRuns: 300, seed: 20_261_120 },
  );
});

test('the table says exactly what the machine does: every arrow can be walked, and no other', () => {
  const states: ResourceState[] = [ok, owed, held, aside];
  const { walked } = arrowsWalked(resourceMachine, states, inputs, [at(t0), at(t0 + hour)]);
  expect(walked).toEqual(resourceMachine.arrows.map(keyOf).sort());
});
