/** Consent: a relink is demanded only on proof, and new credentials bring a profile back to where it was. */
import { expect, test } from 'vitest';
import { hostNumbers } from '../../config/profile-numbers.ts';
import { standingOf, transition as hostStep, type HostState } from '../../domain/machines/host.ts';
import { transition, wakeAtOf } from '../../domain/machines/profile.ts';
import type { ProfileInput, ProfileState } from '../../domain/machines/profile-states.ts';
import { failed, live, quarantined, walk } from './profile-support.ts';
import { at, failure, hour, minute, numbers, t0 } from './support.ts';

test('one refusal is never proof, whatever time has passed, and waits like a probe', () => {
  const { state } = transition(live, failed('unauthorized'), at(t0));
  expect(state).toMatchObject({ name: 'backing_off', refusals: { count: 1, sinceMs: t0 }, untilMs: t0 + 5 * minute });
});

test('three refusals over half an hour with the host well are proof, and applications are told', () => {
  const { state, notices } = walk(live, [
    [t0, failed('unauthorized')],
    [t0 + 15 * minute, failed('unauthorized')],
    [t0 + 30 * minute, failed('unauthorized')],
  ]);
  expect(state).toEqual({ name: 'relink_required', code: 'unauthorized', sinceMs: t0 + 30 * minute, initial: false });
  expect(notices).toEqual(['disconnected']);
});

test('many refusals within less than half an hour are not proof', () => {
  const { state } = walk(
    live,
    Array.from({ length: 20 }, (_, n) => [t0 + n * minute, failed('unauthorized')] as const),
  );
  expect(state).toMatchObject({ name: 'backing_off', refusals: { count: 20 } });
});

test('two refusals over a day are not proof', () => {
  const { state } = walk(live, [
    [t0, failed('unauthorized')],
    [t0 + 24 * hour, failed('unauthorized')],
  ]);
  expect(state.name).toBe('backing_off');
});

test('a good answer between refusals starts their count anew: iCloud refuses correct passwords', () => {
  const { state } = walk(live, [
    [t0, failed('unauthorized')],
    [t0 + 15 * minute, failed('unauthorized')],
    [t0 + 20 * minute, { kind: 'answered_well' }],
    [t0 + 30 * minute, failed('unauthorized')],
  ]);
  expect(state).toMatchObject({ refusals: { count: 1 } });
});

test('refusals count for nothing while the host fails otherwise', () => {
  const unwell: ProfileInput = { kind: 'failed', error: failure('unauthorized'), host: 'failing' };
  const alternating = walk(live, [
    [t0, failed('unauthorized')],
    [t0 + 20 * minute, failed('unavailable')],
    [t0 + 40 * minute, failed('unauthorized')],
    [t0 + 60 * minute, failed('unauthorized')],
  ]);
  expect(alternating.state).toMatchObject({ name: 'backing_off', refusals: { count: 2, sinceMs: t0 + 40 * minute } });
  const sick = walk(
    live,
    Array.from({ length: 12 }, (_, n) => [t0 + n * hour, unwell] as const),
  );
  expect(sick.state.name).toBe('quarantined');
});

const others: ProfileInput = { kind: 'failed', error: failure('unauthorized'), host: 'refusing' };
const hourly = (hours: number, input: ProfileInput) =>
  Array.from({ length: hours + 1 }, (_, n) => [t0 + n * hour, input] as const);

test('where a host refuses others as well, and does nothing else, it takes three days to be proof', () => {
  expect(walk(live, hourly(71, others)).state).toMatchObject({ name: 'quarantined', refusals: { count: 72 } });
  expect(walk(live, hourly(72, others)).state).toMatchObject({ name: 'relink_required', code: 'unauthorized' });
});

test('two refusals are no proof there either, and any other failure starts the days anew', () => {
  const rare = walk(live, [
    [t0, others],
    [t0 + 96 * hour, others],
  ]);
  expect(rare.state.name).toBe('backing_off');
  const unwell: ProfileInput = { kind: 'failed', error: failure('unauthorized'), host: 'failing' };
  for (const other of [failed('unavailable'), unwell]) {
    const { state } = walk(live, [...hourly(60, others), [t0 + 61 * hour, other], [t0 + 72 * hour, others]]);
    expect(state).toMatchObject({ name: 'quarantined', refusals: { count: 1 } });
  }
});

