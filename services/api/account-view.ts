/** What most reads begin with: the account with its profiles and calendars. */
import type { AccountDoc, Caller } from '../../domain/account.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Documents } from '../../store/documents.ts';

export interface AccountView {
  readonly account: AccountDoc;
  readonly profiles: readonly ProfileDoc[];
  /** By id; the deleted ones too. */
  readonly calendars: ReadonlyMap<string, CalendarDoc>;
}

/** Profiles in order of their connection, calendars by profile and then as their provider orders nothing: by id. */
export async function readAccountView(documents: Documents, caller: Caller): Promise<AccountView> {
  const { accountId } = caller;
  const [account, profiles, calendars] = await Promise.all([
    documents.get('accounts', accountId),
    documents.find('profilesOfAccount', { accountId }),
    documents.find('calendarsOfAccount', { accountId }),
  ]);
  if (account === null) throw new KalendsError('unknown_token', 'the account of this access token is gone');
  const own = profiles.filter((one) => one.appId === caller.appId).sort((a, b) => a.createdAtMs - b.createdAtMs);
  const ids = new Set(own.map((one) => one._id));
  const shown = calendars.filter((one) => ids.has(one.profileId));
  return { account, profiles: own, calendars: new Map(shown.map((one) => [one._id, one])) };
}

/** The person's addresses, in lower case: an invitation to one of them is to this person. */
export function ownAddresses(view: AccountView): ReadonlySet<string> {
  const names = [view.account.email, ...view.profiles.map((one) => one.name)];
  return new Set(names.filter((one): one is string => one?.includes('@') === true).map((one) => one.toLowerCase()));
}

/** When the account's calendars were last seen in full; null while one never was. */
export function freshSince(view: AccountView): number | null {
  const times = view.profiles.map((one) => one.freshAtMs ?? 0);
  const oldest = times.length === 0 ? 0 : Math.min(...times);
  return oldest === 0 ? null : oldest;
}
