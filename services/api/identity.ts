/** Identity: who the caller is, and the profiles that are connected. */
import type { Caller } from '../../domain/account.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { wireInstant } from '../../domain/wire/times.ts';
import { readAccountView, type AccountView } from './account-view.ts';
import { calendarFields, calendarsOf } from './calendars.ts';
import type { ApiContext } from './context.ts';
import type { Row } from './event-row.ts';
import { isLocked } from './permission.ts';
import { wireProvider } from './provider-names.ts';

const scopeText = (caller: Caller): string => caller.scopes.join(' ');

/** `kalends_…`: ours, beside what clients know: whether a profile is in order and when it was last seen in full. */
const profileRow = (profile: ProfileDoc): Row => ({
  ...wireProvider(profile.provider),
  profile_id: profile._id,
  profile_name: profile.name,
  profile_connected: !isLocked(profile),
  profile_initial_sync_required: profile.initialSyncAtMs === null,
  kalends_state: profile.state.name,
  kalends_fresh_at: profile.freshAtMs === null ? null : wireInstant(profile.freshAtMs),
});

/** `GET /v1/profiles` */
export async function readProfiles(context: ApiContext, caller: Caller): Promise<Row> {
  const { profiles } = await readAccountView(context.documents, caller);
  return { profiles: profiles.map(profileRow) };
}

/** `GET /v1/account`; an application calendar has no person behind it. */
export async function readAccount(context: ApiContext, caller: Caller): Promise<Row> {
  const { account } = await readAccountView(context.documents, caller);
  if (account.kind === 'application_calendar') {
    throw new KalendsError('not_permitted', 'an application calendar has no account; ask /v1/userinfo');
  }
  return {
    account: {
      account_id: account._id,
      email: account.email,
      name: account.name,
      scope: scopeText(caller),
      default_tzid: account.timeZone,
    },
  };
}

/** `GET /v1/userinfo`, in the form of OpenID Connect. */
export async function readUserinfo(context: ApiContext, caller: Caller): Promise<Row> {
  const view = await readAccountView(context.documents, caller);
  const { account } = view;
  return {
    sub: account._id,
    ...(account.email === null ? {} : { email: account.email }),
    ...(account.name === null ? {} : { name: account.name }),
    zoneinfo: account.timeZone,
    'cronofy.type': account.kind,
    'cronofy.data': {
      authorization: { scope: scopeText(caller), status: 'active' },
      profiles: view.profiles.map((profile) => userinfoProfile(view, profile)),
      conferencing_profiles: [],
    },
  };
}

const userinfoProfile = (view: AccountView, profile: ProfileDoc): Row => ({
  ...profileRow(profile),
  profile_calendars: calendarsOf(view, profile).map(calendarFields),
});
