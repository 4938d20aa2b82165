/** Processes and a NATS that asks for a login, goes and comes: nobody waits, everybody finds everybody again. */
import moleculer from 'moleculer';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { KalendsError } from '../../domain/errors.ts';
import { brokerOptions } from '../../moleculer.config.ts';
import { natsOptions } from '../../services/nats.ts';
import { createStreamTarget } from '../../services/notifier/stream.ts';
import { usable } from '../support/caldav-server.ts';
import { freePort } from '../support/free-port.ts';
import { startNats } from '../support/nats.ts';
import { until } from '../support/node-under-test.ts';
import { configOf } from './ground.ts';

const user = 'kalends';
const password = 'p@ss/word';

const nats = usable(
  'NATS',
  await startNats({ jetstream: true, settings: `authorization { user: "${user}", password: "${password}" }` }),
);

/** A login in the URL, as the settings have it. */
const withLogin = (login: string): string => (nats?.url ?? '').replace('nats://', `nats://${login}@`);

const url = withLogin(`${user}:${encodeURIComponent(password)}`);

const brokers: moleculer.ServiceBroker[] = [];

function brokerAt(natsUrl: string, name: string): moleculer.ServiceBroker {
  const config = configOf({ KALENDS_NATS_URL: natsUrl, KALENDS_LOG_LEVEL: 'silent' });
  const broker = new moleculer.ServiceBroker(brokerOptions(config, name));
  brokers.push(broker);
  return broker;
}

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((one) => one.stop()));
});
afterAll(() => nats?.stop());

describe('how NATS is reached', () => {
  it('takes a login, a token or TLS from the URL, which the client library would leave out', () => {
    expect(natsOptions('nats://me:p%40ss@a:4222,nats://b:4222', 'n')).toMatchObject({
      servers: ['a:4222', 'b:4222'],
      user: 'me',
      pass: 'p@ss',
      maxReconnectAttempts: -1,
    });
    expect(natsOptions('tls://secret@a:4222', 'n')).toMatchObject({ servers: ['a:4222'], token: 'secret', tls: {} });
    expect(natsOptions('nats://a:4222', 'n')).not.toHaveProperty('tls');
    expect(natsOptions('nats://a:4222', 'n')).not.toHaveProperty('user');
  });

  it('starts and stops where nobody listens, and refuses calls at once', async () => {
    const broker = brokerAt(`nats://127.0.0.1:${await freePort()}`, 'alone');
    await broker.start();
    await expect(broker.call('auth.authenticate', {})).rejects.toMatchObject({ type: 'SERVICE_NOT_FOUND' });
    await broker.stop();
  });
});

describe.skipIf(nats === null)('processes over NATS', () => {
  const service = {
    name: 'there',
    actions: {
      echo: (ctx: moleculer.Context<{ text: string }>) => ctx.params.text,
      fail: () => {
        throw new KalendsError('invalid_input', 'not so', {
          ids: { calendar: 'cal_1' },
          retryAtMs: 12,
          evidence: { request: 'GET /x', status: 400, excerpt: 'why' },
          fields: { start: [{ key: 'errors.required', description: 'it is missing' }] },
        });
      },
      break: () => {
        throw new TypeError('a fault of ours');
      },
    },
  };

  it('log in with what the URL says, for calls and for the stream', async () => {
    const [here, there] = [brokerAt(url, 'here'), brokerAt(url, 'there')];
    there.createService(service);
    await Promise.all([here.start(), there.start()]);
    await here.waitForServices('there', 10_000, 20);
    expect(await here.call('there.echo', { text: 'x' })).toBe('x');

    const delivery = { subscriber: { appId: 'app_1', accountId: 'acc_1' }, parts: [{ id: 'm1', body: '{}' }] } as never;
    const [right, wrong] = [createStreamTarget({ url }), createStreamTarget({ url: withLogin('me:wrong') })];
    expect(await right.deliver(delivery)).toMatchObject({ kind: 'accepted' });
    expect(await wrong.deliver(delivery)).toMatchObject({ kind: 'refused' });
    await Promise.all([right.stop(), wrong.stop()]);
  });

  it('pass on failures with all that they say, and faults as faults', async () => {
    const [here, there] = [brokerAt(url, 'here'), brokerAt(url, 'there')];
    there.createService(service);
    await Promise.all([here.start(), there.start()]);
    await here.waitForServices('there', 10_000, 20);
    await expect(here.call('there.fail')).rejects.toSatisfy((error) => error instanceof KalendsError);
    await expect(here.call('there.fail')).rejects.toMatchObject({
      code: 'invalid_input',
      verdict: 'refused',
      message: 'not so',
      ids: { calendar: 'cal_1' },
      retryAtMs: 12,
      evidence: { request: 'GET /x', status: 400, excerpt: 'why' },
      fields: { start: [{ key: 'errors.required', description: 'it is missing' }] },
    });
    await expect(here.call('there.break')).rejects.toMatchObject({ name: 'TypeError', message: 'a fault of ours' });
  });

  it('go on when NATS was killed and is back, also those that started meanwhile', async () => {
    const here = brokerAt(url, 'here');
    await here.start();
    await nats?.kill();
    const there = brokerAt(url, 'there');
    there.createService(service);
    await there.start();
    await nats?.startAgain();
    await here.waitForServices('there', 20_000, 20);
    expect(await here.call('there.echo', { text: 'again' })).toBe('again');
    await nats?.kill();
    await until('calls to be refused at once', () =>
      here.call('there.echo', { text: 'x' }, { timeout: 5_000 }).then(
        () => false,
        (error: unknown) => (error as { code?: unknown }).code === 503,
      ),
    );
    // Neither waits for NATS to come back.
    await Promise.all([here.stop(), there.stop()]);
    await nats?.startAgain();
  });
});
