/** Carrying out accepted writes: fold, reconcile, record the attempt, one conditional call, one commit. */
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { resourceIdOf } from '../../domain/ids.ts';
import type { Attempt } from '../../domain/intent.ts';
import { managedKey } from '../../domain/managed-event.ts';
import { groupOf, reconcile, type Reconciled } from '../../domain/sync/reconcile.ts';
import { bodyOf } from '../../domain/sync/body.ts';
import type { Evidence, Observation, ResourceDoc } from '../../domain/resource.ts';
import type { Precondition } from '../../providers/provider.ts';
import { assertMayWrite, type Activation } from './activation.ts';
import { carrierOf } from './carrier.ts';
import { afterFailedCall, endRefused, refuse } from './failed-write.ts';
import { meetsLateCall } from './late-effects.ts';
import { refusedOf } from './permission.ts';
import { cameBack, look, readBack } from './read-back.ts';
import type { EventToWrite, PlannedCall, WriteTurn } from './write-turn.ts';
import { looksElsewhere, mayBeOurs } from './whereabouts.ts';
import { commitGone, commitPut, commitRemoval, commitSettled } from './write-commit.ts';
import { markAttempt, settleIntents } from './intents.ts';
import { lateCallsOf, noteLateCall } from './late-calls.ts';

/**
 * At most one provider write, or the read back of one whose outcome is unknown. What was done is settled first,
 * whatever became of calendar and permission since; they are asked before something new is done.
 */
export async function writeEventTurn(activation: Activation, event: EventToWrite): Promise<void> {
  let turn = await openTurn(activation, event);
  const { applied } = turn;
  const carriedOut = turn.intents.filter((one) => one.n <= (applied?.throughN ?? 0));
  // A crash after the commit and before the intents were settled: the log says that these are done.
  if (carriedOut.length > 0 && turn.closes) return settleIntents(activation, carriedOut);
  const refused = await refusedOf(activation, event);
  const why = refused?.refusal.code;
  const open = turn.intents.find((one) => one.attempt !== null);
  // Where nothing can be read any more, nothing can be found out.
  if (refused !== null && (why === 'calendar_unknown' || why === 'calendar_gone')) {
    const { refusal } = refused;
    if (open?.attempt) await noteLateCall(activation, turn, open, open.attempt);
    return endRefused(turn, refusal, isDone(wishOf(turn)));
  }
  if (open?.attempt) return readBack(turn, open, open.attempt);
  const isOver = turn.closes && turn.intents.some((one) => one.expiresAtMs <= activation.deps.clock.now());
  const givesUp = refused !== null || isOver;
  if (await meetsLateCall(turn, givesUp)) return;
  // What a late call was found to have left, or not.
  if (givesUp) turn = await openTurn(activation, event);
  if (!givesUp && (await cameBack(turn))) return;
  if (!givesUp && needsVersion(turn)) {
    await look(turn, { ref: turn.resource.ref, resourceId: turn.resource._id });
    turn = await openTurn(activation, event);
  }
  if (await looksElsewhere(turn)) return;
  const group = wishOf(turn);
  if (isDone(group)) return carryOut(group.turn, group.wish);
  // The next turn carries out what is left, in its order.
  if (refused !== null) return endRefused({ ...turn, intents: refused.intents }, refused.refusal);
  // What has expired is not begun again: the agenda gives it up when nothing that was tried may have done it.
  if (isOver) return;
  return carryOut(group.turn, group.wish);
}

interface Standing extends WriteTurn {
  readonly resource: ResourceDoc;
}

/** A call is wanted, and no version was named of what it is to change: a few servers do so only of what is asked for alone. */
const needsVersion = (turn: WriteTurn): turn is Standing =>
  turn.resource?.live === 1 && turn.resource.etag === null && wishOf(turn).wish.kind !== 'settled';

/** A removal that was called for, and needs no call any more, is done, whatever is permitted by now. */
const isDone = ({ turn, wish }: Group): boolean =>
  wish.kind === 'settled' &&
  wish.wanted === null &&
  turn.intents.some((one) => one.wish.kind !== 'upsert' && one.attempts > 0);

interface Group {
  readonly turn: WriteTurn;
  readonly wish: Reconciled;
}

/** What closes the gap, and the intents that it carries out. */
export function wishOf(turn: WriteTurn): Group {
  const { calendarId, eventId, applied, resource, generation, activation } = turn;
  const { appId } = activation.profile;
  // What a late call overwrote is not wanted any more: there is nothing to put right.
  if (applied?.wanted === null && turn.intents.every((one) => one.repair === true))
    return { turn, wish: { kind: 'settled', generation: applied.generation, wanted: null } };
  const start = { generation, wanted: applied?.wanted ?? null };
  const { intents, state } = groupOf(start, turn.intents, resource, begunByN(turn));
  const wish = reconcile({ appId, calendarId, eventId, applied, resource, generation, state });
  return { turn: { ...turn, intents }, wish };
}

/** The intent for which a call of unknown outcome began what stands there; 0: no such call. */
function begunByN({ activation, resource }: WriteTurn): number {
  const creates = lateCallsOf(activation).filter(
    ({ attempt }) => attempt.action === 'put' && attempt.baseEtag === null,
  );
  return creates.find(({ attempt }) => attempt.resourceId === resource?._id)?.n ?? 0;
}

export async function openTurn(activation: Activation, event: EventToWrite): Promise<WriteTurn> {
  const { documents } = activation.deps;
  const { calendarId, eventId } = event;
  const calendar = await documents.get('calendars', calendarId);
  const applied = await documents.get('managed_events', managedKey(calendarId, eventId));
  const carrier = await carrierOf(activation, { calendarId, eventId, applied });
  return { ...event, ...carrier, activation, calendar: calendar?.ref ?? '', applied };
}

