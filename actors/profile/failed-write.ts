/** After a provider write that failed: whether it may have had an effect, and what becomes of its intents. */
import { backoff, writing } from '../../config/policies.ts';
import { isKalendsError, type ErrorCode, type KalendsError, type Verdict } from '../../domain/errors.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import { respectRetryAfter, tryAgainAt } from '../../domain/machines/delays.ts';
import { managedKey } from '../../domain/managed-event.ts';
import { warn } from './activation.ts';
import { machineContext } from './calendar-work.ts';
import { endsActivation } from './failure-scope.ts';
import { meetsLateCall } from './late-effects.ts';
import {
  isOutcomeUnknown,
  leaveEvent,
  rejectIntents,
  voidAttempt,
  waitsUntil,
  withOutcomeUnknown,
  type Refusal,
} from './intents.ts';
import type { WriteTurn } from './write-turn.ts';
import { pullSoon } from './pull-soon.ts';
import { commitBurned } from './write-commit.ts';
import { settleIfLanded, settleIfLandedBefore } from './read-back.ts';

/**
 * A conflict reads the event again and reconciles, a few times. A refusal for good ends the intents, unless the event
 * shows that the call had its effect all the same (what failed may be the reading that follows it). Everything else is
 * thrown on, since it may be the profile's matter; the attempt stays open where the call may have had its effect, so
 * that it is read back first.
 */
export async function afterFailedCall(
  turn: WriteTurn,
  intent: IntentDoc,
  attempt: Attempt,
  error: unknown,
): Promise<void> {
  if (!isKalendsError(error) || endsActivation(error)) throw error;
  if (error.verdict === 'conflict') return conflict(turn, intent, attempt, error);
  // A calendar that is not there is for the list to tell: its account may be on the move.
  if (isFinal(error) && error.code !== 'parent_missing') {
    if ((await settleIfLanded(turn, intent, attempt)) === 'landed') return;
    warn(turn.activation, 'a write was refused for good', { event: turn.eventId, code: error.code });
    return refuse(turn, { code: error.code, description: error.message });
  }
  if (error.code === 'quota_exceeded') return waitForRoom(turn, intent, error);
  if (hadNoEffect(error)) await voidAttempt(turn.activation, intent);
  throw error;
}

/** Ends the intents of an event once no earlier call can carry them out any more. */
export async function refuse(turn: WriteTurn, refusal: Refusal): Promise<void> {
  if (!(await meetsLateCall(turn, true))) await endRefused(turn, refusal);
}

/** A bulk delete goes on with the next event. `mayBeDone`: the caller has reason to think so; else calls of unknown outcome are one. */
export async function endRefused(turn: WriteTurn, why: Refusal, mayBeDone = false): Promise<void> {
  const { activation, calendarId, eventId, intents } = turn;
  const isUnknown = mayBeDone || intents.some((one) => isOutcomeUnknown(activation, one, intents));
  const refusal = isUnknown ? withOutcomeUnknown(why) : why;
  if (turn.closes) return rejectIntents(activation, intents, refusal);
  return leaveEvent(activation, intents, managedKey(calendarId, eventId), refusal);
}

/** Somebody has to make room, which takes people their time: as patient as a probe. */
async function waitForRoom({ activation }: WriteTurn, intent: IntentDoc, error: KalendsError): Promise<void> {
  const context = machineContext(activation);
  const ownMs = tryAgainAt(backoff.probe, intent.attempts, context);
  await voidAttempt(activation, intent, { notBeforeMs: respectRetryAfter(ownMs, error, context) });
}

/**
 * Somebody changed it meanwhile, or an earlier try landed late: what has landed is settled, what others left is
 * recorded as theirs, and the wish is reconciled with it.
 */
async function conflict(turn: WriteTurn, intent: IntentDoc, attempt: Attempt, error: KalendsError): Promise<void> {
  const { activation } = turn;
  const conflicts = intent.conflicts + 1;
  if (conflicts > writing.conflictsMax) {
    const description = `the event changed at the calendar server during each of ${conflicts} attempts (${error.message})`;
    return refuse(turn, { code: 'write_conflict_persists', description });
  }
  const found = await settleIfLandedBefore(turn, intent, attempt);
  if (found === 'landed') return;
  if (error.code === 'uid_burned' && attempt.baseEtag === null) await commitBurned(turn, attempt);
  // It may have moved to another name, or another resource has its UID: a pull shows what carries the event from now on.
  const elsewhere = error.code === 'uid_conflict' || found === 'nothing';
  const ownMs = elsewhere || conflicts > 1 ? waitsUntil(activation, intent.attempts) : 0;
  await voidAttempt(activation, intent, {
    conflicts,
    notBeforeMs: respectRetryAfter(ownMs, error, machineContext(activation)),
    ...(elsewhere && activation.provider.capabilities.pull ? await pullSoon(turn) : {}),
  });
}

const finalVerdicts: ReadonlySet<Verdict> = new Set(['item_permanent', 'calendar_permanent']);

/** A full mailbox may be emptied: that write waits until it expires. What is too large is an answer, after the effect. */
export const isFinal = ({ code, verdict }: KalendsError): boolean =>
  (finalVerdicts.has(verdict) && code !== 'quota_exceeded' && code !== 'body_too_large') ||
  code === 'method_unsupported';

const answeredWithoutEffect: ReadonlySet<ErrorCode> = new Set([
  'quota_exceeded',
  'locked',
  'payment_required',
  'not_found',
  'parent_missing',
]);
const neverSent: ReadonlySet<ErrorCode> = new Set([
  'connect_failed',
  'name_not_found',
  'tls_failed',
  'address_refused',
  'redirect_refused',
]);

/** Refused before anything was done: the server answered so, or was never reached. */
export const hadNoEffect = (error: KalendsError): boolean =>
  neverSent.has(error.code) ||
  answeredWithoutEffect.has(error.code) ||
  error.verdict === 'rate_limited' ||
  error.verdict === 'auth_suspect' ||
  error.verdict === 'auth_revoked';
