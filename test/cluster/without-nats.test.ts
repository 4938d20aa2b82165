/** NATS down at the start and killed in the middle: what was accepted is carried out and told all the same. */
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamName } from '../../services/notifier/stream.ts';
import type { OperatorLink } from '../../services/operator-link.ts';
import { apiClient, notificationIn, wire, type ApiClient } from '../support/api-client.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { rawClient, type RawClient } from '../support/caldav-server.ts';
import { daysAhead, icsOf } from '../support/icalendar.ts';
import { connectionOf, until } from '../support/node-under-test.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { operatorOf, startGround } from './ground.ts';
import { kalends, runKalends, startKalends, type KalendsProcess, type Settings } from './kalends-process.ts';

const ground = await startGround();

/** Whoever asks reaches it: the broker that answers knows its service. */
const supervisorSeenBy = ({ call }: OperatorLink): Promise<unknown> =>
  until(
    'the supervisor to be seen over NATS',
    async () => (await call('$node.services', { onlyAvailable: true })) as readonly { readonly name: string }[],
    (services) => services.some(({ name }) => name === 'supervisor'),
  );

describe.skipIf(ground === null)('a cluster whose NATS is away', () => {
  let settings: Settings;
  let calendars: MountedModelServer;
  let person: RawClient;
  let work: string;
  let receiver: WebhookReceiver;
  let app: ApiClient;
  let calendarId: string;
  const processes: KalendsProcess[] = [];

  const start = async (role: string): Promise<KalendsProcess> => {
    const one = await startKalends(role, settings);
    processes.push(one);
    return one;
  };
  const event = (eventId: string, days: number) => ({
    event_id: eventId,
    summary: `Written: ${eventId}`,
    start: wire(daysAhead(days, 12)),
    end: wire(daysAhead(days, 13)),
    tzid: 'Etc/UTC',
  });
  const puts = (): number => calendars.log.filter((one) => one.method === 'PUT' && one.user === 'alice').length;
  /** Everything in the stream so far, as text. */
  const stream = async (): Promise<string> => {
    const connection = await connect({ servers: settings['KALENDS_NATS_URL'] ?? '' });
    try {
      const admin = await connection.jetstreamManager();
      const { state } = await admin.streams.info(streamName);
      const bodies: string[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1)
        bodies.push((await admin.streams.getMessage(streamName, { seq })).string());
      return bodies.join('\n');
    } catch {
      return '';
    } finally {
      await connection.close();
    }
  };

  beforeAll(async () => {
    settings = ground?.settings ?? {};
    calendars = await startModelServer();
    person = rawClient(calendars);
    work = await calendars.makeCalendar('Work');
    await person.put(`${work}one.ics`, icsOf({ uid: 'one@people', summary: 'Meeting', startMs: daysAhead(2) }));
    receiver = await startWebhookReceiver();
    await ground?.nats.kill();
  });

  afterAll(async () => {
    await Promise.all(processes.map((one) => one.stop()));
    await receiver?.stop();
    await calendars?.stop();
    await ground?.stop();
  });

  it('connects, pulls, serves and writes with NATS down since before the start', async () => {
    const [gateway] = await Promise.all([start('gateway,auth'), start('supervisor'), start('notifier'), start('ops')]);
    const { url, username, password } = calendars;
    const args = ['connect', 'caldav', '--url', url, '--username', username, '--password-stdin', '--app', 'alone'];
    const connection = connectionOf(await kalends(args, settings, password));
    app = apiClient(gateway.url, connection.token);
    await until(
      'the first event',
      () => app.rows('/v1/events?tzid=Etc/UTC', 'events'),
      (events) => events.length === 1,
    );
    calendarId = await app.calendarId('Work');
    const before = puts();
    expect(await app.settled(await app.upsert(calendarId, event('first', 3)))).toMatchObject({ state: 'written' });
    expect(puts()).toBe(before + 1);
  });

  it('joins when NATS comes, and calls go through it', async () => {
    await ground?.nats.startAgain();
    const operator = await operatorOf(settings);
    try {
      await supervisorSeenBy(operator);
      expect(await operator.ops('profiles')).toHaveLength(1);
      await until(
        'what happened meanwhile in the stream',
        async () => (await stream()).includes('calendar_changed'),
        Boolean,
        90_000,
      );
    } finally {
      await operator.close();
    }
  }, 120_000);

  it('carries out and tells of everything while NATS is gone in the middle', async () => {
    expect((await app.ask('POST', '/v1/channels', { callback_url: receiver.url })).status).toBe(200);
    await receiver.next((one) => notificationIn(one)['type'] === 'verification', 20_000);
    await ground?.nats.kill();
    const operation = await app.upsert(calendarId, event('second', 4));
    expect(await app.settled(operation)).toMatchObject({ state: 'written' });
    await person.put(`${work}two.ics`, icsOf({ uid: 'two@people', summary: 'Another', startMs: daysAhead(5) }));
    await receiver.next((one) => notificationIn(one)['type'] === 'change', 25_000);
    const events = await app.rows('/v1/events?tzid=Etc/UTC&include_managed=true', 'events');
    expect(events.map((one) => String(one['summary'])).toSorted()).toEqual([
      'Another',
      'Meeting',
      'Written: first',
      'Written: second',
    ]);
  });

  it('stops cleanly while NATS is gone', async () => {
    const command = runKalends(['start'], { ...settings, SERVICES: 'ops' });
    await command.printed(/"started":true/);
    command.signal('SIGTERM');
    expect(await command.ended).toMatchObject({ status: 0 });
  });

  it('puts into the stream what it could not say, once NATS is back', async () => {
    const events = await app.rows('/v1/events?tzid=Etc/UTC', 'events');
    const uid = String(events.find((one) => one['summary'] === 'Another')?.['event_uid']);
    await ground?.nats.startAgain();
    // The next attempt comes by the policy of deliveries, up to 40 s after the third that failed.
    await until('the change in the stream', async () => (await stream()).includes(uid), Boolean, 90_000);
    const operator = await operatorOf(settings);
    try {
      expect(await operator.ops('rebuild', { compare: true })).toMatchObject({ different: 0 });
      await supervisorSeenBy(operator);
    } finally {
      await operator.close();
    }
  });
});
