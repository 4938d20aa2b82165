/** Whether changes are told in time, while nothing stands in the way of telling them, and to somebody who heard (I6). */
import type { SubscriberDoc } from '../../domain/channel.ts';
import type { ProfileDoc } from '../../domain/profile.ts';

const minute = 60_000;

/**
 * From projecting to the first attempt: 30 s after the first change at most, 30 s and the sweep of due ones of this
 * simulation, and two clocks a minute ahead and behind.
 */
const lateMs = 4 * minute;

interface Untold {
  readonly seq: number;
  readonly sinceMs: number;
}

export interface Lateness {
  /** `tellable`: whether the commit of that seq holds something that an application must be told. */
  projected(profile: ProfileDoc, tellable: (seq: number) => boolean): void;
  /** What is wrong with it, for people: it counts as told, and nobody heard it. */
  told(subscriber: SubscriberDoc): string | null;
  /** An application took this delivery. */
  heard(deliveryId: string): void;
  /** The store or the endpoint failed, a nudge was lost, or a process died: from then on it has its time again. */
  disturbed(): void;
  /** What is late, for people; null: nothing. */
  late(): string | null;
}

export function createLateness(now: () => number): Lateness {
  const profiles = new Map<string, { readonly accountId: string; seq: number; untold: Untold[] }>();
  const subscribers = new Map<string, SubscriberDoc>();
  /** subscriber → when something else was last being told to it: what is frozen comes first. */
  const busyAtMs = new Map<string, number>();
  const heard = new Set<string>();
  let disturbedAtMs = now();

  return {
    projected({ _id, accountId, projectedSeq }, tellable) {
      const known = profiles.get(_id) ?? { accountId, seq: 0, untold: [] };
      profiles.set(_id, known);
      for (let seq = known.seq + 1; seq <= projectedSeq; seq += 1)
        if (tellable(seq)) known.untold.push({ seq, sinceMs: now() });
      known.seq = Math.max(known.seq, projectedSeq);
    },
    told(subscriber) {
      const before = subscribers.get(subscriber._id);
      if (isBusy(before) || isBusy(subscriber)) busyAtMs.set(subscriber._id, now());
      subscribers.set(subscriber._id, subscriber);
      const delivery = before?.inFlight?.deliveryId;
      if (delivery === undefined || delivery === subscriber.inFlight?.deliveryId || heard.has(delivery)) return null;
      const had: Readonly<Record<string, number>> = before?.told ?? {};
      const isTold = Object.entries(subscriber.told).some(([profileId, seq]) => seq > (had[profileId] ?? 0));
      return isTold ? `${delivery} counts as told to ${subscriber._id}, which never heard of it` : null;
    },
    heard: (deliveryId) => void heard.add(deliveryId),
    disturbed: () => {
      disturbedAtMs = now();
    },
    late() {
      for (const one of subscribers.values()) {
        if (one.open === 0 || isBusy(one)) continue;
        const fromMs = Math.max(disturbedAtMs, busyAtMs.get(one._id) ?? 0, one.createdAtMs);
        for (const [profileId, { accountId, untold }] of profiles) {
          if (accountId !== one.accountId) continue;
          const told = (one.told as Readonly<Record<string, number>>)[profileId] ?? 0;
          const first = untold.find(({ seq }) => seq > told);
          if (first === undefined) continue;
          const waitsMs = now() - Math.max(first.sinceMs, fromMs);
          if (waitsMs > lateMs)
            return `seq ${first.seq} of ${profileId} waits for ${Math.round(waitsMs / minute)} min to be told to ${one._id}`;
        }
      }
      return null;
    },
  };
}

/** An attempt was made, or a notice comes first. */
const isBusy = (one: SubscriberDoc | undefined): boolean =>
  one !== undefined && ((one.inFlight?.attempts ?? 0) > 0 || one.notices.length > 0);
