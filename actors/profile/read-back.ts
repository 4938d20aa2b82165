/** Reading back: what became of a provider call whose outcome is unknown, from the calendar itself. */
import { writing } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import { eventKeyOf, type Attempt, type IntentDoc } from '../../domain/intent.ts';
import type { Observation } from '../../domain/resource.ts';
import { bodyOf } from '../../domain/sync/body.ts';
import type { WantedState } from '../../domain/sync/fold.ts';
import type { Got } from '../../providers/provider.ts';
import { removalsHeld } from './activation.ts';
import { carrierOf } from './carrier.ts';
import { voidAttempt, waitsUntil } from './intents.ts';
import { lateCallsOf, noteLateCall } from './late-calls.ts';
import { recordShown } from './moves.ts';
import { noteHeld } from './own-traces.ts';
import { pullSoon } from './pull-soon.ts';
import { stateOf, type WriteTurn } from './write-turn.ts';
import { commitGone, commitSettled, commitWritten, recordResidue } from './write-commit.ts';

/** Settles what has landed; otherwise frees the intent for another reconciliation. */
export async function readBack(turn: WriteTurn, intent: IntentDoc, attempt: Attempt): Promise<void> {
  const found = await settleIfLanded(turn, intent, attempt);
  if (found === 'landed') return;
  const { provider } = turn.activation;
  // Some servers store what is new under a name of their own: a pull, which finds it by its UID, comes before another try.
  const elsewhere = found === 'nothing' && isCreate(attempt) && provider.capabilities.pull;
  await noteLateCall(turn.activation, turn, intent, attempt);
  if (!elsewhere) return void (await voidAttempt(turn.activation, intent));
  const notBeforeMs = waitsUntil(turn.activation, intent.attempts);
  await voidAttempt(turn.activation, intent, { notBeforeMs, ...(await pullSoon(turn)) });
}

export type Found = 'landed' | 'something_else' | 'nothing';

/** `landed`: its intents are settled, or will be. Otherwise what is there instead, or that nothing is, has been recorded. */
export async function settleIfLanded(turn: WriteTurn, intent: IntentDoc, attempt: Attempt): Promise<Found> {
  const { provider, session } = turn.activation;
  // Without another side the log is the truth: what is not in it has not happened.
  if (!provider.capabilities.pull) return 'nothing';
  const got = await provider.get(session, turn.calendar, attempt.ref);
  const attempted = { ...turn, intents: turn.intents.filter((one) => one.n <= intent.n) };
  const state = stateOf(attempted, attempt);
  if (attempt.action === 'delete' && got.kind === 'gone' && !removalsHeld(turn.activation)) {
    await commitGone(attempted, attempt, 'write', got.evidence);
    return 'landed';
  }
  const landed =
    attempt.action === 'put' &&
    got.kind === 'found' &&
    (hasLanded(attempted, attempt, state, got.observation) || (await cameOfOnlyCall(attempted, attempt)));
  if (landed) {
    const { observation: stored } = got;
    const body = sentBody(attempted, attempt, state);
    const sent = body === null ? null : { ...stored, body };
    await commitWritten(attempted, state, { stored, sent, sentHash: attempt.sentHash });
    return 'landed';
  }
  const found = await recordSeen(turn, attempt, got);
  if (attempt.action === 'put' && wasSeen(turn, attempt, state)) {
    await commitSettled(await whereItIs(attempted), state);
    return 'landed';
  }
  return believed(turn, found);
}

/**
 * After a call that was refused because the event is not as it was thought to be. It cannot be what changed it, however
 * alike they look, where it is the only one; else it may be refused because an earlier one landed.
 */
export const settleIfLandedBefore = (turn: WriteTurn, intent: IntentDoc, attempt: Attempt): Promise<Found> =>
  isOnlyCall(turn, attempt) ? look(turn, attempt) : settleIfLanded(turn, intent, attempt);

type Place = Pick<Attempt, 'ref' | 'resourceId'>;

/** What stands where the call would have written, or is about to, whoever wrote it. */
export async function look(turn: WriteTurn, attempt: Place): Promise<Exclude<Found, 'landed'>> {
  const { provider, session } = turn.activation;
  if (!provider.capabilities.pull) return 'nothing';
  return believed(turn, await recordSeen(turn, attempt, await provider.get(session, turn.calendar, attempt.ref)));
}

/** What became of the event cannot be told while no removal is believed: the write waits as it is. */
function believed({ calendarId, eventId }: WriteTurn, seen: Seen): Exclude<Seen, 'held'> {
  if (seen !== 'held') return seen;
  const message = `the calendar server says that the event ${eventId} is gone, while the sentinel holds removals`;
  throw new KalendsError('removals_held', message, { ids: { calendar: calendarId } });
}

/**
 * What a calendar held went with it. Should it come back, an event that an application wrote there is asked for before it
 * is made a second time, or called removed: the calendar may not have been read, or be listed wrongly. True: it is there
 * after all, and recorded.
 */
