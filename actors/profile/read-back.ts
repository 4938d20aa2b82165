/** Reading back: what became of a provider call whose outcome is unknown, from the calendar itself. */
import { writeEvent } from '../../domain/icalendar/write.ts';
import { normaliserVersion } from '../../domain/icalendar/version.ts';
import { resourceIdOf } from '../../domain/ids.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import type { Observation } from '../../domain/resource.ts';
import { diff } from '../../domain/sync/diff.ts';
import { foldIntents, type WantedState } from '../../domain/sync/fold.ts';
import { firstGeneration } from '../../domain/sync/reconcile.ts';
import type { Got } from '../../providers/provider.ts';
import { record } from './activation.ts';
import { voidAttempt } from './intents.ts';
import type { WriteTurn } from './push.ts';
import { commitFound, commitRemoval } from './write-commit.ts';

/** Settles what has landed; otherwise records what is there and frees the intent for another reconciliation. */
export async function readBack(turn: WriteTurn, intent: IntentDoc, attempt: Attempt): Promise<void> {
  const { provider, session } = turn.activation;
  const got = await provider.get(session, turn.calendar, attempt.ref);
  const attempted = { ...turn, intents: turn.intents.filter((one) => one.n <= intent.n) };
  const state = stateOf(attempted, attempt);
  if (attempt.action === 'delete') {
    if (got.kind === 'gone') return commitRemoval(attempted, { state }, got.evidence);
  } else if (got.kind === 'found' && hasLanded(attempted, attempt, state, got.observation)) {
    return commitFound(attempted, state, got.observation, attempt.resourceId);
  }
  await recordSeen(turn, attempt, got);
  await voidAttempt(turn.activation, intent);
}

/** The fold that the attempt carried out: its inputs have not changed, since nothing of this event was committed since. */
function stateOf(turn: WriteTurn, attempt: Attempt): WantedState {
  const { applied, intents } = turn;
  const start = { generation: applied?.generation ?? firstGeneration, wanted: applied?.wanted ?? null };
  return { ...foldIntents(start, intents), generation: attempt.generation };
}

/** As sent; or such that sending it again would change nothing: a server may rewrite what it stores. */
function hasLanded(turn: WriteTurn, attempt: Attempt, state: WantedState, found: Observation): boolean {
  const { normalise, clock } = turn.activation.deps;
  const foundResource = normalise(found.format, found.body);
  if (foundResource.observedHash === attempt.sentHash) return true;
  if (attempt.baseEtag !== null && found.etag === attempt.baseEtag) return false;
  if (state.wanted === null || foundResource.problem !== null) return false;
  const again = writeEvent({
    base: found.body,
    fields: state.wanted,
    uid: foundResource.uid ?? '',
    nowMs: clock.now(),
  });
  return normalise('icalendar', again).observedHash === foundResource.observedHash;
}

/** What the calendar holds now, through the one entrance: somebody else's change if it differs from the cache. */
export async function recordSeen(turn: WriteTurn, attempt: Pick<Attempt, 'ref'>, got: Got): Promise<void> {
  const { documents, normalise } = turn.activation.deps;
  const { calendarId } = turn;
  const [cached] = await documents.getMany('resources', [resourceIdOf(calendarId, attempt.ref)]);
  if (got.kind === 'gone') {
    if (cached?.live !== 1) return;
    const { _id: resourceId, ref } = cached;
    await record(turn.activation, {
      cause: 'pull',
      operations: [],
      changes: [{ kind: 'resource_removed', calendarId, resourceId, ref, evidence: got.evidence }],
    });
    return;
  }
  const changes = diff({
    calendarId,
    cached: new Map(cached === undefined ? [] : [[cached.ref, cached]]),
    observations: [got.observation],
    normalise,
    normaliserVersion,
  });
  await record(turn.activation, { cause: 'pull', operations: [], changes });
}
