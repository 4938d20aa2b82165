/** Creating a calendar that an application asked for: an attempt, one request, one commit. */
import { isKalendsError } from '../../domain/errors.ts';
import { calendarIdOf } from '../../domain/ids.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import { firstGeneration } from '../../domain/sync/reconcile.ts';
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { assertMayWrite, change, record, type Activation } from './activation.ts';
import { hadNoEffect, isFinal } from './failed-write.ts';
import { endsActivation } from './failure-scope.ts';
import { rejectIntents, markAttempt, settleIntents, voidAttempt } from './intents.ts';
import { addWork } from './listing.ts';
import { grantedScopes } from './permission.ts';

export async function makeCalendarTurn(activation: Activation, intent: IntentDoc): Promise<void> {
  const { deps, provider, session } = activation;
  const { wish } = intent;
  if (wish.kind !== 'create_calendar') return;
  if (!(await grantedScopes(activation)).has('create_calendar')) {
    const description = 'the account no longer grants create_calendar to the application';
    return rejectIntents(activation, [intent], { code: 'not_permitted', description });
  }
  assertMayWrite(activation);
  const attempt = attemptFor(intent, wish.ref, deps.clock.now());
  const marked = await markAttempt(activation, intent, attempt);
  assertMayWrite(activation);
  let made: ObservedCalendar;
  try {
    made = await provider.makeCalendar(session, wish);
  } catch (error) {
    return afterFailure(activation, marked, intent.attempt !== null, error);
  }
  return recordMade(activation, marked, made);
}

/** `tried`: an earlier attempt may have been the one that made it. */
async function afterFailure(activation: Activation, intent: IntentDoc, tried: boolean, error: unknown): Promise<void> {
  if (!isKalendsError(error) || endsActivation(error)) throw error;
  // There already, and we may have been the ones: the next calendar list shows it as it is.
  if (error.verdict === 'conflict' && tried) return adopt(activation, intent);
  if (error.verdict === 'conflict' || isFinal(error))
    return rejectIntents(activation, [intent], { code: error.code, description: error.message });
  if (hadNoEffect(error)) await voidAttempt(activation, intent);
  throw error;
}

const attemptFor = (intent: IntentDoc, ref: string, atMs: number): Attempt => ({
  action: 'make_calendar',
  resourceId: null,
  ref,
  generation: firstGeneration,
  sentHash: null,
  baseEtag: null,
  atMs,
  number: intent.attempts + 1,
});

async function recordMade(activation: Activation, intent: IntentDoc, calendar: ObservedCalendar): Promise<void> {
  const calendarId = calendarIdOf(activation.profile._id, calendar.ref);
  await record(activation, {
    cause: 'write',
    operations: [intent.operationId],
    changes: [{ kind: 'calendar_put', calendarId, calendar }],
  });
  addWork(activation, [calendarId]);
  await settleIntents(activation, [intent]);
}

async function adopt(activation: Activation, intent: IntentDoc): Promise<void> {
  change(activation, { nextListAtMs: activation.deps.clock.now() });
  await settleIntents(activation, [intent]);
}
