/** The notifier service: what was projected anywhere is told from here. */
import type { Context, ServiceSchema } from 'moleculer';
import type { Courier } from '../actors/subscriber/courier.ts';
import type { AccountId, ProfileId } from '../domain/ids.ts';
import type { Documents } from '../store/documents.ts';

/** Events `notifier.projected` and `notifier.subscribers`: look at your state; both lossy, the sweeps bound the loss. */
export function createNotifierService(courier: Courier, documents: Documents): ServiceSchema {
  return {
    name: 'notifier',
    events: {
      'notifier.projected': (ctx: Context<{ profileId: ProfileId }>) => courier.nudge(ctx.params.profileId),
      'notifier.subscribers': async (ctx: Context<{ accountId: AccountId }>) => {
        const open = await documents.find('subscribersOfAccount', { accountId: ctx.params.accountId, open: 1 });
        for (const subscriber of open) courier.opened(subscriber._id);
      },
    },
  };
}
