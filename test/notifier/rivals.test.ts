/** Crashes in the middle of a delivery, several couriers over one store, and a store that fails. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { notifying } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import { changeAndWait, createWorld, profileId, put, untilSent, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

describe('crashes and rivals', () => {
  it('a notification whose process ended in the middle is made again with the same delivery id', async () => {
    await world.channel('app');
    world.endpoint.answers.set('https://app.example/hook', ['hang']);
    await world.append([put('a')]);
    await world.clock.advance(notifying.quietMs);
    world.courier().nudge(profileId);
    while (world.endpoint.sent.length === 0) await world.clock.settle();

    const next = world.courier();
    await world.clock.advance(notifying.attemptMs - 1);
    await next.settle();
    expect(world.endpoint.sent, 'the first attempt may still be under way').toHaveLength(1);
    await world.clock.advance(1);
    await next.settle();
    const [first, second] = world.endpoint.sent;
    expect(second).toMatchObject({ id: first?.id, text: first?.text, attempt: 2 });
    expect(await world.deliveries('chn_app')).toMatchObject([
      { attempt: 1, status: null, error: 'the process that made this attempt ended before it recorded the answer' },
      { attempt: 2, status: 200, error: null },
    ]);
    expect(await world.subscriber('chn_app')).toMatchObject({ inFlight: null, told: { [profileId]: 1 } });
  });

  it.each([200, 500])(
    'an answer %i that comes after another courier went on changes nothing any more',
    async (late) => {
      await world.channel('app');
      world.endpoint.answers.set('https://app.example/hook', ['hang', 200, 503]);
      const slow = world.courier();
      await world.append([put('a')]);
      await world.clock.advance(notifying.quietMs);
      slow.nudge(profileId);
      while (world.endpoint.sent.length === 0) await world.clock.settle();
      await world.clock.advance(notifying.attemptMs);
      const other = world.courier();
      await other.deliverDue(world.clock.now());
      await changeAndWait(world, other, 'b');
      const before = await world.subscriber('chn_app');
      expect(before).toMatchObject({
        told: { [profileId]: 1 },
        inFlight: { through: { [profileId]: 2 } },
        failures: 1,
      });

      world.endpoint.release(late);
      await slow.settle();
      expect(await world.subscriber('chn_app')).toEqual(before);
      expect((await world.deliveries('chn_app')).map((one) => one.attempt).toSorted((a, b) => a - b)).toEqual([
        1, 1, 2,
      ]);
    },
  );

  it('two couriers that look at the same subscribers at once make each attempt once', async () => {
    const names = Array.from({ length: 15 }, (_, k) => `app-${k}`);
    for (const name of names) await world.channel(name);
    const couriers = [world.courier(), world.courier(), world.courier()];
    for (let round = 0; round < 4; round += 1) {
      for (const name of names.slice(0, 5)) world.endpoint.answers.set(`https://${name}.example/hook`, [500]);
      await world.append([put(`event-${round}`)]);
      for (const one of couriers) one.nudge(profileId);
      for (const ms of [notifying.quietMs, 60_000]) {
        await world.clock.advance(ms);
        await Promise.all(couriers.map((one) => one.deliverDue(world.clock.now())));
      }
    }
    const attempts = world.endpoint.sent.map((one) => `${one.id} ${one.attempt}`);
    expect(new Set(attempts).size).toBe(attempts.length);
    expect(attempts).toHaveLength(4 * (15 + 5));
  });

  it('a store that fails for a while delays a change and loses nothing', async () => {
    await world.channel('app');
    let broken = true;
    const store = new Proxy(world.store, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        if (name !== 'find' || !broken) return method.bind(target);
        return () => Promise.reject(new KalendsError('store_unavailable', 'the database cannot be reached'));
      },
    });
    const courier = world.courier({ store });
    await world.append([put('a')]);
    courier.nudge(profileId);
    courier.start();
    await world.clock.advance(notifying.quietMs);
    broken = false;
    await untilSent(world, 1);
    expect(world.endpoint.sent.map((one) => one.body.notification.type)).toEqual(['change']);
    expect(world.reports).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a look failed and is repeated' }),
    );
  });
});