async function carryOut(turn: WriteTurn, wish: Reconciled): Promise<void> {
  const { activation } = turn;
  if (wish.kind === 'settled') return commitSettled(turn, { generation: wish.generation, wanted: wish.wanted });
  let planned: PlannedCall;
  try {
    planned = planOf(turn, wish);
  } catch (error) {
    if (!isKalendsError(error)) throw error;
    return refuse(turn, { code: error.code, description: error.message });
  }
  assertMayWrite(activation);
  return attemptCall(turn, planned);
}

export function planOf(turn: WriteTurn, wish: Exclude<Reconciled, { kind: 'settled' }>): PlannedCall {
  const { activation } = turn;
  const nowMs = activation.deps.clock.now();
  const number = (turn.intents.at(-1)?.attempts ?? 0) + 1;
  const base = { generation: wish.generation, atMs: nowMs, number };
  if (wish.kind !== 'create' && wish.resource.etag === null) {
    throw new KalendsError(
      'conflicting_state',
      'the calendar server gives this event no ETag, so it cannot be changed without the risk of overwriting somebody else',
    );
  }
  if (wish.kind === 'remove') {
    const { _id: resourceId, ref, etag } = wish.resource;
    const attempt: Attempt = { ...base, action: 'delete', resourceId, ref, sentHash: null, baseEtag: etag };
    return { attempt, state: { generation: wish.generation, wanted: null }, body: null };
  }
  const resource = wish.kind === 'update' ? wish.resource : null;
  const { calendarId, eventId } = turn;
  const { appId, email: organizer } = activation.profile;
  const { wanted, generation } = wish;
  const basis = { wanted, body: resource?.body ?? null, organizer, nowMs };
  const body = bodyOf({ appId, calendarId, eventId, generation, ...basis });
  const ref = wish.kind === 'create' ? activation.provider.newResourceRef(wish.name) : wish.resource.ref;
  const sentHash = activation.deps.normalise('icalendar', body).observedHash;
  const resourceId = resource?._id ?? resourceIdOf(calendarId, ref);
  const attempt: Attempt = { ...base, action: 'put', resourceId, ref, sentHash, baseEtag: resource?.etag ?? null };
  return { attempt, state: { generation, wanted }, body };
}

/** One call, and what came of it. */
async function attemptCall(turn: WriteTurn, planned: PlannedCall): Promise<void> {
  const last = turn.intents.at(-1);
  if (last === undefined) return;
  const { attempt, body } = planned;
  const marked = await markAttempt(turn.activation, last, attempt);
  const attempted = { ...turn, intents: [...turn.intents.slice(0, -1), marked] };
  // Again, since the store may have taken its time.
  assertMayWrite(turn.activation);
  let commit: () => Promise<void>;
  try {
    commit = await (body === null ? removing(attempted, planned) : putting(attempted, planned, body));
  } catch (error) {
    return afterFailedCall(attempted, marked, attempt, error);
  }
  return commit();
}

/** Answers how to record what came of it. */
async function putting(turn: WriteTurn, planned: PlannedCall, body: string): Promise<() => Promise<void>> {
  const stored = await callPut(turn, planned, body);
  // Some servers store under a name of their own: what they answered is the one that counts.
  const sent: Observation = { ...stored, body };
  return () => commitPut(turn, planned, sent, stored);
}

async function removing(turn: WriteTurn, planned: PlannedCall): Promise<() => Promise<void>> {
  const { evidence, wasThere } = await callRemove(turn, planned);
  if (wasThere) return () => commitRemoval(turn, planned.state, evidence);
  return async () => {
    const cause = (await mayBeOurs(turn, planned.attempt)) ? 'write' : 'pull';
    return commitGone(turn, planned.attempt, cause, evidence);
  };
}

/** Answers what was stored. */
export function callPut(turn: WriteTurn, planned: PlannedCall, body: string): Promise<Observation> {
  const { provider, session } = turn.activation;
  const { ref } = planned.attempt;
  const precondition = preconditionOf(turn, planned.attempt) ?? { kind: 'create' as const };
  return provider.put(session, { calendar: turn.calendar, ref, body, format: 'icalendar', precondition });
}

/** Answers what proves the removal; `wasThere` false: there was nothing to remove. */
export async function callRemove(
  turn: WriteTurn,
  planned: PlannedCall,
): Promise<{ readonly evidence: Evidence; readonly wasThere: boolean }> {
  const { provider, session, deps } = turn.activation;
  const { ref } = planned.attempt;
  const precondition = preconditionOf(turn, planned.attempt);
  const removed = await provider.remove(session, { calendar: turn.calendar, ref, precondition });
  if (removed.kind === 'gone') return { evidence: removed.evidence, wasThere: false };
  const operationId = turn.intents.at(-1)?.operationId ?? '';
  return {
    evidence: { kind: 'own_write', operationId, status: removed.status, atMs: deps.clock.now() },
    wasThere: true,
  };
}

/** Schedule-Tag where there are attendees: replies that a server files by itself do not make our version stale (RFC 6638, 3.2.10). */
function preconditionOf(turn: WriteTurn, attempt: Attempt): Exclude<Precondition, { kind: 'create' }> | null {
  const { resource } = turn;
  if (attempt.baseEtag === null || resource === null) return null;
  const { master } = turn.activation.deps.normalise(resource.format, resource.body);
  const scheduled = (master?.attendees.length ?? 0) > 0;
  return scheduled && resource.scheduleTag !== null
    ? { kind: 'schedule_tag', scheduleTag: resource.scheduleTag }
    : { kind: 'etag', etag: attempt.baseEtag };
}
