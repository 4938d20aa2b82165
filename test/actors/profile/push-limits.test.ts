/** What becomes of writes that must not, cannot or need not be carried out one by one. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, type Rig } from './rig.ts';
import {
  cached,
  calendarState,
  nameOf,
  pull,
  still,
  summaries,
  syncedInMemory,
  syncedOverCalDav,
  work,
} from './starts.ts';
import type { OtherSide } from './worlds.ts';

const timedOut = () => new KalendsError('timed_out', 'no answer');
const serverError = () => new KalendsError('server_error', 'oh');

const outcomes = async (rig: Rig<OtherSide>): Promise<string[]> => outcomesOf(await rig.intents());

test('what waits for seven days expires with a reason; what may have been done is looked at first', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  rig.other.world.failNext('get', timedOut, 1_000_000);
  await rig.upsert(work, 'done', wish('Done'));
  await rig.settle();
  rig.other.world.failNext('put', () => new KalendsError('quota_exceeded', 'full'), 1_000_000);
  await rig.upsert(work, 'waiting', wish('Waiting'));
  await rig.pass(8 * day);
  expect(await outcomes(rig)).toEqual(['1 upsert expired intent_expired', '2 upsert expired intent_expired']);
  const [done] = await rig.intents();
  expect(done?.reason?.description).toMatch(/the outcome of its last attempt is not known/);
});

test('an expired write that landed is found to be written', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  await rig.upsert(work, 'done', wish('Done'));
  await rig.settle();
  await rig.clock.advance(8 * day);
  await rig.pass(minute);
  expect(await outcomes(rig)).toEqual(['1 upsert written']);
  await pull(rig);
  await expectAllWell(rig);
});

test('a calendar that became read-only or went away meanwhile rejects what waited for it', async () => {
  const rig = await syncedInMemory();
  rig.other.addCalendar('gone');
  await pull(rig);
  rig.other.world.addCalendar(work, { name: 'work', readOnly: true });
  rig.other.removeCalendar('gone/');
  await pull(rig);
  await rig.upsert(work, 'x', wish('No'));
  await rig.upsert('gone/', 'x', wish('No'));
  await rig.upsert('never/', 'x', wish('No'));
  await rig.pass(minute);
  expect(await outcomes(rig)).toEqual([
    '1 upsert rejected calendar_read_only',
    '2 upsert rejected calendar_gone',
    '3 upsert rejected calendar_unknown',
  ]);
  await expectAllWell(rig);
});

test('a calendar that vanishes under a write is looked for in the list', async () => {
  const rig = await syncedOverCalDav();
  rig.other.removeCalendar(work);
  await rig.upsert(work, 'x', wish('Too late'));
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 upsert rejected calendar_gone']);
  await pull(rig);
  await expectAllWell(rig);
});

test('a bulk removal takes what it may, and says what it had to leave', async () => {
  const rig = await syncedInMemory();
  for (const name of ['gone', 'locked']) rig.other.addCalendar(name);
  await pull(rig);
  for (const calendar of [work, 'gone/', 'locked/']) await rig.upsert(calendar, 'x', wish(calendar));
  await rig.upsert(work, 'y', wish('Y'));
  await rig.pass(minute);
  rig.other.removeCalendar('gone/');
  rig.other.world.addCalendar('locked/', { name: 'locked', readOnly: true });
  await pull(rig);
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.pass(minute);
  expect(await cached(rig)).toEqual(['e0.ics']);
  expect(await cached(rig, 'locked/')).toEqual(['own-g1.ics']);
  expect((await outcomes(rig)).at(-1)).toBe('5 delete_all rejected calendar_read_only');
  await expectAllWell(rig);
});

test('a bulk removal waits for what was accepted before it, and holds back what came after', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNext('put', serverError, 2);
  await rig.upsert(work, 'x', wish('Before'));
  await rig.accept({ kind: 'delete_all', calendarIds: [rig.calendarId(work)] });
  await rig.upsert(work, 'x', wish('After'));
  await rig.pass(hour);
  const names = rig.effects.map((one) => `${one.split(' ')[0]} ${nameOf(one.split(' ')[2] ?? '')}`);
  expect(names).toEqual(['put own-g1.ics', 'remove own-g1.ics', 'put own-g2.ics']);
  await expectAllWell(rig);
});

test('near the end of a lease nothing is written, and nothing is lost', async () => {
  let leased = false;
  const rig = await syncedInMemory({ mayWrite: () => leased });
  await rig.upsert(work, 'x', wish('Later'));
  await rig.accept({ kind: 'create_calendar', calendarId: rig.calendarId('n/'), ref: 'n/', name: 'n', color: null });
  await rig.settle();
  expect(rig.aside()).toBe(1);
  expect(rig.effects).toEqual([]);
  leased = true;
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 upsert written', '2 create_calendar written']);
  await expectAllWell(rig);
});

test('a calendar whose making failed for a while is made once, by patient tries', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNext('makeCalendar', serverError, 3);
  rig.other.world.failNextAfterEffect('makeCalendar', timedOut);
  await rig.accept({ kind: 'create_calendar', calendarId: rig.calendarId('n/'), ref: 'n/', name: 'n', color: null });
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 create_calendar written']);
  expect(rig.other.world.count('makeCalendar')).toBeLessThan(7);
  await expectAllWell(rig);
});

test('a calendar that somebody else has made is not taken over', async () => {
  const rig = await syncedInMemory();
  rig.other.addCalendar('n');
  await rig.accept({ kind: 'create_calendar', calendarId: rig.calendarId('n/'), ref: 'n/', name: 'n', color: null });
  await rig.pass(minute);
  expect(await outcomes(rig)).toEqual(['1 create_calendar rejected conflicting_state']);
});

test('a bulk removal of many events goes through them once, and over those that refuse to go', async () => {
  const rig = await syncedInMemory();
  for (let k = 0; k < 130; k += 1) await rig.upsert(work, `x${k}`, wish(`X ${k}`));
  await rig.pass(minute);
  rig.other.world.failNext('remove', () => new KalendsError('content_refused', 'not this one'), 2);
  const turns = rig.turns();
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.upsert(work, 'behind', wish('Behind'));
  await rig.pass(minute);
  expect(await cached(rig)).toHaveLength(1 + 2 + 1);
  expect((await outcomes(rig)).slice(-2)).toEqual(['131 delete_all rejected content_refused', '132 upsert written']);
  expect(rig.turns() - turns).toBeLessThan(150);
  await expectAllWell(rig);
});

test('thousands of waiting writes are carried out, in order for each event, and those that fail stop nobody', async () => {
  const rig = await syncedInMemory({ turnsAtOnceMax: 600 });
  for (let k = 0; k < 450; k += 1) await rig.upsert(work, `x${k % 150}`, wish(`X ${k}`));
  await rig.pass(minute);
  const titles = await summaries(rig);
  expect(titles).toHaveLength(151);
  expect(titles).toContain('X 449');
  expect(titles).not.toContain('X 149');
  rig.other.world.failNext('put', () => new KalendsError('quota_exceeded', 'full'), 1_000_000);
  for (let k = 0; k < 250; k += 1) await rig.upsert(work, `y${k}`, wish(`Y ${k}`));
  await rig.pass(minute);
  rig.other.put(work, 'new.ics', ics('new', 'Pulled all the same'));
  await pull(rig);
  expect(await summaries(rig)).toContain('Pulled all the same');
});

test.each(['locked', 'quota_exceeded', 'unavailable'] as const)(
  'a write that is answered %s is tried again no sooner than the server asked, inside bounds',
  async (code) => {
    const rig = await syncedInMemory();
    const { world } = rig.other;
    world.failNext('put', () => new KalendsError(code, 'later', { retryAtMs: rig.clock.now() + hour }), 1_000_000);
    await rig.upsert(work, 'x', wish('X'));
    await rig.pass(59 * minute);
    expect(world.count('put')).toBe(1);
    await rig.pass(2 * minute);
    expect(world.count('put')).toBe(2);
    world.failNext('put', () => new KalendsError(code, 'later', { retryAtMs: rig.clock.now() + 300 * day }), 1);
    await rig.pass(day);
    expect(world.count('put')).toBeGreaterThan(3);
  },
);

test('the list of calendars is read again no sooner than its server asked', async () => {
  const rig = await syncedInMemory({ polling: { ...still, baseMs: 5 * minute } });
  const { world } = rig.other;
  const asked = world.count('listCalendars');
  const later = () => new KalendsError('locked', 'later', { retryAtMs: rig.clock.now() + 3 * hour });
  world.failNext('listCalendars', later, 1);
  await pull(rig, 2 * hour);
  expect(world.count('listCalendars') - asked).toBe(1);
  await rig.pass(2 * hour);
  expect(world.count('listCalendars') - asked).toBe(2);
});

test('writes wait until the probe of their calendar, which was set aside, has succeeded', async () => {
  const rig = await syncedOverCalDav();
  const { faults, log } = rig.other.server;
  faults.set('status_500', { always: true, only: { pathPrefix: '/calendars/alice/work/' } });
  await pull(rig);
  for (let k = 0; k < 20; k += 1) await rig.upsert(work, `x${k}`, wish(`X ${k}`));
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.pass(hour);
  expect(await calendarState(rig)).toBe('quarantined');
  expect(log.filter((one) => one.method === 'PUT' || one.method === 'DELETE')).toEqual([]);
  faults.clearAll();
  await rig.pass(day);
  expect(outcomesOf(await rig.intents()).filter((one) => !one.endsWith('written'))).toEqual([]);
  expect(await cached(rig)).toEqual(['e0.ics']);
});

test('a bulk removal waits for the probe of a calendar that was set aside, and goes on by itself', async () => {
  const rig = await syncedOverCalDav();
  for (let k = 0; k < 3; k += 1) await rig.upsert(work, `x${k}`, wish(`X ${k}`));
  await rig.pass(minute);
  const { faults, log } = rig.other.server;
  faults.set('status_500', { always: true, only: { pathPrefix: '/calendars/alice/work/' } });
  await pull(rig);
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.pass(hour);
  expect(log.filter((one) => one.method === 'DELETE')).toEqual([]);
  faults.clearAll();
  await rig.pass(day);
  expect(await cached(rig)).toEqual(['e0.ics']);
  await expectAllWell(rig);
});
