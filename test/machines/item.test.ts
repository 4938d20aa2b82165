/** The machine of one resource: it is owed, held or set aside, and ends only by evidence. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { pulling } from '../../config/policies.ts';
import { verdicts, type ErrorCode } from '../../domain/errors.ts';
import { resourceMachine, transition, type ResourceInput, type ResourceState } from '../../domain/machines/item.ts';
import type { Evidence } from '../../domain/resource.ts';
import { arrowsWalked, failure, hour, keyOf, minute, numbers, t0 } from './support.ts';

const at = (nowMs: number) => ({
  nowMs,
  random: () => 0,
  numbers: { backoff: numbers.backoff, askedMax: pulling.askedMax },
});
const proof: Evidence = { kind: 'direct_get', request: 'GET /cal/a.ics', status: 404, collectionStatus: 207, atMs: t0 };
const word = { kind: 'operator', note: 'I deleted it', atMs: t0 } as const;
const ok: ResourceState = { name: 'ok' };
const owed: ResourceState = { name: 'owed', asked: 0, sinceMs: t0 };
const held: ResourceState = { name: 'held', reason: 'absent', sinceMs: t0, checks: 0, suspicious: false };
const aside: ResourceState = { name: 'quarantined', asked: 6, sinceMs: t0, untilMs: t0 + 5 * minute };

test('a resource that is asked for and not answered is asked again, and set aside after six questions', () => {
  let state: ResourceState = transition(ok, { kind: 'unanswered' }, at(t0)).state;
  for (let asked = 2; asked < 6; asked += 1) {
    state = transition(state, { kind: 'unanswered' }, at(t0 + asked)).state;
    expect(state).toEqual({ name: 'owed', asked, sinceMs: t0 });
  }
  expect(transition(state, { kind: 'unanswered' }, at(t0 + 6))).toEqual({
    state: { name: 'quarantined', asked: 6, sinceMs: t0, untilMs: t0 + 6 + 5 * minute },
    effects: [],
  });
});

test('whatever was claimed of a resource, its arrival settles it', () => {
  for (const state of [ok, owed, held, aside])
    expect(transition(state, { kind: 'answered' }, at(t0)).state).toEqual(ok);
});

test('only a failure of this one resource sets it aside', () => {
  expect(transition(owed, { kind: 'failed', error: failure('resource_unparsable') }, at(t0)).state.name).toBe(
    'quarantined',
  );
  for (const code of ['unavailable', 'server_error', 'unauthorized', 'not_found'] as const) {
    expect(transition(owed, { kind: 'failed', error: failure(code) }, at(t0))).toEqual({ state: owed, effects: [] });
  }
});

test('a resource that was set aside is asked alone when its probe is due, each time later', () => {
  expect(transition(aside, { kind: 'probe_due' }, at(t0))).toEqual({ state: aside, effects: [] });
  expect(transition(aside, { kind: 'probe_due' }, at(t0 + 5 * minute))).toEqual({
    state: { name: 'quarantined', asked: 7, sinceMs: t0, untilMs: t0 + 15 * minute },
    effects: [{ kind: 'ask_alone' }],
  });
});

test('a change at the provider ends the setting aside: the new version may be well', () => {
  expect(transition(aside, { kind: 'reported' }, at(t0 + 1)).state).toEqual({
    name: 'owed',
    asked: 0,
    sinceMs: t0 + 1,
  });
});

test('a claimed removal is held, and removed by direct proof', () => {
  expect(transition(ok, { kind: 'nominated', reason: 'absent' }, at(t0))).toEqual({ state: held, effects: [] });
  expect(transition(held, { kind: 'verified_gone', evidence: proof }, at(t0))).toEqual({
    state: ok,
    effects: [{ kind: 'remove', evidence: proof }],
  });
});

test('a failed check proves nothing, and a doubted removal waits for an operator', () => {
  const checked = transition(held, { kind: 'unverified' }, at(t0)).state;
  const doubted = transition(checked, { kind: 'doubted' }, at(t0)).state;
  expect(doubted).toEqual({ ...held, checks: 1, suspicious: true });
  expect(transition(doubted, { kind: 'released', evidence: word }, at(t0)).effects).toEqual([
    { kind: 'remove', evidence: word },
  ]);
});

const inputs: ResourceInput[] = [
  { kind: 'reported' },
  { kind: 'answered' },
  { kind: 'unanswered' },
  ...(Object.keys(verdicts) as ErrorCode[]).map((code): ResourceInput => ({ kind: 'failed', error: failure(code) })),
  { kind: 'nominated', reason: 'tombstone' },
  { kind: 'verified_gone', evidence: proof },
  { kind: 'unverified' },
  { kind: 'doubted' },
  { kind: 'released', evidence: word },
  { kind: 'probe_due' },
];

test('no sequence of inputs removes a resource without evidence, and none from any other state than held', () => {
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
          if (removal !== undefined) expect(before).toBe('held');
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
  const states: ResourceState[] = [ok, owed, { ...owed, asked: 5 }, held, aside];
  // A single question more than allowed leads straight from ok to quarantine.
  const strict = { ...at(t0), numbers: { backoff: numbers.backoff, askedMax: 1 } };
  const { walked } = arrowsWalked(resourceMachine, states, inputs, [at(t0), at(t0 + hour), strict]);
  expect(walked).toEqual(resourceMachine.arrows.map(keyOf).sort());
});
