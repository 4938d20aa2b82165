/** People move what an application wrote to another name, or remove it: it is followed, looked for, and told truly. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { managedKey } from '../../../domain/managed-event.ts';
import { wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, profileId, second, type Rig } from './rig.ts';
import {
  cached,
  logOf,
  nameOf,
  pull,
  seqOf,
  shown,
  summaries,
  syncedInMemory,
  syncedOverCalDav,
  work,
} from './starts.ts';
import type { ModelSide, OtherSide } from './worlds.ts';

const path = `/calendars/alice/${work}`;
const timedOut = () => new KalendsError('timed_out', 'no answer');

const own = (rig: Rig<OtherSide>): [string, string] =>
  [...(rig.other.contents().get(work) ?? [])].find(([ref]) => ref.startsWith('kalends-')) ?? ['', ''];

const outcomes = async (rig: Rig<OtherSide>): Promise<string[]> => outcomesOf(await rig.intents());

async function written(): Promise<Rig<ModelSide>> {
  const rig = await syncedOverCalDav();
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  await pull(rig);
  return rig;
}

const move = (rig: Rig<ModelSide>, name = 'moved.ics'): void =>
  rig.other.server.world.move(path, own(rig)[0], path, name);

/** Where the record of the event says that it stands. */
async function carriedBy(rig: Rig<OtherSide>): Promise<string> {
  const event = await rig.documents.get('managed_events', managedKey(rig.calendarId(work), 'x'));
  const resource = await rig.documents.get('resources', event?.resourceId ?? '');
  return nameOf(resource?.ref ?? 'nothing');
}

const deletesOf = ({ other }: Rig<ModelSide>): string[] =>
  other.server.log.filter(({ method }) => method === 'DELETE').map((one) => nameOf(one.path.replace(path, '')));

test('what a person moved to another name stays the same event of its application', async () => {
  const rig = await written();
  const before = await seqOf(rig);
  move(rig);
  await pull(rig);
  expect((await logOf(rig, before)).toSorted()).toEqual([
    'pull managed x g1',
    'pull put moved.ics',
    'pull removed own-g1.ics by tombstone',
  ]);
  expect(await carriedBy(rig)).toBe('moved.ics');
  expect((await shown(rig)).map((one) => [one.summary, one.eventId])).toContainEqual(['X', 'x']);
  await expectAllWell(rig);
});

test('the same wish again needs no call after a move, and another one goes to the new name', async () => {
  const rig = await written();
  move(rig);
  await pull(rig);
  const effects = rig.effects.length;
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  expect(rig.effects).toHaveLength(effects);
  await rig.upsert(work, 'x', { summary: 'Y' });
  await rig.pass(minute);
  expect(rig.effects.slice(effects).map((one) => one.split(' ').slice(0, 3).join(' '))).toEqual([
    'put work/ moved.ics',
  ]);
  await expectAllWell(rig);
});

test('a copy is taken for the event when the name that it had is seen to be gone, not before', async () => {
  const rig = await written();
  const [ref, body] = own(rig);
  rig.other.put(work, 'copy.ics', body);
  await pull(rig);
  expect(await carriedBy(rig)).toBe('own-g1.ics');
  rig.other.remove(work, ref);
  await pull(rig);
  expect(await carriedBy(rig)).toBe('copy.ics');
  await expectAllWell(rig);
});

test('of two copies neither is taken for the event', async () => {
  const rig = await written();
  const [ref, body] = own(rig);
  for (const name of ['one.ics', 'two.ics']) rig.other.put(work, name, body);
  rig.other.remove(work, ref);
  await pull(rig);
  expect(await carriedBy(rig)).toBe('own-g1.ics');
  expect((await shown(rig)).map((one) => one.eventId)).toEqual([null, null, null]);
  await expectAllWell(rig);
});

test('what an application removed is nobody’s when it comes back', async () => {
  const rig = await written();
  const [, body] = own(rig);
  await rig.remove(work, 'x');
  await rig.pass(minute);
  rig.other.put(work, 'back.ics', body);
  await pull(rig);
  expect((await shown(rig)).map((one) => [one.summary, one.eventId])).toContainEqual(['X', null]);
  expect(await cached(rig)).toEqual(['back.ics', 'e0.ics']);
  await expectAllWell(rig);
});

test('a removal that a person forestalled is told as theirs, on the evidence of the request that met it', async () => {
  const rig = await written();
  const before = await seqOf(rig);
  rig.other.remove(work, own(rig)[0]);
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(await logOf(rig, before)).toEqual(['pull removed own-g1.ics by direct_get', 'write managed x g2']);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete written');
  await expectAllWell(rig);
});

test('a removal that had its effect before its answer was lost is the application’s own', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const before = await seqOf(rig);
  rig.other.world.failNextAfterEffect('remove', timedOut);
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(await logOf(rig, before)).toEqual(['write removed own-g1.ics by direct_get', 'write managed x g2']);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete written');
  await expectAllWell(rig);
});

