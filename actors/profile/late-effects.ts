/** Late effects: what a write turn does about calls of unknown outcome that may still come to have theirs. */
import { writing } from '../../config/policies.ts';
import type { Attempt, LateCall } from '../../domain/intent.ts';
import { change } from './activation.ts';
import { replaceIntent } from './intents.ts';
import { lateCallsOf } from './late-calls.ts';
import { settleIfLanded } from './read-back.ts';
import { commitSettled, recordResidue } from './write-commit.ts';
import { stateOf, type WriteTurn } from './write-turn.ts';

/**
 * True: this turn is over. What a pull has shown meanwhile is settled without another call. A delete waits until no late
 * call can begin the life again that it ends: where nothing stands, or on servers that look at no precondition. So does
 * a refusal (`refused`): nothing is called refused that may yet be done.
 */
export async function meetsLateCall(turn: WriteTurn, refused: boolean): Promise<boolean> {
  const { activation, calendarId, eventId, intents } = turn;
  const late = lateCallsOf(activation).filter((one) => one.calendarId === calendarId && one.eventId === eventId);
  const shown = late.find((one) => intents.some(({ n }) => n === one.n) && isShown(turn, one.attempt));
  if (shown !== undefined) {
    const attempted = { ...turn, intents: intents.filter((one) => one.n <= shown.n) };
    forget(turn, shown);
    await commitSettled(attempted, stateOf(attempted, shown.attempt), shown.attempt.sentHash);
    return true;
  }
  const ends = intents.some((one) => one.wish.kind !== 'upsert');
  const matters = ({ attempt }: LateCall): boolean => refused || (ends && attempt.action === 'put');
  const unknown = late.find((one) => one.shown !== true && matters(one));
  if (unknown === undefined) return false;
  await findOut(turn, unknown);
  return true;
}

/** Waits until the call cannot have its effect any more, then asks whether it had: a listing may be wrong. */
async function findOut(turn: WriteTurn, late: LateCall): Promise<void> {
  const { activation, intents } = turn;
  const last = intents.at(-1);
  const untilMs = late.attempt.atMs + (activation.deps.lateEffectMs ?? writing.lateEffectMs);
  if (last !== undefined && activation.deps.clock.now() < untilMs) {
    await replaceIntent(activation, { ...last, notBeforeMs: untilMs });
    return;
  }
  const intent = intents.find((one) => one.n === late.n);
  forget(turn, late);
  if (intent !== undefined && (await settleIfLanded(turn, intent, late.attempt)) !== 'something_else') return;
  const got = await activation.provider.get(activation.session, turn.calendar, late.attempt.ref);
  if (got.kind !== 'found') return;
  await recordResidue(turn, got.observation);
  change(activation, { lateCalls: [...lateCallsOf(activation), { ...late, shown: true }] });
}

const forget = ({ activation }: WriteTurn, late: LateCall): void =>
  change(activation, {
    lateCalls: lateCallsOf(activation).filter((one) => one.operationId !== late.operationId),
  });

/** A pull has shown exactly what was sent, where it was sent to. */
const isShown = ({ resource }: WriteTurn, attempt: Attempt): boolean =>
  resource?.live === 1 &&
  resource._id === attempt.resourceId &&
  resource.observedHash === attempt.sentHash &&
  resource.etag !== attempt.baseEtag;
