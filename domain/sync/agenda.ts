/** The agenda: which piece of work a profile's next turn does; writes and operators first, then pulls. */
import type { Horizon } from '../commit.ts';
import type { CalendarId } from '../ids.ts';
import type { IntentDoc } from '../intent.ts';
import type { CalendarWork, ProfileDoc } from '../profile.ts';
import { sameHorizon } from '../projection/horizon.ts';

export type Piece =
  /** What operators asked for. */
  | { readonly kind: 'requests' }
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
    }
  | { readonly kind: 'delete_all'; readonly intent: IntentDoc }
  | { readonly kind: 'make_calendar'; readonly intent: IntentDoc }
  | { readonly kind: 'horizon'; readonly horizon: Horizon }
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
  const expired = input.openIntents.filter((one) => one.expiresAtMs <= nowMs);
  if (expired.length > 0) return { kind: 'expire', intents: expired };
  const expiry = Math.min(never, ...input.openIntents.map((one) => one.expiresAtMs));
  if (!input.mayWork) {
    const lookAtMs = input.lookAtMs ?? never;
    return lookAtMs <= nowMs ? { kind: 'look' } : { kind: 'idle', untilMs: Math.min(lookAtMs, expiry) };
  }
  if (input.horizon === null || !sameHorizon(input.horizon, input.dueHorizon)) {
    return { kind: 'horizon', horizon: input.dueHorizon };
  }
  return nextWrite(input) ?? nextPull(input) ?? { kind: 'idle', untilMs: wakeAt(input, expiry) };
}

/** A bulk delete is a barrier: what was accepted before it is carried out first, what came later waits. */
function nextWrite(input: AgendaInput): Piece | null {
  const blocked = new Set<string>();
  for (const [index, intent] of input.openIntents.entries()) {
    const { wish } = intent;
    if (wish.kind === 'delete_all') {
      return index === 0 && intent.notBeforeMs <= input.nowMs ? { kind: 'delete_all', intent } : null;
    }
    if (wish.kind === 'create_calendar') {
      if (intent.notBeforeMs <= input.nowMs) return { kind: 'make_calendar', intent };
      continue;
    }
    const key = `${wish.calendarId}|${wish.eventId}`;
    if (blocked.has(key)) continue;
    blocked.add(key);
    const intents = sameEvent(input.openIntents.slice(index), key);
    const ready = intents.every((one) => one.notBeforeMs <= input.nowMs);
    if (ready && mayWriteTo(profileWork(input, wish.calendarId), input.nowMs)) {
      return { kind: 'write', calendarId: wish.calendarId, eventId: wish.eventId, intents };
    }
  }
  return null;
}

function sameEvent(intents: readonly IntentDoc[], key: string): IntentDoc[] {
  const barrier = intents.findIndex((one) => one.wish.kind === 'delete_all');
  const before = barrier === -1 ? intents : intents.slice(0, barrier);
  return before.filter(
    ({ wish }) => (wish.kind === 'upsert' || wish.kind === 'delete') && `${wish.calendarId}|${wish.eventId}` === key,
  );
}

/** A quarantined calendar keeps its intents waiting; a calendar that is gone or unknown rejects them, which is work. */
const mayWriteTo = (work: CalendarWork | undefined, nowMs: number): boolean =>
  work?.state.name !== 'quarantined' || work.state.probeAtMs <= nowMs;

const profileWork = (input: AgendaInput, calendarId: CalendarId): CalendarWork | undefined =>
  input.profile.calendars[calendarId];

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
  const { profile } = input;
  const polls = input.pulls ? calendarsOf(profile).map(([, work]) => lookAt(work)) : [];
  const writes = input.openIntents.flatMap((one) => (one.notBeforeMs > input.nowMs ? [one.notBeforeMs] : []));
  return Math.min(expiryMs, profile.nextListAtMs, input.nextHorizonAtMs, ...polls, ...writes);
}
