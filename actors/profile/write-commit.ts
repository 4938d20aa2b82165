/** Recording what a write did: what equals what was sent is ours, any residue is somebody else's change and is told. */
import type { Change, ChangeOf } from '../../domain/commit.ts';
import { requestedHash } from '../../domain/hashes.ts';
import { normaliserVersion } from '../../domain/icalendar/version.ts';
import type { ResourceId } from '../../domain/ids.ts';
import type { Evidence, Observation } from '../../domain/resource.ts';
import { diff, type CachedResource } from '../../domain/sync/diff.ts';
import type { WantedState } from '../../domain/sync/fold.ts';
import { record } from './activation.ts';
import { settleIntents, voidAttempt } from './intents.ts';
import type { PlannedCall, WriteTurn } from './push.ts';

/** Commits of cause `write` for what was sent, and of cause `pull` for what the provider made of it beyond that. */
export async function commitPut(
  turn: WriteTurn,
  planned: PlannedCall,
  sent: Observation,
  stored: Observation,
): Promise<void> {
  const { normalise } = turn.activation.deps;
  const storedHash = normalise(stored.format, stored.body).observedHash;
  const asSent = storedHash === planned.attempt.sentHash;
  const ours = compare(turn, asSent ? stored : sent, turn.resource === null ? [] : [turn.resource]);
  const resourceId = planned.attempt.resourceId;
  await recordWrite(turn, [...ours, managed(turn, planned.state, resourceId, storedHash)]);
  if (!asSent) {
    const after = await turn.activation.deps.documents.getMany('resources', resourceId === null ? [] : [resourceId]);
    await record(turn.activation, { cause: 'pull', operations: [], changes: compare(turn, stored, after) });
  }
  await finish(turn);
}

/** Found as we left it after an unknown outcome: it is ours, whoever else looked at it meanwhile. */
export async function commitFound(
  turn: WriteTurn,
  state: WantedState,
  found: Observation,
  resourceId: ResourceId | null,
): Promise<void> {
  const { observedHash } = turn.activation.deps.normalise(found.format, found.body);
  const cached = await turn.activation.deps.documents.getMany('resources', resourceId === null ? [] : [resourceId]);
  await recordWrite(turn, [...compare(turn, found, cached), managed(turn, state, resourceId, observedHash)]);
  await finish(turn);
}

export async function commitRemoval(
  turn: WriteTurn,
  planned: Pick<PlannedCall, 'state'>,
  evidence: Evidence,
): Promise<void> {
  const { resource, calendarId } = turn;
  const removed: Change[] =
    resource?.live === 1
      ? [{ kind: 'resource_removed', calendarId, resourceId: resource._id, ref: resource.ref, evidence }]
      : [];
  await recordWrite(turn, [...removed, managed(turn, planned.state, resource?._id ?? null, null)]);
  await finish(turn);
}

/** Nothing had to be called: the calendar holds what is wanted. */
export async function commitSettled(turn: WriteTurn, state: WantedState): Promise<void> {
  const unknown = turn.applied === null && state.wanted === null;
  const resourceId = turn.resource?._id ?? turn.applied?.resourceId ?? null;
  if (!unknown) await recordWrite(turn, [managed(turn, state, resourceId, turn.applied?.writtenHash ?? null)]);
  await finish(turn);
}

function compare(
  turn: WriteTurn,
  observation: Observation,
  cached: readonly CachedResource[],
): ChangeOf<'resource_put'>[] {
  return diff({
    calendarId: turn.calendarId,
    cached: new Map(cached.map((one) => [one.ref, one])),
    observations: [observation],
    normalise: turn.activation.deps.normalise,
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
  await record(turn.activation, { cause: 'write', operations, changes });
}

async function finish(turn: WriteTurn): Promise<void> {
  if (turn.closes) return settleIntents(turn.activation, turn.intents);
  for (const intent of turn.intents) if (intent.attempt !== null) await voidAttempt(turn.activation, intent);
}
