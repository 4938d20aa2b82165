/** Pulling: what a poll costs, when a first sync is complete, and what need not wait for what. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { hour, minute, type Rig } from './rig.ts';
import {
  cached,
  calendarState,
  logOf,
  pull,
  seqOf,
  summaries,
  synced,
  syncedInMemory,
  syncedOverCalDav,
  work,
  still,
} from './starts.ts';
import { modelSide, type ModelSide } from './worlds.ts';
import { put, requests } from './pulls.ts';

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
