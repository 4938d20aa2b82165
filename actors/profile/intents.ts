/** The states of intents: how each ends, with its reason, and how it is kept in between. */
import { backoff, quarantine } from '../../config/policies.ts';
import { profileNumbers } from '../../config/profile-numbers.ts';
import { delayOf } from '../../domain/backoff.ts';
import { KalendsError, type ErrorCode, type Verdict } from '../../domain/errors.ts';
import { eventKeyOf, mayHaveDone, type Attempt, type IntentDoc } from '../../domain/intent.ts';
import { policyOf, respectRetryAfter } from '../../domain/machines/delays.ts';
import type { Failure } from '../../domain/machines/machine.ts';
import { managedKey } from '../../domain/managed-event.ts';
import { dealtWith } from '../../domain/sync/bulk.ts';
import type { Durability } from '../../store/documents.ts';
import type { Activation } from './activation.ts';
import { machineContext } from './calendar-work.ts';
import { lateCallsOf, noteLateCall } from './late-calls.ts';

/** A refusal for good, in words for people. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly description: string;
}

/** Stores a new state of an intent; answers it as stored. `with_next`: for what the log, or the next turn, says again. */
export async function replaceIntent(
  activation: Activation,
  intent: IntentDoc,
  durability: Durability = 'at_once',
): Promise<IntentDoc> {
  const next = { ...intent, rev: intent.rev + 1 };
  if (await activation.deps.documents.replace('intents', next, intent.rev, durability)) return next;
  throw new KalendsError(
    'second_owner',
    `the intent ${intent.operationId} was changed by somebody else; this activation stops and reads it again`,
    {
      ids: { operation: intent.operationId },
    },
  );
}

/** The attempt is durable before the call: whatever happens next, a restart knows what may have been done. */
export async function markAttempt(activation: Activation, intent: IntentDoc, attempt: Attempt): Promise<IntentDoc> {
  return replaceIntent(activation, { ...intent, state: 'attempting', attempt, attempts: attempt.number });
}

/** Call it when the profile's wake-up is stored: those that wait are not swept for any more. */
export async function markSeen(activation: Activation): Promise<void> {
  const unseen = activation.openIntents.filter((one) => one.seen !== 1);
  await Promise.all(unseen.map((one) => replaceIntent(activation, { ...one, seen: 1 }, 'with_next')));
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

/** What the log says was carried out is settled all the same: only the settling was missing. */
export async function expireIntents(activation: Activation, intents: readonly IntentDoc[]): Promise<void> {
  const { state } = activation.profile;
  for (const intent of intents) {
    if (await isCarriedOut(activation, intent)) {
      await settleIntents(activation, [intent]);
      continue;
    }
    const { wish, attempt } = intent;
    // Of a bulk delete nothing but what stands says which event it was about.
    if (attempt !== null && (wish.kind === 'upsert' || wish.kind === 'delete'))
      await noteLateCall(activation, wish, intent, attempt);
    const description = `it waited for too long; the profile is ${state.name.replace('_', ' ')}`;
    const reason = { code: 'intent_expired', description } as const;
    const unknown = isOutcomeUnknown(activation, intent, intents);
    await close(activation, intent, 'expired', unknown ? withOutcomeUnknown(reason) : reason, null);
  }
}

/**
 * A call for it, or for a later one of its event (`others`), may have carried it out; also one that was found to have left
 * something else, which may be what a server made of it, or a person.
 */
export const isOutcomeUnknown = (activation: Activation, intent: IntentDoc, others: readonly IntentDoc[]): boolean =>
  others.some((one) => one.attempt !== null && one.n >= intent.n && eventKeyOf(one) === eventKeyOf(intent)) ||
  lateCallsOf(activation).some((one) => mayHaveDone(one, intent));

/** Said of a write that ends while nobody can find out whether it was carried out. */
export const withOutcomeUnknown = (refusal: Refusal): Refusal => ({
  ...refusal,
  description: `${refusal.description}; the outcome of its last attempt is not known`,
});

async function isCarriedOut({ deps }: Activation, { n, wish }: IntentDoc): Promise<boolean> {
  if (wish.kind !== 'upsert' && wish.kind !== 'delete') return false;
  const applied = await deps.documents.get('managed_events', managedKey(wish.calendarId, wish.eventId));
  return n <= (applied?.throughN ?? 0);
}

/**
 * When a write that failed for the `attempts`-th time is tried again. One that fails so often while its account answers
 * is the event's own trouble: it is set aside, and tried as rarely as whatever else is quarantined is probed.
 */
export function waitsUntil(
  { deps }: Activation,
  attempts: number,
  { fromMs = deps.clock.now(), verdict = 'transient' }: { readonly fromMs?: number; readonly verdict?: Verdict } = {},
): number {
  const probes = attempts - quarantine.afterAttempts;
  const ownMs =
    probes > 0
      ? delayOf(backoff.probe, probes, deps.random)
      : delayOf(policyOf(verdict, profileNumbers), attempts, deps.random);
  return fromMs + Math.max(1, ownMs);
}

/**
 * What would be carried out again at once waits, so that nothing that fails goes round; the event waits with its last.
 * Its delay begins at `fromMs`; absent: now.
 */
export async function postponeLast(
  activation: Activation,
  intents: readonly IntentDoc[],
  failure: Pick<Failure, 'retryAtMs'>,
  from: { readonly fromMs?: number } = {},
): Promise<void> {
  const last = intents.at(-1);
  const stored = last === undefined ? null : await activation.deps.documents.get('intents', last._id);
  if (last === undefined || stored === null || stored.open === 0) return;
  if (stored.notBeforeMs > activation.deps.clock.now()) return;
  // A call was counted when it was marked; a question about one was not.
  const attempts = Math.max(stored.attempts, last.attempts + 1);
  const notBeforeMs = respectRetryAfter(waitsUntil(activation, attempts, from), failure, machineContext(activation));
  await replaceIntent(activation, { ...stored, attempts, notBeforeMs });
}

/** One event of a bulk delete is dealt with, for good or ill: the others go on. */
export async function leaveEvent(
  activation: Activation,
  intents: readonly IntentDoc[],
  after: string,
  refusal: Refusal | null,
): Promise<void> {
  for (const intent of intents) {
    await voidAttempt(activation, dealtWith(intent, after, refusal), { conflicts: 0, notBeforeMs: 0 });
  }
}

/** The attempt is known to have had no effect (or its effect is in the log): the intent waits, at least until `notBeforeMs`. */
export async function voidAttempt(
  activation: Activation,
  intent: IntentDoc,
  fields: Partial<Pick<IntentDoc, 'notBeforeMs' | 'conflicts' | 'afterReadMs' | 'afterReadSeq'>> = {},
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
  // That it was written is in the log; that it was refused is told once, and must not be taken back.
  const durability = reason === null ? 'with_next' : 'at_once';
  await replaceIntent(activation, { ...intent, state, open: 0, reason, mergedInto, settledAtMs }, durability);
}
