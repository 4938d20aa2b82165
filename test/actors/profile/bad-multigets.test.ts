/** Multigets that end early or are poisoned cost questions, never events; the lesson of February 2020. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { ics, series } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { day, hour } from './rig.ts';
import {
  cached,
  calendarState,
  checkpointOf,
  logOf,
  pull,
  summaries,
  syncedInMemory,
  syncedOverCalDav,
  work,
} from './starts.ts';
import { put, requests } from './pulls.ts';

test('February 2020: a multiget that ends at the first missing resource loses no event', async () => {
  const rig = await syncedOverCalDav({ events: 40 });
  rig.other.server.faults.set('multiget_stops_at_missing', { always: true });
  put(rig, 0, 40, 'Changed');
  // Gone between the delta and the multiget: the moment that the incident was made of.
  let removed = false;
  rig.other.server.faults.set('status_500', {
    always: true,
    only: {
      matches: ({ method, body }) => {
        if (method === 'REPORT' && body.includes('multiget') && !removed) {
          removed = true;
          for (const k of [5, 17, 18]) rig.other.remove(work, `e${k}.ics`);
        }
        return false;
      },
    },
  });
  const asked = rig.other.server.log.length;
  await pull(rig);
  expect(removed).toBe(true);
  expect(await cached(rig)).toHaveLength(37);
  expect(requests(rig, asked)).toBeLessThan(25);
  const lines = await logOf(rig);
  expect(lines.filter((line) => line.includes('removed'))).toEqual([
    'pull removed e5.ics by direct_get',
    'pull removed e17.ics by direct_get',
    'pull removed e18.ics by direct_get',
  ]);
  await expectAllWell(rig);
});

test.each<[FaultName, number]>([
  ['multiget_omits', 40],
  ['multiget_404_listed', 40],
  ['multiget_404_all', 45],
  ['multiget_empty_href', 25],
  ['body_as_propstat_404', 25],
])('%s: every event arrives, none is removed, with few questions', async (fault, most) => {
  const rig = await syncedOverCalDav({ events: 20 });
  rig.other.server.faults.set(fault, { always: true });
  put(rig, 0, 20, 'Changed');
  const asked = rig.other.server.log.length;
  await pull(rig);
  expect((await logOf(rig)).filter((line) => line.includes('removed'))).toEqual([]);
  expect(requests(rig, asked)).toBeLessThan(most);
  await expectAllWell(rig);
});

test('one resource that poisons every multiget is found among many with few questions, and set aside alone', async () => {
  const rig = await syncedOverCalDav({ events: 1 });
  const poison = {
    always: true,
    only: {
      matches: ({ body, path }: { body: string; path: string }) =>
        body.includes('e137.ics') || path.includes('e137.ics'),
    },
  } as const;
  rig.other.server.faults.set('status_500', poison);
  put(rig, 1, 300);
  const asked = rig.other.server.log.length;
  await pull(rig);
  expect(requests(rig, asked)).toBeLessThan(40);
  expect(await cached(rig)).toHaveLength(299);
  expect(await calendarState(rig)).toBe('live');
  expect((await checkpointOf(rig)).owed).toMatchObject([{ ref: 'e137.ics', asked: 1 }]);
  // Its probes are spaced, and nobody else is asked for again because of it.
  const before = rig.other.server.log.length;
  await rig.pass(day);
  expect(requests(rig, before, 'GET')).toBeGreaterThan(3);
  expect(requests(rig, before, 'GET')).toBeLessThan(12);
  rig.other.server.faults.clearAll();
  await rig.pass(7 * hour);
  await expectAllWell(rig);
});

test('several that fail among many cost questions by their number, not by the size of the calendar', async () => {
  const rig = await syncedOverCalDav({ events: 1 });
  const bad = ['e40.ics', 'e170.ics', 'e171.ics', 'e399.ics'];
  const named = ({ body, path }: { body: string; path: string }) =>
    bad.some((ref) => body.includes(ref) || path.includes(ref));
  rig.other.server.faults.set('status_500', { always: true, only: { matches: named } });
  put(rig, 1, 400);
  const asked = rig.other.server.log.length;
  await pull(rig);
  expect(requests(rig, asked)).toBeLessThan(2 * 2 * 4 * Math.log2(400));
  expect(await cached(rig)).toHaveLength(396);
});

test.each([
  [300, 40],
  [300, 7],
  [100, 1],
])('%i changes where no more than %i at once are answered, and else 413: halved until they are', async (n, most) => {
  const rig = await syncedOverCalDav({ events: 1 });
  rig.other.server.faults.set('multiget_413', { always: true, value: most });
  put(rig, 0, n, 'Changed');
  const asked = rig.other.server.log.length;
  await pull(rig);
  expect(await cached(rig)).toHaveLength(n);
  // Each piece is more than half of what the server takes, and each refusal is of two pieces.
  expect(requests(rig, asked, 'REPORT') + requests(rig, asked, 'GET')).toBeLessThan(10 + (4 * n) / most);
  expect(await calendarState(rig)).toBe('live');
  await expectAllWell(rig);
  // Nothing is left of it where a change is small enough.
  const refused = rig.other.server.faults.count('multiget_413');
  put(rig, 0, most, 'Again');
  await pull(rig);
  expect(rig.other.server.faults.count('multiget_413')).toBe(refused);
  await expectAllWell(rig);
});

test('a resource that nobody can read, or with a hostile rule, affects itself alone', async () => {
  const rig = await syncedInMemory({ events: 3 });
  rig.other.put(work, 'broken.ics', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:nonsense');
  rig.other.put(work, 'bomb.ics', series('bomb', 'Bomb', 'FREQ=SECONDLY;INTERVAL=1;BYSETPOS=-1;BYHOUR=1,2,3'));
  rig.other.put(work, 'yearly.ics', series('never', 'Never', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'));
  rig.other.put(work, 'text.ics', 'not a calendar at all \ud800 with half a character');
  rig.other.put(work, 'empty.ics', ' ');
  rig.other.put(work, 'uid.ics', ics('\ud800', 'Half a character for a UID'));
  await pull(rig);
  expect(await cached(rig)).toHaveLength(9);
  expect((await summaries(rig)).filter((one) => one.startsWith('Event'))).toHaveLength(3);
  expect((await rig.profile()).state.name).toBe('live');
  put(rig, 0, 3, 'Still');
  await pull(rig);
  expect((await summaries(rig)).filter((one) => one.startsWith('Still'))).toHaveLength(3);
});

/** A new calendar of `events` whose resources are named without bodies, and cannot be read where `fails` says so. */
async function newCalendar(events: number, fails: (refs: readonly string[]) => boolean) {
  const rig = await syncedInMemory({ events: 0 });
  const { provider } = rig.other;
  const [get, list, fetch] = [provider.get.bind(provider), provider.list.bind(provider), provider.fetch.bind(provider)];
  const refuse = (refs: readonly string[]): void => {
    if (fails(refs)) throw new KalendsError('server_error', 'oh');
  };
  Object.assign(provider, {
    list: async (...args: Parameters<typeof list>) => {
      const listing = await list(...args);
      return { ...listing, resources: listing.resources.map((one) => ({ ...one, observation: null })) };
    },
    get: async (...args: Parameters<typeof get>) => {
      refuse([args[2]]);
      return get(...args);
    },
    fetch: async (...args: Parameters<typeof fetch>) => {
      refuse(args[2]);
      return fetch(...args);
    },
  });
  rig.other.addCalendar('new');
  for (let k = 0; k < events; k += 1) rig.other.put('new/', `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
  await pull(rig);
  return rig;
}

test.each([2, 3, 4])(
  'one unreadable resource, named first of %i, keeps no other of a new calendar away',
  async (count) => {
    const rig = await newCalendar(count, (refs) => refs.includes('e0.ics'));
    expect(await cached(rig, 'new/')).toHaveLength(count - 1);
    expect(await calendarState(rig, 'new/')).toBe('live');
  },
);

test.each([
  { bad: ['e0.ics'], calm: 0 },
  { bad: ['e3.ics'], calm: 0 },
  { bad: ['e0.ics', 'e1.ics', 'e2.ics'], calm: hour },
])('where no multiget works, $bad keep no other of a new calendar away', async ({ bad, calm }) => {
  const rig = await newCalendar(6, (refs) => refs.length > 1 || bad.some((ref) => refs.includes(ref)));
  await rig.pass(calm);
  expect(await cached(rig, 'new/')).toHaveLength(6 - bad.length);
  expect(await calendarState(rig, 'new/')).toBe('live');
});

test('a new calendar of which nothing can be read is set aside, and its resources are not', async () => {
  const rig = await newCalendar(6, () => true);
  await rig.pass(day);
  expect(await calendarState(rig, 'new/')).toBe('quarantined');
  expect((await checkpointOf(rig, 'new/')).owed.every((one) => one.quarantinedUntilMs === null)).toBe(true);
  expect(rig.other.world.count('version')).toBeLessThan(60);
});
