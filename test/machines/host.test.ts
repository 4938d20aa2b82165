/** The host breaker: one probe for all, a ramp that never exceeds its step, and no trip while anybody is answered. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostNumbers as numbers } from '../../config/profile-numbers.ts';
import { hosts as policy } from '../../config/policies.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import {
  hostMachine,
  isShut,
  standingOf,
  transition,
  type HostContext,
  type HostInput,
  type HostState,
} from '../../domain/machines/host.ts';
import { arrowsWalked, failure, hour, keyOf, minute, t0 } from './support.ts';

const at = (nowMs: number): HostContext => ({ nowMs, random: () => 0, numbers });
const well: HostState = { name: 'well' };
const failed = (login: number | string, code: ErrorCode = 'timed_out', retryAtMs: number | null = null): HostInput => ({
  kind: 'failed',
  login: `login-${login}`,
  error: failure(code, retryAtMs),
});

/** After these inputs, one each `everyMs`. */
function after(inputs: readonly HostInput[], from: HostState = well, everyMs = 1_000): HostState {
  return inputs.reduce((state, input, k) => transition(state, input, at(t0 + k * everyMs)).state, from);
}

const five = [1, 2, 3, 4, 5].map((login) => failed(login));
const broken = after(five);
const brokenAt = t0 + 4_000;
const recovering = transition(broken, { kind: 'answered_well' }, at(t0 + hour)).state;

/** Inputs that any state may meet as the actors feed them: others only where they are of use. */
const useful: Readonly<Record<HostState['name'], readonly HostInput['kind'][]>> = {
  well: ['failed'],
  suspected: ['failed', 'answered_well', 'forget_due'],
  broken: ['failed', 'answered_well', 'probe_due', 'operator_probe', 'forget_due'],
  recovering: ['failed', 'answered_well', 'admit_due', 'nobody_waits'],
};

const step = fc.record({
  input: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }).map((login) => failed(login)) },
    fc.constant<HostInput>({ kind: 'answered_well' }),
    { weight: 4, arbitrary: fc.constant<HostInput>({ kind: 'probe_due' }) },
    {
      weight: 4,
      arbitrary: fc.integer({ min: 0, max: 900 }).map((wanted): HostInput => ({ kind: 'admit_due', wanted })),
    },
    fc.constant<HostInput>({ kind: 'nobody_waits' }),
    fc.constant<HostInput>({ kind: 'operator_probe' }),
    fc.constant<HostInput>({ kind: 'forget_due' }),
  ),
  waitMs: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 5 * minute, max: 15 * minute }) },
    fc.integer({ min: 0, max: 7 * hour }),
  ),
});

test('whatever happens, probes keep their distance, no step lets in more than twice the last, and one answer ends a suspicion', () => {
  const seen = { probe: 0, admit: 0, broken: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 200, size: 'max' }), (steps) => {
      let state: HostState = after([]);
      let nowMs = t0;
      let sinceAnswer = new Set<string>();
      let letIn = { step: 0, count: 0 };
      for (const { input, waitMs } of steps) {
        nowMs += waitMs;
        if (!useful[state.name].includes(input.kind)) continue;
        const before: HostState = state;
        const next = transition(before, input, at(nowMs));
        state = next.state;
        if (input.kind === 'failed') sinceAnswer.add(input.login);
        if (input.kind === 'answered_well') sinceAnswer = new Set();
        if (before.name === 'suspected' && state.name === 'broken') expect(sinceAnswer.size).toBeGreaterThanOrEqual(5);
        if (state.name === 'suspected') expect(state.failing.length).toBeLessThanOrEqual(policy.brokenAfterLogins);
        if (before.name !== 'broken' && state.name === 'broken') seen.broken += 1;
        for (const effect of next.effects) {
          seen[effect.kind] += 1;
          if (effect.kind === 'probe') {
            expect(before.name === 'broken' && before.probeAtMs <= nowMs).toBe(true);
            expect(state.name === 'broken' && state.probeAtMs >= nowMs + 5 * minute).toBe(true);
          } else if (state.name === 'recovering') {
            if (letIn.step !== state.step) letIn = { step: state.step, count: 0 };
            letIn.count += effect.count;
            expect(letIn.count).toBeLessThanOrEqual(Math.min(policy.rampMax, policy.rampStart * 2 ** (state.step - 1)));
          }
        }
        if (state.name !== 'recovering') letIn = { step: 0, count: 0 };
      }
    }),
    { seed: 5, numRuns: 2_000 },
  );
  // A property that nothing exercises holds of anything.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(500);
});

test('the sample states go along every arrow of the table, and along no other', () => {
  const states: HostState[] = [well, after([failed(1)]), after(five.slice(0, 4)), broken, recovering];
  const let1 = transition(recovering, { kind: 'admit_due', wanted: 100 }, at(t0 + hour)).state;
  const inputs: HostInput[] = [
    failed(9),
    { kind: 'answered_well' },
    { kind: 'probe_due' },
    { kind: 'admit_due', wanted: 3 },
    { kind: 'nobody_waits' },
    { kind: 'operator_probe' },
    { kind: 'forget_due' },
  ];
  states.push(let1, transition(let1, failed(8), at(t0 + hour)).state);
  const { walked } = arrowsWalked(hostMachine, states, inputs, [at(t0 + 5_000), at(t0 + hour), at(t0 + 24 * hour)]);
  // From well to broken leads only a host that one login is enough to break.
  const drawn = hostMachine.arrows.map(keyOf).filter((one) => one !== 'well failed broken');
  expect(walked).toEqual([...new Set(drawn)].sort());
});

