/** The auth service: authentication as an action, for services in other processes. */
import type { Context, ServiceSchema } from 'moleculer';

import type { GrantId } from '../domain/ids.ts';
import type { Authenticator } from './auth/authenticate.ts';

/** Actions: `auth.authenticate {authorization}` → Caller; event `auth.revoked {grantId}`: every node forgets. */
export function createAuthService(authenticator: Authenticator): ServiceSchema {
  return {
    name: 'auth',
    actions: {
      authenticate: {
        params: { authorization: { type: 'string', optional: true } },
        handler: (ctx: Context<{ authorization?: string }>) => authenticator.authenticate(ctx.params.authorization),
      },
    },
    events: {
      'auth.revoked': (ctx: Context<{ grantId: GrantId }>) => authenticator.forget(ctx.params.grantId),
    },
  };
}
