/** Operations: the receipt of an accepted write, and what became of it. */
import type { Caller } from '../../domain/account.ts';
import { KalendsError } from '../../domain/errors.ts';
import { asOperationId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { wireInstant } from '../../domain/wire/times.ts';
import type { ApiContext } from './context.ts';
import type { Row } from './event-row.ts';

/** `GET /v1/operations/{id}`; rejects with `not_known`, also for another application's or account's. */
export async function readOperation(context: ApiContext, caller: Caller, operationId: string): Promise<Row> {
  const [intent] = await context.documents.find('intentByOperation', { operationId: asOperationId(operationId) });
  if (intent === undefined || intent.appId !== caller.appId || intent.accountId !== caller.accountId) {
    throw new KalendsError('not_known', 'there is no such operation');
  }
  return { operation: operationRow(intent) };
}

const at = (ms: number | null): string | null => (ms === null ? null : wireInstant(ms));

function operationRow(intent: IntentDoc): Row {
  const { wish } = intent;
  return {
    operation_id: intent.operationId,
    kind: wish.kind,
    ...(wish.kind === 'delete_all' ? { calendar_ids: wish.calendarIds } : { calendar_id: wish.calendarId }),
    ...(wish.kind === 'upsert' || wish.kind === 'delete' ? { event_id: wish.eventId } : {}),
    state: intent.state,
    reason: intent.reason,
    merged_into: intent.mergedInto,
    attempts: intent.attempts,
    accepted_at: at(intent.acceptedAtMs),
    attempted_at: at(intent.attempt?.atMs ?? null),
    settled_at: at(intent.settledAtMs),
    expires_at: at(intent.expiresAtMs),
  };
}
