/** The courier: finds subscribers that something is due for, and looks at each; lossy nudges, durable due times, sweeps. */
import { notifying } from '../../config/policies.ts';
import type { AppDoc } from '../../domain/account.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import type { ProfileId } from '../../domain/ids.ts';
import type { Sealed } from '../../domain/profile.ts';
import type { Http } from '../../providers/http.ts';
import type { Documents } from '../../store/documents.ts';
import { createLogReader } from './log-reader.ts';
import { createLooks } from './looks.ts';
import type { CourierPolicy, LookDeps, Report } from './look-deps.ts';
import { look } from './look.ts';
import { dueIds, every, subscribersBehind, sweepAll, sweepDue, sweepLog, sweepRecent, type Rounds } from './rounds.ts';
import { createSlots } from './slots.ts';
import type { DeliveryTarget } from './target.ts';
import { createWebhookTarget } from './webhook.ts';

export interface CourierDeps {
  readonly store: Documents;
  readonly http: Http;
  readonly clock: Clock;
  readonly random: Random;
  /** Opens a sealed client secret of an application. */
  readonly open: (sealed: Sealed, app: AppDoc) => string;
  readonly report: Report;
  /** Where streams go; null without NATS. */
  readonly stream?: DeliveryTarget | null;
  /** Numbers other than those of `config/policies.ts`. */
  readonly policy?: Partial<CourierPolicy>;
}

export interface Courier {
  /** Something of this profile was projected; lossy, returns at once. */
  nudge(profileId: ProfileId): void;
  /** A channel was inserted or changed; lossy, returns at once. */
  opened(subscriberId: string): void;
  /** Begins to sweep. */
  start(): void;
  /** Stops sweeping, lets attempts under way end, and starts no more. */
  stop(): Promise<void>;
  /** Looks at every subscriber that is due at `nowMs`; resolves, when all is done, with the number of attempts. */
  deliverDue(nowMs: number): Promise<number>;
  /** Compares every profile with what its subscribers were told, and makes up for it. */
  sweepAll(): Promise<void>;
  /** Resolves when no look is under way and nothing is due at the clock's time. */
  settle(): Promise<void>;
}

export function createCourier(deps: CourierDeps): Courier {
  const policy: CourierPolicy = { ...notifying, ...deps.policy };
  const { clock } = deps;
  const stop = new AbortController();
  const rounds = createRounds(deps, policy, stop.signal);
  const { looks, nudged } = rounds;
  const loops: Promise<void>[] = [];
  const idle = async (): Promise<void> => {
    await nudged.idle();
    await looks.idle();
  };

  async function deliverDue(nowMs: number): Promise<number> {
    const ids = await dueIds(rounds, nowMs);
    const attempts = await Promise.all(ids.map((id) => looks.request(id)));
    return attempts.reduce((sum, count) => sum + count, 0);
  }

  return {
    deliverDue,
    sweepAll: () => sweepAll(rounds),
    nudge: (profileId) => void (stop.signal.aborted || nudged.request(profileId)),
    opened: (subscriberId) => void (stop.signal.aborted || looks.request(subscriberId)),
    start: () => {
      if (loops.length > 0) return;
      loops.push(every(policy.dueSweepMs, rounds, sweepDue), every(policy.sweepMs, rounds, sweepRecent));
      loops.push(every(policy.fullSweepMs, rounds, sweepAll), every(policy.logSweepMs, rounds, sweepLog));
    },
    stop: async () => {
      stop.abort();
      rounds.deps.slots.close();
      await Promise.all([...loops, idle()]);
    },
    settle: async () => {
      for (;;) {
        await idle();
        const due = await dueIds(rounds, clock.now());
        const attempts = await deliverDue(clock.now());
        // Where the store fails, the same ones stay due: they are left to the sweeps.
        const left = await dueIds(rounds, clock.now());
        if (left.length === 0 || (attempts === 0 && left.join(' ') === due.join(' '))) return;
      }
    },
  };
}

function createRounds(deps: CourierDeps, policy: CourierPolicy, stopped: AbortSignal): Rounds {
  const { store, clock, random, report } = deps;
  const lookDeps: LookDeps = {
    store,
    clock,
    random,
    report,
    policy,
    log: createLogReader(store),
    slots: createSlots(policy.deliveriesAtOnce, policy.deliveriesPerHost),
    targets: { channel: createWebhookTarget(deps), stream: deps.stream ?? null },
  };
  const looks = createLooks((id) => look(lookDeps, id, () => stopped.aborted), report);
  // Their looks go on by themselves, for one of them may hang in a delivery.
  const nudged = createLooks(async (id) => {
    for (const subscriber of await subscribersBehind(lookDeps, id as ProfileId)) void looks.request(subscriber);
    return 0;
  }, report);
  return { deps: lookDeps, looks, nudged, stopped, swept: new Map() };
}
