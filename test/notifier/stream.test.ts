/** Net changes over a real JetStream: named for good, told once per window, kept for consumers that come back. */
import { AckPolicy, connect, nanos, type JsMsg, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { jetstream, notifying } from '../../config/policies.ts';
import { streamKey } from '../../domain/notification/subscriber.ts';
import { changesSubject, createStreamTarget, streamName, type StreamTarget } from '../../services/notifier/stream.ts';
import { usable } from '../support/caldav-server.ts';
import { startNats, type RunningServer } from '../support/nats.ts';
import { accountId, appId, createWorld, notice, profileId, put, type World } from './world.ts';

interface Message {
  readonly message_id: string;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly changes: readonly { readonly kind: string; readonly resource_id: string }[];
  readonly notices: readonly { readonly type: string }[];
}

const started = usable('NATS', await startNats({ jetstream: true }));

describe.skipIf(started === null)('the stream of an account', () => {
  const server = started as RunningServer;
  const subject = changesSubject(appId, accountId);
  let world: World;
  let target: StreamTarget;
  let connection: NatsConnection;

  beforeAll(async () => {
    connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  });
  afterAll(async () => {
    await connection.close();
    await server.stop();
  });
  beforeEach(async () => {
    world = await createWorld();
    target = createStreamTarget({ url: server.url });
  });
  afterEach(async () => {
    await world.close();
    await target.stop();
    const admin = await connection.jetstreamManager();
    await admin.streams.delete(streamName).catch(() => undefined);
  });

  /** Resolves when this test's own connection works again. */
  async function connected(): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      const works = await connection.rtt().then(
        () => true,
        () => false,
      );
      if (works) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('no connection to NATS after it was started again');
  }

  /** Everything in the stream, oldest first. */
  async function messages(): Promise<Message[]> {
    const admin = await connection.jetstreamManager();
    const { state } = await admin.streams.info(streamName);
    const found: Message[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const stored = await admin.streams.getMessage(streamName, { seq });
      expect(stored.subject).toBe(subject);
      found.push(stored.json<Message>());
    }
    return found;
  }

  async function tell(courier: ReturnType<World['courier']>, name: string): Promise<void> {
    await world.append([put(name)]);
    courier.nudge(profileId);
    await courier.settle();
    await world.clock.advance(notifying.quietMs);
    await courier.settle();
  }

  it('begins by itself and carries net changes and notices, without own writes', async () => {
    const courier = world.courier({ stream: target });
    await world.append([put('a'), put('b')]);
    await world.append([put('c')], { cause: 'write' });
    await world.append([notice('quarantined')], { cause: 'state' });
    courier.nudge(profileId);
    await courier.settle();
    expect(await messages()).toMatchObject([
      {
        message_id: `${profileId}:1-3`,
        changes: [{ resource_id: 'rsc_a' }, { resource_id: 'rsc_b' }],
        notices: [{ type: 'quarantined' }],
      },
    ]);
    expect(await world.subscriber(streamKey(appId, accountId))).toMatchObject({ told: { [profileId]: 3 } });
    expect(world.endpoint.sent, 'independent of channels').toEqual([]);
  });

  it('has its settings from the code, also where an older one had others', async () => {
    const admin = await connection.jetstreamManager();
    await admin.streams.add({
      name: streamName,
      subjects: ['kalends.changes.>'],
      duplicate_window: nanos(1_000),
      max_age: nanos(5_000),
    });
    await tell(world.courier({ stream: target }), 'a');
    const { config } = await admin.streams.info(streamName);
    expect(config).toMatchObject({
      duplicate_window: nanos(jetstream.duplicateWindowMs),
      max_age: nanos(jetstream.keptMs),
      subjects: ['kalends.changes.>'],
      storage: 'file',
    });
  });

  it('holds a batch once although it was published twice, because the answer was lost', async () => {
    let lost = true;
    const courier = world.courier({
      stream: {
        hostOf: (subscriber) => target.hostOf(subscriber),
        deliver: async (delivery) => {
          const answer = await target.deliver(delivery);
          if (!lost) return answer;
          lost = false;
          return { kind: 'refused', status: null, error: 'the answer was lost', retryAtMs: null };
        },
      },
    });
    await tell(courier, 'a');
    await tell(courier, 'b');
    await world.clock.advance(60_000);
    await courier.settle();
    await world.clock.advance(notifying.maxDelayMs);
    await courier.settle();
    expect((await messages()).map((one) => one.message_id)).toEqual([`${profileId}:1-1`, `${profileId}:2-2`]);
  });

  it('is published when NATS is back, with nothing lost', async () => {
    const courier = world.courier({ stream: target });
    await tell(courier, 'a');
    await server.kill();
    try {
      await tell(courier, 'b');
      expect(await world.subscriber(streamKey(appId, accountId))).toMatchObject({
        failures: 1,
        told: { [profileId]: 1 },
      });
    } finally {
      await server.startAgain();
    }
    await connected();
    for (
      let tries = 0;
      tries < 100 && (await world.subscriber(streamKey(appId, accountId))).inFlight !== null;
      tries += 1
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await world.clock.advance(600_000);
      await courier.settle();
    }
    expect((await messages()).map((one) => one.message_id)).toEqual([`${profileId}:1-1`, `${profileId}:2-2`]);
  });

  it('is consumed with a durable consumer across a restart of the consumer', async () => {
    const courier = world.courier({ stream: target });
    await tell(courier, 'a');
    const admin = await connection.jetstreamManager();
    const settings = {
      durable_name: 'mirror',
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(1_000),
    };
    await admin.consumers.add(streamName, settings);

    const first = await connect({ servers: server.url });
    const firstSeen = await nextOf(first);
    firstSeen.ack();
    await tell(courier, 'b');
    const unfinished = await nextOf(first);
    expect(unfinished.json<Message>().from_seq).toBe(2);
    // It goes down before it acknowledged the second; a third comes while it is away.
    await first.close();
    await tell(courier, 'c');

    const second = await connect({ servers: server.url });
    const again: number[] = [];
    while (again.length < 2) {
      const message = await nextOf(second);
      again.push(message.json<Message>().from_seq);
      await message.ackAck();
    }
    expect(again.toSorted((a, b) => a - b)).toEqual([2, 3]);
    const { num_ack_pending: unacknowledged, num_pending: waiting } = await admin.consumers.info(streamName, 'mirror');
    expect({ unacknowledged, waiting }).toEqual({ unacknowledged: 0, waiting: 0 });
    await second.close();
  });
});

