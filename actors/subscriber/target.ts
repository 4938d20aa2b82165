/**
 * The delivery target port: where a frozen notification goes.
 *
 * A target makes exactly one attempt, within a bounded time, and never retries. It answers `accepted` only when the
 * other side said so, and `refused` with a reason for people otherwise; it may reject, which counts as refused. Every
 * attempt of one notification carries the same parts under the same ids, in the same order.
 */
import type { InFlight, SubscriberDoc } from '../../domain/channel.ts';

export interface DeliveryPart {
  /** Names the part for good: what a receiver may recognise a repetition by. */
  readonly id: string;
  readonly body: string;
}

export interface Delivery {
  readonly subscriber: SubscriberDoc;
  readonly inFlight: InFlight;
  readonly parts: readonly DeliveryPart[];
}

export type DeliveryAnswer =
  | { readonly kind: 'accepted'; readonly status: number | null }
  | {
      readonly kind: 'refused';
      readonly status: number | null;
      readonly error: string;
      /** Not before this time, in epoch milliseconds, as the other side asked; null: it did not say. */
      readonly retryAtMs: number | null;
    };

export interface DeliveryTarget {
  /** What shares a fate: one host's endpoints fail and hang together. */
  hostOf(subscriber: SubscriberDoc): string;
  deliver(delivery: Delivery): Promise<DeliveryAnswer>;
}
