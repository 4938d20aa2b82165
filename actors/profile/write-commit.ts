/** Recording what a write did: what equals what was sent is ours, any residue is somebody else's change and is told. */
import type { Change, ChangeOf } from '../../domain/commit.ts';
import { requestedHash } from '../../domain/hashes.ts';
import { normaliserVersion } from '../../domain/icalendar/version.ts';
import { resourceIdOf, type ResourceId } from '../../domain/ids.ts';
import type { Attempt } from '../../domain/intent.ts';
import { managedKey } from '../../domain/managed-event.ts';
import type { Evidence, Observation } from '../../domain/resource.ts';
import { diff } from '../../domain/sync/diff.ts';
import type { WantedState } from '../../domain/sync/fold.ts';
import { record, removalsHeld } from './activation.ts';
import { forgetRewritten, noteHeld, noteRewritten, noteUnseen } from './own-traces.ts';
import { leaveEvent, settleIntents, voidAttempt, waitsUntil } from './intents.ts';
import { recordShown } from './moves.ts';
import { pullSoon } from './pull-soon.ts';
import type { PlannedCall, WriteTurn } from './write-turn.ts';

export async function commitPut(
  turn: WriteTurn,
  planned: PlannedCall,
  sent: Observation,
  stored: Observation,
): Promise<void> {
  await commitWritten(turn, planned.state, { sent, stored, sentHash: planned.attempt.sentHash });
}

/**
 * Commits of cause `write` for what was sent, and of cause `pull` for what stands there beyond that. `sent` null: it
 * cannot be told any more what was sent, so whatever differs from the cache is told.
 */
export async function commitWritten(
  turn: WriteTurn,
  state: WantedState,
  put: { readonly sent: Observation | null; readonly stored: Observation; readonly sentHash: string | null },
): Promise<void> {
  const { sent, stored } = put;
  const storedHash = turn.activation.deps.normalise(stored.format, stored.body).observedHash;
  const resourceId = resourceIdOf(turn.calendarId, stored.ref);
  const ours = storedHash === put.sentHash ? stored : sent;
  if (ours === null) await recordResidue(turn, stored);
  const rewritten = ours !== null && ours !== stored;
  if (rewritten) await noteRewritten(turn.activation, turn.calendarId, stored.ref);
  const changes = ours === null ? [] : await compare(turn, ours);
  await recordWrite(turn, [...changes, managed(turn, state, resourceId, storedHash)]);
  if (rewritten) {
    await recordResidue(turn, stored);
    await forgetRewritten(turn.activation, turn.calendarId, stored.ref);
  }
  await finish(turn);
}

/** What somebody else, or the server, left there. */
export async function recordResidue(turn: WriteTurn, seen: Observation): Promise<void> {
  const { activation, calendarId } = turn;
  await recordShown(activation, calendarId, { cause: 'pull', operations: [], changes: await compare(turn, seen) });
}

export async function commitRemoval(turn: WriteTurn, state: WantedState, evidence: Evidence): Promise<void> {
  await recordWrite(turn, changesOfRemoval(turn, state, evidence));
  await finish(turn);
}

export function changesOfRemoval(turn: WriteTurn, state: WantedState, evidence: Evidence): readonly Change[] {
  const { resource, calendarId } = turn;
  const removed: Change[] =
    resource?.live === 1
      ? [{ kind: 'resource_removed', calendarId, resourceId: resource._id, ref: resource.ref, evidence }]
      : [];
  return [...removed, managed(turn, state, resource?._id ?? null, null)];
}

/**
 * What was to be removed is not there: by our own call (cause `write`), or by somebody else (`pull`), who may only have
 * moved it. It is not called done yet, since it may stand under another name; nor recorded, while no removal is believed.
 */