describe('without NATS', () => {
  it('a stream that was told before waits, and goes on when NATS is configured again', async () => {
    const world = await createWorld();
    const told: string[] = [];
    const stream = {
      hostOf: () => 'nats',
      deliver: async ({ parts }: { parts: readonly { readonly id: string }[] }) => {
        told.push(...parts.map((part) => part.id));
        return { kind: 'accepted', status: null } as const;
      },
    };
    const change = async (courier: ReturnType<World['courier']>, name: string) => {
      await world.append([put(name)]);
      courier.nudge(profileId);
      await courier.settle();
      await world.clock.advance(notifying.quietMs);
      await courier.settle();
    };
    await change(world.courier({ stream }), 'a');
    await change(world.courier(), 'b');
    expect(told).toEqual([`${profileId}:1-1`]);
    const again = world.courier({ stream });
    await again.sweepAll();
    await again.settle();
    await world.clock.advance(notifying.fullSweepMs);
    await again.settle();
    expect(told).toEqual([`${profileId}:1-1`, `${profileId}:2-2`]);
    await world.close();
  });
});

/** The next message of the durable consumer, for as long as it takes. */
async function nextOf(connection: NatsConnection): Promise<JsMsg> {
  const consumer = await connection.jetstream().consumers.get(streamName, 'mirror');
  for (let tries = 0; tries < 20; tries += 1) {
    const message = await consumer.next({ expires: 1_000 });
    if (message !== null) return message;
  }
  throw new Error('no message for the durable consumer');
}