test('so is one whose effect came after it had been read back, when the next call meets it', async () => {
  const rig = await written();
  const before = await seqOf(rig);
  const { faults } = rig.other.server;
  faults.set('effect_late', { nextN: 1, only: { method: 'DELETE' } });
  await rig.remove(work, 'x');
  await rig.settle();
  faults.set('host_down', { always: true, only: { method: 'DELETE' } });
  await rig.pass(2 * minute);
  expect(own(rig)[0]).toBe('');
  faults.clearAll();
  await rig.pass(hour);
  expect(await logOf(rig, before)).toEqual(['write removed own-g1.ics by direct_get', 'write managed x g2']);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete written');
  await expectAllWell(rig);
});

test('a removal whose answer was lost is not done while the event stands under another name', async () => {
  const rig = await written();
  move(rig);
  rig.other.server.faults.set('dropped_after_effect', { nextN: 1, only: { method: 'DELETE' } });
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(deletesOf(rig)).toEqual(['own-g1.ics', 'moved.ics']);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete written');
  expect(await cached(rig)).toEqual(['e0.ics']);
  await expectAllWell(rig);
});

test('that its old name is gone proves nothing of the one that an event has moved to', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const [ref, body] = own(rig);
  const before = await seqOf(rig);
  rig.other.put(work, 'moved.ics', body);
  rig.other.remove(work, ref);
  rig.other.world.failNext('remove', timedOut);
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 2);
  await rig.remove(work, 'x');
  await rig.settle();
  await pull(rig, 10 * minute);
  const lines = await logOf(rig, before);
  expect(lines.filter((line) => line.includes('moved.ics'))).toEqual([
    'pull put moved.ics',
    'write removed moved.ics by own_write',
  ]);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete written');
  await expectAllWell(rig);
});

test('what was called for and is gone is done, whatever is permitted by then', async () => {
  const rig = await syncedInMemory();
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  rig.other.world.failNextAfterEffect('remove', timedOut);
  rig.other.world.failNext('get', timedOut, 1);
  await rig.remove(work, 'x');
  await rig.settle();
  await rig.grant([]);
  await rig.pass(hour);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete written');
  await expectAllWell(rig);
});

test('the end of what was taken for somebody else’s until then shows among the application’s own', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 2);
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  const [ref, body] = own(rig);
  rig.other.put(work, 'moved.ics', body.replace('SUMMARY:X', 'SUMMARY:X\r\nLOCATION:Here'));
  rig.other.remove(work, ref);
  await rig.remove(work, 'x');
  await pull(rig);
  await rig.pass(hour);
  const events = await rig.documents.find('eventsOfProfile', { profileId });
  expect(events.filter((one) => one.summary === 'X').map((one) => [one.deleted, one.eventId, one.managed])).toEqual([
    [1, 'x', 1],
  ]);
  expect((await logOf(rig)).filter((line) => line.includes('moved.ics'))).toEqual([
    'pull put moved.ics',
    'write removed moved.ics by own_write',
  ]);
  await expectAllWell(rig);
});

test('a bulk removal finds what a person moved', async () => {
  const rig = await written();
  move(rig);
  const only = { matches: ({ body }: { readonly body: string }) => body.includes('sync-collection') };
  rig.other.server.faults.set('status_503', { nextN: 4, only });
  await rig.accept({ kind: 'delete_all', calendarIds: null });
  await rig.pass(hour);
  await pull(rig);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete_all written');
  expect(await cached(rig)).toEqual(['e0.ics']);
  await expectAllWell(rig);
});

test.each([
  ['changed', ['e0.ics', 'moved.ics'], ['Event 0', 'Y']],
  ['removed', ['e0.ics'], ['Event 0']],
] as const)('an event that is seen to go before it is seen to come is %s where it is', async (what, refs, all) => {
  const rig = await written();
  const [ref, body] = own(rig);
  rig.other.remove(work, ref);
  await pull(rig);
  rig.other.put(work, 'moved.ics', body);
  await (what === 'removed' ? rig.remove(work, 'x') : rig.upsert(work, 'x', { summary: 'Y' }));
  await rig.pass(10 * second);
  expect((await outcomes(rig)).at(-1)).toMatch(/ written$/);
  expect(await cached(rig)).toEqual(refs);
  expect(await summaries(rig)).toEqual(all);
  await expectAllWell(rig);
});

test('an event that moves on while it is being read is looked for again', async () => {
  const rig = await written();
  move(rig, 'once.ics');
  const { provider, server } = rig.other;
  const fetch = provider.fetch.bind(provider);
  Object.assign(provider, {
    fetch: (...asked: Parameters<typeof fetch>) => {
      if (server.world.names(path).includes('once.ics')) server.world.move(path, 'once.ics', path, 'twice.ics');
      return fetch(...asked);
    },
  });
  await rig.upsert(work, 'x', { summary: 'Y' });
  await rig.pass(minute);
  await pull(rig);
  expect((await outcomes(rig)).at(-1)).toBe('2 upsert written');
  expect(await cached(rig)).toEqual(['e0.ics', 'twice.ics']);
  await expectAllWell(rig);
});

