/**
 * A service that follows the calendars of one account over NATS JetStream, across its own restarts.
 *
 *   node docs/examples/changes-consumer.ts --server nats://127.0.0.1:4222 --app app_… --account acc_… --name my-mirror
 *
 * The ids are those that `kalends ops apps` and `kalends connect` print. It writes one JSON line for each message.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AckPolicy, connect, DeliverPolicy, NatsError, nanos, type JetStreamManager, type JsMsg } from 'nats';

/** Kalends makes it with its first message and sets how long messages are kept (30 days). */
const stream = 'KALENDS_CHANGES';

/** The body of a message: what changed in one stretch of one profile's log, each thing in its last state. */
interface Changes {
  /** The same whenever the same stretch is told again: profile, first and last number. */
  readonly message_id: string;
  readonly profile_id: string;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly changes: readonly {
    /** `changed` and `removed` are about events; a calendar that came or went is a change of its own. */
    readonly kind: 'changed' | 'removed' | 'calendar_changed' | 'calendar_removed' | 'horizon_moved';
    readonly calendar_id?: string;
    /** As `GET /v1/events` names it. */
    readonly event_uid?: string;
    /** Of a removal: what proved it. */
    readonly evidence?: string;
  }[];
  readonly notices: readonly { readonly type: string; readonly at: string }[];
}

/**
 * Your work goes here. A message may come again, when this process ends before it could say that it was done: do what
 * may be done twice. Messages say what to look at; read what it looks like now with `GET /v1/events`.
 */
async function apply(changes: Changes): Promise<void> {
  process.stdout.write(`${JSON.stringify(changes)}\n`);
}

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'nats://127.0.0.1:4222' },
    app: { type: 'string' },
    account: { type: 'string' },
    name: { type: 'string', default: 'example' },
  },
});
if (values.app === undefined || values.account === undefined) throw new Error('say --app and --account');

// For ever: while NATS is away there is nothing to do but wait, and nothing is lost meanwhile.
const connection = await connect({ servers: values.server, maxReconnectAttempts: -1, waitOnFirstConnect: true });
await register(await connection.jetstreamManager(), {
  name: values.name,
  // A `>` in place of the account follows every account of the application.
  subject: `kalends.changes.${values.app}.${values.account}`,
});
const consumer = await connection.jetstream().consumers.get(stream, values.name);
const messages = await consumer.consume({ max_messages: 50 });
process.once('SIGTERM', () => messages.stop());
for await (const message of messages) await take(message);
await connection.close();

/** Acknowledged only when it was applied: what is under way when this process ends comes again. */
async function take(message: JsMsg): Promise<void> {
  try {
    await apply(message.json<Changes>());
    message.ack();
  } catch (error) {
    process.stderr.write(`to be tried again in 5 s: ${String(error)}\n`);
    message.nak(5_000);
  }
}

/** The server keeps the place of a durable consumer under its name, from the first message that there is. */
async function register(
  jetstream: JetStreamManager,
  { name, subject }: { readonly name: string; readonly subject: string },
): Promise<void> {
  for (;;) {
    try {
      await jetstream.consumers.add(stream, {
        durable_name: name,
        filter_subject: subject,
        deliver_policy: DeliverPolicy.All,
        ack_policy: AckPolicy.Explicit,
        // Longer than `apply` takes; then the message is given out again.
        ack_wait: nanos(30_000),
        // One after the other, so that they are applied in the order of the log.
        max_ack_pending: 1,
      });
      return;
    } catch (error) {
      // Nothing has been told yet, so that there is no stream.
      if (!(error instanceof NatsError) || error.api_error?.err_code !== 10_059) throw error;
      await sleep(1_000);
    }
  }
}
