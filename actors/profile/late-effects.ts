/** Late effects: what a write turn does about calls of unknown outcome that may still come to have theirs. */
import { mayHaveDone, type Attempt, type LateCall } from '../../domain/intent.ts';
import { change } from './activation.ts';
import { voidAttempt } from './intents.ts';
import { isReadSince, isSameCall, lateCallsOf, lateEffectMsOf } from './late-calls.ts';
import { pullSoon } from './pull-soon.ts';
import { look, remindersAsWanted, settleIfLanded, type Found } from './read-back.ts';
import { commitSettled } from './write-commit.ts';
import { stateOf, type WriteTurn } from './write-turn.ts';

/**
 * True: this turn is over. What a pull has shown meanwhile is settled without another call. A delete waits until no late
 * call can begin the life again that it ends: where nothing stands, or on servers that look at no precondition. So does
 * the end of what is not done (`givesUp`): nothing is called refused or expired that may yet be done.
 */
export async function meetsLateCall(turn: WriteTurn, givesUp: boolean): Promise<boolean> {
  const { activation, calendarId, eventId, intents } = turn;
  const late = lateCallsOf(activation).filter((one) => one.calendarId === calendarId && one.eventId === eventId);
  const upTo = ({ n }: LateCall): WriteTurn => ({ ...turn, intents: intents.filter((one) => one.n <= n) });
  const shown = late.find((one) => intents.some(({ n }) => n === one.n) && isShown(upTo(one), one.attempt));
  if (shown !== undefined) {
    const attempted = upTo(shown);
    await commitSettled(attempted, stateOf(attempted, shown.attempt), shown.attempt.sentHash);
    answered(turn, shown, 'landed');
    return true;
  }
  const ends = intents.some((one) => one.wish.kind !== 'upsert');
  const matters = (one: LateCall): boolean =>
    (ends && one.attempt.action === 'put') || (givesUp && intents.some((intent) => mayHaveDone(one, intent)));
  const unknown = late.filter((one) => one.shown !== true && matters(one));
  if (unknown.length === 0) return false;
  if (await waits(turn, unknown)) return true;
  if (ends && turn.resource === null && (await readsFirst(turn, unknown))) return true;
  for (const one of unknown) if ((await findOut(turn, one)) === 'landed') return true;
  // What stands there may be another than the turn began with: that matters to whoever goes on to write.
  return !givesUp;
}

/** Until none of these calls can have its effect any more. */
async function waits({ activation, intents }: WriteTurn, late: readonly LateCall[]): Promise<boolean> {
  const last = intents.at(-1);
  const notBeforeMs = Math.max(...late.map((one) => one.attempt.atMs)) + lateEffectMsOf(activation);
  if (last === undefined || activation.deps.clock.now() >= notBeforeMs) return false;
  await voidAttempt(activation, last, { notBeforeMs });
  return true;
}

/**
 * What such a call began, and nobody has seen yet, may have been moved to another name by a person: the calendar is read
 * before its name alone is asked about.
 */
async function readsFirst(turn: WriteTurn, late: readonly LateCall[]): Promise<boolean> {
  const { activation, calendarId, intents } = turn;
  const last = intents.at(-1);
  const begins = late.filter(({ attempt }) => attempt.baseEtag === null);
  if (last === undefined || begins.every((one) => isReadSince(activation, one))) return false;
  const freshAtMs = activation.profile.calendars[calendarId]?.freshAtMs ?? -1;
  if (last.afterReadMs !== undefined && freshAtMs >= last.afterReadMs) return false;
  await voidAttempt(activation, last, await pullSoon(turn));
  return true;
}

/** Asks whether the call had its effect, since a listing may be wrong; it is forgotten when that was answered, not before. */
async function findOut(turn: WriteTurn, late: LateCall): Promise<Found> {
  const intent = turn.intents.find((one) => one.n === late.n);
  const found = await (intent === undefined ? look(turn, late.attempt) : settleIfLanded(turn, intent, late.attempt));
  answered(turn, late, found);
  return found;
}

function answered({ activation }: WriteTurn, late: LateCall, found: Found): void {
  const others = lateCallsOf(activation).filter((one) => !isSameCall(one, late));
  change(activation, { lateCalls: found === 'something_else' ? [...others, { ...late, shown: true }] : others });
}

/**
 * A pull has shown exactly what was sent, where it was sent to; or, of a life that the call began, wherever a person moved
 * it: nobody else makes its UID.
 */
function isShown(turn: WriteTurn, attempt: Attempt): boolean {
  const { resource, generation } = turn;
  return (
    resource?.live === 1 &&
    (resource._id === attempt.resourceId || (attempt.baseEtag === null && attempt.generation === generation)) &&
    resource.observedHash === attempt.sentHash &&
    resource.etag !== attempt.baseEtag &&
    remindersAsWanted(turn, attempt, stateOf(turn, attempt), resource.body)
  );
}
