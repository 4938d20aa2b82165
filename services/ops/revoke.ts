/** Taking back what an application may do with an account: its tokens end at once, the account and its calendars stay. */
import { KalendsError } from '../../domain/errors.ts';
import type { AccountId } from '../../domain/ids.ts';
import { liveGrants, revokeGrant } from '../auth/registry.ts';
import type { OpsContext } from './context.ts';

/** Answers how many grants were ended; 0 when that had been done before. `connect` gives a new one. */
export async function revokeAccess(context: OpsContext, accountId: AccountId): Promise<object> {
  if ((await context.documents.get('accounts', accountId)) === null) {
    throw new KalendsError('not_known', `there is no account ${accountId}`, {
      ids: { account: accountId },
      next: '`kalends ops profiles` lists profiles with their accounts',
    });
  }
  const grants = await liveGrants(context.documents, accountId);
  for (const grant of grants) {
    await revokeGrant(context, grant._id);
    context.revoked(grant._id);
  }
  return { account_id: accountId, revoked_grants: grants.length };
}
