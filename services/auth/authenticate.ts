/** Authentication: from an Authorization header to whoever it speaks for. */
import type { Caller, Scope } from '../../domain/account.ts';
import type { Clock } from '../../domain/clock.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { GrantId } from '../../domain/ids.ts';
import type { Documents } from '../../store/documents.ts';
import { bearerOf, hashToken, sameHash } from './tokens.ts';

export interface Authenticator {
  /** Rejects with `unknown_token` where there is no token, or an unknown, expired or revoked one: the caller learns not which. */
  authenticate(authorization: string | undefined): Promise<Caller>;
  /** Forgets what is remembered of a grant, at once: called where it is revoked. */
  forget(grantId: GrantId): void;
}

export interface AuthenticatorContext {
  readonly documents: Documents;
  readonly clock: Clock;
}

/**
 * A caller that was proved is believed for this long without asking the store again: two reads less on each request,
 * and the longest time that a revoked token works on a node which has not heard of the revocation.
 */
export const rememberedMs = 5_000;
/** Then the oldest are forgotten: 10,000 callers are 4 MB. */
const rememberedMax = 10_000;

interface Remembered {
  readonly caller: Caller;
  readonly untilMs: number;
}

export function createAuthenticator(context: AuthenticatorContext): Authenticator {
  const remembered = new Map<string, Remembered>();
  /** Counts what was forgotten: a proof that was begun before may rest on what has been revoked since. */
  let forgotten = 0;
  return {
    async authenticate(authorization) {
      const token = bearerOf(authorization);
      if (token === null) throw noToken();
      const hash = hashToken(token);
      const nowMs = context.clock.now();
      const known = remembered.get(hash);
      if (known !== undefined && nowMs < known.untilMs) return known.caller;
      remembered.delete(hash);
      const before = forgotten;
      const proved = await prove(context.documents, hash, nowMs);
      if (before !== forgotten) return proved.caller;
      if (remembered.size >= rememberedMax) remembered.delete(remembered.keys().next().value ?? '');
      remembered.set(hash, proved);
      return proved.caller;
    },
    forget(grantId) {
      forgotten += 1;
      for (const [hash, { caller }] of remembered) if (caller.grantId === grantId) remembered.delete(hash);
    },
  };
}

async function prove(documents: Documents, hash: string, nowMs: number): Promise<Remembered> {
  const token = await documents.get('tokens', hash);
  if (token === null || !sameHash(token._id, hash)) throw unknownToken();
  if (token.expiresAtMs !== null && token.expiresAtMs <= nowMs) throw unknownToken();
  const grant = await documents.get('grants', token.grantId);
  if (grant === null || grant.revokedAtMs !== null) throw unknownToken();
  // What the person grants today limits what a token was issued for yesterday.
  const granted = new Set<Scope>(grant.scopes);
  return {
    caller: {
      appId: token.appId,
      accountId: token.accountId,
      grantId: token.grantId,
      scopes: token.scopes.filter((scope) => granted.has(scope)),
    },
    untilMs: Math.min(nowMs + rememberedMs, token.expiresAtMs ?? Infinity),
  };
}

const unknownToken = (): KalendsError =>
  new KalendsError('unknown_token', 'the access token is unknown, expired or revoked');

const noToken = (): KalendsError =>
  new KalendsError('unknown_token', 'there is no access token: send the header `Authorization: Bearer <access token>`');
