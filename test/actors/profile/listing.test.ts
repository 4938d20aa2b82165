/** The calendar list: calendars come, change and go under the same rule as events, and each alone. */
import { afterEach, expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { createRig, hour, minute, type Rig } from './rig.ts';
import {
  cached,
  calendarState,
  checkpointOf,
  logOf,
  pull,
  seqOf,
  shown,
  still,
  summaries,
  syncedInMemory,
  syncedOverCalDav,
  work,
} from './starts.ts';
import { memorySide, modelSide, type OtherSide } from './worlds.ts';

const serverError = () => new KalendsError('server_error', 'oh');

/** A profile that was just connected. */
async function connected<Side extends OtherSide>(
  side: (clock: FakeClock, random: () => number) => Side,
  world: (side: Side) => void = () => undefined,
): Promise<Rig<Side>> {
  const rig = await createRig<Side>({ side, polling: still });
  open.push(rig);
  world(rig.other);
  await rig.pass(minute);
  return rig;
}

const open: Rig<OtherSide>[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close();
});

test('a profile without any calendar completes its initial sync', async () => {
  const rig = await connected((clock) => memorySide(clock));
  expect((await rig.profile()).state.name).toBe('live');
  expect((await rig.profile()).initialSyncAtMs).not.toBeNull();
  expect(await logOf(rig)).toContain('state notice initial_sync_completed');
});

test('an initial sync is complete though one calendar had to be set aside', async () => {
  const rig = await connected(
    (clock, random) => modelSide(clock, random),
    (other) => {
      other.addCalendar('bad');
      other.server.faults.set('status_500', { always: true, only: { pathPrefix: '/calendars/alice/bad/' } });
    },
  );
  expect((await rig.profile()).initialSyncAtMs).not.toBeNull();
  expect(await calendarState(rig, 'bad/')).toBe('quarantined');
});

test('new, renamed and removed calendars are followed', async () => {
  const rig = await syncedInMemory();
  rig.other.addCalendar('second');
  rig.other.put('second/', 's.ics', ics('s', 'Second'));
  rig.other.world.addCalendar(work, { name: 'Renamed', color: '#ff0000' });
  await pull(rig);
  const calendars = await rig.documents.find('calendarsOfProfile', { profileId: (await rig.profile())._id });
  expect(calendars.map((one) => one.name).sort()).toEqual(['Renamed', 'second']);
  rig.other.removeCalendar('second/');
  const seq = await seqOf(rig);
  await pull(rig);
  expect(await logOf(rig, seq)).toEqual(['pull calendar_gone']);
  expect(await summaries(rig)).toEqual(['Event 0']);
  expect(await calendarState(rig, 'second/')).toBe('gone');
  await expectAllWell(rig);
});

test('a calendar that comes back is listed from the beginning', async () => {
  const rig = await syncedInMemory({ events: 5 });
  const body = rig.other.contents().get(work);
  rig.other.removeCalendar(work);
  await pull(rig);
  expect(await summaries(rig)).toEqual([]);
  rig.other.addCalendar('work');
  for (const [ref, text] of body ?? []) if (ref !== 'e4.ics') rig.other.put(work, ref, text);
  await pull(rig);
  expect(await cached(rig)).toHaveLength(4);
  expect(await calendarState(rig)).toBe('live');
  await expectAllWell(rig);
});

test.each([
  ['cannot be read yet', 'status_503', { method: 'REPORT' }],
  ['is listed as empty', 'listing_empty', {}],
] as const)('in a calendar that came back and %s an application’s events are known again', async (_, fault, only) => {
  const rig = await syncedOverCalDav({ events: 2 });
  await rig.upsert(work, 'kept', wish('Kept'));
  await rig.upsert(work, 'ended', wish('Ended'));
  await rig.settle();
  const bodies = [...(rig.other.contents().get(work) ?? [])];
  rig.other.removeCalendar(work);
  await pull(rig);
  expect(await calendarState(rig)).toBe('gone');
  rig.other.addCalendar('work');
  for (const [ref, body] of bodies) rig.other.put(work, ref, body);
  rig.other.server.faults.set(fault, { always: true, only });
  await rig.request('pull');
  await rig.settle();
  expect(await summaries(rig)).toEqual([]);
  await rig.upsert(work, 'kept', wish('Changed'));
  await rig.remove(work, 'ended');
  await rig.upsert(work, 'new', wish('New'));
  await rig.settle();
  expect(outcomesOf(await rig.intents()).slice(2)).toEqual([
    '3 upsert written',
    '4 delete written',
    '5 upsert written',
  ]);
  rig.other.server.faults.clearAll();
  await rig.request('resync');
  await rig.pass(hour);
  expect((await summaries(rig)).toSorted()).toEqual(['Changed', 'Event 0', 'Event 1', 'New']);
  expect(await cached(rig)).toHaveLength(4);
  await expectAllWell(rig);
});

test('an emptied list of calendars ends nothing', async () => {
  const rig = await syncedOverCalDav({ events: 3 });
  rig.other.server.faults.set('home_empty', { always: true });
  const seq = await seqOf(rig);
  await pull(rig, hour);
  expect(await logOf(rig, seq)).toEqual([]);
  rig.other.put(work, 'new.ics', ics('new', 'Still pulled'));
  await pull(rig);
  expect(await summaries(rig)).toContain('Still pulled');
});

