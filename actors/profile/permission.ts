/** Authorisation at execution: what was allowed when it was accepted may not be any more. */
import type { Scope } from '../../domain/account.ts';
import type { CalendarId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { EventOfIntents } from '../../domain/sync/agenda.ts';
import type { Activation } from './activation.ts';
import type { Refusal } from './intents.ts';

/** Those of an event's writes that are refused, and why; the others may be carried out. */
export interface Refused {
  readonly intents: readonly IntentDoc[];
  readonly refusal: Refusal;
}

/** Null when all may be carried out. A calendar refuses all; a scope that is missing, those that need it. */
export async function refusedOf(
  activation: Activation,
  { calendarId, intents }: Pick<EventOfIntents, 'calendarId' | 'intents'>,
): Promise<Refused | null> {
  const refusal = await refusedByCalendar(activation, calendarId);
  if (refusal !== null) return { intents, refusal };
  const granted = await grantedScopes(activation);
  const missing = intents.map(scopeOf).find((scope) => !granted.has(scope));
  if (missing === undefined) return null;
  const description = `the account no longer grants ${missing} to the application`;
  return {
    intents: intents.filter((one) => scopeOf(one) === missing),
    refusal: { code: 'not_permitted', description },
  };
}

const scopeOf = ({ wish }: IntentDoc): Scope => (wish.kind === 'upsert' ? 'create_event' : 'delete_event');

async function refusedByCalendar(activation: Activation, calendarId: CalendarId): Promise<Refusal | null> {
  const calendar = await activation.deps.documents.get('calendars', calendarId);
  if (calendar === null || calendar.profileId !== activation.profile._id) {
    return { code: 'calendar_unknown', description: 'the calendar is not one of this profile' };
  }
  if (calendar.deleted)
    return { code: 'calendar_gone', description: 'the calendar was deleted while the write waited' };
  if (!calendar.readOnly) return null;
  return { code: 'calendar_read_only', description: 'the calendar became read-only before the write was carried out' };
}

export async function grantedScopes(activation: Activation): Promise<ReadonlySet<Scope>> {
  const { accountId, appId } = activation.profile;
  const grants = await activation.deps.documents.find('grantsOfAccount', { accountId });
  return new Set(grants.filter((one) => one.appId === appId && one.revokedAtMs === null).flatMap((one) => one.scopes));
}
