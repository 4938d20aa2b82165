/** Waiting for an intent: asks the store at growing intervals until it is settled or the time is over. */
import type { Clock } from '../../domain/clock.ts';
import type { ProfileId } from '../../domain/ids.ts';
import { intentKey, type IntentDoc } from '../../domain/intent.ts';
import type { Documents } from '../../store/documents.ts';

/** What callers of `POST /v1/calendars` wait at most. */
const patienceMs = 10_000;
const firstPauseMs = 25;
const longestPauseMs = 400;

/** Works wherever the actor lives; null when it is still open after ten seconds. */
export function createAwaitIntent(documents: Documents, clock: Clock) {
  return async (profileId: ProfileId, n: number): Promise<IntentDoc | null> => {
    const untilMs = clock.monotonic() + patienceMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      const intent = await documents.get('intents', intentKey(profileId, n));
      if (intent?.open === 0) return intent;
      if (clock.monotonic() >= untilMs) return null;
      await clock.sleep(pauseMs);
    }
  };
}
