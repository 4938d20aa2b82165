/** Pulling: what calendar servers get wrong costs questions, never events; the lesson of February 2020. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { ics, series, wish } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { day, hour, minute, type Rig } from './rig.ts';
import {
  cached,
  calendarState,
  checkpointOf,
  logOf,
  pull,
  seqOf,
  still,
  summaries,
  synced,
  syncedInMemory,
  syncedOverCalDav,
  work,
} from './starts.ts';
import { modelSide, type ModelSide, type OtherSide } from './worlds.ts';

const home = '/calendars/alice/';
const requests = (rig: Rig<ModelSide>, since: number, method = ''): number =>
  rig.other.server.log.slice(since).filter((one) => method === '' || one.method === method).length;

const put = (rig: Rig<OtherSide>, from: number, to: number, text = 'Event'): void => {
  for (let k = from; k < to; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `${text} ${k}`));
};

test('a pull without news asks twice and writes nothing to the log', async () => {
  const rig = await syncedOverCalDav({ events: 20 });
  const [seq, asked] = [await seqOf(rig), rig.other.server.log.length];
  await pull(rig);
  expect(await seqOf(rig)).toBe(seq);
  expect(requests(rig, asked)).toBe(2);
});

test('a change costs a delta and one multiget', async () => {
  const rig = await syncedOverCalDav({ events: 20 });
  const asked = rig.other.server.log.length;
  put(rig, 0, 3, 'Changed');
  await pull(rig);
  expect(rig.other.server.log.slice(asked).map((one) => one.report ?? one.method)).toEqual([
    'PROPFIND',
    'sync-collection',
    'calendar-multiget',
  ]);
  await expectAllWell(rig);
});

test('a first listing that comes in pages is read a page at a time, and writes go on between them', async () => {
  const rig = await syncedOverCalDav({ events: 0 });
  rig.other.server.faults.set('pages_507', { always: true, value: 3 });
  rig.other.addCalendar('big');
  for (let k = 0; k < 40; k += 1) rig.other.put('big/', `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
  const since = rig.other.server.log.length;
  // Accepted while the second page of the listing is on its way.
  let pages = 0;
  const { changes } = rig.other.provider;
  Object.assign(rig.other.provider, {
    changes: async (...args: Parameters<typeof changes>) => {
      const page = await changes(...args);
      pages += 1;
      if (pages === 2) await rig.upsert(work, 'x', wish('In between'));
      return page;
    },
  });
  await rig.request('pull');
  await rig.pass(minute);
  const asked = rig.other.server.log.slice(since).map((one) => one.report ?? one.method);
  const written = asked.indexOf('PUT');
  expect(asked.slice(0, written).filter((one) => one === 'sync-collection').length).toBeLessThan(6);
  expect(asked.slice(written).filter((one) => one === 'sync-collection').length).toBeGreaterThan(8);
  expect(await cached(rig, 'big/')).toHaveLength(40);
  expect(await calendarState(rig, 'big/')).toBe('live');
  await expectAllWell(rig);
});

test('a first listing in pages that is cut off, by a crash or by a token that is refused, is made whole', async () => {
  const start = async (): Promise<Rig<ModelSide>> => {
    const rig = await syncedOverCalDav({ events: 0 });
    rig.other.server.faults.set('pages_507', { always: true, value: 3 });
    rig.other.addCalendar('big');
    for (let k = 0; k < 10; k += 1) rig.other.put('big/', `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
    await rig.request('pull');
    return rig;
  };
  const whole = await start();
  const begin = whole.plan.passages.length;
  await whole.pass(minute);
  for (const how of ['crash', 'refused'] as const) {
    for (let at = begin + 1; at <= whole.plan.passages.length; at += 1) {
      if (how === 'refused' && whole.plan.passages[at - 1] !== 'provider changes') continue;
      const rig = await start();
      rig.plan.cuts = [{ at, how, code: 'sync_token_invalid' }];
      // What a person removes meanwhile must not stay.
      rig.other.remove('big/', 'e0.ics');
      await rig.pass(hour);
      expect(await cached(rig, 'big/'), `${how} at ${at}`).toHaveLength(9);
      await expectAllWell(rig);
    }
  }
});

test('many changes are asked for in batches as large as the server answers in time', async () => {
  const asked: number[] = [];
  const rig = await synced<ModelSide>({
    side: (clock, random) => {
      const side = modelSide(clock, random);
      const fetch: ModelSide['provider']['fetch'] = (session, calendar, refs) => {
        asked.push(refs.length);
        return side.provider.fetch(session, calendar, refs);
      };
      return { ...side, provider: { ...side.provider, fetch } };
    },
  });
  const { faults } = rig.other.server;
  const add = (name: string, count: number): void => {
    for (let k = 0; k < count; k += 1) rig.other.put(work, `${name}${k}.ics`, ics(`${name}${k}`, `${name} ${k}`));
  };
  add('quick', 800);
  await pull(rig, 5 * minute);
  expect(asked.splice(0)).toEqual([100, 200, 400, 100]);
  faults.set('slow_hrefs', { always: true, value: 34 });
  add('slow', 700);
  await pull(rig, 5 * minute);
  const [first = 0, ...others] = asked;
  expect(first).toBe(500);
  expect(others).toEqual([88, 88, 24]);
  expect(await cached(rig)).toHaveLength(1_501);
  await expectAllWell(rig);
});

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

test('an emptied listing removes nothing, is noticed, and its calendar is set aside until it is listed well', async () => {
  const rig = await syncedOverCalDav({ events: 200 });
  rig.other.server.world.forgetTokens(home + work);
  rig.other.server.faults.set('listing_empty', { always: true });
  const seq = await seqOf(rig);
  await pull(rig);
  expect(await calendarState(rig)).toBe('quarantined');
  expect(rig.reports.map((one) => one.what)).toContain('suspicious delta: removals are held until each is verified');
  const asked = rig.other.server.log.length;
  await rig.pass(day);
  expect(await cached(rig)).toHaveLength(200);
  expect((await logOf(rig, seq)).filter((line) => line.includes('removed'))).toEqual([]);
  expect(requests(rig, asked)).toBeLessThan(400);
  rig.other.server.faults.clearAll();
  await rig.pass(7 * hour);
  expect(await calendarState(rig)).toBe('live');
  await expectAllWell(rig);
});

test('an emptied delta of tombstones is held, and each is verified before it is believed', async () => {
  const rig = await syncedInMemory({ events: 200 });
  for (let k = 0; k < 200; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig, hour);
  expect(await cached(rig)).toEqual([]);
  const removals = (await logOf(rig)).filter((line) => line.includes('removed'));
  expect(removals).toHaveLength(200);
  expect(removals.every((line) => line.endsWith('direct_get'))).toBe(true);
  await expectAllWell(rig);
});

test('a few tombstones are believed; more in small steps are not, within a day', async () => {
  const rig = await syncedInMemory({ events: 50 });
  for (let k = 0; k < 12; k += 1) {
    rig.other.remove(work, `e${k}.ics`);
    await pull(rig);
  }
  const evidence = (await logOf(rig)).flatMap((line) => (line.includes('removed') ? [line.split(' ').at(-1)] : []));
  expect(evidence).toEqual([...Array<string>(5).fill('tombstone'), ...Array<string>(7).fill('direct_get')]);
  await rig.pass(day + hour);
  rig.other.remove(work, 'e20.ics');
  await pull(rig);
  expect((await logOf(rig)).at(-1)).toBe('pull removed e20.ics by tombstone');
  await expectAllWell(rig);
});

test('a removal that cannot be verified waits, and is asked for ever more seldom', async () => {
  const rig = await syncedInMemory({ events: 30 });
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 1_000);
  for (let k = 0; k < 20; k += 1) rig.other.remove(work, `e${k}.ics`);
  const asked = rig.other.world.count('get');
  await rig.request('pull');
  await rig.pass(day);
  expect(await cached(rig)).toHaveLength(30);
  expect((await checkpointOf(rig)).held).toHaveLength(20);
  expect(rig.other.world.count('get') - asked).toBeLessThan(20 * 12);
});

test('what is held and then reported as changed is fetched, not removed', async () => {
  const rig = await syncedInMemory({ events: 10 });
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 8);
  for (let k = 0; k < 8; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  put(rig, 0, 8, 'Back');
  await pull(rig);
  expect((await checkpointOf(rig)).held).toEqual([]);
  expect((await logOf(rig)).filter((line) => line.includes('removed'))).toEqual([]);
  await expectAllWell(rig);
});

test('a failure in the middle of a verification keeps what was proved before it', async () => {
  const rig = await syncedInMemory({ events: 20 });
  for (let k = 0; k < 15; k += 1) rig.other.remove(work, `e${k}.ics`);
  let gets = 0;
  const inner = rig.other.provider.get.bind(rig.other.provider);
  Object.assign(rig.other.provider, {
    get: async (...args: Parameters<typeof inner>) => {
      gets += 1;
      if (gets === 8) throw new KalendsError('connect_failed', 'down');
      return inner(...args);
    },
  });
  await pull(rig);
  await expectAllWell(rig);
});

test.each<FaultName>([
  'token_forgotten_400',
  'token_forgotten_403',
  'token_forgotten_410',
  'token_forgotten_412',
  'token_forgotten_415',
  'token_forgotten_500',
])('%s costs a listing and a comparison, and tells of nothing that did not happen', async (fault) => {
  const rig = await syncedOverCalDav({ events: 30 });
  rig.other.server.faults.set(fault, { nextN: 2 });
  rig.other.remove(work, 'e3.ics');
  put(rig, 5, 6, 'Changed');
  const seq = await seqOf(rig);
  await pull(rig, hour);
  expect((await logOf(rig, seq)).sort()).toEqual(['pull put e5.ics', 'pull removed e3.ics by direct_get']);
  await expectAllWell(rig);
});

test('a delta that repeats itself, or never moves, changes nothing and goes round nowhere', async () => {
  for (const fault of ['delta_repeats', 'token_stuck', 'token_one_second'] as const) {
    const rig = await syncedOverCalDav({ events: 10, polling: { ...still, baseMs: minute, activeMs: minute } });
    rig.other.server.faults.set(fault, { always: true });
    put(rig, 0, 5, 'Changed');
    rig.other.remove(work, 'e9.ics');
    await rig.pass(hour);
    const seq = await seqOf(rig);
    const asked = rig.other.server.log.length;
    await rig.pass(hour);
    expect(await seqOf(rig)).toBe(seq);
    expect(requests(rig, asked)).toBeLessThan(140);
    await expectAllWell(rig);
  }
});

test('a delta that promises more for ever and brings nothing is taken for broken', async () => {
  const rig = await syncedInMemory({ events: 3 });
  let n = 0;
  const changes = async () => ({ changed: [], removed: [], token: `t${(n += 1)}`, more: true });
  const honest = rig.other.provider.changes.bind(rig.other.provider);
  Object.assign(rig.other.provider, { changes });
  await pull(rig);
  expect(n).toBeLessThan(3);
  Object.assign(rig.other.provider, { changes: honest });
  await pull(rig);
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

test('two resources with one UID are two resources', async () => {
  const rig = await syncedInMemory({ events: 0 });
  rig.other.put(work, 'one.ics', ics('same', 'One'));
  rig.other.put(work, 'two.ics', ics('same', 'Two'));
  await pull(rig);
  expect(await summaries(rig)).toEqual(['One', 'Two']);
  rig.other.remove(work, 'one.ics');
  await pull(rig);
  expect(await summaries(rig)).toEqual(['Two']);
  await expectAllWell(rig);
});

test('a server without tokens is listed when its ctag moves, and one without either at each poll', async () => {
  for (const abilities of [{ sync: false }, { sync: false, ctag: false }]) {
    const rig = await synced<ModelSide>({
      events: 10,
      side: (clock, random) => {
        const side = modelSide(clock, random);
        Object.assign(side.server.abilities, abilities);
        return side;
      },
    });
    const seq = await seqOf(rig);
    await pull(rig);
    expect(await seqOf(rig)).toBe(seq);
    put(rig, 0, 2, 'Changed');
    rig.other.remove(work, 'e9.ics');
    await pull(rig);
    expect((await logOf(rig, seq)).sort()).toEqual([
      'pull put e0.ics',
      'pull put e1.ics',
      'pull removed e9.ics by direct_get',
    ]);
    await expectAllWell(rig);
  }
});

test('where a removal waits on a server without tokens, nothing goes round', async () => {
  const rig = await synced<ModelSide>({
    events: 10,
    side: (clock, random) => {
      const side = modelSide(clock, random);
      Object.assign(side.server.abilities, { sync: false, ctag: false });
      return side;
    },
  });
  rig.other.remove(work, 'e1.ics');
  rig.other.server.faults.set('status_500', { always: true, only: { method: 'GET' } });
  const asked = rig.other.server.log.length;
  await rig.request('pull');
  await rig.pass(6 * hour);
  expect(requests(rig, asked)).toBeLessThan(60);
  rig.other.server.faults.clearAll();
  await rig.pass(7 * hour);
  await expectAllWell(rig);
});

test('tokens that lie are found out by the listing that a week brings', async () => {
  const rig = await syncedOverCalDav({
    events: 30,
    polling: { ...still, baseMs: hour, activeMs: hour, quietMs: hour },
  });
  rig.other.server.faults.set('delta_omits', { always: true, value: 1 });
  put(rig, 0, 2, 'Unseen');
  rig.other.remove(work, 'e5.ics');
  await rig.pass(day);
  expect(await cached(rig)).toHaveLength(30);
  await rig.pass(7 * day);
  await expectAllWell(rig);
});

test('a first sync is complete when everything that was listed has been asked for', async () => {
  const rig = await synced<ModelSide>({
    events: 0,
    side: (clock, random) => {
      const side = modelSide(clock, random);
      side.server.abilities.calendarQuery = false;
      side.server.faults.set('body_as_propstat_404', { always: true });
      return side;
    },
  });
  expect((await rig.profile()).initialSyncAtMs).not.toBeNull();
  rig.other.addCalendar('big');
  for (let k = 0; k < 1_200; k += 1) rig.other.put('big/', `b${k}.ics`, ics(`b${k}`, `Big ${k}`));
  await pull(rig);
  expect(await calendarState(rig, 'big/')).toBe('live');
  await expectAllWell(rig);
});

test('what waits for a verification does not make the rest of its calendar wait for another poll', async () => {
  const rig = await syncedInMemory({ events: 30, polling: { ...still, baseMs: hour, activeMs: hour, quietMs: hour } });
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 12);
  for (let k = 0; k < 12; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  put(rig, 20, 21, 'Changed');
  // Nobody looks for two hours: their verification and the poll are due at once.
  await rig.clock.advance(2 * hour);
  await rig.settle();
  expect(await summaries(rig)).toContain('Changed 20');
  await expectAllWell(rig);
});
