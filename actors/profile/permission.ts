/** Authorisation at execution: what was allowed when it was accepted may not be any more. */
import type { Scope } from '../../domain/account.ts';
import type { EventOfIntents } from '../../domain/sync/agenda.ts';
import type { Activation } from './activation.ts';
import type { Refusal } from './intents.ts';

/** Null when the write may be carried out. */
export async function mayCarryOut(
  activation: Activation,
  event: Pick<EventOfIntents, 'calendarId' | 'intents'>,
): Promise<Refusal | null> {
  const { documents } = activation.deps;
  const calendar = await documents.get('calendars', event.calendarId);
  if (calendar === null || calendar.profileId !== activation.profile._id) {
    return { code: 'calendar_unknown', description: 'the calendar is not one of this profile' };
  }
  if (calendar.deleted)
    return { code: 'calendar_gone', description: 'the calendar was deleted while the write waited' };
  if (calendar.readOnly)
    return {
      code: 'calendar_read_only',
      description: 'the calendar became read-only before the write was carried out',
    };
  const needed = new Set<Scope>(
    event.intents.map((one) => (one.wish.kind === 'upsert' ? 'create_event' : 'delete_event')),
  );
  const granted = await grantedScopes(activation);
  const missing = [...needed].filter((scope) => !granted.has(scope));
  if (missing.length === 0) return null;
  return {
    code: 'not_permitted',
    description: `the account no longer grants ${missing.join(' and ')} to the application`,
  };
}

export async function grantedScopes(activation: Activation): Promise<ReadonlySet<Scope>> {
  const { accountId, appId } = activation.profile;
  const grants = await activation.deps.documents.find('grantsOfAccount', { accountId });
  return new Set(grants.filter((one) => one.appId === appId && one.revokedAtMs === null).flatMap((one) => one.scopes));
}
