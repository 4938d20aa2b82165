/** Throttling is heeded by the whole profile, and whoever always meets it keeps nothing else from going on. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, second, type Rig } from './rig.ts';
import { cached, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import type { ModelSide } from './worlds.ts';

const path = '/calendars/alice/work/';

const asked = (rig: Rig<ModelSide>, method: string): number =>
  rig.other.server.log.filter((one) => one.method === method).length;

/** Since the last reading at most this long ago, what people do is seen. */
async function expectRead(rig: Rig<ModelSide>, name: string, calendar = work): Promise<void> {
  rig.other.server.world.put(`/calendars/alice/${calendar}`, `${name}.ics`, ics(name, name));
  await rig.pass(hour);
  expect(await cached(rig, calendar)).toContain(`${name}.ics`);
}

test.each(['throttled_429', 'throttled_429_seconds', 'throttled_503_seconds'] as const)(
  '%s to every write: what people do is read all the while, and few writes are tried',
  async (fault) => {
    const rig = await syncedOverCalDav({ events: 0, polling: {} });
    const { faults } = rig.other.server;
    faults.set(fault, { always: true, only: { method: 'PUT' } });
    for (let k = 0; k < 20; k += 1) await rig.upsert(work, `x${k}`, wish(`X${k}`));
    await expectRead(rig, 'first');
    for (let k = 0; k < 11; k += 1) await expectRead(rig, `later${k}`);
    expect(asked(rig, 'PUT')).toBeLessThan(100);
    expect((await rig.intents()).every((one) => one.open === 1)).toBe(true);
    faults.clearAll();
    await rig.pass(7 * hour);
    expect(outcomesOf(await rig.intents()).every((one) => one.endsWith('written'))).toBe(true);
    await expectAllWell(rig);
  },
);

test('a single event whose writes are throttled keeps no other from being written, nor anything from being read', async () => {
  const rig = await syncedOverCalDav({ events: 0, polling: {} });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const { faults, world } = rig.other.server;
  const [name = ''] = world.names(path);
  faults.set('throttled_429', { always: true, only: { method: 'PUT', pathPrefix: path + name } });
  await rig.upsert(work, 'x', wish('X2'));
  await rig.pass(second);
  await rig.upsert(work, 'y', wish('Y'));
  await expectRead(rig, 'theirs');
  expect((await rig.intents()).map((one) => one.state)).toEqual(['written', 'queued', 'written']);
  for (let k = 0; k < 11; k += 1) {
    await rig.upsert(work, `z${k}`, wish(`Z${k}`));
    await rig.pass(hour);
  }
  expect((await rig.intents()).filter((one) => one.open === 1)).toHaveLength(1);
  expect(asked(rig, 'PUT')).toBeLessThan(60);
});

test('a calendar whose writes are throttled holds up no write to another', async () => {
  const rig = await syncedOverCalDav({ events: 0, polling: {} });
  rig.other.addCalendar('home');
  await rig.request('pull');
  await rig.pass(minute);
  rig.other.server.faults.set('throttled_429', { always: true, only: { method: 'PUT', pathPrefix: path } });
  for (let k = 0; k < 20; k += 1) await rig.upsert(work, `x${k}`, wish(`X${k}`));
  await rig.upsert('home/', 'y', wish('Y'));
  await rig.pass(10 * minute);
  expect((await rig.intents()).at(-1)?.state).toBe('written');
});

test('a calendar that is throttled whenever it is read keeps no other from being read', async () => {
  const rig = await syncedOverCalDav({ events: 1, polling: {} });
  rig.other.addCalendar('home');
  await rig.request('pull');
  await rig.pass(minute);
  const { faults } = rig.other.server;
  faults.set('throttled_429', { always: true, only: { method: 'REPORT', pathPrefix: path } });
  for (let k = 0; k < 12; k += 1) await expectRead(rig, `later${k}`, 'home/');
  faults.clearAll();
  await rig.pass(hour);
  await expectAllWell(rig);
});

test('where the list of calendars is throttled whenever it is read, the calendars are read', async () => {
  const rig = await syncedInMemory({ polling: {} });
  rig.other.world.failNext('listCalendars', () => new KalendsError('rate_limited', 'too many requests'), 1_000);
  for (let k = 0; k < 12; k += 1) {
    rig.other.put(work, `later${k}.ics`, ics(`later${k}`, `Later ${k}`));
    await rig.pass(hour);
    expect(await cached(rig)).toContain(`later${k}.ics`);
  }
});

test('who is always asked to wait for long stops everything for as long, and then comes last', async () => {
  const rig = await syncedInMemory({ polling: {}, events: 0 });
  const waits = () => new KalendsError('rate_limited', 'come back later', { retryAtMs: rig.clock.now() + 2 * hour });
  rig.other.world.failNext('put', waits, 1_000);
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  rig.other.put(work, 'theirs.ics', ics('theirs', 'Theirs'));
  await rig.pass(hour);
  expect(await cached(rig)).toEqual([]);
  await rig.pass(hour);
  expect(await cached(rig)).toEqual(['theirs.ics']);
  for (let k = 0; k < 6; k += 1) {
    rig.other.put(work, `later${k}.ics`, ics(`later${k}`, `Later ${k}`));
    await rig.pass(3 * hour);
    expect(await cached(rig)).toContain(`later${k}.ics`);
  }
  await rig.pass(day);
  expect(rig.other.world.count('put')).toBeLessThan(20);
});

test('a calendar that leads to a host that cannot be reached keeps no other from being read', async () => {
  const rig = await syncedInMemory({ polling: {}, events: 0 });
  rig.other.addCalendar('home');
  await rig.request('pull');
  await rig.pass(minute);
  const { provider } = rig.other;
  const changes = provider.changes.bind(provider);
  Object.assign(provider, {
    changes: async (...args: Parameters<typeof changes>) => {
      if (args[1] === work) throw new KalendsError('address_refused', 'redirected to a private address');
      return changes(...args);
    },
  });
  for (let k = 0; k < 12; k += 1) {
    rig.other.put('home/', `later${k}.ics`, ics(`later${k}`, `Later ${k}`));
    await rig.pass(hour);
    expect(await cached(rig, 'home/')).toContain(`later${k}.ics`);
  }
});