test('many calendars missing from the list are asked for a few at a time, each in its turn, and nothing goes round', async () => {
  const rig = await syncedInMemory({ events: 0 });
  for (let k = 0; k < 35; k += 1) rig.other.addCalendar(`c${k}`);
  await pull(rig);
  const inner = rig.other.provider.listCalendars.bind(rig.other.provider);
  let hide = true;
  Object.assign(rig.other.provider, {
    listCalendars: async (...args: Parameters<typeof inner>) => (hide ? [] : inner(...args)),
  });
  for (const k of [3, 17, 34]) rig.other.removeCalendar(`c${k}/`);
  const [lists, asked] = [rig.other.world.count('listCalendars'), rig.other.world.count('getCalendar')];
  await pull(rig);
  expect(rig.other.world.count('getCalendar') - asked).toBe(36);
  expect(rig.other.world.count('listCalendars') - lists).toBeLessThan(6);
  const states = await Promise.all([3, 17, 34, 5].map((k) => calendarState(rig, `c${k}/`)));
  expect(states).toEqual(['gone', 'gone', 'gone', 'live']);
  hide = false;
  await pull(rig);
  expect((await rig.profile()).missingCalendars).toEqual([]);
  await expectAllWell(rig);
});

test('a share that was withdrawn and forbids all questions is set aside alone; nothing in it is called removed', async () => {
  const rig = await syncedOverCalDav({ events: 2 });
  rig.other.server.world.addUser('bob', 'what-bob-typed');
  const theirs = rig.other.server.world.addCalendar('bob', 'theirs', { segment: 'theirs' });
  rig.other.server.world.put(theirs, 't.ics', ics('t', 'Theirs'));
  const mine = rig.other.server.world.share(theirs, 'alice', 'read').slice('/calendars/alice/'.length);
  await pull(rig);
  expect(await summaries(rig)).toContain('Theirs');
  rig.other.server.faults.set('forbidden_anyway', { always: true, only: { pathPrefix: `/calendars/alice/${mine}` } });
  rig.other.server.faults.set('home_empty', { always: true });
  const seq = await seqOf(rig);
  await pull(rig, hour);
  expect(await calendarState(rig, mine)).toBe('quarantined');
  expect((await rig.profile()).state.name).toBe('live');
  rig.other.put(work, 'new.ics', ics('new', 'Mine goes on'));
  await pull(rig);
  expect(await logOf(rig, seq)).toEqual(['pull put new.ics']);
});

test('a share that was withdrawn and answers 404 is gone as a calendar, not as its events one by one', async () => {
  const rig = await syncedOverCalDav({ events: 2 });
  rig.other.server.world.addUser('bob', 'what-bob-typed');
  const theirs = rig.other.server.world.addCalendar('bob', 'theirs', { segment: 'theirs' });
  for (let k = 0; k < 30; k += 1) rig.other.server.world.put(theirs, `t${k}.ics`, ics(`t${k}`, `Theirs ${k}`));
  const shared = rig.other.server.world.share(theirs, 'alice', 'read');
  await pull(rig);
  rig.other.server.world.withdrawShare(shared);
  const seq = await seqOf(rig);
  await pull(rig);
  expect(await logOf(rig, seq)).toEqual(['pull calendar_gone']);
  expect(await summaries(rig)).toEqual(['Event 0', 'Event 1']);
  await expectAllWell(rig);
});

test('a list that cannot be read holds up no calendar that is known', async () => {
  const rig = await syncedInMemory({ events: 1, polling: { baseMs: 5 * minute, listMs: 5 * minute } });
  rig.other.world.failNext('listCalendars', serverError, 50);
  await pull(rig, hour);
  rig.other.put(work, 'new.ics', ics('new', 'New'));
  await pull(rig, hour);
  expect(await summaries(rig)).toContain('New');
  expect((await rig.profile()).state.name).toBe('live');
});

test('a list that cannot be read keeps a new profile waiting, in sight', async () => {
  const rig = await connected(
    (clock) => memorySide(clock),
    (other) => {
      other.addCalendar('work');
      other.world.failNext('listCalendars', serverError, 3);
    },
  );
  expect((await rig.profile()).state).toMatchObject({ name: 'quarantined', code: 'server_error' });
  await rig.pass(hour);
  expect((await rig.profile()).state.name).toBe('live');
});

test('a changed zone moves floating times, as a cause of its own', async () => {
  const rig = await syncedInMemory({ events: 0 });
  rig.other.put(work, 'f.ics', ics('f', 'Floating', [], '20261125T090000'));
  rig.other.put(work, 'u.ics', ics('u', 'Fixed', [], '20261125T090000Z'));
  await pull(rig);
  const before = await shown(rig);
  rig.other.world.addCalendar(work, { name: 'work', timeZone: 'America/New_York' });
  rig.other.addCalendar('new');
  const seq = await seqOf(rig);
  await pull(rig);
  expect(await logOf(rig, seq)).toEqual(['pull calendar_put', 'zone calendar_put']);
  const after = await shown(rig);
  const startOf = (events: typeof before, summary: string) =>
    events.find((one) => one.summary === summary)?.startMs ?? 0;
  expect(startOf(after, 'Floating') - startOf(before, 'Floating')).toBe(5 * hour);
  expect(startOf(after, 'Fixed')).toBe(startOf(before, 'Fixed'));
  expect(after.find((one) => one.summary === 'Floating')?.updatedMs).toBeGreaterThan(before[0]?.updatedMs ?? 0);
  await expectAllWell(rig);
});

test('a write that finds its calendar gone has the list read at once', async () => {
  const rig = await syncedOverCalDav();
  rig.other.removeCalendar(work);
  await rig.upsert(work, 'x', wish('Too late'));
  await rig.pass(minute);
  expect(await calendarState(rig)).toBe('gone');
  await expect(checkpointOf(rig)).rejects.toThrow('no checkpoint');
});