export async function cameBack(turn: WriteTurn): Promise<boolean> {
  const { activation, calendarId, applied, resource } = turn;
  const backSeq = activation.profile.calendars[calendarId]?.backSeq;
  if (backSeq === undefined || resource === null || resource.live === 1 || resource.seq > backSeq) return false;
  if (applied === null || applied.wanted === null) return false;
  const got = await activation.provider.get(activation.session, turn.calendar, resource.ref);
  if (got.kind === 'found') await recordResidue(turn, got.observation);
  else believed(turn, removalsHeld(activation) ? 'held' : 'nothing');
  return got.kind === 'found';
}

const isCreate = (attempt: Attempt): boolean => attempt.action === 'put' && attempt.baseEtag === null;

/** No other call for this event is known that may have had an effect: one that was answered as refused had none. */
const isOnlyCall = ({ activation, calendarId, eventId, intents }: WriteTurn, { number }: Attempt): boolean =>
  lateCallsOf(activation)
    .filter((one) => one.calendarId === calendarId && one.eventId === eventId)
    .every((one) => one.attempt.number === number && one.n === intents.at(-1)?.n);

/** A pull has shown what was sent, after it was sent: whatever stands there now came later. */
const wasSeen = (turn: WriteTurn, attempt: Attempt, state: WantedState): boolean =>
  turn.resource !== null &&
  turn.resource._id === attempt.resourceId &&
  turn.resource.observedHash === attempt.sentHash &&
  turn.resource.etag !== attempt.baseEtag &&
  remindersAsWanted(turn, attempt, state, turn.resource.body);

/** What was looked at may just have been recorded as gone, and have been seen under another name before. */
async function whereItIs(turn: WriteTurn): Promise<WriteTurn> {
  const { resource } = await carrierOf(turn.activation, turn);
  return resource?.live === 1 ? { ...turn, resource } : turn;
}

/** As sent; or such that sending it again would change nothing: a server may rewrite what it stores. */
function hasLanded(turn: WriteTurn, attempt: Attempt, state: WantedState, found: Observation): boolean {
  const { normalise, clock } = turn.activation.deps;
  if (attempt.baseEtag !== null && found.etag === attempt.baseEtag) return false;
  const seen = normalise(found.format, found.body);
  if (seen.observedHash === attempt.sentHash && remindersAsWanted(turn, attempt, state, found.body)) return true;
  if (state.wanted === null || seen.problem !== null) return false;
  try {
    const again = writeEvent({ base: found.body, fields: state.wanted, uid: seen.uid ?? '', nowMs: clock.now() });
    return (
      normalise('icalendar', again).observedHash === seen.observedHash &&
      remindersAsWanted(turn, attempt, state, found.body)
    );
  } catch {
    // What cannot be written to was not written by us.
    return false;
  }
}

/**
 * The hash of what a reader sees says nothing of alarms, and an application may have asked for nothing else. A server that
 * adds and drops them by itself (iCloud) will not be talked out of it: after a few calls its word stands.
 */
export function remindersAsWanted(
  { activation }: WriteTurn,
  { number }: Attempt,
  { wanted }: WantedState,
  body: string,
): boolean {
  if (wanted?.reminders === undefined || number > writing.conflictsMax) return true;
  const { reminders } = wanted;
  return writeEvent({ base: body, fields: { reminders }, uid: '', nowMs: activation.deps.clock.now() }) === body;
}

/**
 * Nobody else makes this name: what is there came from the only call that was ever made for it, whatever it has become
 * since. Of earlier intents that ended without success one may have been called for as well, and land late.
 */
async function cameOfOnlyCall(turn: WriteTurn, attempt: Attempt): Promise<boolean> {
  const [first] = turn.intents;
  if (!isCreate(attempt) || !isOnlyCall(turn, attempt) || first === undefined) return false;
  const since = { gt: turn.applied?.throughN ?? 0, lt: first.n };
  const params = { profileId: first.profileId, n: since };
  const before = await turn.activation.deps.documents.find('intentsOfProfile', params);
  return !before.some((one) => one.attempts > 0 && eventKeyOf(one) === eventKeyOf(first));
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

/** `held`: it is there by the cache, and not by an answer that is not believed. */
type Seen = Exclude<Found, 'landed'> | 'held';

/** What the calendar holds now, through the one entrance: somebody else's change if it differs from the cache. */
async function recordSeen(turn: WriteTurn, attempt: Place, got: Got): Promise<Seen> {
  if (got.kind === 'found') {
    await recordResidue(turn, got.observation);
    return 'something_else';
  }
  const { activation, calendarId } = turn;
  const cached =
    attempt.resourceId === null ? null : await activation.deps.documents.get('resources', attempt.resourceId);
  if (cached?.live !== 1) return 'nothing';
  const { _id: resourceId, ref } = cached;
  if (removalsHeld(activation)) {
    await noteHeld(activation, calendarId, ref);
    return 'held';
  }
  await recordShown(activation, calendarId, {
    cause: 'pull',
    operations: [],
    changes: [{ kind: 'resource_removed', calendarId, resourceId, ref, evidence: got.evidence }],
  });
  return 'nothing';
}
