/**
 * The cast, as `connect` would leave it: two applications, each with its own account and profile of the same two calendars, and a third
 * with a calendar of its own, which has no other side.
 */
import { allScopes, type AccountDoc, type Caller } from '../../domain/account.ts';
import { asAccountId, asProfileId, calendarIdOf, slotOf, type AppId, type GrantId } from '../../domain/ids.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Documents } from '../../store/documents.ts';
import { createApplication, type Application } from './application.ts';
import { calendarRefs, firstPassword, sharedRef, sharer, user } from './people.ts';

/** An application with a profile. */
export interface Party {
  readonly app: Application;
  readonly profileId: ProfileDoc['_id'];
}

/** One whose calendars are at the calendar server. */
export interface Member extends Party {
  /** The login at the calendar server. */
  readonly login: string;
  /** As this login sees the calendars. */
  readonly refs: readonly string[];
}

const logins = [user, sharer] as const;
const names = ['a', 'b'] as const;
/** Has an application calendar. */
const ownName = 'c';

export function castOf(startMs: number): readonly Member[] {
  return names.map((name, index) => {
    const login = logins[index] ?? user;
    const refs = calendarRefs.map((ref) => (login === user ? ref : sharedRef(ref)));
    return { ...partyOf(name, refs, startMs), login, refs };
  });
}

/** Of an application calendar: the ref of the only one that there is. */
export const hereRef = 'calendar/';

/** Who writes to an application calendar. */
export const hereOf = (startMs: number): Party => partyOf(ownName, [hereRef], startMs);

function partyOf(name: string, refs: readonly string[], startMs: number): Party {
  const profileId = asProfileId(`pro_${name}`);
  const caller: Caller = {
    appId: `app_${name}` as AppId,
    accountId: asAccountId(`acc_${name}`),
    grantId: `grt_${name}` as GrantId,
    scopes: allScopes,
  };
  const calendarIds = refs.map((ref) => calendarIdOf(profileId, ref));
  return { app: createApplication({ name, caller, profileId, calendarIds, startMs }), profileId };
}

export async function insertCast(
  documents: Documents,
  cast: readonly Member[],
  startMs: number,
  server: string,
): Promise<void> {
  for (const { app, profileId, login } of cast) {
    const email = `${login}@example.com`;
    await insertAccount(documents, app, { email, name: login, kind: 'account' }, startMs);
    // As discovery knows it, also when it looks anew: a breaker is of a kind of software.
    const root = { server, home: `/calendars/${login}/`, software: 'unknown' };
    const credentials = { keyId: 'k', nonce: 'n', box: firstPassword };
    const own = { provider: 'caldav', name: login, email, credentials, root } as const;
    await documents.insert('profiles', newProfile({ app, profileId }, own, startMs));
  }
}

export async function insertHere(documents: Documents, { app, profileId }: Party, startMs: number): Promise<void> {
  await insertAccount(documents, app, { email: null, name: app.name, kind: 'application_calendar' }, startMs);
  const own = { provider: 'cronofy', name: app.name, email: null, credentials: null, root: {} } as const;
  await documents.insert('profiles', newProfile({ app, profileId }, own, startMs));
}

async function insertAccount(
  documents: Documents,
  app: Application,
  person: Pick<AccountDoc, 'email' | 'name' | 'kind'>,
  createdAtMs: number,
): Promise<void> {
  const { appId, accountId, grantId, scopes } = app.caller;
  const sealed = { keyId: 'k', nonce: 'n', box: `secret of ${app.name}` };
  const secrets = [{ sealed, createdAtMs }];
  await documents.insert('apps', { _id: appId, rev: 1, name: app.name, clientId: app.name, secrets, createdAtMs });
  await documents.insert('accounts', { _id: accountId, rev: 1, appId, timeZone: 'Etc/UTC', ...person, createdAtMs });
  const revokedAtMs = null;
  await documents.insert('grants', { _id: grantId, rev: 1, appId, accountId, scopes, revokedAtMs, createdAtMs });
}

type Own = Pick<ProfileDoc, 'provider' | 'name' | 'email' | 'credentials' | 'root'>;

function newProfile({ app, profileId }: Party, own: Own, startMs: number): ProfileDoc {
  return {
    _id: profileId,
    rev: 1,
    appId: app.caller.appId,
    accountId: app.caller.accountId,
    ...own,
    login: `${own.provider} ${own.name} ${app.name}`,
    state: { name: 'connecting' },
    requests: [],
    calendars: {},
    nextListAtMs: startMs,
    missingCalendars: [],
    horizonDay: null,
    zoneData: null,
    projector: 1,
    slot: slotOf(profileId),
    nextWakeAtMs: startMs,
    projectedSeq: 0,
    projectedAtMs: startMs,
    attemptedThroughN: 0,
    initialSyncAtMs: null,
    freshAtMs: null,
    createdAtMs: startMs,
  };
}
