/** Calendar servers that answer poorly: what they break is set aside as narrowly as it can be, and nothing is believed of them. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { ics, wish } from './bodies.ts';
import { createRig, day, hour, minute, profileId } from './rig.ts';
import {
  cached,
  calendarState,
  checkpointOf,
  logOf,
  pull,
  still,
  summaries,
  syncedInMemory,
  syncedOverCalDav,
  work,
} from './starts.ts';
import { memorySide, modelSide, type MemorySide, type ModelSide } from './worlds.ts';

const hourly = { ...still, baseMs: hour, activeMs: hour, quietMs: hour };

test.each<FaultName>(['status_502', 'status_503', 'status_504', 'unauthorized_anyway'])(
  'one resource whose questions end in %s is set aside alone, and its calendar goes on',
  async (fault) => {
    const rig = await syncedOverCalDav({ events: 1, polling: hourly });
    rig.other.server.faults.set(fault, {
      always: true,
      only: { matches: ({ body, path }) => body.includes('e137.ics') || path.includes('e137.ics') },
    });
    for (let k = 1; k < 300; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
    await rig.request('pull');
    await rig.pass(2 * day);
    rig.other.put(work, 'new.ics', ics('new', 'New'));
    await rig.pass(day);
    const owed = (await checkpointOf(rig)).owed.length;
    expect({ cached: (await cached(rig)).length, owed, state: await calendarState(rig) }).toEqual({
      cached: 300,
      owed: 1,
      state: 'live',
    });
  },
);

test('one body that is too large to be read is a problem of that event alone, also inside a multiget', async () => {
  const rig = await syncedOverCalDav({ events: 2 });
  rig.other.put(work, 'e0.ics', ics('e0', 'Grown', [`ATTACH:data:,${'x'.repeat(5 * 1024 * 1024)}`]));
  rig.other.put(work, 'e1.ics', ics('e1', 'Changed'));
  rig.other.put(work, 'new.ics', ics('new', 'New'));
  await pull(rig);
  const resources = await rig.documents.find('resourcesOfCalendar', { calendarId: rig.calendarId(work), live: 1 });
  const problems = Object.fromEntries(resources.map((one) => [one.ref, one.problem?.code ?? null]));
  expect(problems).toEqual({ 'e0.ics': 'resource_too_large', 'e1.ics': null, 'new.ics': null });
  // What it was before is still shown: that it cannot be read proves nothing.
  expect(await summaries(rig)).toEqual(['Changed', 'Event 0', 'New']);
  expect(await calendarState(rig)).toBe('live');
  expect((await checkpointOf(rig)).owed).toEqual([]);
});

test.each<FaultName>(['status_502', 'status_504'])(
  'a multiget that is too much for its server (%s) is asked in halves',
  async (fault) => {
    const rig = await syncedOverCalDav({ events: 1, polling: hourly });
    rig.other.server.faults.set(fault, {
      always: true,
      only: { matches: ({ body }) => body.includes('multiget') && body.split('.ics').length > 60 },
    });
    for (let k = 1; k < 300; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
    await rig.request('pull');
    await rig.pass(2 * day);
    expect((await cached(rig)).length).toBe(300);
  },
);

test.each<FaultName>(['status_502', 'status_504', 'hangs', 'body_cut'])(
  'a first listing with bodies that is too much for its server (%s) is made without them',
  async (fault) => {
    const rig = await createRig<ModelSide>({ side: (clock, random) => modelSide(clock, random), polling: hourly });
    rig.other.addCalendar('work');
    for (let k = 0; k < 200; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
    rig.other.server.faults.set(fault, {
      always: true,
      only: { matches: ({ body }) => body.includes('sync-collection') && body.includes('calendar-data') },
    });
    await rig.pass(2 * day);
    const got = (await cached(rig)).length;
    await rig.close();
    expect(got).toBe(200);
  },
);

test('an event whose resource cannot be read any more is not told as deleted', async () => {
  const rig = await syncedInMemory({ events: 2 });
  rig.other.put(work, 'e0.ics', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:e0\r\nDTSTART:nonsense');
  await pull(rig);
  const events = await rig.documents.find('eventsOfProfile', { profileId });
  expect(events.filter((one) => one.deleted === 1).map((one) => one.summary)).toEqual([]);
});

test.each([1, 8])('a delta that is silent about %i events of our own sets no calendar aside', async (count) => {
  const rig = await syncedOverCalDav({ events: 0 });
  for (let k = 0; k < count; k += 1) await rig.upsert(work, `x${k}`, wish(`X ${k}`));
  await rig.pass(minute);
  rig.other.server.faults.set('delta_omits', { nextN: 1, value: 1 });
  await rig.request('pull');
  await rig.pass(minute);
  expect({ state: await calendarState(rig), reports: rig.reports.map((one) => one.what) }).toEqual({
    state: 'live',
    reports: [],
  });
});

test('a profile whose list fails while its probe succeeds is asked ever more seldom, and is told of', async () => {
  const rig = await createRig<MemorySide>({ side: (clock) => memorySide(clock), polling: still });
  rig.other.addCalendar('work');
  rig.other.world.failNext('listCalendars', () => new KalendsError('server_error', 'oh'), 1_000_000);
  await rig.pass(day);
  const asked = rig.other.world.count('listCalendars');
  const notices = (await logOf(rig)).filter((line) => line.includes('notice'));
  await rig.close();
  expect({ seldom: asked < 20, notices }).toEqual({ seldom: true, notices: ['state notice quarantined'] });
});

test('a profile is as fresh as the calendar that was seen in full longest ago', async () => {
  const rig = await syncedOverCalDav({ events: 1, polling: hourly });
  rig.other.addCalendar('sick');
  await rig.request('pull');
  await rig.pass(minute);
  rig.other.server.faults.set('status_500', { always: true, only: { pathPrefix: '/calendars/alice/sick/' } });
  const sickSinceMs = rig.clock.now();
  await rig.pass(2 * day);
  expect(await calendarState(rig, 'sick/')).toBe('quarantined');
  expect((await rig.profile()).freshAtMs ?? 0).toBeLessThanOrEqual(sickSinceMs);
});

test('a delta that promises more for ever and repeats one row is taken for broken', async () => {
  const rig = await syncedInMemory({ events: 3, turnsAtOnceMax: 2_000 });
  let n = 0;
  Object.assign(rig.other.provider, {
    changes: async () => ({
      changed: [{ ref: 'e0.ics', etag: '"1.1"', observation: null }],
      removed: [],
      token: `t${(n += 1)}`,
      more: true,
    }),
  });
  await pull(rig);
  expect(n).toBe(1_000);
  expect(rig.other.world.count('list')).toBe(2);
});

test('the tally of unverified removals survives a crash', async () => {
  const start = async () => {
    const rig = await syncedInMemory({ events: 50 });
    for (let k = 0; k < 5; k += 1) rig.other.remove(work, `e${k}.ics`);
    return rig;
  };
  const plain = await start();
  const before = plain.plan.passages.length;
  await pull(plain);
  const rig = await start();
  rig.plan.cuts = [{ at: plain.plan.passages.indexOf('insert commits', before) + 1, how: 'crash' }];
  await pull(rig);
  for (let k = 5; k < 10; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  const evidence = (await logOf(rig)).flatMap((line) => (line.includes('removed') ? [line.split(' ').at(-1)] : []));
  expect(evidence).toEqual([...Array<string>(5).fill('tombstone'), ...Array<string>(5).fill('direct_get')]);
});

test('what is stored of a checkpoint is what the turn ended with, also where the token stands still', async () => {
  const rig = await syncedOverCalDav({ events: 5 });
  rig.other.server.faults.set('token_stuck', { always: true });
  rig.other.put(work, 'e0.ics', ics('e0', 'Changed'));
  await pull(rig);
  expect((await checkpointOf(rig)).owed).toEqual([]);
});

test.each(['nothing and more', 'a refusal'])(
  'a first listing in parts that goes on with %s is asked for as a whole, not over and over',
  async (then) => {
    const rig = await syncedInMemory({ events: 0 });
    const { provider } = rig.other;
    const asked: boolean[] = [];
    const list = provider.list.bind(provider);
    let n = 0;
    Object.assign(provider, {
      list: async (...args: Parameters<typeof list>) => {
        asked.push(args[2].inParts);
        const whole = await list(...args);
        return args[2].inParts ? { ...whole, resources: [], token: 'part', more: true } : whole;
      },
      changes: async () => {
        if (then === 'a refusal') throw new KalendsError('sync_token_invalid', 'never heard of it');
        return { changed: [], removed: [], token: `t${(n += 1)}`, more: true };
      },
    });
    rig.other.addCalendar('new');
    rig.other.put('new/', 'one.ics', ics('one', 'One'));
    await rig.request('pull');
    await rig.pass(minute);
    expect(asked.slice(0, 2)).toEqual([true, false]);
    expect(asked.length).toBeLessThan(6);
    expect(await cached(rig, 'new/')).toEqual(['one.ics']);
  },
);

test('a calendar that was set aside does not come back while none of the removals it claims can be proved', async () => {
  const rig = await syncedInMemory({ events: 40 });
  const { provider } = rig.other;
  const get = provider.get.bind(provider);
  let answers = true;
  Object.assign(provider, {
    changes: async () => Promise.reject(new KalendsError('sync_token_invalid', 'no')),
    list: async () => ({ token: 't', ctag: null, more: false, resources: [] }),
    get: async (...args: Parameters<typeof get>) => {
      if (answers) return get(...args);
      throw new KalendsError('unavailable', '503');
    },
  });
  await pull(rig);
  expect(await calendarState(rig)).toBe('quarantined');
  answers = false;
  await rig.pass(hour);
  expect(await calendarState(rig)).toBe('quarantined');
  expect(await cached(rig)).toHaveLength(40);
});

test('a first sync is not fresh while the server answers 503 to every question about events, and asks few of them', async () => {
  const rig = await createRig<ModelSide>({ side: (clock, random) => modelSide(clock, random), polling: hourly });
  rig.other.addCalendar('work');
  for (let k = 0; k < 60; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
  const only = {
    matches: ({ body, path }: { readonly body: string; readonly path: string }) =>
      body.includes('calendar-data') || path.endsWith('.ics'),
  };
  rig.other.server.faults.set('status_503', { always: true, only });
  await rig.pass(minute);
  expect((await rig.profile()).freshAtMs).toBeNull();
  expect(rig.other.server.log.length).toBeLessThan(150);
  rig.other.server.faults.clearAll();
  await rig.pass(day);
  expect(await cached(rig)).toHaveLength(60);
  await rig.close();
});

test('a first listing whose parts are empty and promise more is no hot loop', async () => {
  const rig = await syncedInMemory({ events: 0 });
  const { provider } = rig.other;
  let asked = 0;
  const list = provider.list.bind(provider);
  const changes = provider.changes.bind(provider);
  Object.assign(provider, {
    list: async (...args: Parameters<typeof list>) => {
      const listing = await list(...args);
      if (args[1] !== 'odd/') return listing;
      asked += 1;
      return { ...listing, resources: [], more: true };
    },
    changes: async (...args: Parameters<typeof changes>) =>
      args[1] === 'odd/' ? { changed: [], removed: [], token: `t${asked}`, more: true } : changes(...args),
  });
  rig.other.addCalendar('odd');
  await rig.request('pull');
  await rig.pass(minute);
  expect(asked).toBeLessThan(10);
});

test('a calendar is as fresh as the question whose answer is shown', async () => {
  const rig = await syncedInMemory({ events: 1 });
  const { provider } = rig.other;
  const fetch = provider.fetch.bind(provider);
  let changedAtMs = 0;
  Object.assign(provider, {
    fetch: async (...args: Parameters<typeof fetch>) => {
      const answer = await fetch(...args);
      await rig.clock.advance(30_000);
      changedAtMs = rig.clock.now();
      rig.other.put(work, 'later.ics', ics('later', 'Later'));
      await rig.clock.advance(30_000);
      return answer;
    },
  });
  rig.other.put(work, 'new.ics', ics('new', 'New'));
  await rig.request('pull');
  await rig.settle();
  expect(await cached(rig)).not.toContain('later.ics');
  expect((await rig.profile()).freshAtMs).toBeLessThan(changedAtMs);
});

test('a new event that is answered with 404 while its calendar is there is written a little later', async () => {
  const rig = await syncedOverCalDav({ events: 1 });
  rig.other.server.faults.set('moved_gone', { nextN: 2, only: { matches: ({ method }) => method === 'PUT' } });
  const { _id } = await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(hour);
  expect(await rig.documents.get('intents', _id)).toMatchObject({ state: 'written', attempts: 3 });
});

test('a new event whose calendar is gone when it is written is refused as that', async () => {
  const rig = await syncedOverCalDav({ events: 1 });
  rig.other.server.world.removeCalendar(`/calendars/alice/${work}`);
  const { _id } = await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(hour);
  expect(await rig.documents.get('intents', _id)).toMatchObject({
    state: 'rejected',
    reason: { code: 'calendar_gone' },
  });
});
