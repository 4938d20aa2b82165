/** The agenda: which piece of work a profile's next turn does; writes and operators first, then pulls. */
import type { Horizon } from '../commit.ts';
import type { CalendarId } from '../ids.ts';
import type { IntentDoc } from '../intent.ts';
import type { CalendarWork, ProfileDoc } from '../profile.ts';
import { sameHorizon } from '../projection/horizon.ts';

export type Piece =
  /** What operators asked for. */
  | { readonly kind: 'requests' }
  /** Series are laid out anew; asks no provider, so no state of the profile forbids it. */
  | { readonly kind: 'horizon'; readonly horizon: Horizon }
  /** A backing off or quarantined profile may be tried again, or told of. */
  | { readonly kind: 'look' }
  /** Intents that waited longer than promised. */
  | { readonly kind: 'expire'; readonly intents: readonly IntentDoc[] }
  /** All open intents of one event that no bulk delete separates, in order. */
  | {
      readonly kind: 'write';
      readonly calendarId: CalendarId;
      readonly eventId: string;
      readonly intents: readonly IntentDoc[];
      /** Writes of other events could be carried out now, too. */
      readonly others: boolean;
    }
  | { readonly kind: 'delete_all'; readonly intent: IntentDoc }
  | { readonly kind: 'make_calendar'; readonly intent: IntentDoc }
  | { readonly kind: 'list' }
  | { readonly kind: 'pull'; readonly calendarId: CalendarId }
  | { readonly kind: 'idle'; readonly untilMs: number };

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
  /** When a state that forbids ordinary work is looked at again; null: never by itself. */
  readonly lookAtMs: number | null;
  /** False: the provider has no other side. */
  readonly pulls: boolean;
  readonly nowMs: number;
}

const never = 8_640_000_000_000_000;

export function nextPiece(input: AgendaInput): Piece {
  const { nowMs, profile } = input;
  if (profile.requests.length > 0) return { kind: 'requests' };
  if (input.horizon === null || !sameHorizon(input.horizon, input.dueHorizon)) {
    return { kind: 'horizon', horizon: input.dueHorizon };
  }
  const write = input.mayWork ? nextWrite(input) : null;
  // What may have been done is found out before it is given up.
  if (write !== null && isReadBack(write)) return write;
  const expired = input.openIntents.filter((one) => one.expiresAtMs <= nowMs);
  if (expired.length > 0) return { kind: 'expire', intents: expired };
  const expiryMs = Math.min(
    input.nextHorizonAtMs,
    earliest(input.openIntents, (one) => one.expiresAtMs),
  );
  if (!input.mayWork) {
    const lookAtMs = input.lookAtMs ?? never;
    return lookAtMs <= nowMs ? { kind: 'look' } : { kind: 'idle', untilMs: Math.min(lookAtMs, expiryMs) };
  }
  return write ?? nextPull(input) ?? { kind: 'idle', untilMs: wakeAt(input, expiryMs) };
}

const isReadBack = (piece: Piece): boolean =>
  (piece.kind === 'write' && piece.intents.some((one) => one.attempt !== null)) ||
  (piece.kind === 'delete_all' && piece.intent.attempt !== null);

/** Among those that may be carried out now, one whose outcome is unknown; else the one that was accepted first. */
function nextWrite(input: AgendaInput): Piece | null {
  const ready = readyWrites(input);
  const next = ready.find(isReadBack) ?? ready[0] ?? null;
  return next?.kind === 'write' ? { ...next, others: ready.length > 1 } : next;
}

/** A bulk delete is a barrier: what was accepted before it is carried out first, what came later waits. */
function readyWrites(input: AgendaInput): Piece[] {
  const due = (one: IntentDoc): boolean => one.notBeforeMs <= input.nowMs;
  const barrier = input.openIntents.findIndex((one) => one.wish.kind === 'delete_all');
  const [first] = input.openIntents;
  if (barrier === 0 && first !== undefined) return due(first) ? [{ kind: 'delete_all', intent: first }] : [];
  const before = barrier === -1 ? input.openIntents : input.openIntents.slice(0, barrier);
  const together = Map.groupBy(before, ({ operationId, wish }) =>
    wish.kind === 'upsert' || wish.kind === 'delete' ? `${wish.calendarId}|${wish.eventId}` : operationId,
  );
  return [...together.values()].filter((intents) => intents.every(due)).flatMap((intents) => pieceOf(input, intents));
}

function pieceOf(input: AgendaInput, intents: readonly IntentDoc[]): Piece[] {
  const [first] = intents;
  if (first?.wish.kind === 'create_calendar') return [{ kind: 'make_calendar', intent: first }];
  if (first?.wish.kind !== 'upsert' && first?.wish.kind !== 'delete') return [];
  const { calendarId, eventId } = first.wish;
  if (!mayWriteTo(input.profile.calendars[calendarId], input.nowMs)) return [];
  return [{ kind: 'write', calendarId, eventId, intents, others: false }];
}

/** A quarantined calendar keeps its intents waiting; a calendar that is gone or unknown rejects them, which is work. */
const mayWriteTo = (work: CalendarWork | undefined, nowMs: number): boolean =>
  work?.state.name !== 'quarantined' || work.state.probeAtMs <= nowMs;

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
    earliest(input.openIntents, (one) => (one.notBeforeMs > nowMs ? one.notBeforeMs : never)),
  );
}

function earliest<T>(many: readonly T[], of: (one: T) => number): number {
  let first = never;
  for (const one of many) first = Math.min(first, of(one));
  return first;
}
