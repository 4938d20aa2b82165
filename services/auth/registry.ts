/** The registry: applications, accounts, grants and the tokens that operators issue. */
import { allScopes, type AccountDoc, type AppDoc, type GrantDoc, type Scope } from '../../domain/account.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { newAccountId, newAppId, newGrantId, type AccountId, type AppId, type GrantId } from '../../domain/ids.ts';
import type { Documents } from '../../store/documents.ts';
import type { RandomBytes, Sealing } from '../sealing.ts';
import { hashToken, newToken } from './tokens.ts';

export interface RegistryContext {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes: RandomBytes;
  readonly sealing: Sealing;
}

const listsApps = '`kalends ops apps` lists applications with their ids, app_…';

/** Tells a leaked secret by its looks, as secret scanners expect. */
const secretPrefix = 'KLN_';

/** What a client secret is sealed for. */
export const secretContext = (appId: AppId): string => `app:${appId}:client_secret`;

const newSecret = (randomBytes: RandomBytes): string => secretPrefix + randomBytes(32).toString('base64url');

/** Rejects with `invalid_input` what says nothing. */
export function demandName(what: string, name: string): void {
  if (name.trim() === '') throw new KalendsError('invalid_input', `${what} is empty`, { next: 'give one' });
}

/** Rejects with `duplicate_key` when the name is taken. The client secret is returned this once in the clear. */
export async function createApp(
  context: RegistryContext,
  name: string,
): Promise<{ readonly app: AppDoc; readonly clientSecret: string }> {
  demandName('the name of the application', name);
  const nowMs = context.clock.now();
  const id = newAppId(nowMs, context.random);
  const clientSecret = newSecret(context.randomBytes);
  const app: AppDoc = {
    _id: id,
    rev: 1,
    name,
    clientId: context.randomBytes(18).toString('base64url'),
    secrets: [{ sealed: context.sealing.seal(clientSecret, secretContext(id)), createdAtMs: nowMs }],
    createdAtMs: nowMs,
  };
  try {
    await context.documents.insert('apps', app);
  } catch (error) {
    if (!isKalendsError(error) || error.code !== 'duplicate_key') throw error;
    throw new KalendsError('duplicate_key', `there is an application called ${name} already`, {
      next: listsApps,
      cause: error,
    });
  }
  return { app, clientSecret };
}

/** The application of this name; made when there is none. Safe to race. */
export async function findOrCreateApp(context: RegistryContext, name: string): Promise<AppDoc> {
  const [known] = await context.documents.find('appsByName', { name }, { limit: 1 });
  if (known !== undefined) return known;
  try {
    return (await createApp(context, name)).app;
  } catch (error) {
    const [winner] = await context.documents.find('appsByName', { name }, { limit: 1 });
    if (winner === undefined) throw error;
    return winner;
  }
}

/** A new secret in front of the others: each active one signs every callback, so receivers can change over. */
export async function addClientSecret(context: RegistryContext, appId: AppId): Promise<string> {
  const clientSecret = newSecret(context.randomBytes);
  const sealed = context.sealing.seal(clientSecret, secretContext(appId));
  await revise(context, appId, (app) => ({
    ...app,
    secrets: [{ sealed, createdAtMs: context.clock.now() }, ...app.secrets],
  }));
  return clientSecret;
}

async function revise(context: RegistryContext, appId: AppId, change: (app: AppDoc) => AppDoc): Promise<void> {
  for (;;) {
    const app = await context.documents.get('apps', appId);
    if (app === null) {
      throw new KalendsError('not_known', `there is no application with the id ${appId}`, {
        ids: { app: appId },
        next: listsApps,
      });
    }
    if (await context.documents.replace('apps', { ...change(app), rev: app.rev + 1 }, app.rev)) return;
  }
}

export interface NewAccount {
  readonly appId: AppId;
  readonly email: string | null;
  readonly name: string | null;
  /** IANA name. */
  readonly timeZone: string;
  readonly kind?: AccountDoc['kind'];
}

export async function createAccount(context: RegistryContext, wanted: NewAccount): Promise<AccountDoc> {
  const nowMs = context.clock.now();
  const account: AccountDoc = {
    _id: newAccountId(nowMs, context.random),
    rev: 1,
    appId: wanted.appId,
    email: wanted.email,
    name: wanted.name,
    timeZone: wanted.timeZone,
    kind: wanted.kind ?? 'account',
    createdAtMs: nowMs,
  };
  await context.documents.insert('accounts', account);
  return account;
}

/** The person lives in another zone, or the first one was a mistake. */
export async function moveAccount(context: RegistryContext, id: AccountId, timeZone: string): Promise<void> {
  for (;;) {
    const account = await context.documents.get('accounts', id);
    if (account === null || account.timeZone === timeZone) return;
    const moved = { ...account, timeZone, rev: account.rev + 1 };
    if (await context.documents.replace('accounts', moved, account.rev)) return;
  }
}

/** Takes back an account that nobody was told of. */
export async function withdrawAccount(context: RegistryContext, account: AccountDoc, grant: GrantDoc): Promise<void> {
  await context.documents.remove('grants', [grant._id]);
  await context.documents.remove('accounts', [account._id]);
}

/** What a person lets an application do; all scopes unless named. */
export async function createGrant(
  context: RegistryContext,
  account: Pick<AccountDoc, '_id' | 'appId'>,
  scopes: readonly Scope[] = allScopes,
): Promise<GrantDoc> {
  const nowMs = context.clock.now();
  const grant: GrantDoc = {
    _id: newGrantId(nowMs, context.random),
    rev: 1,
    appId: account.appId,
    accountId: account._id,
    scopes,
    revokedAtMs: null,
    createdAtMs: nowMs,
  };
  await context.documents.insert('grants', grant);
  return grant;
}

/** A random token for a grant, returned this once in the clear; valid for `lifetimeMs`, or until revoked when null. */
export async function issueToken(
  context: RegistryContext,
  grant: GrantDoc,
  lifetimeMs: number | null = null,
): Promise<string> {
  const nowMs = context.clock.now();
  const token = newToken(context.randomBytes);
  await context.documents.insert('tokens', {
    _id: hashToken(token),
    grantId: grant._id,
    appId: grant.appId,
    accountId: grant.accountId,
    scopes: grant.scopes,
    expiresAtMs: lifetimeMs === null ? null : nowMs + lifetimeMs,
    createdAtMs: nowMs,
  });
  return token;
}

/** Ends a grant and all its tokens; repeating it is harmless. Every node's `Authenticator` is to be told to forget it. */
export async function revokeGrant(context: RegistryContext, grantId: GrantId): Promise<void> {
  for (;;) {
    const grant = await context.documents.get('grants', grantId);
    if (grant === null) throw new KalendsError('not_known', 'there is no such grant', { ids: { grantId } });
    if (grant.revokedAtMs !== null) break;
    const revoked = { ...grant, rev: grant.rev + 1, revokedAtMs: context.clock.now() };
    if (await context.documents.replace('grants', revoked, grant.rev)) break;
  }
  await context.documents.removeWhere('tokensOfGrant', { grantId });
}

/** Grants of an account that still hold. */
export async function liveGrants(documents: Documents, accountId: AccountId): Promise<GrantDoc[]> {
  const grants = await documents.find('grantsOfAccount', { accountId });
  return grants.filter((grant) => grant.revokedAtMs === null);
}
