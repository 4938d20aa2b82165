/** The agenda: which piece of work a profile's next turn does; writes and operators first, then pulls. */
import type { Horizon } from '../commit.ts';
import type { CalendarId } from '../ids.ts';
import { eventKeyOf, mayHaveDone, type IntentDoc, type LateCall } from '../intent.ts';
import type { NoticeType } from '../notice.ts';
import type { CalendarWork, ProfileDoc } from '../profile.ts';
import { sameHorizon } from '../projection/horizon.ts';
import { calendarsLeft, waitsInUntil, waitsOf } from './bulk.ts';
import { tellingOf, type Outage, type OutageNumbers } from './outage.ts';

/** All open intents of one event that no bulk delete separates, in order. */
export interface EventOfIntents {
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly intents: readonly IntentDoc[];
}

export type Piece =
  /** What operators asked for. */
  | { readonly kind: 'requests' }
  /** Series are laid out anew; asks no provider, so no state of the profile forbids it. */
  | { readonly kind: 'horizon'; readonly horizon: Horizon }
  /** A backing off or quarantined profile may be tried again, or told of. */
  | { readonly kind: 'look' }
  /** Applications are to hear of an outage, or of its end. */
  | { readonly kind: 'tell'; readonly notice: NoticeType; readonly detail: string }
  /** The host may be well again: one question shows it. */
  | { readonly kind: 'prove' }
  /** Intents that waited longer than promised. */
  | { readonly kind: 'expire'; readonly intents: readonly IntentDoc[] }
  /** `others`: writes of other events could be carried out now, too. */
  | ({ readonly kind: 'write'; readonly others: boolean } & EventOfIntents)
  /** All that may be written now, where nobody has to be asked: in the order of their first intents. */
  | { readonly kind: 'write_here'; readonly events: readonly EventOfIntents[] }
  /** In the calendars where nothing is to be waited for; none: it has gone through all. */
  | { readonly kind: 'delete_all'; readonly intent: IntentDoc; readonly calendarIds: readonly CalendarId[] }
  | { readonly kind: 'make_calendar'; readonly intent: IntentDoc }
  | { readonly kind: 'list' }
  | { readonly kind: 'pull'; readonly calendarId: CalendarId }
  | { readonly kind: 'idle'; readonly untilMs: number };

/** Between a profile and its host, see `HostState`. */
export type Gate =
  | { readonly kind: 'open' }
  /** Nothing is asked; looked at again then, whatever else was lost. */
  | { readonly kind: 'closed'; readonly untilMs: number; readonly outage: Outage }
  /** It was let in: ordinary work begins when a question was answered. */
  | { readonly kind: 'try' };

export interface AgendaInput {
  readonly profile: ProfileDoc;
  /** By n. */
  readonly openIntents: readonly IntentDoc[];
  /** The horizon that is in force, and the one that today asks for. */
  readonly horizon: Horizon | null;
  readonly dueHorizon: Horizon;
  /** When `dueHorizon` will be another day. */
  readonly nextHorizonAtMs: number;
  /** Ordinary work may be asked of the provider. */
  readonly mayWork: boolean;
  readonly gate: Gate;
  /** When a state that forbids ordinary work is looked at again; null: never by itself. */
  readonly lookAtMs: number | null;
  readonly numbers: OutageNumbers;
  /** Calls that were given up, of which nobody knows yet whether they had their effect, … */
  readonly lateCalls: readonly LateCall[];
  /** … and how long after they were made they may still come to have it. */
  readonly lateEffectMs: number;
  /** False: the provider has no other side. */
  readonly pulls: boolean;
  readonly nowMs: number;
}

const never = 8_640_000_000_000_000;

