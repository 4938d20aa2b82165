/** The cast: two applications, each with its own account and profile of the same two calendars, as `connect` would leave them. */
import { allScopes, type Caller } from '../../domain/account.ts';
import { asAccountId, asProfileId, calendarIdOf, slotOf, type AppId, type GrantId } from '../../domain/ids.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Documents } from '../../store/documents.ts';
import { createApplication, type Application } from './application.ts';
import { calendarRefs, firstPassword, sharedRef, sharer, user } from './people.ts';

export interface Member {
  readonly app: Application;
  readonly profileId: ProfileDoc['_id'];
  /** The login at the calendar server. */
  readonly login: string;
  /** As this login sees the calendars. */
  readonly refs: readonly string[];
}

const logins = [user, sharer] as const;
const names = ['a', 'b'] as const;

export function castOf(startMs: number): readonly Member[] {
  return names.map((name, index) => {
    const login = logins[index] ?? user;
    const profileId = asProfileId(`pro_${name}`);
    const refs = calendarRefs.map((ref) => (login === user ? ref : sharedRef(ref)));
    const caller: Caller = {
      appId: `app_${name}` as AppId,
      accountId: asAccountId(`acc_${name}`),
      grantId: `grt_${name}` as GrantId,
      scopes: allScopes,
    };
    const calendarIds = refs.map((ref) => calendarIdOf(profileId, ref));
    return { app: createApplication({ name, caller, profileId, calendarIds, startMs }), profileId, login, refs };
  });
}

export async function insertCast(
  documents: Documents,
  cast: readonly Member[],
  startMs: number,
  server: string,
): Promise<void> {
  for (const { app, profileId, login } of cast) {
    const { appId, accountId, grantId, scopes } = app.caller;
    const createdAtMs = startMs;
    const sealed = { keyId: 'k', nonce: 'n', box: `secret of ${app.name}` };
    const secrets = [{ sealed, createdAtMs }];
    await documents.insert('apps', { _id: appId, rev: 1, name: app.name, clientId: app.name, secrets, createdAtMs });
    const person = { email: `${login}@example.com`, name: login, timeZone: 'Etc/UTC', kind: 'account' } as const;
    await documents.insert('accounts', { _id: accountId, rev: 1, appId, ...person, createdAtMs });
    await documents.insert('grants', {
      _id: grantId,
      rev: 1,
      appId,
      accountId,
      scopes,
      revokedAtMs: null,
      createdAtMs,
    });
    await documents.insert('profiles', newProfile({ app, profileId, login }, startMs, server));
  }
}

function newProfile({ app, profileId, login }: Omit<Member, 'refs'>, startMs: number, server: string): ProfileDoc {
  return {
    _id: profileId,
    rev: 1,
    appId: app.caller.appId,
    accountId: app.caller.accountId,
    provider: 'caldav',
    name: login,
    login: `caldav ${login} ${app.name}`,
    email: `${login}@example.com`,
    credentials: { keyId: 'k', nonce: 'n', box: firstPassword },
    root: { server, home: `/calendars/${login}/`, software: 'model' },
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