test('once others are answered half an hour is proof again, and it counts from then', () => {
  const { state } = walk(live, [
    ...hourly(10, others),
    [t0 + 11 * hour, failed('unauthorized')],
    [t0 + 11 * hour + 20 * minute, failed('unauthorized')],
    [t0 + 11 * hour + 29 * minute, failed('unauthorized')],
  ]);
  expect(state).toMatchObject({ name: 'quarantined', refusals: { count: 14, alone: { count: 3 } } });
  expect(transition(state, failed('unauthorized'), at(t0 + 12 * hour)).state.name).toBe('relink_required');
});

test('two logins of one host whose passwords were changed are asked to connect again', () => {
  let host: HostState = { name: 'well' };
  const states: ProfileState[] = [live, live];
  const dueMs = [t0, t0 + 1_000];
  while (Math.min(...dueMs) < t0 + 30 * 24 * hour) {
    const k = dueMs.indexOf(Math.min(...dueMs));
    const nowMs = dueMs[k] ?? 0;
    const before = states[k] ?? live;
    const tried = before.name === 'live' ? before : transition(before, { kind: 'probe_due' }, at(nowMs)).state;
    const error = failure('unauthorized');
    host = hostStep(host, { kind: 'failed', login: `login-${k}`, error }, { ...at(nowMs), numbers: hostNumbers }).state;
    const standing = standingOf(host, hostNumbers);
    const { state } = transition(tried, { kind: 'failed', error, host: standing }, at(nowMs));
    states[k] = state;
    dueMs[k] = wakeAtOf(state, numbers) ?? Number.POSITIVE_INFINITY;
  }
  expect(states.map((one) => one.name)).toEqual(['relink_required', 'relink_required']);
});

test('being throttled between refusals does not forget them', () => {
  const { state } = walk(live, [
    [t0, failed('unauthorized')],
    [t0 + 10 * minute, failed('rate_limited')],
    [t0 + 20 * minute, failed('unauthorized')],
    [t0 + 40 * minute, failed('unauthorized')],
  ]);
  expect(state.name).toBe('relink_required');
});

test('probes of a quarantined profile that are refused can prove a relink as well', () => {
  const { state } = walk(quarantined(), [
    [t0 + 5 * minute, failed('unauthorized')],
    [t0 + 20 * minute, failed('unauthorized')],
    [t0 + 60 * minute, failed('unauthorized')],
  ]);
  expect(state.name).toBe('relink_required');
});

test('an outage before a refusal does not delay the proof: refusals wait by their own count', () => {
  const { state } = walk(live, [
    [t0, failed('timed_out')],
    [t0, failed('timed_out')],
    [t0, failed('timed_out')],
    [t0, failed('unauthorized')],
  ]);
  expect(state).toMatchObject({ attempt: 4, untilMs: t0 + 5 * minute });
});

test('not even numbers that ask for it make a single refusal proof', () => {
  const eager = { ...numbers, quarantine: { ...numbers.quarantine, relinkAfterRefusals: 1, relinkAfterMs: 0 } };
  const { state } = transition(live, failed('unauthorized'), { ...at(t0), numbers: eager });
  expect(state.name).toBe('backing_off');
});

test('revoked consent is proof at once', () => {
  const { state, notices } = walk(live, [[t0, failed('credentials_revoked')]]);
  expect(state.name).toBe('relink_required');
  expect(notices).toEqual(['disconnected']);
});

test('a relink of a profile that was synced before tells of the relink and not of another initial sync', () => {
  const { state, notices, effects } = walk(live, [
    [t0, failed('credentials_revoked')],
    [t0 + hour, { kind: 'relinked' }],
    [t0 + hour, { kind: 'answered_well' }],
  ]);
  expect(state).toEqual(live);
  expect(notices).toEqual(['disconnected', 'relinked']);
  expect(effects.some(({ kind }) => kind === 'initial_sync_completed')).toBe(false);
});

test('a listing that completes after a relink completes no second initial sync', () => {
  const step = transition({ name: 'connecting', initial: false }, { kind: 'initial_sync_done' }, at(t0));
  expect(step).toEqual({ state: live, effects: [] });
});

test('a relink before the initial sync was complete still owes it', () => {
  const { state, notices } = walk({ name: 'connecting' }, [
    [t0, failed('credentials_revoked')],
    [t0, { kind: 'relinked' }],
    [t0, { kind: 'answered_well' }],
    [t0, { kind: 'initial_sync_done' }],
  ]);
  expect(state).toEqual(live);
  expect(notices).toEqual(['disconnected', 'relinked', 'initial_sync_completed']);
});

test('new credentials of a profile in good order are no news', () => {
  expect(walk(live, [[t0, { kind: 'relinked' }]])).toMatchObject({
    state: { name: 'connecting', initial: false },
    notices: [],
  });
});
