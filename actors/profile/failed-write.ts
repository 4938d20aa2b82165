/** After a provider write that failed: whether it may have had an effect, and what becomes of its intents. */
import { backoff, writing } from '../../config/policies.ts';
import { delayOf } from '../../domain/backoff.ts';
import { isKalendsError, type KalendsError } from '../../domain/errors.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import { rejectIntents, replaceIntent, voidAttempt } from './intents.ts';
import type { WriteTurn } from './push.ts';
import { recordSeen } from './read-back.ts';

/**
 * A conflict reads the event again and reconciles, a few times. What concerns this write alone ends or delays its
 * intents; everything else is the profile's matter and is thrown on, with the attempt left open where the call may
 * have had its effect, so that it is read back first.
 */
export async function afterFailedCall(
  turn: WriteTurn,
  intent: IntentDoc,
  attempt: Attempt,
  error: unknown,
): Promise<void> {
  if (!isKalendsError(error)) throw error;
  switch (error.verdict) {
    case 'conflict':
      return conflict(turn, intent, attempt, error);
    case 'item_permanent':
    case 'calendar_permanent':
      // A full mailbox may be emptied: the write waits for that until it expires.
      if (error.code === 'quota_exceeded') {
        await voidAttempt(turn.activation, intent, { notBeforeMs: later(turn, intent) });
        return;
      }
      turn.activation.deps.report('a write was refused for good', { event: turn.eventId, code: error.code });
      return rejectIntents(turn.activation, turn.intents, { code: error.code, description: error.message });
    case 'gone':
      // The collection is not there for a write; the calendar list will say whether it is gone.
      await voidAttempt(turn.activation, intent, { notBeforeMs: later(turn, intent) });
      throw error;
    case 'ambiguous':
      await replaceIntent(turn.activation, { ...intent, notBeforeMs: later(turn, intent) });
      throw error;
    default:
      if (hadNoEffect(error)) await voidAttempt(turn.activation, intent);
      throw error;
  }
}

/** The attempt stays open; what concerns it alone must not be asked again at once. */
export async function postponeReadBack(turn: WriteTurn, intent: IntentDoc, error: unknown): Promise<void> {
  if (!isKalendsError(error) || error.code.startsWith('store_') || error.code === 'second_owner') return;
  await replaceIntent(turn.activation, { ...intent, attempts: intent.attempts + 1, notBeforeMs: later(turn, intent) });
}

/** Somebody changed it meanwhile: what they left is recorded as theirs, then the wish is reconciled with it. */
async function conflict(turn: WriteTurn, intent: IntentDoc, attempt: Attempt, error: KalendsError): Promise<void> {
  const { provider, session } = turn.activation;
  const conflicts = intent.conflicts + 1;
  if (conflicts > writing.conflictsMax) {
    const description = `the event changed at the calendar server during each of ${conflicts} attempts (${error.message})`;
    return rejectIntents(turn.activation, turn.intents, { code: 'write_conflict_persists', description });
  }
  await recordSeen(turn, attempt, await provider.get(session, turn.calendar, attempt.ref));
  await voidAttempt(turn.activation, intent, { conflicts, notBeforeMs: conflicts > 1 ? later(turn, intent) : 0 });
}

const later = (turn: WriteTurn, intent: IntentDoc): number => {
  const { clock, random } = turn.activation.deps;
  return clock.now() + delayOf(backoff.transient, Math.max(1, intent.attempts), random);
};

/** Refused before anything was done: the server answered so, or was never reached. */
function hadNoEffect(error: KalendsError): boolean {
  const never = ['connect_failed', 'name_not_found', 'tls_failed', 'address_refused', 'redirect_refused'];
  return (
    never.includes(error.code) ||
    error.verdict === 'rate_limited' ||
    error.verdict === 'auth_suspect' ||
    error.code === 'locked' ||
    error.code === 'unavailable'
  );
}
