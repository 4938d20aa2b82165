/** Reading back: what became of a provider call whose outcome is unknown, from the calendar itself. */
import { writeEvent } from '../../domain/icalendar/write.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import type { Observation } from '../../domain/resource.ts';
import { bodyOf } from '../../domain/sync/body.ts';
import { foldIntents, type WantedState } from '../../domain/sync/fold.ts';
import type { Got } from '../../providers/provider.ts';
import { record } from './activation.ts';
import { voidAttempt } from './intents.ts';
import type { WriteTurn } from './push.ts';
import { commitRemoval, commitWritten, recordResidue } from './write-commit.ts';

/** Settles what has landed; otherwise frees the intent for another reconciliation. */
export async function readBack(turn: WriteTurn, intent: IntentDoc, attempt: Attempt): Promise<void> {
  const found = await settleIfLanded(turn, intent, attempt);
  if (found !== 'landed') await voidAttempt(turn.activation, intent);
}

/** `landed`: its intents are settled. Otherwise what is there instead, or that nothing is, has been recorded. */
export async function settleIfLanded(
  turn: WriteTurn,
  intent: IntentDoc,
  attempt: Attempt,
): Promise<'landed' | 'something_else' | 'nothing'> {
  const { provider, session } = turn.activation;
  const got = await provider.get(session, turn.calendar, attempt.ref);
  const attempted = { ...turn, intents: turn.intents.filter((one) => one.n <= intent.n) };
  const state = stateOf(attempted, attempt);
  if (attempt.action === 'delete' && got.kind === 'gone') {
    await commitRemoval(attempted, state, got.evidence);
    return 'landed';
  }
  if (attempt.action === 'put' && got.kind === 'found' && hasLanded(attempted, attempt, state, got.observation)) {
    const { observation: stored } = got;
    const body = sentBody(attempted, attempt, state);
    const sent = body === null ? null : { ...stored, body };
    await commitWritten(attempted, state, { stored, sent, sentHash: attempt.sentHash });
    return 'landed';
  }
  await recordSeen(turn, attempt, got);
  return got.kind === 'found' ? 'something_else' : 'nothing';
}

/** The fold that the attempt carried out: its inputs have not changed, since nothing of this event was committed since. */
function stateOf(turn: WriteTurn, attempt: Attempt): WantedState {
  const start = { generation: turn.generation, wanted: turn.applied?.wanted ?? null };
  return { ...foldIntents(start, turn.intents), generation: attempt.generation };
}

/** As sent; or such that sending it again would change nothing: a server may rewrite what it stores. */
function hasLanded(turn: WriteTurn, attempt: Attempt, state: WantedState, found: Observation): boolean {
  const { normalise, clock } = turn.activation.deps;
  const seen = normalise(found.format, found.body);
  if (seen.observedHash === attempt.sentHash) return true;
  if (attempt.baseEtag !== null && found.etag === attempt.baseEtag) return false;
  if (state.wanted === null || seen.problem !== null) return false;
  try {
    const again = writeEvent({ base: found.body, fields: state.wanted, uid: seen.uid ?? '', nowMs: clock.now() });
    return normalise('icalendar', again).observedHash === seen.observedHash;
  } catch {
    // What cannot be written to was not written by us.
    return false;
  }
}

/** What was sent, made again from what it was made of; null when the cache has moved on since. */
function sentBody(turn: WriteTurn, attempt: Attempt, { wanted }: WantedState): string | null {
  const { activation, calendarId, eventId, resource } = turn;
  const base = attempt.baseEtag === null ? null : (resource?.body ?? null);
  if (wanted === null || (attempt.baseEtag !== null && base === null)) return null;
  const { appId, email: organizer } = activation.profile;
  const { generation, atMs: nowMs } = attempt;
  try {
    const body = bodyOf({ appId, calendarId, eventId, generation, wanted, body: base, organizer, nowMs });
    return activation.deps.normalise('icalendar', body).observedHash === attempt.sentHash ? body : null;
  } catch {
    return null;
  }
}

/** What the calendar holds now, through the one entrance: somebody else's change if it differs from the cache. */
async function recordSeen(turn: WriteTurn, attempt: Attempt, got: Got): Promise<void> {
  if (got.kind === 'found') return recordResidue(turn, got.observation);
  const { activation, calendarId } = turn;
  const cached =
    attempt.resourceId === null ? null : await activation.deps.documents.get('resources', attempt.resourceId);
  if (cached?.live !== 1) return;
  const { _id: resourceId, ref } = cached;
  await record(activation, {
    cause: 'pull',
    operations: [],
    changes: [{ kind: 'resource_removed', calendarId, resourceId, ref, evidence: got.evidence }],
  });
}
