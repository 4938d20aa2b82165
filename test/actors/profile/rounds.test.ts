/** Questions that are asked one by one, in rounds: none holds its turn for long, and a write goes between two of them. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import type { Provider } from '../../../providers/provider.ts';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, second, type Rig } from './rig.ts';
import { cached, calendarState, checkpointOf, pull, synced, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import { memorySide, type MemorySide } from './worlds.ts';

/** Each answer to `method` takes four seconds; when the first is asked for, `meanwhile` happens. */
async function slow(method: keyof Provider, events: number, meanwhile: (rig: Rig<MemorySide>) => unknown) {
  const asked: string[] = [];
  let rig: Rig<MemorySide> | null = null;
  rig = await synced<MemorySide>({
    events,
    side: (clock) => {
      const plain = memorySide(clock);
      const provider = new Proxy(plain.provider, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function' || (name !== method && name !== 'put')) return value;
          return async (...args: unknown[]): Promise<unknown> => {
            asked.push(name);
            if (asked.length === 1 && rig !== null) await meanwhile(rig);
            if (name === method) await clock.sleep(4 * second);
            return value.apply(target, args);
          };
        },
      });
      return { ...plain, provider };
    },
  });
  return { rig, asked };
}

test('a write that comes while removals are verified waits for one question that hangs, not for twenty', async () => {
  const rig = await syncedOverCalDav({ events: 30 });
  const { faults, log } = rig.other.server;
  let accepted = false;
  faults.set('listing_empty', { always: true });
  faults.set('hangs', {
    always: true,
    only: {
      method: 'GET',
      matches: () => {
        if (!accepted) void rig.upsert(work, 'x', wish('X'));
        return (accepted = true);
      },
    },
  });
  await rig.request('resync');
  await rig.settle();
  const put = log.findIndex((one) => one.method === 'PUT');
  expect(put).toBeGreaterThan(0);
  expect(log.slice(0, put).filter((one) => one.method === 'GET')).toHaveLength(1);

  faults.clearAll();
  await rig.pass(2 * day);
  expect(await cached(rig)).toHaveLength(31);
  expect((await checkpointOf(rig)).held).toEqual([]);
});

test('answers that are slow end a round before its number does, and the next turn goes on where it was', async () => {
  const { rig, asked } = await slow('get', 30, (one) => one.upsert(work, 'x', wish('X')));
  for (let k = 0; k < 20; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  await rig.pass(hour);
  expect(asked.slice(0, 4)).toEqual(['get', 'get', 'get', 'put']);
  expect(asked.filter((one) => one === 'get')).toHaveLength(20);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  await expectAllWell(rig);
});

test('missing calendars are asked for in such rounds, too', async () => {
  const { rig, asked } = await slow('getCalendar', 1, (one) => one.upsert(work, 'x', wish('X')));
  for (let k = 0; k < 10; k += 1) rig.other.addCalendar(`c${k}`);
  await pull(rig);
  for (let k = 0; k < 10; k += 1) rig.other.world.removeCalendar(`c${k}/`);
  await pull(rig);
  await rig.pass(hour);
  expect(asked.slice(0, 4)).toEqual(['getCalendar', 'getCalendar', 'getCalendar', 'put']);
  expect((await rig.profile()).missingCalendars).toEqual([]);
  await expectAllWell(rig);
});

test('a calendar that does not answer either is set back, and nothing more of it is asked at once', async () => {
  const rig = await syncedInMemory({ events: 30 });
  const { world } = rig.other;
  for (let k = 0; k < 20; k += 1) rig.other.remove(work, `e${k}.ics`);
  for (const method of ['get', 'version'] as const)
    world.failNext(method, () => new KalendsError('timed_out', 'no answer'), 100);
  await rig.request('pull');
  await rig.settle();
  expect(world.count('get')).toBe(1);
  await rig.pass(5 * minute);
  expect(await calendarState(rig)).toBe('quarantined');
  expect((await cached(rig)).length).toBe(30);
});