test('five logins without an answer between them break a host; an answer, or time, makes the count start anew', () => {
  expect(after(five.slice(0, 4)).name).toBe('suspected');
  expect(after(five)).toMatchObject({ name: 'broken', code: 'timed_out', sinceMs: t0, probes: 0 });
  expect(after([...five.slice(0, 4), { kind: 'answered_well' }]).name).toBe('well');
  expect(after(five, well, 5 * minute).name).toBe('suspected');
});

test('what nobody asks any more is forgotten once every failure and every probe that was due is long ago', () => {
  const forget = (state: HostState, ms: number) => transition(state, { kind: 'forget_due' }, at(t0 + ms)).state.name;
  const suspected = after(five.slice(0, 4));
  const after12h = policy.rememberMs + 4_000;
  expect([forget(suspected, policy.rememberMs), forget(suspected, after12h)]).toEqual(['suspected', 'well']);
  const probed = policy.rememberMs + 5 * minute;
  expect([forget(broken, probed), forget(broken, probed + hour)]).toEqual(['broken', 'well']);
});

test('one login counts once, however often it fails', () => {
  const state = after(Array.from({ length: 50 }, () => failed('the same')));
  expect(state.name).toBe('suspected');
  expect(standingOf(state, numbers)).toBe('well');
});

test('a host is doubted as soon as a second login fails and nobody is answered', () => {
  const standing = (inputs: readonly HostInput[]) => standingOf(after(inputs), numbers);
  expect(standing([failed(1)])).toBe('well');
  expect(standing([failed(1), failed(2)])).toBe('failing');
  expect(standing([failed(1, 'unauthorized'), failed(2)])).toBe('failing');
  expect([broken, recovering].map((one) => standingOf(one, numbers))).toEqual(['failing', 'failing']);
  expect([broken, recovering].map(isShut)).toEqual([true, true]);
});

test('a host that refuses several logins and does nothing else is refusing; the last failure of each counts', () => {
  const refused = (login: number) => failed(login, 'unauthorized');
  expect(standingOf(after([refused(1)]), numbers)).toBe('well');
  expect(standingOf(after([refused(1), refused(2)]), numbers)).toBe('refusing');
  expect(standingOf(after([failed(1), refused(2), refused(1)]), numbers)).toBe('refusing');
  expect(standingOf(after([refused(1), refused(2), failed(1)]), numbers)).toBe('failing');
});

test('probes wait longer each time, and are counted before they are made', () => {
  let state = broken;
  const waits: number[] = [];
  for (let k = 0; k < 9; k += 1) {
    if (state.name !== 'broken') throw new Error(state.name);
    const nowMs = state.probeAtMs;
    const { state: counted, effects } = transition(state, { kind: 'probe_due' }, at(nowMs));
    expect(effects).toEqual([{ kind: 'probe' }]);
    expect(counted).toMatchObject({ probes: k + 1, trying: true });
    expect(transition(counted, { kind: 'probe_due' }, at(nowMs)).effects).toEqual([]);
    state = transition(counted, failed('canary', 'unavailable'), at(nowMs + 10_000)).state;
    if (state.name === 'broken') waits.push((state.probeAtMs - nowMs) / minute);
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 360, 360, 360]);
  expect(state).toMatchObject({ code: 'unavailable', sinceMs: t0 });
});

test('what the host asks for is respected within bounds', () => {
  const asked = (retryAtMs: number): HostState => after([...five.slice(0, 4), failed(5, 'unavailable', retryAtMs)]);
  expect(asked(brokenAt + hour)).toMatchObject({ probeAtMs: brokenAt + hour });
  expect(asked(brokenAt + 24 * hour)).toMatchObject({ probeAtMs: brokenAt + 6 * hour });
  expect(asked(brokenAt + 1)).toMatchObject({ probeAtMs: brokenAt + 5 * minute });
});

test('those that wait come back by steps, shared by the nodes', () => {
  const counts: number[] = [];
  let state = recovering;
  for (let k = 0; k < 10; k += 1) {
    for (let node = 0; node < 2; node += 1) {
      const next = transition(state, { kind: 'admit_due', wanted: 3 * 2 ** k }, at(t0 + hour + k * 10_000));
      state = next.state;
      counts.push(next.effects[0]?.kind === 'admit' ? next.effects[0].count : 0);
    }
  }
  expect(counts).toEqual([3, 1, 6, 2, 12, 4, 24, 8, 48, 16, 96, 32, 192, 64, 384, 116, 500, 0, 500, 0]);
});

test('a host that fails again while it recovers goes back to probes that wait longer', () => {
  const probed = transition({ ...broken, probes: 3 } as HostState, { kind: 'answered_well' }, at(t0 + hour)).state;
  const let1 = transition(probed, { kind: 'admit_due', wanted: 100 }, at(t0 + hour)).state;
  const one = transition(let1, failed(1), at(t0 + hour + 1)).state;
  expect(one.name).toBe('recovering');
  const nowMs = t0 + hour + 2;
  expect(transition(one, failed(2), at(nowMs)).state).toMatchObject({
    name: 'broken',
    probes: 3,
    sinceMs: t0,
    probeAtMs: nowMs + 40 * minute,
  });
});

test('an operator has it probed at once', () => {
  const asked = transition(broken, { kind: 'operator_probe' }, at(brokenAt + 1)).state;
  expect(transition(asked, { kind: 'probe_due' }, at(brokenAt + 1)).effects).toEqual([{ kind: 'probe' }]);
});
