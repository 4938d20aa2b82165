/** The profile machine: the verdict decides, and every wait and every quarantine has a way out. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { verdicts, type ErrorCode } from '../../domain/errors.ts';
import { mayWork, profileMachine, transition, wakeAtOf } from '../../domain/machines/profile.ts';
import type { ProfileInput, ProfileState } from '../../domain/machines/profile-states.ts';
import { backingOff, failed, live, quarantined, walk } from './profile-support.ts';
import { arrowsWalked, at, hour, keyOf, minute, numbers, t0 } from './support.ts';

test('a transient failure backs off by its policy and wakes at its end', () => {
  expect(transition(live, failed('unavailable'), at(t0))).toEqual({
    state: { name: 'backing_off', untilMs: t0 + 2_000, attempt: 1, code: 'unavailable', initial: false },
    effects: [{ kind: 'wake', atMs: t0 + 2_000 }],
  });
});

test('transient failures in a row wait longer each time, and the sixth quarantines', () => {
  let state: ProfileState = live;
  const waits: number[] = [];
  for (let n = 1; n <= 5; n += 1) {
    state = transition(state, failed('timed_out'), at(t0)).state;
    expect(state.name).toBe('backing_off');
    waits.push((wakeAtOf(state, numbers) ?? 0) - t0);
  }
  expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000]);
  expect(transition(state, failed('timed_out'), at(t0)).state).toMatchObject({ name: 'quarantined', probes: 0 });
});

test('a certificate that stays bad ends as a permanent failure does: set aside, with a probe as the way out', () => {
  const sixth = t0 + 6 * minute;
  const often = Array.from({ length: 6 }, (_, k) => [t0 + (k + 1) * minute, failed('tls_failed')] as const);
  const permanent = walk(live, [[sixth, failed('address_refused')]]).state;
  expect(walk(live, often.slice(0, -1)).state).toMatchObject({ name: 'backing_off', code: 'tls_failed' });
  expect(walk(live, often).state).toEqual({ ...permanent, code: 'tls_failed' });
});

test('a success between two failures starts the count anew', () => {
  const { state } = walk(live, [
    [t0, failed('timed_out')],
    [t0, failed('timed_out')],
    [t0, { kind: 'answered_well' }],
    [t0, failed('timed_out')],
  ]);
  expect(state).toMatchObject({ name: 'backing_off', attempt: 1 });
});

test('rate limiting waits as told when that is later than the policy', () => {
  const told = t0 + 20 * minute;
  expect(transition(live, failed('rate_limited', told), at(t0)).state).toMatchObject({ untilMs: told });
  expect(transition(live, failed('rate_limited', t0 + 1_000), at(t0)).state).toMatchObject({ untilMs: t0 + 30_000 });
});

test('throttling that does not end is a quarantine, of which applications are told', () => {
  const after = (failures: number) =>
    walk(
      live,
      Array.from({ length: failures }, () => [t0, failed('rate_limited')] as const),
    ).state;
  expect(after(5)).toMatchObject({ name: 'backing_off', attempt: 5, untilMs: t0 + 8 * minute });
  expect(after(6)).toMatchObject({ name: 'quarantined', code: 'rate_limited' });
  const told = walk(after(6), [
    [t0 + 59 * minute, failed('rate_limited')],
    [t0 + 61 * minute, { kind: 'probe_due' }],
  ]);
  expect(told.notices).toEqual(['quarantined']);
});

test('whoever is asked to wait longer than applications go without a word is set aside for as long', () => {
  const step = transition(live, failed('rate_limited', t0 + 2 * hour), at(t0));
  expect(step.state).toMatchObject({ name: 'quarantined', code: 'rate_limited', probeAtMs: t0 + 2 * hour });
  expect(step.effects).toEqual([{ kind: 'wake', atMs: t0 + hour }]);
});

test('a Retry-After beyond the bounds is clamped to them', () => {
  const { state } = transition(live, failed('rate_limited', t0 + 1_000 * hour), at(t0));
  expect(state).toMatchObject({ probeAtMs: t0 + 6 * hour });
});

test('a Retry-After of no time at all still waits the least of all waits', () => {
  const hasty = { ...numbers, backoff: { ...numbers.backoff, rateLimited: { baseMs: 10, capMs: 10, jitter: 0 } } };
  const { state } = transition(live, failed('rate_limited', t0 - hour), { ...at(t0), numbers: hasty });
  expect(state).toMatchObject({ untilMs: t0 + 1_000 });
});

test('an ambiguous failure quarantines with reason, evidence and a probe, and tells nobody yet', () => {
  expect(transition(live, failed('server_error'), at(t0))).toEqual({
    state: {
      name: 'quarantined',
      code: 'server_error',
      evidence: { status: 599 },
      sinceMs: t0,
      probeAtMs: t0 + 5 * minute,
      probes: 0,
      initial: false,
    },
    effects: [{ kind: 'wake', atMs: t0 + 5 * minute }],
  });
});

test('a permanent failure quarantines too: nothing is dropped, and a probe may still find it well', () => {
  expect(transition(live, failed('not_a_calendar_server'), at(t0)).state.name).toBe('quarantined');
});

test('failures of an item, a calendar, a token or a caller do not touch the profile', () => {
  const others = (Object.keys(verdicts) as ErrorCode[]).filter((code) =>
    ['resync', 'conflict', 'gone', 'item_permanent', 'calendar_permanent', 'refused'].includes(verdicts[code]),
  );
  expect(others.length).toBeGreaterThan(15);
  for (const code of others) {
    for (const state of [live, { name: 'connecting' } as const, backingOff(), quarantined()]) {
      expect(transition(state, failed(code), at(t0))).toEqual({ state, effects: [] });
    }
  }
});

test('an early wake-up changes nothing and asks to be woken again', () => {
  for (const state of [backingOff(), quarantined()]) {
    const step = transition(state, { kind: 'probe_due' }, at(t0 + 1));
    expect(step).toEqual({ state, effects: [{ kind: 'wake', atMs: wakeAtOf(state, numbers) }] });
  }
});

test('a try is counted and the one after it planned before it is made, and its failure is not counted again', () => {
  const due = transition(backingOff(), { kind: 'probe_due' }, at(t0 + 2_000));
  expect(due.effects).toEqual([{ kind: 'retry' }, { kind: 'wake', atMs: t0 + 6_000 }]);
  expect(due.state).toMatchObject({ attempt: 2, untilMs: t0 + 6_000, trying: true });
  const after = transition(due.state, failed('unavailable'), at(t0 + 3_000)).state;
  expect(after).toMatchObject({ attempt: 2, untilMs: t0 + 7_000 });
  expect(after).not.toHaveProperty('trying');
});

test('a process that dies of each probe still spaces them out, up to the cap', () => {
  let state = quarantined();
  const waits: number[] = [];
  for (let n = 0; n < 10; n += 1) {
    const nowMs = state.name === 'quarantined' ? state.probeAtMs : 0;
    const step = transition(state, { kind: 'probe_due' }, at(nowMs));
    expect(step.effects).toContainEqual({ kind: 'probe' });
    state = step.state;
    waits.push(((state.name === 'quarantined' ? state.probeAtMs : 0) - nowMs) / minute);
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 360, 360, 360, 360]);
});

test('a failed probe renews the reason, keeps the beginning, and waits as the server asks when that is later', () => {
  const due = transition(quarantined(), { kind: 'probe_due' }, at(t0 + 5 * minute)).state;
  const after = transition(due, failed('unavailable', t0 + 2 * hour), at(t0 + 5 * minute)).state;
  expect(after).toMatchObject({
    name: 'quarantined',
    code: 'unavailable',
    sinceMs: t0,
    probes: 1,
    probeAtMs: t0 + 2 * hour,
  });
});

test('a successful probe reinstates by itself and wakes at once, so that what waited is carried out', () => {
  expect(transition(quarantined(), { kind: 'answered_well' }, at(t0 + hour))).toEqual({
    state: live,
    effects: [{ kind: 'wake', atMs: t0 + hour }],
  });
});

test('applications hear of a quarantine once, when it has lasted for an hour, and then of its end', () => {
  const { notices, effects } = walk(quarantined({ probeAtMs: t0 + 3 * hour, probes: 5 }), [
    [t0 + hour - 1, { kind: 'probe_due' }],
    [t0 + hour, { kind: 'probe_due' }],
    [t0 + 2 * hour, { kind: 'probe_due' }],
    [t0 + 3 * hour, { kind: 'probe_due' }],
    [t0 + 3 * hour, failed('server_error')],
    [t0 + 9 * hour, { kind: 'answered_well' }],
  ]);
  expect(notices).toEqual(['quarantined', 'reinstated']);
  expect(effects[0]).toEqual({ kind: 'wake', atMs: t0 + hour });
});

test('a probe that fails after the hour tells as well', () => {
  const { notices } = walk(quarantined(), [[t0 + 2 * hour, failed('server_error')]]);
  expect(notices).toEqual(['quarantined']);
});

test('a quarantine that nobody heard of ends without a notice', () => {
  expect(walk(quarantined(), [[t0 + minute, { kind: 'answered_well' }]]).notices).toEqual([]);
});

test('the initial sync completes once, across failures and quarantines', () => {
  const { state, effects } = walk({ name: 'connecting' }, [
    [t0, { kind: 'answered_well' }],
    [t0, failed('timed_out')],
    [t0, { kind: 'answered_well' }],
    [t0, failed('server_error')],
    [t0, { kind: 'answered_well' }],
    [t0 + 9, { kind: 'initial_sync_done' }],
  ]);
  expect(state).toEqual(live);
  expect(effects.slice(-2)).toEqual([
    { kind: 'initial_sync_completed', atMs: t0 + 9 },
    { kind: 'notice', notice: 'initial_sync_completed', detail: 'every calendar was listed once' },
  ]);
});

test('an operator ends a wait, a quarantine and a demand for consent', () => {
  for (const state of [
    backingOff(),
    quarantined(),
    { name: 'relink_required', code: 'unauthorized', sinceMs: t0, initial: false } as const,
  ]) {
    expect(transition(state, { kind: 'operator_reinstate' }, at(t0)).state).toEqual(live);
  }
  expect(() => transition(live, { kind: 'operator_reinstate' }, at(t0))).toThrow(/operator_reinstate.*live/);
});

test('documents written before the optional fields existed are read', () => {
  const old: ProfileState = { name: 'relink_required', code: 'unauthorized', sinceMs: t0 };
  expect(transition(old, { kind: 'relinked' }, at(t0)).state).toEqual({ name: 'connecting', initial: true });
});

test('ordinary work is allowed while connecting and live alone', () => {
  const states: ProfileState[] = [
    { name: 'connecting' },
    live,
    backingOff(),
    quarantined(),
    { name: 'disconnected', sinceMs: t0 },
  ];
  expect(states.map(mayWork)).toEqual([true, true, false, false, false]);
});

test('an illegal input throws an error that names state and input', () => {
  expect(() => transition({ name: 'disconnected', sinceMs: t0 }, { kind: 'answered_well' }, at(t0))).toThrow(
    'the profile machine has no rule for the input answered_well in the state disconnected',
  );
});

const allStates: ProfileState[] = [
  { name: 'connecting' },
  { name: 'connecting', initial: false },
  live,
  backingOff(),
  backingOff({ initial: true, attempt: 5 }),
  backingOff({ code: 'unauthorized', refusals: { count: 2, sinceMs: t0 - hour } }),
  quarantined(),
  quarantined({ initial: true, told: true, refusals: { count: 2, sinceMs: t0 - hour } }),
  { name: 'relink_required', code: 'unauthorized', sinceMs: t0 },
  { name: 'relink_required', code: 'unauthorized', sinceMs: t0, initial: false },
  { name: 'disconnected', sinceMs: t0 },
];
const allInputs: ProfileInput[] = [
  { kind: 'answered_well' },
  { kind: 'initial_sync_done' },
  ...(Object.keys(verdicts) as ErrorCode[]).map((code) => failed(code)),
  { kind: 'probe_due' },
  { kind: 'relinked' },
  { kind: 'disconnect' },
  { kind: 'operator_reinstate' },
];

test('the table says exactly what the machine does: every arrow can be walked, and no other', () => {
  const { walked } = arrowsWalked(profileMachine, allStates, allInputs, [at(t0), at(t0 + hour)]);
  expect(walked).toEqual(profileMachine.arrows.map(keyOf).sort());
});

const anyInput = fc.constantFrom(...allInputs, failed('rate_limited', t0 + 90 * minute));

test('from wherever a profile got to, good answers, and new credentials where they are asked for, make it live', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyInput, fc.nat(3 * hour), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), {
        maxLength: 60,
      }),
      (steps) => {
        let state: ProfileState = { name: 'connecting' };
        let nowMs = t0;
        for (const [input, passedMs, roll] of steps) {
          nowMs += passedMs;
          const context = { ...at(nowMs), random: () => roll };
          try {
            state = transition(state, input, context).state;
          } catch {
            continue;
          }
          const wakeAtMs = wakeAtOf(state, numbers);
          const waits = state.name === 'backing_off' || state.name === 'quarantined';
          expect(wakeAtMs !== null).toBe(waits);
          // The way out is never further away than the longest of all waits.
          if (wakeAtMs !== null) expect(wakeAtMs - nowMs).toBeLessThanOrEqual(6 * hour);
        }
        if (state.name === 'relink_required' || state.name === 'disconnected')
          state = transition(state, { kind: 'relinked' }, at(nowMs)).state;
        state = transition(state, { kind: 'answered_well' }, at(nowMs)).state;
        if (state.name === 'connecting') state = transition(state, { kind: 'initial_sync_done' }, at(nowMs)).state;
        expect(state).toEqual(live);
      },
    ),
    { numRuns: 300, seed: 20_261_120 },
  );
});
