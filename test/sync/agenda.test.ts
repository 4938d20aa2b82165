/** The agenda: operators and writes first, then what polls; and never due at once with nothing to do. */
import { quarantine } from '../../config/policies.ts';
import { expect, test } from 'vitest';
import type { CalendarId, OperationId } from '../../domain/ids.ts';
import type { IntentDoc, LateCall } from '../../domain/intent.ts';
import type { CalendarWork, ProfileDoc } from '../../domain/profile.ts';
import { nextPiece, type AgendaInput } from '../../domain/sync/agenda.ts';
import { goInto, goneThrough } from '../../domain/sync/bulk.ts';
import { accountId, appId, calendarId, intent, nowMs, profileId, remove, removeAll, upsert } from './samples.ts';

const horizon = { day: '2027-01-15', zoneData: '2026c', projector: 1 };
const hour = 3_600_000;
const live: CalendarWork = {
  state: { name: 'live' },
  nextPollAtMs: nowMs + hour,
  changedAtMs: 0,
  failures: 0,
  readAtMs: 0,
  freshAtMs: 0,
};

const profile = (change: Partial<ProfileDoc> = {}): ProfileDoc => ({
  _id: profileId,
  rev: 1,
  appId,
  accountId,
  provider: 'memory',
  name: '',
  login: '',
  email: null,
  credentials: null,
  root: {},
  state: { name: 'live' },
  requests: [],
  calendars: { [calendarId]: live },
  nextListAtMs: nowMs + hour,
  missingCalendars: [],
  horizonDay: horizon.day,
  zoneData: horizon.zoneData,
  projector: 1,
  slot: 0,
  nextWakeAtMs: 0,
  projectedSeq: 1,
  projectedAtMs: 0,
  attemptedThroughN: 0,
  initialSyncAtMs: 0,
  freshAtMs: 0,
  createdAtMs: 0,
  ...change,
});

const input = (change: Partial<AgendaInput> = {}): AgendaInput => ({
  profile: profile(),
  openIntents: [],
  horizon,
  dueHorizon: horizon,
  nextHorizonAtMs: nowMs + 5 * hour,
  mayWork: true,
  gate: { kind: 'open' },
  numbers: quarantine,
  lateCalls: [],
  lateEffectMs: 180_000,
  lookAtMs: null,
  pulls: true,
  nowMs,
  ...change,
});

const attempt = {
  action: 'put',
  resourceId: null,
  ref: 'x.ics',
  generation: 1,
  sentHash: '',
  baseEtag: null,
  atMs: nowMs,
  number: 1,
} as const;

const quarantined = (probeAtMs: number): CalendarWork => ({
  ...live,
  state: { name: 'quarantined', code: 'server_error', evidence: null, sinceMs: nowMs, probeAtMs, probes: 1 },
});

const kindOf = (change: Partial<AgendaInput>): string => nextPiece(input(change)).kind;
const written = (openIntents: readonly IntentDoc[], change: Partial<AgendaInput> = {}): string => {
  const piece = nextPiece(input({ openIntents, ...change }));
  if (piece.kind === 'write') return `write ${piece.intents.map((one) => one.n).join()}`;
  return piece.kind === 'delete_all' || piece.kind === 'make_calendar' ? `${piece.kind} ${piece.intent.n}` : piece.kind;
};

test('what operators ask comes first, in any state', () => {
  const asked = profile({ requests: ['pull'] });
  expect(kindOf({ profile: asked, mayWork: false, openIntents: [upsert(1, {})] })).toBe('requests');
});

test('the horizon moves in any state: it asks nobody', () => {
  const dueHorizon = { ...horizon, day: '2027-01-16' };
  expect(kindOf({ dueHorizon, mayWork: false })).toBe('horizon');
  expect(kindOf({ horizon: null })).toBe('horizon');
  expect(nextPiece(input({ mayWork: false }))).toEqual({ kind: 'idle', untilMs: nowMs + 5 * hour });
});

test('a profile that may not work is looked at when its time comes, and nothing else is done', () => {
  const change = { mayWork: false, openIntents: [upsert(1, {})], profile: profile({ nextListAtMs: 0 }) };
  expect(kindOf({ ...change, lookAtMs: nowMs })).toBe('look');
  expect(nextPiece(input({ ...change, lookAtMs: nowMs + 7 }))).toEqual({ kind: 'idle', untilMs: nowMs + 7 });
});

test('patches of one event go together, those of others apart', () => {
  expect(written([upsert(1, {}), upsert(2, {}, 'y'), upsert(3, {})])).toBe('write 1,3');
});

test('an event waits as a whole, the others go on', () => {
  const waiting = upsert(3, {}, 'x', { notBeforeMs: nowMs + 1 });
  expect(written([upsert(1, {}), upsert(2, {}, 'y'), waiting])).toBe('write 2');
});

test('what may have been done is found out before anything else is written, and before it expires', () => {
  const tried = upsert(2, {}, 'y', { attempt, expiresAtMs: nowMs });
  expect(written([upsert(1, {}), tried])).toBe('write 2');
  expect(kindOf({ openIntents: [{ ...tried, notBeforeMs: nowMs + 1 }] })).toBe('expire');
  expect(kindOf({ openIntents: [tried], mayWork: false })).toBe('expire');
});

