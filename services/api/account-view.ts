/** What most reads begin with: the account with its profiles and calendars. */
import type { AccountDoc, Caller } from '../../domain/account.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Documents } from '../../store/documents.ts';

export interface AccountHead {
  readonly account: AccountDoc;
  /** In the order of their connection. */
  readonly profiles: readonly ProfileDoc[];
}

export interface AccountView extends AccountHead {
  /** By id; the deleted ones too. */
  readonly calendars: ReadonlyMap<string, CalendarDoc>;
}

export async function readAccountHead(documents: Documents, { accountId, appId }: Caller): Promise<AccountHead> {
  const [account, profiles] = await Promise.all([
    documents.get('accounts', accountId),
    documents.find('profilesOfAccount', { accountId }),
  ]);
  if (account === null) throw new KalendsError('unknown_token', 'the account of this access token is gone');
  const own = profiles.filter((one) => one.appId === appId).sort((a, b) => a.createdAtMs - b.createdAtMs);
  return { account, profiles: own };
}

export async function withCalendars(documents: Documents, head: AccountHead): Promise<AccountView> {
  const calendars = await documents.find('calendarsOfAccount', { accountId: head.account._id });
  const ids = new Set(head.profiles.map((one) => one._id));
  const shown = calendars.filter((one) => ids.has(one.profileId));
  return { ...head, calendars: new Map(shown.map((one) => [one._id, one])) };
}

export const readAccountView = async (documents: Documents, caller: Caller): Promise<AccountView> =>
  withCalendars(documents, await readAccountHead(documents, caller));

/** The person's addresses, in lower case: an invitation to one of them is to this person. */
export function ownAddresses(view: AccountHead): ReadonlySet<string> {
  const names = [view.account.email, ...view.profiles.flatMap((one) => [one.name, one.email, ...(one.aliases ?? [])])];
  return new Set(names.filter((one): one is string => one?.includes('@') === true).map((one) => one.toLowerCase()));
}

/** When the account's calendars were last seen in full; null while one never was. */
export function freshSince(view: AccountHead): number | null {
  const times = view.profiles.map((one) => one.freshAtMs ?? 0);
  const oldest = times.length === 0 ? 0 : Math.min(...times);
  return oldest === 0 ? null : oldest;
}
