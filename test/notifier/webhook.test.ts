/** Deliveries over real HTTP: an endpoint that is slow, redirects, resets, or lies where nothing may be sent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Courier } from '../../actors/subscriber/courier.ts';
import { notifying, retryAfter, timeouts } from '../../config/policies.ts';
import { signature } from '../../domain/notification/wire.ts';
import type { AddressPolicy } from '../../providers/addresses.ts';
import { createHttp, type ClosableHttp } from '../../providers/http.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { createWorld, profileId, put, type World } from './world.ts';

let world: World;
let receiver: WebhookReceiver;
const https: ClosableHttp[] = [];
beforeEach(async () => {
  world = await createWorld();
  receiver = await startWebhookReceiver();
  await world.channel('app', { callbackUrl: `${receiver.url}hook` });
});
afterEach(async () => {
  await world.close();
  await receiver.stop();
  for (const http of https.splice(0)) await http.close();
});

function courierOver(addresses: AddressPolicy): Courier {
  const http = createHttp({ clock: world.clock, addresses, userAgent: 'Kalends/test' });
  https.push(http);
  return world.courier({ http });
}

async function change(courier: Courier): Promise<void> {
  await world.append([put('a')]);
  await world.clock.advance(notifying.quietMs);
  courier.nudge(profileId);
}

const loopback: AddressPolicy = { allowPrivate: false, allow: ['127.0.0.1'] };
const outcomes = async () => (await world.deliveries('chn_app')).map(({ status, error }) => ({ status, error }));

describe('a delivery', () => {
  it('arrives as JSON with a signature over its bytes and the name of the delivery', async () => {
    const courier = courierOver(loopback);
    await change(courier);
    await courier.settle();
    const request = await receiver.next();
    expect(request).toMatchObject({ method: 'POST', path: '/hook' });
    expect(request.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cronofy-hmac-sha256': signature(request.body, ['CRN_new', 'CRN_old']),
      'kalends-delivery-attempt': '1',
    });
    expect(await world.deliveries('chn_app')).toMatchObject([{ deliveryId: request.headers['kalends-delivery-id'] }]);
  });

  it('to an endpoint that does not answer within 5 s has failed, and is made again', async () => {
    const courier = courierOver(loopback);
    receiver.answerNext({ kind: 'hang' });
    await change(courier);
    await receiver.next();
    await world.clock.advance(timeouts.webhookMs);
    await courier.settle();
    expect(await outcomes()).toMatchObject([{ status: null, error: expect.stringContaining('timed_out') }]);
    await world.clock.advance(60_000);
    await courier.settle();
    expect(await receiver.next()).toMatchObject({ headers: { 'kalends-delivery-attempt': '2' } });
    expect(await outcomes()).toMatchObject([{}, { status: 200, error: null }]);
  });

  it('follows no redirect, neither to a private address nor to its own host', async () => {
    const other = await startWebhookReceiver();
    try {
      const courier = courierOver(loopback);
      receiver.answerNext(
        { kind: 'redirect', to: `${other.url}stolen` },
        { kind: 'redirect', to: '/elsewhere', status: 307 },
      );
      await change(courier);
      await courier.settle();
      await world.clock.advance(60_000);
      await courier.settle();
      expect(other.requests).toEqual([]);
      expect(receiver.requests.map((one) => one.path)).toEqual(['/hook', '/hook']);
      expect(await outcomes()).toEqual([
        { status: 302, error: 'the endpoint answered with a redirect (302), which is not followed' },
        { status: 307, error: 'the endpoint answered with a redirect (307), which is not followed' },
      ]);
    } finally {
      await other.stop();
    }
  });

  it('that is answered with Retry-After is made again no sooner, nor later than is clamped', async () => {
    const courier = courierOver(loopback);
    const patience = (seconds: string) =>
      ({ kind: 'status', status: 503, headers: { 'retry-after': seconds } }) as const;
    receiver.answerNext(patience('7200'), patience('31536000'));
    await change(courier);
    await courier.settle();
    const dueIn = async () => ((await world.subscriber('chn_app')).dueAtMs - world.clock.now()) / 1_000;
    expect(await dueIn()).toBe(7_200);
    await world.clock.advance(7_200_000);
    await courier.settle();
    expect(await dueIn()).toBe(retryAfter.maxMs / 1_000);
    expect(receiver.requests).toHaveLength(2);
  });

  it('to a private address is refused, recorded as such, and nothing is sent', async () => {
    const courier = courierOver({ allowPrivate: false, allow: [] });
    await change(courier);
    await courier.settle();
    expect(receiver.requests).toEqual([]);
    expect(await outcomes()).toMatchObject([{ status: null, error: expect.stringContaining('address_refused') }]);
  });

  it('whose connection is reset has failed', async () => {
    const courier = courierOver(loopback);
    receiver.answerNext({ kind: 'reset' });
    await change(courier);
    await courier.settle();
    const [outcome] = await outcomes();
    expect(outcome?.error).toMatch(/^(cut_short|connect_failed): /);
    expect(await world.subscriber('chn_app')).toMatchObject({ failures: 1, inFlight: { attempts: 1 } });
  });

  it('whose client secret cannot be opened waits for the key, with the reason recorded', async () => {
    const courier = world.courier({
      open: () => {
        throw new Error('no key k in the ring');
      },
    });
    await change(courier);
    await courier.settle();
    expect(await outcomes()).toMatchObject([{ status: null, error: expect.stringContaining('no key k in the ring') }]);
    expect(await world.subscriber('chn_app')).toMatchObject({ failures: 1, inFlight: { attempts: 1 } });
  });
});
