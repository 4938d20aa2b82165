/** One look at a subscriber: what its document, the log and the clock call for is carried out until nothing is due. */
import type { SubscriberDoc } from '../../domain/channel.ts';
import { newDeliveryId } from '../../domain/ids.ts';
import type { Net } from '../../domain/notification/net.ts';
import { planned, standsAlready } from '../../domain/notification/outcome.ts';
import { needsNet, plan, restsUntil, type Plan } from '../../domain/notification/plan.ts';
import { attempt } from './attempt.ts';
import { gatherNet } from './facts.ts';
import type { LookDeps } from './look-deps.ts';
import type { Release } from './slots.ts';

const empty: Net = { span: null, through: {}, notices: [], flush: false };

/**
 * Answers how many attempts were made. Every step is a compare and set on the document, so any number of couriers may
 * look at one subscriber: who loses reads again. Rejects when the store does; the next sweep looks again.
 */
export async function look(deps: LookDeps, id: string, stopping: () => boolean): Promise<number> {
  let attempts = 0;
  let release: Release | null = null;
  try {
    while (!stopping()) {
      const subscriber = await deps.store.get('subscribers', id);
      if (subscriber === null || restsUntil(subscriber, deps.clock.now()) !== null) break;
      const target = deps.targets[subscriber.kind];
      const next = target === null ? postponed(deps) : await planOf(deps, subscriber);
      if (standsAlready(subscriber, next)) break;
      if (next.kind === 'attempt' && target !== null && release === null) {
        release = await deps.slots.take(target.hostOf(subscriber));
        if (release === null) break;
        // Others may have gone on while this one waited: read again, now with a slot in hand.
        continue;
      }
      const stored = planned(subscriber, next);
      if (!(await deps.store.replace('subscribers', stored, subscriber.rev))) {
        await deps.clock.breathe();
        continue;
      }
      if (next.kind === 'wait') break;
      if (next.kind !== 'attempt' || target === null) continue;
      attempts += 1;
      await attempt(deps, target, stored, next.inFlight);
      release?.();
      release = null;
    }
  } finally {
    release?.();
  }
  return attempts;
}

async function planOf(deps: LookDeps, subscriber: SubscriberDoc): Promise<Plan> {
  const { store, log, policy } = deps;
  const net = needsNet(subscriber) ? await gatherNet(store, log, subscriber, policy.changesAtOnce) : empty;
  const nowMs = deps.clock.now();
  return plan(subscriber, { net, deliveryId: newDeliveryId(nowMs, deps.random) }, nowMs, policy);
}

/** NATS was configured once and is not now: what is pending stays so, and is told when it is back. */
const postponed = (deps: LookDeps): Plan => ({
  kind: 'wait',
  dueAtMs: deps.clock.now() + deps.policy.fullSweepMs,
  pendingSinceMs: null,
});