test('what a call that was given up may have done is found out before it expires, once nothing can come any more', () => {
  const operationId = 'op_2' as OperationId;
  const late: LateCall = { calendarId, eventId: 'y', n: 2, operationId, attempt };
  const openIntents = [upsert(1, {}, 'y', { expiresAtMs: nowMs }), upsert(2, {}, 'y'), upsert(3, {})];
  const at = (laterMs: number, change: Partial<AgendaInput> = {}) =>
    written(openIntents, { lateCalls: [late], nowMs: nowMs + laterMs, ...change });
  expect(at(180_000)).toBe('write 1,2');
  expect(at(180_000, { mayWork: false })).toBe('expire');
  expect(at(179_999, { mayWork: false })).toBe('idle');
  expect(at(180_000, { lateCalls: [{ ...late, eventId: 'other' }] })).toBe('expire');
  expect(at(0, { lateCalls: [] })).toBe('expire');
});

test('a bulk delete waits for all before it, and holds back all behind it', () => {
  expect(written([upsert(1, {}), removeAll(2), remove(3)])).toBe('write 1');
  expect(written([upsert(1, {}, 'x', { notBeforeMs: nowMs + 1 }), removeAll(2), remove(3, 'y')])).toBe('idle');
  expect(written([removeAll(2), remove(3)])).toBe('delete_all 2');
  expect(written([{ ...removeAll(2), notBeforeMs: nowMs + 1 }, remove(3)])).toBe('idle');
});

test('a bulk delete goes into each calendar where nothing waits, and holds back no other', () => {
  const [sick, well] = [calendarId, 'cal_2' as CalendarId];
  const to = (n: number, calendar: CalendarId): IntentDoc =>
    intent(n, { kind: 'upsert', calendarId: calendar, eventId: 'x', patch: {} });
  const at = profile({ calendars: { [sick]: quarantined(nowMs + hour), [well]: live } });
  const piece = (...openIntents: IntentDoc[]) => nextPiece(input({ profile: at, openIntents }));
  expect(piece(to(1, sick), removeAll(2), to(3, well))).toMatchObject({ kind: 'delete_all', calendarIds: [well] });
  const gone = goneThrough(goInto(removeAll(2), well));
  expect(piece(to(1, sick), gone, to(3, well), to(4, sick))).toMatchObject({ kind: 'write', intents: [{ n: 3 }] });
  expect(piece(gone, to(3, sick)).kind).toBe('idle');
  expect(written([goneThrough(goInto(gone, sick)), to(3, sick)], { profile: at })).toBe('delete_all 2');
  // One that has yet to go through a calendar holds back the next one there.
  expect(piece(gone, removeAll(3))).toMatchObject({ intent: { n: 3 }, calendarIds: [well] });
});

test('a bulk delete that waits in one calendar is woken for it, whatever it does in another', () => {
  const other = 'cal_2' as CalendarId;
  const waiting = { ...goInto(removeAll(1), calendarId), notBeforeMs: nowMs + 10 };
  const at = profile({ calendars: { [calendarId]: live, [other]: live } });
  expect(nextPiece(input({ profile: at, openIntents: [waiting] }))).toMatchObject({ calendarIds: [other] });
  const later = goneThrough(goInto(waiting, other));
  expect(nextPiece(input({ profile: at, openIntents: [later] }))).toEqual({ kind: 'idle', untilMs: nowMs + 10 });
  expect(goInto(later, calendarId)).toMatchObject({
    notBeforeMs: nowMs + 10,
    progress: { waiting: [], done: [other] },
  });
});

test('a calendar is made in its turn', () => {
  const wish = { kind: 'create_calendar', calendarId, ref: 'n/', name: 'n', color: null } as const;
  expect(written([intent(1, wish), upsert(2, {})])).toBe('make_calendar 1');
  expect(written([intent(1, wish, { notBeforeMs: nowMs + 1 }), upsert(2, {})])).toBe('write 2');
});

test('a calendar that is set aside keeps its writes until its probe succeeds; one that is gone or unknown gets to reject them', () => {
  const at = (work: CalendarWork | undefined) =>
    profile({ calendars: work === undefined ? {} : { [calendarId]: work } });
  expect(written([upsert(1, {})], { profile: at(quarantined(nowMs + 1)) })).toBe('idle');
  expect(written([upsert(1, {})], { profile: at(quarantined(nowMs)) })).toBe('pull');
  expect(written([upsert(1, {})], { profile: at(undefined) })).toBe('write 1');
});

test('the list comes before calendars, and of those the longest due', () => {
  const other = 'cal_2' as CalendarId;
  const due = (atMs: number): CalendarWork => ({ ...live, nextPollAtMs: atMs });
  const calendars = { [calendarId]: due(nowMs - 1), [other]: due(nowMs - 2) };
  expect(kindOf({ profile: profile({ calendars, nextListAtMs: nowMs }) })).toBe('list');
  expect(nextPiece(input({ profile: profile({ calendars }) }))).toEqual({ kind: 'pull', calendarId: other });
  expect(kindOf({ profile: profile({ calendars }), pulls: false })).toBe('idle');
});

test('idle until the first thing that is due', () => {
  const at = (change: Partial<AgendaInput>): number => {
    const piece = nextPiece(input(change));
    return piece.kind === 'idle' ? piece.untilMs - nowMs : Number.NaN;
  };
  expect(at({})).toBe(hour);
  expect(at({ openIntents: [upsert(1, {}, 'x', { notBeforeMs: nowMs + 10 })] })).toBe(10);
  expect(at({ profile: profile({ calendars: { [calendarId]: quarantined(nowMs + 20) } }) })).toBe(20);
  expect(at({ profile: profile({ calendars: {} }) })).toBe(hour);
});
