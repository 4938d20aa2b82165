/** What looks and attempts work with, and how they report. */
import type { SubscriberDoc } from '../../domain/channel.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import { isKalendsError } from '../../domain/errors.ts';
import type { NotifyingPolicy } from '../../domain/notification/plan.ts';
import type { Documents } from '../../store/documents.ts';
import type { LogReader } from './log-reader.ts';
import type { Slots } from './slots.ts';
import type { DeliveryTarget } from './target.ts';

export type Report = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

export interface CourierPolicy extends NotifyingPolicy {
  readonly dueSweepMs: number;
  readonly sweepMs: number;
  readonly sweepLookBackMs: number;
  readonly fullSweepMs: number;
  readonly deliveriesAtOnce: number;
  readonly deliveriesPerHost: number;
  readonly changesAtOnce: number;
  readonly logKeptMs: number;
  readonly logSweepMs: number;
}

export interface LookDeps {
  readonly store: Documents;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
  readonly policy: CourierPolicy;
  readonly log: LogReader;
  readonly slots: Slots;
  /** Null: there is no such target now, so those subscribers wait. */
  readonly targets: Readonly<Record<SubscriberDoc['kind'], DeliveryTarget | null>>;
}

/** The store refuses for a while and then works again; anything else is news to an operator. */
export const isPassing = (error: unknown): boolean => isKalendsError(error) && error.verdict === 'transient';
