/** The courier over a real store with a clock that stands still: when applications are told, of what, and how often. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { notifying } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import { asProfileId } from '../../domain/ids.ts';
import { closed } from '../../domain/notification/outcome.ts';
import { signature } from '../../domain/notification/wire.ts';
import {
  accountId,
  changeAndWait,
  createWorld,
  iso,
  notice,
  profileId,
  put,
  startMs,
  untilSent,
  type World,
} from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const types = () => world.endpoint.sent.map((one) => one.body.notification.type);

describe('a change', () => {
  it('is told after the quiet period, signed with every active secret, and recorded', async () => {
    await world.channel('app');
    const courier = world.courier();
    await world.clock.advance(2_500);
    await world.append([put('a')]);
    courier.nudge(profileId);
    await courier.settle();
    await world.clock.advance(notifying.quietMs - 1);
    await courier.settle();
    expect(world.endpoint.sent).toEqual([]);
    await world.clock.advance(1);
    await courier.settle();

    const [sent] = world.endpoint.sent;
    expect(types()).toEqual(['change']);
    expect(sent?.body.notification.changes_since).toBe(iso(startMs));
    expect(sent?.signature).toBe(signature(sent?.text ?? '', ['CRN_new', 'CRN_old']));
    expect(await world.subscriber('chn_app')).toMatchObject({
      told: { [profileId]: 1 },
      toldAtMs: startMs + 2_500,
      inFlight: null,
      pendingSinceMs: null,
    });
    expect(await world.deliveries('chn_app')).toMatchObject([
      { deliveryId: sent?.id, attempt: 1, notification: 'change', status: 200, error: null, body: sent?.text },
    ]);
  });

  it('that is followed by others is told with them, 30 s after the first at the latest', async () => {
    await world.channel('app');
    const courier = world.courier();
    for (let second = 0; second < 30; second += 3) {
      await world.append([put(`event-${second}`)]);
      courier.nudge(profileId);
      await courier.settle();
      expect(world.endpoint.sent).toEqual([]);
      await world.clock.advance(3_000);
    }
    await courier.settle();
    expect(types()).toEqual(['change']);
    expect(await world.subscriber('chn_app')).toMatchObject({ told: { [profileId]: 10 } });
  });

  it('is not told before it is projected', async () => {
    await world.channel('app');
    const courier = world.courier();
    await world.append([put('a')], { projected: false });
    courier.nudge(profileId);
    await world.clock.advance(notifying.maxDelayMs);
    await courier.settle();
    expect(world.endpoint.sent).toEqual([]);
    await world.projectAll();
    courier.nudge(profileId);
    await courier.settle();
    expect(types()).toEqual(['change']);
  });

  it('that the application wrote itself is not told, nor an observation or an outcome', async () => {
    await world.channel('app');
    const courier = world.courier();
    await world.append([put('a')], { cause: 'write' });
    await world.append([put('b', false)]);
    courier.nudge(profileId);
    await courier.settle();
    await world.clock.advance(notifying.maxDelayMs);
    await courier.settle();
    expect(world.endpoint.sent).toEqual([]);
    expect(await world.subscriber('chn_app')).toMatchObject({ told: { [profileId]: 2 }, toldAtMs: startMs });
  });

  it('of every profile of the account is told, of a later connected one from its beginning', async () => {
    await world.channel('app');
    const courier = world.courier();
    const second = asProfileId('pro_2');
    await world.addProfile(second);
    await world.append([put('x')], { profile: second });
    await world.append([put('a')]);
    courier.nudge(second);
    await courier.settle();
    await world.clock.advance(notifying.quietMs);
    await courier.settle();
    expect(types()).toEqual(['change']);
    expect(await world.subscriber('chn_app')).toMatchObject({ told: { [profileId]: 1, [second]: 1 } });
  });

  it('that comes while a notification is under way is told by a next one', async () => {
    await world.channel('app');
    const courier = world.courier();
    world.endpoint.answers.set('https://app.example/hook', ['hang']);
    await world.append([put('a')]);
    await world.clock.advance(notifying.quietMs);
    courier.nudge(profileId);
    while (world.endpoint.sent.length === 0) await world.clock.settle();
    await world.append([put('b')]);
    courier.nudge(profileId);
    world.endpoint.release(200);
    await courier.settle();
    await world.clock.advance(notifying.quietMs);
    await courier.settle();
    expect(types()).toEqual(['change', 'change']);
    expect(world.endpoint.sent[1]?.body.notification.changes_since).toBe(iso(startMs));
    expect(new Set(world.endpoint.sent.map((one) => one.id)).size).toBe(2);
  });
});

describe('channels', () => {
  it('begin with a verification', async () => {
    const courier = world.courier();
    await world.channel('new', { notices: ['verification'], dueAtMs: startMs });
    courier.opened('chn_new');
    await courier.settle();
    expect(types()).toEqual(['verification']);
    expect(await world.subscriber('chn_new')).toMatchObject({ notices: [], inFlight: null });
  });

  it('are told a notice at once, after the changes before it', async () => {
    await world.channel('app');
    const courier = world.courier();
    await world.append([put('a')]);
    await world.append([notice('initial_sync_completed')], { cause: 'state' });
    courier.nudge(profileId);
    await courier.settle();
    expect(types()).toEqual(['change', 'profile_initial_sync_completed']);
    expect(world.endpoint.sent[1]?.body.notification).toEqual({ type: 'profile_initial_sync_completed' });
  });

  it('that are closed while a notification is under way are told nothing more', async () => {
    await world.channel('app');
    const courier = world.courier();
    world.endpoint.answers.set('https://app.example/hook', ['hang']);
    await world.append([put('a')]);
    await world.clock.advance(notifying.quietMs);
    courier.nudge(profileId);
    while (world.endpoint.sent.length === 0) await world.clock.settle();
    const open = await world.subscriber('chn_app');
    expect(await world.store.replace('subscribers', closed(open), open.rev)).toBe(true);
    world.endpoint.release(500);
    await world.append([put('b')]);
    courier.nudge(profileId);
    await world.clock.advance(86_400_000);
    await courier.settle();
    expect(types()).toEqual(['change']);
    expect((await world.subscriber('chn_app')).open).toBe(0);
  });
});

describe('a failing endpoint', () => {
  it('is tried again with the same notification until it acknowledges, each attempt recorded', async () => {
    await world.channel('app');
    const courier = world.courier();
    const refused = new KalendsError('connect_failed', 'connection refused');
    world.endpoint.answers.set('https://app.example/hook', [500, refused, 302, 204]);
    await changeAndWait(world, courier);
    for (let k = 0; k < 3; k += 1) {
      await world.clock.advance(60_000);
      await courier.settle();
    }
    const [first] = world.endpoint.sent;
    expect(world.endpoint.sent.map((one) => [one.id, one.attempt, one.text])).toEqual(
      [1, 2, 3, 4].map((attempt) => [first?.id, attempt, first?.text]),
    );
    expect((await world.deliveries('chn_app')).map(({ status, error }) => ({ status, error }))).toEqual([
      { status: 500, error: 'the endpoint answered 500; any status from 200 to 299 acknowledges a notification' },
      { status: null, error: 'connect_failed: connection refused' },
      { status: 302, error: 'the endpoint answered with a redirect (302), which is not followed' },
      { status: 204, error: null },
    ]);
    expect(await world.subscriber('chn_app')).toMatchObject({ failures: 0, inFlight: null, told: { [profileId]: 1 } });
  });

  it('is not tried before its time, however often it is looked at', async () => {
    await world.channel('app');
    const courier = world.courier();
    world.endpoint.answers.set('https://app.example/hook', 500);
    await changeAndWait(world, courier);
    for (let k = 0; k < 5; k += 1) {
      await world.append([put('b')]);
      courier.nudge(profileId);
      await courier.settle();
    }
    expect(world.endpoint.sent).toHaveLength(1);
  });

  it('is given up after 24 h and told by the next change from where it was left', async () => {
    await world.channel('app');
    const courier = world.courier();
    world.endpoint.answers.set('https://app.example/hook', 503);
    await changeAndWait(world, courier);
    for (let hour = 0; hour < 26; hour += 1) {
      await world.clock.advance(3_600_000);
      await courier.settle();
    }
    const left = await world.subscriber('chn_app');
    expect(left).toMatchObject({ open: 1, inFlight: null, givenUp: { error: expect.stringContaining('503') } });
    const attempts = world.endpoint.sent.length;
    expect(left.givenUp?.attempts).toBe(attempts);
    expect(world.reports.filter((one) => one.level === 'error')).toMatchObject([
      { message: 'a notification was given up; the next one reaches back to it', fields: { subscriber: 'chn_app' } },
    ]);

    world.endpoint.answers.delete('https://app.example/hook');
    await changeAndWait(world, courier, 'b');
    expect(world.endpoint.sent).toHaveLength(attempts + 1);
    expect(world.endpoint.sent.at(-1)?.body.notification.changes_since).toBe(iso(startMs));
  });

  it('that hangs takes its share of deliveries and holds up no other', async () => {
    for (let k = 0; k < 20; k += 1) await world.channel(`slow-${k}`, { callbackUrl: 'https://slow.example/hook' });
    await world.channel('zz-well');
    world.endpoint.answers.set('https://slow.example/hook', 'hang');
    const courier = world.courier({ policy: { deliveriesAtOnce: 4, deliveriesPerHost: 2 } });
    await world.append([put('a')]);
    await world.clock.advance(notifying.quietMs);
    courier.nudge(profileId);
    const urls = () => world.endpoint.sent.map((one) => one.url);
    while (!urls().includes('https://zz-well.example/hook')) await world.clock.settle();
    expect(urls().filter((url) => url === 'https://slow.example/hook')).toHaveLength(2);

    world.endpoint.answers.clear();
    world.endpoint.release(200);
    await courier.settle();
    expect(world.endpoint.sent).toHaveLength(21);
  });
});

it('a crowd that waits for a hanging host does not hide those who are due after it', async () => {
  for (let k = 0; k < 520; k += 1) {
    await world.channel(`slow-${k}`, {
      callbackUrl: 'https://slow.example/hook',
      notices: ['verification'],
      dueAtMs: startMs,
    });
  }
  await world.channel('zz-well', { notices: ['verification'], dueAtMs: startMs + 2_000 });
  world.endpoint.answers.set('https://slow.example/hook', 'hang');
  world.courier().start();
  await untilSent(world, 9);
  expect(world.endpoint.sent.filter((one) => one.url.includes('slow'))).toHaveLength(8);
  expect(world.endpoint.sent.at(-1)?.url).toBe('https://zz-well.example/hook');
});

describe('the sweeps', () => {
  it('find a change whose nudge was lost within the maximum delay', async () => {
    await world.channel('app');
    const courier = world.courier();
    courier.start();
    await world.clock.advance(60_000);
    await world.append([put('a')]);
    const atMs = world.clock.now();
    await untilSent(world, 1);
    expect(types()).toEqual(['change']);
    expect(world.clock.now() - atMs).toBeLessThanOrEqual(notifying.maxDelayMs);
  });

  it('find at the start what was projected long before it', async () => {
    await world.channel('app');
    await world.append([put('a')]);
    await world.clock.advance(3_600_000);
    world.courier().start();
    await untilSent(world, 1);
    expect(types()).toEqual(['change']);
  });

  it('remove attempts that are older than they are kept for', async () => {
    await world.channel('app');
    const courier = world.courier();
    await changeAndWait(world, courier);
    expect(await world.deliveries('chn_app')).toHaveLength(1);
    await world.clock.advance(notifying.logKeptMs + 1_000);
    const later = world.courier();
    later.start();
    for (let turn = 0; turn < 50; turn += 1) await world.clock.settle();
    expect(await world.deliveries('chn_app')).toEqual([]);
  });

  it('end with the courier: nobody is asleep or told afterwards', async () => {
    await world.channel('app');
    const courier = world.courier();
    courier.start();
    await world.clock.advance(1_000);
    await courier.stop();
    expect(world.clock.sleepers()).toBe(0);
    await world.append([put('a')]);
    courier.nudge(profileId);
    await world.clock.advance(60_000);
    await courier.settle();
    expect(world.endpoint.sent).toEqual([]);
  });
});

describe('a long log', () => {
  it('is told in several notifications, to its end', async () => {
    await world.channel('app');
    const courier = world.courier({ policy: { changesAtOnce: 10 } });
    for (let k = 0; k < 12; k += 1) await world.append([put(`${k}-a`), put(`${k}-b`), put(`${k}-c`)]);
    courier.nudge(profileId);
    await courier.settle();
    await world.clock.advance(notifying.quietMs);
    await courier.settle();
    expect(await world.subscriber('chn_app')).toMatchObject({ told: { [profileId]: 12 } });
    expect(types()).toEqual(['change', 'change', 'change']);
  });
});

it('a subscriber of another account is not concerned', async () => {
  await world.channel('other', { accountId: `${accountId}_other` as typeof accountId });
  const courier = world.courier();
  await changeAndWait(world, courier);
  expect(world.endpoint.sent).toEqual([]);
});