export async function commitGone(
  turn: WriteTurn,
  { resourceId: id }: Attempt,
  cause: 'write' | 'pull',
  evidence: Evidence,
): Promise<void> {
  const { activation, calendarId, intents } = turn;
  // What carries the event by now may be another one, which the evidence says nothing of.
  const called = id === null ? null : await activation.deps.documents.get('resources', id);
  const held = called?.live === 1 && removalsHeld(activation);
  if (held) await noteHeld(activation, calendarId, called.ref);
  else if (called?.live === 1) {
    const { _id: resourceId, ref } = called;
    const operations = cause === 'write' ? intents.map((one) => one.operationId) : [];
    const changes = [{ kind: 'resource_removed', calendarId, resourceId, ref, evidence }] as const;
    await recordShown(activation, calendarId, { cause, operations, changes });
  }
  const last = intents.at(-1);
  if (last === undefined) return;
  // What is held stands by the cache, and what its server lists all the same will: each would be called for again at once.
  const notBeforeMs = held || last.attempts > 1 ? waitsUntil(activation, last.attempts) : 0;
  await voidAttempt(activation, last, { notBeforeMs, ...(await pullSoon(turn)) });
}

/** A life that came and went unseen: the next one begins, and has a name of its own. Nothing that was asked for is done by it. */
export async function commitBurned(turn: WriteTurn, { generation }: Attempt): Promise<void> {
  const state = { generation: generation + 1, wanted: turn.applied?.wanted ?? null };
  const changes = [managed({ ...turn, intents: [] }, state, null, null)];
  await record(turn.activation, { cause: 'write', operations: [], changes });
}

/** Nothing had to be called: the calendar holds what is wanted. */
export async function commitSettled(turn: WriteTurn, state: WantedState, writtenHash?: string | null): Promise<void> {
  await recordWrite(turn, changesOfSettled(turn, state, writtenHash));
  await finish(turn);
}

/** None for what was never written and is not wanted. */
export function changesOfSettled(
  turn: WriteTurn,
  state: WantedState,
  writtenHash: string | null = turn.applied?.writtenHash ?? null,
): readonly Change[] {
  if (turn.applied === null && state.wanted === null) return [];
  const resourceId = turn.resource?._id ?? turn.applied?.resourceId ?? null;
  return [managed(turn, state, resourceId, writtenHash)];
}

/** Of a put whose body stands as it was sent. */
export async function changesOfPut(
  turn: WriteTurn,
  { attempt, state }: PlannedCall,
  stored: Observation,
): Promise<readonly Change[]> {
  const resourceId = resourceIdOf(turn.calendarId, stored.ref);
  return [...(await compare(turn, stored)), managed(turn, state, resourceId, attempt.sentHash)];
}

/** Against the cache as it is now. */
async function compare(turn: WriteTurn, observation: Observation): Promise<ChangeOf<'resource_put'>[]> {
  const { calendarId } = turn;
  const { documents, normalise } = turn.activation.deps;
  const cached = await documents.get('resources', resourceIdOf(calendarId, observation.ref));
  if (cached?.live !== 1) await noteUnseen(turn.activation, calendarId, observation.ref);
  return diff({
    calendarId,
    cached: new Map(cached === null ? [] : [[cached.ref, cached]]),
    observations: [observation],
    normalise,
    normaliserVersion,
  });
}

function managed(
  turn: WriteTurn,
  state: WantedState,
  resourceId: ResourceId | null,
  writtenHash: string | null,
): Change {
  return {
    kind: 'managed',
    calendarId: turn.calendarId,
    eventId: turn.eventId,
    appId: turn.activation.profile.appId,
    generation: state.generation,
    wanted: state.wanted,
    throughN: turn.intents.at(-1)?.n ?? turn.applied?.throughN ?? 0,
    resourceId,
    requestedHash: state.wanted === null ? null : requestedHash(state.wanted),
    writtenHash: state.wanted === null ? null : writtenHash,
  };
}

async function recordWrite(turn: WriteTurn, changes: readonly Change[]): Promise<void> {
  const operations = turn.intents.map((one) => one.operationId);
  // What puts a late call right is told: whoever read in between has seen it.
  const cause = turn.intents.some((one) => one.repair === true) ? 'repair' : 'write';
  await record(turn.activation, { cause, operations, changes });
}

async function finish(turn: WriteTurn): Promise<void> {
  if (turn.closes) return settleIntents(turn.activation, turn.intents);
  return leaveEvent(turn.activation, turn.intents, managedKey(turn.calendarId, turn.eventId), null);
}
