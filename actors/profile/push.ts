/** Carrying out accepted writes: fold, reconcile, record the attempt, one conditional call, one commit. */
import { timeouts } from '../../config/policies.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { resourceIdOf, type CalendarId } from '../../domain/ids.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import { managedKey, type ManagedEventDoc } from '../../domain/managed-event.ts';
import type { Observation, ResourceDoc } from '../../domain/resource.ts';
import { groupOf, reconcile, resourceName, type Reconciled } from '../../domain/sync/reconcile.ts';
import { bodyOf } from '../../domain/sync/body.ts';
import type { WantedState } from '../../domain/sync/fold.ts';
import type { Precondition } from '../../providers/provider.ts';
import type { Activation } from './activation.ts';
import { afterFailedCall, postponeReadBack } from './failed-write.ts';
import { mayCarryOut } from './permission.ts';
import { readBack } from './read-back.ts';
import { commitPut, commitRemoval, commitSettled } from './write-commit.ts';
import { rejectIntents, replaceIntent, settleIntents } from './intents.ts';

/** One event's write: what was accepted, what is recorded of it, and the resource that carries it. */
export interface WriteTurn {
  readonly activation: Activation;
  readonly calendarId: CalendarId;
  /** The calendar's ref. */
  readonly calendar: string;
  readonly eventId: string;
  readonly intents: readonly IntentDoc[];
  readonly applied: ManagedEventDoc | null;
  readonly resource: ResourceDoc | null;
  /** False for one event of a bulk delete: its intent stays open until no event is left. */
  readonly closes: boolean;
}

/** The call that is about to be made, with the state that it carries out. */
export interface PlannedCall {
  readonly attempt: Attempt;
  readonly state: WantedState;
  readonly body: string | null;
}

async function askWhatBecameOf(turn: WriteTurn, intent: IntentDoc, attempt: Attempt): Promise<void> {
  try {
    await readBack(turn, intent, attempt);
  } catch (error) {
    await postponeReadBack(turn, intent, error);
    throw error;
  }
}

/** The open intents of one event, by n. */
export interface EventOfIntents {
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly intents: readonly IntentDoc[];
  readonly closes: boolean;
}

/** At most one provider write, or the read back of one whose outcome is unknown. */
export async function writeEventTurn(activation: Activation, event: EventOfIntents): Promise<void> {
  const refusal = await mayCarryOut(activation, event);
  if (refusal !== null) return rejectIntents(activation, event.intents, refusal);
  const turn = await openTurn(activation, event);
  const { calendarId, eventId } = event;
  const carriedOut = turn.intents.filter((one) => one.n <= (turn.applied?.throughN ?? 0));
  // A crash after the commit and before the intents were settled: the log says that these are done.
  if (carriedOut.length > 0) return settleIntents(activation, carriedOut);
  const open = turn.intents.find((one) => one.attempt !== null);
  if (open?.attempt) return askWhatBecameOf(turn, open, open.attempt);
  const group = groupOf(turn.applied, turn.intents, turn.resource);
  const grouped = { ...turn, intents: group.intents };
  const { appId } = activation.profile;
  return carryOut(
    grouped,
    reconcile({ appId, calendarId, eventId, applied: turn.applied, resource: turn.resource, state: group.state }),
  );
}

export async function openTurn(activation: Activation, event: EventOfIntents): Promise<WriteTurn> {
  const { documents } = activation.deps;
  const { calendarId, eventId } = event;
  const calendar = await documents.get('calendars', calendarId);
  const applied = await documents.get('managed_events', managedKey(calendarId, eventId));
  const resource = await carrierOf(activation, calendarId, eventId, applied);
  return { ...event, activation, calendar: calendar?.ref ?? '', applied, resource };
}

/** The resource that the last write named; else the one that our name would give it, should an earlier write have landed there. */
async function carrierOf(
  activation: Activation,
  calendarId: CalendarId,
  eventId: string,
  applied: ManagedEventDoc | null,
): Promise<ResourceDoc | null> {
  const { documents } = activation.deps;
  if (applied?.resourceId) return documents.get('resources', applied.resourceId);
  const name = resourceName({ appId: activation.profile.appId, calendarId, eventId }, applied?.generation ?? 1);
  const found = await documents.get('resources', resourceIdOf(calendarId, activation.provider.newResourceRef(name)));
  return found?.live === 1 ? found : null;
}

async function carryOut(turn: WriteTurn, wish: Reconciled): Promise<void> {
  if (wish.kind === 'settled') return commitSettled(turn, { generation: wish.generation, wanted: wish.wanted });
  let planned: PlannedCall;
  try {
    planned = plan(turn, wish);
  } catch (error) {
    if (!isKalendsError(error)) throw error;
    return rejectIntents(turn.activation, turn.intents, { code: error.code, description: error.message });
  }
  if (!turn.activation.deps.mayWrite(turn.activation.profile.slot, timeouts.requestMs)) {
    throw new KalendsError('not_owner', 'this node may no longer start provider writes; the next owner carries it out');
  }
  return attemptCall(turn, planned);
}

function plan(turn: WriteTurn, wish: Exclude<Reconciled, { kind: 'settled' }>): PlannedCall {
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
  const { appId } = activation.profile;
  const { wanted, generation } = wish;
  const body = bodyOf({ appId, calendarId, eventId, generation, wanted, body: resource?.body ?? null, nowMs });
  const ref = wish.kind === 'create' ? activation.provider.newResourceRef(wish.name) : wish.resource.ref;
  const sentHash = activation.deps.normalise('icalendar', body).observedHash;
  const attempt: Attempt = {
    ...base,
    action: 'put',
    resourceId: resource?._id ?? resourceIdOf(turn.calendarId, ref),
    ref,
    sentHash,
    baseEtag: resource?.etag ?? null,
  };
  return { attempt, state: { generation: wish.generation, wanted: wish.wanted }, body };
}

/** The attempt is durable before the call: whatever happens next, a restart knows what may have been done. */
async function attemptCall(turn: WriteTurn, planned: PlannedCall): Promise<void> {
  const last = turn.intents.at(-1);
  if (last === undefined) return;
  const { attempt } = planned;
  const marked = await replaceIntent(turn.activation, {
    ...last,
    state: 'attempting',
    attempt,
    attempts: attempt.number,
  });
  const attempted = { ...turn, intents: [...turn.intents.slice(0, -1), marked] };
  try {
    await (planned.body === null ? callRemove(attempted, planned) : callPut(attempted, planned, planned.body));
  } catch (error) {
    await afterFailedCall(attempted, marked, attempt, error);
  }
}

async function callPut(turn: WriteTurn, planned: PlannedCall, body: string): Promise<void> {
  const { provider, session } = turn.activation;
  const { ref } = planned.attempt;
  const precondition = preconditionOf(turn, planned.attempt) ?? { kind: 'create' as const };
  const stored = await provider.put(session, { calendar: turn.calendar, ref, body, format: 'icalendar', precondition });
  const sent: Observation = { ref, etag: stored.etag, scheduleTag: stored.scheduleTag, body, format: 'icalendar' };
  await commitPut(turn, planned, sent, stored);
}

async function callRemove(turn: WriteTurn, planned: PlannedCall): Promise<void> {
  const { provider, session, deps } = turn.activation;
  const { ref } = planned.attempt;
  const precondition = preconditionOf(turn, planned.attempt);
  const { status } = await provider.remove(session, { calendar: turn.calendar, ref, precondition });
  const operationId = turn.intents.at(-1)?.operationId ?? '';
  await commitRemoval(turn, planned, { kind: 'own_write', operationId, status, atMs: deps.clock.now() });
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
