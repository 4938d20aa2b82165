/** The machine of one resource: it is owed, held or set aside, and ends only by evidence. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  resourceMachine,
  transition,
  type ResourceContext,
  type ResourceInput,
  type ResourceState,
} from '../../domain/machines/item.ts';
import type { Evidence } from '../../domain/resource.ts';
import { arrowsWalked, hour, keyOf, minute, numbers, t0 } from './support.ts';

const at = (nowMs: number): ResourceContext => ({ nowMs, random: () => 0, numbers });
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

test('a resource that is asked for and not answered is asked again, among fewer', () => {
  const first = transition(owed, { kind: 'unanswered', among: 40 }, at(t0)).state;
  expect(first).toEqual({ name: 'owed', asked: 1, among: 40, sinceMs: t0 });
  expect(transition(first, { kind: 'unanswered', among: 20 }, at(t0)).state).toEqual({
    name: 'owed',
    asked: 2,
    among: 20,
    sinceMs: t0,
  });
});

test('whatever was claimed of a resource, its arrival settles it', () => {
  for (const state of [ok, owed, held, aside])
    expect(transition(state, { kind: 'answered' }, at(t0)).state).toEqual(ok);
});

test('what fails alone is set aside, and asked alone when its probe is due, each time later', () => {
  const first = transition(owed, { kind: 'failed' }, at(t0)).state;
  expect(first).toEqual(aside);
  expect(transition(first, { kind: 'probe_due' }, at(t0))).toEqual({ state: aside, effects: [] });
  const second = transition(first, { kind: 'probe_due' }, at(t0 + 5 * minute));
  expect(second).toEqual({
    state: { name: 'quarantined', asked: 2, sinceMs: t0, untilMs: t0 + 15 * minute },
    effects: [{ kind: 'ask_alone' }],
  });
  expect(transition(second.state, { kind: 'failed' }, at(t0 + 5 * minute)).state).toEqual(second.state);
});

test('a change at the provider ends the setting aside, and the doubt: the new version may be well', () => {
  for (const state of [aside, held])
    expect(transition(state, { kind: 'reported' }, at(t0 + 1)).state).toEqual({ ...owed, sinceMs: t0 + 1 });
});

test('a claimed removal is held, and removed by direct proof', () => {
  const nominated = { kind: 'nominated', reason: 'absent', suspicious: false } as const;
  for (const state of [ok, owed, aside])
    expect(transition(state, nominated, at(t0))).toEqual({ state: held, effects: [] });
  expect(transition(held, { kind: 'verified_gone', evidence: proof }, at(t0))).toEqual({
    state: ok,
    effects: [{ kind: 'remove', evidence: proof }],
  });
});

test('the first reason for holding a removal is kept', () => {
  const again = { kind: 'nominated', reason: 'tombstone', suspicious: true } as const;
  expect(transition(held, again, at(t0 + 1)).state).toEqual(held);
});

test('a failed check proves nothing, and is repeated ever later', () => {
  const once = transition(held, { kind: 'unverified' }, at(t0)).state;
  expect(once).toEqual({ ...held, checks: 1, nextCheckAtMs: t0 + 5 * minute });
  expect(transition(once, { kind: 'unverified' }, at(t0)).state).toEqual({
    ...held,
    checks: 2,
    nextCheckAtMs: t0 + 10 * minute,
  });
  expect(transition(once, { kind: 'released', evidence: word }, at(t0)).effects).toEqual([
    { kind: 'remove', evidence: word },
  ]);
});

test('a claim of which others were proved is remembered as borne out, and nothing is removed by that', () => {
  const once = transition(held, { kind: 'borne_out' }, at(t0));
  expect(once).toEqual({ state: { ...held, borneOut: true }, effects: [] });
  expect(transition(once.state, { kind: 'borne_out' }, at(t0)).state).toBe(once.state);
});

const inputs: ResourceInput[] = [
  { kind: 'reported' },
  { kind: 'answered' },
  { kind: 'unanswered', among: 8 },
  { kind: 'failed' },
  { kind: 'nominated', reason: 'tombstone', suspicious: true },
  { kind: 'verified_gone', evidence: proof },
  { kind: 'unverified' },
  { kind: 'borne_out' },
  { kind: 'released', evidence: word },
  { kind: 'discarded' },
  { kind: 'probe_due' },
];

test('no sequence of inputs removes a resource without evidence, and none that nobody asked about', () => {
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
          if (removal !== undefined) expect(before).not.toBe('ok');
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
  const states: ResourceState[] = [ok, owed, { ...owed, asked: 5, among: 4 }, held, aside];
  const { walked } = arrowsWalked(resourceMachine, states, inputs, [at(t0), at(t0 + hour)]);
  expect(walked).toEqual(resourceMachine.arrows.map(keyOf).sort());
});
