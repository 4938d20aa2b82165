/** The stream target: net changes as JetStream messages, for consumers that read `kalends.changes.<app>.<account>`. */
import { connect, Events, nanos, RetentionPolicy, StorageType, type JetStreamClient, type NatsConnection } from 'nats';

import type { Delivery, DeliveryAnswer, DeliveryTarget } from '../../actors/subscriber/target.ts';
import { jetstream, timeouts } from '../../config/policies.ts';
import type { AccountId, AppId } from '../../domain/ids.ts';
import { natsOptions } from '../nats.ts';

export const streamName = 'KALENDS_CHANGES';

/** Permissions are given per application: `kalends.changes.<app>.>`. */
export const changesSubject = (appId: AppId, accountId: AccountId): string => `kalends.changes.${appId}.${accountId}`;

export interface StreamTarget extends DeliveryTarget {
  /** Ends the connection; what was not acknowledged is published again by whoever comes next. */
  stop(): Promise<void>;
}

export interface StreamOptions {
  /** `nats://host:port`, several separated by commas; credentials may stand in it. */
  readonly url: string;
  /** Names the connection in the server's lists. */
  readonly name?: string;
  /** Copies of the stream in a cluster of NATS servers. */
  readonly replicas?: number;
}

/** Connects at the first attempt; while NATS is away attempts are refused, and the courier makes them again later. */
export function createStreamTarget(options: StreamOptions): StreamTarget {
  let connecting: Promise<NatsConnection> | null = null;
  let ready: Promise<JetStreamClient> | null = null;
  let isUp = true;
  let stopped = false;

  /** Once connected it reconnects by itself, for ever; one that failed or was closed is made anew. */
  async function connection(): Promise<NatsConnection> {
    const known = await connecting?.catch(() => null);
    if (known && !known.isClosed()) return known;
    connecting = connect(natsOptions(options.url, options.name ?? 'kalends-notifier'));
    const open = await connecting;
    isUp = true;
    void watch(open);
    return open;
  }

  /** Ends when the connection is closed for good; the next attempt then makes another. */
  async function watch(open: NatsConnection): Promise<void> {
    for await (const { type } of open.status()) {
      if (type === Events.Disconnect) isUp = false;
      if (type === Events.Reconnect) isUp = true;
    }
    isUp = true;
  }

  async function deliver({ subscriber, parts }: Delivery): Promise<DeliveryAnswer> {
    if (stopped) return refused('the connection to NATS is closed');
    // A message that waits for the connection would hold its slot until it times out.
    if (!isUp) return refused('NATS cannot be reached; the connection is being made again');
    const subject = changesSubject(subscriber.appId, subscriber.accountId);
    try {
      ready ??= connection().then((open) => prepared(open, options.replicas ?? 1));
      const publisher = await ready;
      for (const { id, body } of parts) {
        await publisher.publish(subject, body, { msgID: id, timeout: timeouts.webhookMs });
      }
      return { kind: 'accepted', status: null };
    } catch (error) {
      // The stream is looked at again after a failure: it may be gone with the files of its server.
      ready = null;
      return refused(`NATS did not take the message: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  return {
    hostOf: () => 'nats',
    deliver,
    stop: async () => {
      stopped = true;
      const open = await connecting?.catch(() => null);
      await open?.close();
    },
  };
}

const refused = (error: string): DeliveryAnswer => ({ kind: 'refused', status: null, error, retryAtMs: null });

/** Creates the stream, or brings an older one to these settings. */
async function prepared(connection: NatsConnection, replicas: number): Promise<JetStreamClient> {
  const admin = await connection.jetstreamManager({ timeout: timeouts.webhookMs });
  const settings = {
    subjects: ['kalends.changes.>'],
    duplicate_window: nanos(jetstream.duplicateWindowMs),
    max_age: nanos(jetstream.keptMs),
    num_replicas: replicas,
  };
  const known = await admin.streams.info(streamName).catch(() => null);
  if (known === null) {
    const fixed = { name: streamName, retention: RetentionPolicy.Limits, storage: StorageType.File };
    await admin.streams.add({ ...fixed, ...settings });
  } else if (Object.entries(settings).some(([key, value]) => !same(Reflect.get(known.config, key), value))) {
    await admin.streams.update(streamName, { ...known.config, ...settings });
  }
  return connection.jetstream({ timeout: timeouts.webhookMs });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
