/** The intake: makes an accepted write durable, numbered in the order of acceptance within its profile. */
import type { Caller } from '../../domain/account.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { newOperationId, type ProfileId } from '../../domain/ids.ts';
import { createInTurn } from '../../domain/in-turn.ts';
import { newIntent, type IntentDoc, type Wish } from '../../domain/intent.ts';
import { writing } from '../../config/policies.ts';
import type { ApiContext } from './context.ts';

export type IntakeContext = Pick<ApiContext, 'documents' | 'clock' | 'random' | 'nudge'>;

export interface Intake {
  /** Resolves when the intent is durable; then nudges its actor. */
  accept(caller: Caller, profileId: ProfileId, wish: Wish): Promise<IntentDoc>;
}

/** Each time another process takes a number first; many more in a row than two processes can cause. */
const attemptsMax = 32;
/** Profiles whose last number is remembered. */
const rememberedMax = 50_000;

/**
 * Intents of one profile are inserted one after another: an intent must never become visible before an earlier one of
 * the same profile, or the actor would carry out what came later and take the earlier one for done. Only a number
 * whose insert has resolved, or which the store named, is counted from.
 */
export function createIntake(context: IntakeContext): Intake {
  const lastN = new Map<ProfileId, number>();
  const inTurn = createInTurn<ProfileId>();

  const insert = async (caller: Caller, profileId: ProfileId, wish: Wish): Promise<IntentDoc> => {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const n = (lastN.get(profileId) ?? (await highestN(context, profileId))) + 1;
      const nowMs = context.clock.now();
      const { accountId, appId } = caller;
      const intent = newIntent({
        owner: { profileId, accountId, appId },
        n,
        operationId: newOperationId(nowMs, context.random),
        wish,
        nowMs,
        expiresAtMs: nowMs + writing.expireAfterMs,
      });
      try {
        await context.documents.insert('intents', intent);
        remember(lastN, profileId, n);
        return intent;
      } catch (error) {
        // Whatever went wrong, the store knows better which number is next: a time-out may have taken this one.
        lastN.delete(profileId);
        if (!isKalendsError(error) || error.code !== 'duplicate_key') throw error;
      }
    }
    throw new KalendsError('store_conflict', 'the write could not be numbered: too many others at the same time');
  };

  return {
    async accept(caller, profileId, wish) {
      const intent = await inTurn(profileId, () => insert(caller, profileId, wish));
      context.nudge(profileId);
      return intent;
    },
  };
}

function remember(lastN: Map<ProfileId, number>, profileId: ProfileId, n: number): void {
  lastN.delete(profileId);
  lastN.set(profileId, n);
  if (lastN.size <= rememberedMax) return;
  const [oldest] = lastN.keys();
  if (oldest !== undefined) lastN.delete(oldest);
}

async function highestN(context: IntakeContext, profileId: ProfileId): Promise<number> {
  const [last] = await context.documents.find('intentsOfProfile', { profileId }, { limit: 1, descending: true });
  return last?.n ?? 0;
}
