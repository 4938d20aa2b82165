/** The calendar machine: one calendar fails, the others of its profile go on. */
import { expect, test } from 'vitest';
import { verdicts, type ErrorCode } from '../../domain/errors.ts';
import { calendarMachine, transition, type CalendarInput, type CalendarState } from '../../domain/machines/calendar.ts';
import type { Evidence } from '../../domain/resource.ts';
import { arrowsWalked, at, failure, hour, keyOf, minute, t0 } from './support.ts';

const evidence: Evidence = {
  kind: 'direct_get',
  request: 'PROPFIND /cal/',
  status: 404,
  collectionStatus: 207,
  atMs: t0,
};
const initial: CalendarState = { name: 'initial' };
const live: CalendarState = { name: 'live' };
const quarantined = (over: Partial<Extract<CalendarState, { name: 'quarantined' }>> = {}): CalendarState => ({
  name: 'quarantined',
  code: 'privilege_missing',
  evidence: null,
  sinceMs: t0,
  probeAtMs: t0 + 5 * minute,
  probes: 0,
  ...over,
});
const failed = (code: ErrorCode, failures = 1, retryAtMs: number | null = null): CalendarInput => ({
  kind: 'failed',
  error: failure(code, retryAtMs),
  failures,
});

test('a calendar is live when it was listed in full, not before', () => {
  expect(transition(initial, { kind: 'answered_well' }, at(t0)).state).toEqual(initial);
  expect(transition(initial, { kind: 'listed' }, at(t0)).state).toEqual(live);
});

test('what is permanent for the calendar, or ambiguous, sets it aside with a probe', () => {
  for (const code of [
    'privilege_missing',
    'quota_exceeded',
    'forbidden',
    'suspicious_delta',
    'method_unsupported',
  ] as const) {
    expect(transition(live, failed(code), at(t0))).toEqual({
      state: quarantined({ code, evidence: { status: 599 } }),
      effects: [{ kind: 'wake', atMs: t0 + 5 * minute }],
    });
  }
});

test('transient failures of a calendar alone are tried again by policy, and the sixth in a row sets it aside', () => {
  expect(transition(live, failed('timed_out', 3), at(t0))).toEqual({
    state: live,
    effects: [{ kind: 'wake', atMs: t0 + 8_000 }],
  });
  expect(transition(live, failed('timed_out', 6), at(t0)).state.name).toBe('quarantined');
});

test('throttling is respected and never sets a calendar aside', () => {
  expect(transition(live, failed('rate_limited', 50, t0 + 2 * hour), at(t0))).toEqual({
    state: live,
    effects: [{ kind: 'wake', atMs: t0 + 2 * hour }],
  });
});

test('failures of the profile, of a token or of one event do not touch the calendar', () => {
  for (const code of [
    'unauthorized',
    'credentials_revoked',
    'sync_token_invalid',
    'resource_unparsable',
    'precondition_failed',
  ] as const) {
    for (const state of [initial, live, quarantined()]) {
      expect(transition(state, failed(code), at(t0))).toEqual({ state, effects: [] });
    }
  }
});

test('a quarantined calendar returns by a good answer to where it was', () => {
  expect(transition(quarantined(), { kind: 'answered_well' }, at(t0))).toEqual({
    state: live,
    effects: [{ kind: 'wake', atMs: t0 }],
  });
  const early = transition(initial, failed('forbidden'), at(t0)).state;
  const renewed = transition(early, failed('forbidden'), at(t0)).state;
  expect(transition(renewed, { kind: 'answered_well' }, at(t0)).state).toEqual(initial);
});

test('probes are counted before they are made and space out; early wake-ups are harmless', () => {
  expect(transition(quarantined(), { kind: 'probe_due' }, at(t0)).effects).toEqual([
    { kind: 'wake', atMs: t0 + 5 * minute },
  ]);
  const due = transition(quarantined(), { kind: 'probe_due' }, at(t0 + 5 * minute));
  expect(due.effects).toEqual([{ kind: 'probe' }, { kind: 'wake', atMs: t0 + 15 * minute }]);
  const after = transition(due.state, failed('forbidden'), at(t0 + 6 * minute)).state;
  expect(after).toEqual(
    quarantined({ code: 'forbidden', evidence: { status: 599 }, probes: 1, probeAtMs: t0 + 15 * minute }),
  );
});

test('a calendar goes only with evidence, keeps the first, and is listed anew when it reappears', () => {
  const { state } = transition(live, { kind: 'gone', evidence }, at(t0));
  expect(state).toEqual({ name: 'gone', evidence });
  const other: Evidence = { kind: 'operator', note: 'again', atMs: t0 + 1 };
  expect(transition(state, { kind: 'gone', evidence: other }, at(t0)).state).toEqual(state);
  expect(transition(state, { kind: 'reappeared' }, at(t0)).state).toEqual(initial);
});

test('work on a calendar that is gone is a defect', () => {
  expect(() => transition({ name: 'gone', evidence }, { kind: 'listed' }, at(t0))).toThrow(
    'the calendar machine has no rule for the input listed in the state gone',
  );
});

test('the table says exactly what the machine does: every arrow can be walked, and no other', () => {
  const states: CalendarState[] = [
    initial,
    live,
    quarantined(),
    quarantined({ initial: true }),
    { name: 'gone', evidence },
  ];
  const inputs: CalendarInput[] = [
    { kind: 'listed' },
    { kind: 'answered_well' },
    ...(Object.keys(verdicts) as ErrorCode[]).flatMap((code) => [failed(code), failed(code, 9)]),
    { kind: 'probe_due' },
    { kind: 'gone', evidence },
    { kind: 'reappeared' },
    { kind: 'operator_reinstate' },
  ];
  const { walked } = arrowsWalked(calendarMachine, states, inputs, [at(t0), at(t0 + hour)]);
  expect(walked).toEqual(calendarMachine.arrows.map(keyOf).sort());
});
