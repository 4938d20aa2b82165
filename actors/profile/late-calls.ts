/** Late calls: a write that we gave up, and whose effect a read back did not find, may have it all the same a minute later. */
import { writing } from '../../config/policies.ts';
import type { Change } from '../../domain/commit.ts';
import { isKalendsError } from '../../domain/errors.ts';
import { newOperationId } from '../../domain/ids.ts';
import { newIntent, type Attempt, type IntentDoc, type LateCall } from '../../domain/intent.ts';
import { managedKey } from '../../domain/managed-event.ts';
import { change, save, type Activation } from './activation.ts';

/** Those that are still looked out for. */
export function lateCallsOf(activation: Activation): readonly LateCall[] {
  const sinceMs = activation.deps.clock.now() - writing.lateCallKeptMs;
  const calls = activation.profile.lateCalls ?? [];
  return calls.filter((one) => one.attempt.atMs > sinceMs || !isReadSince(activation, one));
}

/** What the call may have left would have shown itself: its calendar was read when nothing could come any more. */
export function isReadSince(activation: Activation, { calendarId, attempt }: LateCall): boolean {
  const work = activation.profile.calendars[calendarId];
  if (work === undefined || work.state.name === 'gone') return true;
  return (work.freshAtMs ?? -Infinity) > attempt.atMs + lateEffectMsOf(activation);
}

/** Those of which nobody knows yet whether they had their effect. */
export const unknownCallsOf = (activation: Activation): readonly LateCall[] =>
  lateCallsOf(activation).filter((one) => one.shown !== true);

export const lateEffectMsOf = ({ deps }: Activation): number => deps.lateEffectMs ?? writing.lateEffectMs;

/** Calls for one intent are numbered, also those for several events of a bulk delete. */
export const isSameCall = (a: LateCall, b: LateCall): boolean => a.n === b.n && a.attempt.number === b.attempt.number;

/** Before the attempt is closed: nothing else remembers it. Without another side, nothing comes late. */
export async function noteLateCall(
  activation: Activation,
  { calendarId, eventId }: Pick<LateCall, 'calendarId' | 'eventId'>,
  intent: IntentDoc,
  attempt: Attempt,
): Promise<void> {
  if (!activation.provider.capabilities.pull) return;
  const { n, operationId } = intent;
  const call: LateCall = { calendarId, eventId, n, operationId, attempt };
  const others = lateCallsOf(activation).filter((one) => !isSameCall(one, call));
  const lateCalls = keptOf(activation, [...others, call]);
  change(activation, { lateCalls });
  await save(activation);
}

/** The last few, and all that may still have their effect, however many: a delete waits for these. */
function keptOf(activation: Activation, lateCalls: readonly LateCall[]): readonly LateCall[] {
  const sinceMs = activation.deps.clock.now() - lateEffectMsOf(activation);
  const last = new Set(lateCalls.slice(-writing.lateCallsMax));
  return lateCalls.filter((one) => last.has(one) || one.attempt.atMs > sinceMs);
}

/**
 * A server that looks at no precondition lets a late call overwrite what a later one wrote: an intent of our own writes
 * that again. Before the change is recorded, which nobody would look at twice.
 */
export async function repairOverwritten(
  activation: Activation,
  lateCalls: readonly LateCall[],
  changes: readonly Change[],
): Promise<void> {
  for (const { calendarId, eventId, n, attempt } of lateCalls) {
    const seen = changes.find(
      (one) =>
        one.kind === 'resource_put' && one.resourceId === attempt.resourceId && one.observedHash === attempt.sentHash,
    );
    if (seen?.kind !== 'resource_put' || !seen.differs) continue;
    const applied = await activation.deps.documents.get('managed_events', managedKey(calendarId, eventId));
    const overwritten = applied !== null && applied.throughN >= n && applied.resourceId === seen.resourceId;
    if (overwritten && applied.wanted !== null && applied.writtenHash !== seen.observedHash)
      await insertRepair(activation, { kind: 'upsert', calendarId, eventId, patch: {} });
  }
}

/** Each time an API process took the number first. */
const numbersTriedMax = 32;

async function insertRepair(activation: Activation, wish: IntentDoc['wish']): Promise<void> {
  const { deps } = activation;
  const { _id: profileId, accountId, appId } = activation.profile;
  const nowMs = deps.clock.now();
  for (let tried = 0; tried < numbersTriedMax; tried += 1) {
    const newest = { limit: 1, descending: true };
    const [last] = await deps.documents.find('intentsOfProfile', { profileId }, newest);
    const n = (last?.n ?? 0) + 1;
    try {
      const operationId = newOperationId(nowMs, deps.random);
      const expiresAtMs = nowMs + writing.expireAfterMs;
      const intent = newIntent({ owner: { profileId, accountId, appId }, n, operationId, wish, nowMs, expiresAtMs });
      return await deps.documents.insert('intents', { ...intent, repair: true });
    } catch (error) {
      if (!isKalendsError(error) || error.code !== 'duplicate_key') throw error;
    }
  }
}
