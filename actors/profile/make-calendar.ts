/** Creating a calendar that an application asked for: an attempt, one request, one commit. */
import { isKalendsError, type Verdict } from '../../domain/errors.ts';
import { calendarIdOf } from '../../domain/ids.ts';
import type { Attempt, IntentDoc } from '../../domain/intent.ts';
import { firstGeneration } from '../../domain/sync/reconcile.ts';
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { change, record, type Activation } from './activation.ts';
import { rejectIntents, replaceIntent, settleIntents } from './intents.ts';
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
  const attempt = attemptFor(intent, wish.ref, deps.clock.now());
  const marked = await replaceIntent(activation, { ...intent, state: 'attempting', attempt, attempts: attempt.number });
  try {
    await recordMade(activation, marked, await provider.makeCalendar(session, wish));
  } catch (error) {
    if (!isKalendsError(error)) throw error;
    // There already, and we may have been the ones: the next calendar list shows it as it is.
    if (error.verdict === 'conflict' && intent.attempt !== null) return adopt(activation, marked);
    if (!final.has(error.verdict)) throw error;
    return rejectIntents(activation, [marked], { code: error.code, description: error.message });
  }
}

const final = new Set<Verdict>(['conflict', 'item_permanent', 'calendar_permanent', 'permanent']);

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