export function nextPiece(input: AgendaInput): Piece {
  const { nowMs, profile, gate } = input;
  const mayWork = input.mayWork && gate.kind === 'open';
  if (profile.requests.length > 0) return { kind: 'requests' };
  if (input.horizon === null || !sameHorizon(input.horizon, input.dueHorizon)) {
    return { kind: 'horizon', horizon: input.dueHorizon };
  }
  const ready = mayWork ? readyWrites(input) : [];
  const expiries = expiriesOf(input);
  const expired = input.openIntents.filter((one) => (expiries.get(one) ?? one.expiresAtMs) <= nowMs);
  // What may have been done is found out before it is given up.
  const doubtful = ready.find(isReadBack) ?? ready.find((one) => mayBeDone(one, expired, input.lateCalls));
  if (doubtful !== undefined) return withOthers(doubtful, ready);
  if (expired.length > 0) return { kind: 'expire', intents: expired };
  const telling = gate.kind === 'try' ? nothing : tellingOf(profile, outageOf(gate), input.numbers, nowMs);
  if (telling.kind === 'tell') return telling;
  const expiryMs = Math.min(
    telling.kind === 'wait' ? telling.atMs : never,
    input.nextHorizonAtMs,
    earliest([...expiries.values()], (one) => one),
  );
  if (gate.kind === 'try') return { kind: 'prove' };
  if (!mayWork) {
    const lookAtMs = gate.kind === 'closed' ? gate.untilMs : (input.lookAtMs ?? never);
    return lookAtMs <= nowMs ? { kind: 'look' } : { kind: 'idle', untilMs: Math.min(lookAtMs, expiryMs) };
  }
  return nextWrite(input, ready) ?? nextPull(input) ?? { kind: 'idle', untilMs: wakeAt(input, expiryMs) };
}

const nothing = { kind: 'nothing' } as const;

const outageOf = (gate: Gate): Outage | null => (gate.kind === 'closed' ? gate.outage : null);

/**
 * What a call of unknown outcome may have carried out together with a later intent expires no earlier than that one; and
 * nothing expires while a call that was given up may still carry it out.
 */
function expiriesOf({ openIntents, lateCalls, lateEffectMs }: AgendaInput): ReadonlyMap<IntentDoc, number> {
  const attempted = new Map<string, IntentDoc>();
  for (const one of openIntents) if (one.attempt !== null) attempted.set(eventKeyOf(one), one);
  return new Map(
    openIntents.map((one) => {
      const last = attempted.get(eventKeyOf(one));
      const ownMs = last === undefined || last.n < one.n ? one.expiresAtMs : last.expiresAtMs;
      const late = lateCalls.filter((call) => mayHaveDone(call, one));
      return [one, Math.max(ownMs, ...late.map((call) => call.attempt.atMs + lateEffectMs))];
    }),
  );
}

const isReadBack = (piece: Piece): boolean =>
  (piece.kind === 'write' && piece.intents.some((one) => one.attempt !== null)) ||
  (piece.kind === 'delete_all' &&
    piece.intent.attempt !== null &&
    piece.calendarIds.some((one) => one === piece.intent.progress?.calendarId));

/** A write of which something has expired that a call given up may have done. */
const mayBeDone = (piece: Piece, expired: readonly IntentDoc[], lateCalls: readonly LateCall[]): boolean =>
  piece.kind === 'write' &&
  piece.intents.some((one) => expired.includes(one) && lateCalls.some((call) => mayHaveDone(call, one)));

/** The one that was accepted first; where nobody has to be asked, all. */
function nextWrite(input: AgendaInput, ready: readonly Piece[]): Piece | null {
  const [next] = ready;
  if (next?.kind === 'write' && !input.pulls)
    return { kind: 'write_here', events: ready.flatMap((one) => (one.kind === 'write' ? [one] : [])) };
  return next === undefined ? null : withOthers(next, ready);
}

const withOthers = (piece: Piece, ready: readonly Piece[]): Piece =>
  piece.kind === 'write' ? { ...piece, others: ready.length > 1 } : piece;

/**
 * What was accepted for a calendar that a bulk delete means is carried out before that goes through it, or waits until it
 * has. In one calendar nobody waits for another.
 */
