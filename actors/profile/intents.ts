/** The states of intents: how each ends, with its reason, and how it is kept in between. */
import type { ErrorCode } from '../../domain/errors.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { Activation } from './activation.ts';

/** A refusal for good, in words for people. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly description: string;
}

/** Stores a new state of an intent; answers it as stored. */
export async function replaceIntent(activation: Activation, intent: IntentDoc): Promise<IntentDoc> {
  const next = { ...intent, rev: intent.rev + 1 };
  if (await activation.deps.documents.replace('intents', next, intent.rev)) return next;
  throw new KalendsError(
    'second_owner',
    `the intent ${intent.operationId} was changed by somebody else; this activation stops and reads it again`,
    {
      ids: { operation: intent.operationId },
    },
  );
}

/** The last one was written; the others were folded into it and share its outcome. */
export async function settleIntents(activation: Activation, intents: readonly IntentDoc[]): Promise<void> {
  const last = intents.at(-1);
  for (const intent of intents) {
    const merged = intent !== last;
    await close(activation, intent, merged ? 'merged' : 'written', null, merged ? (last?.operationId ?? null) : null);
  }
}

export async function rejectIntents(
  activation: Activation,
  intents: readonly IntentDoc[],
  refusal: Refusal,
): Promise<void> {
  for (const intent of intents) await close(activation, intent, 'rejected', refusal, null);
}

export async function expireIntents(activation: Activation, intents: readonly IntentDoc[]): Promise<void> {
  for (const intent of intents) {
    const { state } = activation.profile;
    const description = `accepted, but not carried out in time; the profile is ${state.name.replace('_', ' ')}`;
    await close(activation, intent, 'expired', { code: 'intent_expired', description }, null);
  }
}

/** The attempt is known to have had no effect (or its effect is in the log): the intent waits, at most until `notBeforeMs`. */
export async function voidAttempt(
  activation: Activation,
  intent: IntentDoc,
  fields: Partial<Pick<IntentDoc, 'notBeforeMs' | 'conflicts'>> = {},
): Promise<IntentDoc> {
  return replaceIntent(activation, { ...intent, ...fields, state: 'queued', attempt: null });
}

async function close(
  activation: Activation,
  intent: IntentDoc,
  state: 'written' | 'merged' | 'rejected' | 'expired',
  reason: IntentDoc['reason'],
  mergedInto: IntentDoc['mergedInto'],
): Promise<void> {
  const settledAtMs = activation.deps.clock.now();
  await replaceIntent(activation, { ...intent, state, open: 0, reason, mergedInto, settledAtMs });
}