test('what was moved before its writer could read it back is found before it is made again', async () => {
  const rig = await syncedInMemory();
  const { provider, world } = rig.other;
  const removed = () => new KalendsError('precondition_failed', 'the resource was removed just after it was written');
  world.failNextAfterEffect('put', removed);
  const get = provider.get.bind(provider);
  Object.assign(provider, {
    get: (...asked: Parameters<typeof get>) => {
      const [ref, body] = own(rig);
      if (world.count('get') === 0) {
        rig.other.remove(work, ref);
        rig.other.put(work, 'moved.ics', body);
      }
      return get(...asked);
    },
  });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 upsert written']);
  expect((await shown(rig)).map((one) => [one.summary, one.eventId])).toContainEqual(['X', 'x']);
  expect(await cached(rig)).toEqual(['e0.ics', 'moved.ics']);
  await expectAllWell(rig);
});

test('what was seen to have landed, and is found to be gone, is known under the name that it has by then', async () => {
  const rig = await syncedInMemory();
  const { provider, world } = rig.other;
  world.failNextAfterEffect('put', timedOut);
  const get = provider.get.bind(provider);
  Object.assign(provider, { get: () => Promise.reject(timedOut()) });
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  const [ref, body] = own(rig);
  rig.other.put(work, 'moved.ics', body);
  await pull(rig);
  world.failNext('changes', timedOut, 4);
  rig.other.remove(work, ref);
  Object.assign(provider, { get });
  await rig.pass(hour);
  expect(await outcomes(rig)).toEqual(['1 upsert written']);
  expect(await carriedBy(rig)).toBe('moved.ics');
  expect((await shown(rig)).map((one) => [one.summary, one.eventId])).toContainEqual(['X', 'x']);
  await expectAllWell(rig);
});

test('what was moved before its writer could read it back is written, whatever is permitted by then', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  rig.other.world.failNext('get', timedOut, 1);
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  const [ref, body] = own(rig);
  rig.other.remove(work, ref);
  rig.other.put(work, 'moved.ics', body);
  await rig.grant(['read_events']);
  await rig.pass(hour);
  await pull(rig);
  expect(await outcomes(rig)).toEqual(['1 upsert written']);
  expect((await shown(rig)).map((one) => [one.summary, one.eventId])).toContainEqual(['X', 'x']);
  await expectAllWell(rig);
});

test('a removal finds what was begun without anybody noting it, wherever it was moved to', async () => {
  const rig = await syncedInMemory();
  const { provider, world } = rig.other;
  world.failNextAfterEffect('put', timedOut, 2);
  world.failNext('get', () => new KalendsError('server_error', 'oh'), 2);
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  const rename = (from: string, to: string): void => {
    rig.other.put(work, to, String(rig.other.contents().get(work)?.get(from)).replace('SUMMARY:X', 'SUMMARY:Z'));
    rig.other.remove(work, from);
  };
  rename(own(rig)[0], 'moved.ics');
  const get = provider.get.bind(provider);
  Object.assign(provider, {
    get: async (...asked: Parameters<typeof get>) => {
      if (asked[2] === 'moved.ics') {
        rename('moved.ics', 'again.ics');
        world.failNext('changes', timedOut, 8);
        await rig.remove(work, 'x');
        Object.assign(provider, { get });
      }
      return get(...asked);
    },
  });
  await rig.pass(2 * hour);
  await pull(rig);
  expect((await outcomes(rig)).at(-1)).toBe('2 delete written');
  expect(await cached(rig)).toEqual(['e0.ics']);
  await expectAllWell(rig);
});

test('a write that ends with its calendar says when nobody can find out whether it was carried out', async () => {
  const rig = await syncedInMemory();
  rig.other.world.failNextAfterEffect('put', timedOut);
  await rig.upsert(work, 'x', wish('X'));
  await rig.settle();
  rig.other.world.removeCalendar(work);
  await rig.upsert(work, 'y', wish('Y'));
  await rig.pass(day);
  const reasons = (await rig.intents()).map(({ state, reason }) => [state, reason?.description]);
  const gone = 'the calendar was deleted while the write waited';
  expect(reasons).toEqual([
    ['rejected', `${gone}; the outcome of its last attempt is not known`],
    ['rejected', gone],
  ]);
});

test('a calendar that is recorded, and that nobody reads yet, is waited for', async () => {
  const rig = await written();
  rig.other.remove(work, own(rig)[0]);
  await pull(rig);
  const profile = await rig.profile();
  const { [rig.calendarId(work)]: _work, ...calendars } = profile.calendars;
  await rig.documents.replace('profiles', { ...profile, calendars, rev: profile.rev + 1 }, profile.rev);
  await rig.upsert(work, 'x', { summary: 'Y' });
  await rig.pass(minute);
  await pull(rig, hour);
  expect((await outcomes(rig)).at(-1)).toBe('2 upsert written');
  await expectAllWell(rig);
});