function readyWrites(input: AgendaInput): Piece[] {
  const due = (one: IntentDoc): boolean => one.notBeforeMs <= input.nowMs;
  const together = new Map<string, IntentDoc[]>();
  /** Calendars that earlier writes wait for, and those that an earlier bulk delete has yet to go through. */
  const waiting = new Set<CalendarId>();
  const barred = new Set<CalendarId>();
  const ready: { readonly n: number; readonly piece: Piece }[] = [];
  for (const intent of input.openIntents) {
    const { wish } = intent;
    if (wish.kind === 'delete_all') {
      const known = calendarsOf(input.profile).map(([calendarId]) => calendarId);
      const left = calendarsLeft(intent, [...new Set([...known, ...waiting, ...barred])]);
      const calendarIds = left.filter((id) => !waiting.has(id) && !barred.has(id) && mayGoInto(input, intent, id));
      const isNext = left.length === 0 || calendarIds.length > 0;
      if (isNext) ready.push({ n: intent.n, piece: { kind: 'delete_all', intent, calendarIds } });
      for (const calendarId of left) barred.add(calendarId);
    } else if (!barred.has(wish.calendarId)) {
      waiting.add(wish.calendarId);
      const key = eventKeyOf(intent);
      const before = together.get(key);
      if (before === undefined) together.set(key, [intent]);
      else before.push(intent);
    }
  }
  for (const intents of together.values()) {
    const [piece] = intents.every(due) ? pieceOf(input, intents) : [];
    if (piece !== undefined) ready.push({ n: intents[0]?.n ?? 0, piece });
  }
  return ready.sort((a, b) => a.n - b.n).map((one) => one.piece);
}

/** One that is set aside keeps what is to be deleted there until its probe succeeds. */
const mayGoInto = ({ profile, nowMs }: AgendaInput, intent: IntentDoc, calendarId: CalendarId): boolean =>
  profile.calendars[calendarId]?.state.name !== 'quarantined' &&
  writesAt(profile.calendars[calendarId]) <= nowMs &&
  waitsInUntil(intent, calendarId) <= nowMs;

function pieceOf(input: AgendaInput, intents: readonly IntentDoc[]): Piece[] {
  const [first] = intents;
  if (first?.wish.kind === 'create_calendar') return [{ kind: 'make_calendar', intent: first }];
  if (first?.wish.kind !== 'upsert' && first?.wish.kind !== 'delete') return [];
  const { calendarId, eventId } = first.wish;
  const work = input.profile.calendars[calendarId];
  // One that is set aside keeps its intents until its probe succeeds; one that is gone or unknown rejects them, which is work.
  if (work?.state.name === 'quarantined' || writesAt(work) > input.nowMs) return [];
  if (!intents.every((one) => wasReadFor(one, work))) return [];
  return [{ kind: 'write', calendarId, eventId, intents, others: false }];
}

const writesAt = (work: CalendarWork | undefined): number => work?.writesSetBack?.untilMs ?? 0;

/** A calendar that is gone is not read any more: it rejects them. */
const wasReadFor = ({ afterReadMs }: IntentDoc, work: CalendarWork | undefined): boolean =>
  afterReadMs === undefined ||
  work === undefined ||
  work.state.name === 'gone' ||
  (work.freshAtMs ?? -1) >= afterReadMs;

function nextPull(input: AgendaInput): Piece | null {
  const { profile, nowMs } = input;
  if (profile.nextListAtMs <= nowMs) return { kind: 'list' };
  if (!input.pulls) return null;
  let first: { readonly calendarId: CalendarId; readonly atMs: number } | null = null;
  for (const [calendarId, work] of calendarsOf(profile)) {
    const atMs = lookAt(work);
    if (atMs <= nowMs && (first === null || atMs < first.atMs)) first = { calendarId, atMs };
  }
  return first === null ? null : { kind: 'pull', calendarId: first.calendarId };
}

function lookAt(work: CalendarWork): number {
  if (work.state.name === 'gone') return never;
  return work.state.name === 'quarantined' ? work.state.probeAtMs : work.nextPollAtMs;
}

const calendarsOf = (profile: ProfileDoc): [CalendarId, CalendarWork][] =>
  Object.entries(profile.calendars) as [CalendarId, CalendarWork][];

function wakeAt(input: AgendaInput, expiryMs: number): number {
  const { profile, nowMs } = input;
  const polls = input.pulls ? calendarsOf(profile) : [];
  return Math.min(
    expiryMs,
    profile.nextListAtMs,
    earliest(polls, ([, work]) => lookAt(work)),
    earliest(calendarsOf(profile), ([, work]) => (writesAt(work) > nowMs ? writesAt(work) : never)),
    earliest(input.openIntents.flatMap(waitsOf), (atMs) => (atMs > nowMs ? atMs : never)),
  );
}

function earliest<T>(many: readonly T[], of: (one: T) => number): number {
  let first = never;
  for (const one of many) first = Math.min(first, of(one));
  return first;
}
