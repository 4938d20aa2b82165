/** An account that its provider has carried elsewhere: found, followed, and nobody sees a difference. */
import { expect, test } from 'vitest';
import { KalendsError } from '../../../domain/errors.ts';
import { loginOf } from '../../../domain/login.ts';
import type { Provider } from '../../../providers/provider.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { appId, day, hour, minute, profileId, type Rig } from './rig.ts';
import { cached, checkpointOf, logOf, pull, seqOf, synced, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import { memorySide, type ModelSide } from './worlds.ts';

const always = { always: true } as const;

/** What a reader can tell apart: who the events are, and since when. */
const mirror = (rig: Rig<ModelSide>) => rig.documents.find('eventsOfProfile', { profileId });

test('the mirror stays as it is, and a waiting write is carried out at the new place', async () => {
  const rig = await syncedOverCalDav({ events: 3 });
  const { origins, faults, log } = rig.other.server;
  const [seq, before] = [await seqOf(rig), await mirror(rig)];
  faults.set('moved_gone', always);
  await pull(rig);
  expect(await rig.profile()).toMatchObject({ root: { server: origins[1] }, state: { name: 'live' } });
  expect(await logOf(rig, seq)).toEqual([]);
  expect(await mirror(rig)).toEqual(before);

  await rig.upsert(work, 'x', wish('X'));
  rig.other.put(work, 'e1.ics', ics('e1', 'Edited'));
  const asked = log.length;
  await pull(rig);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect(await cached(rig)).toEqual(['e0.ics', 'e1.ics', 'e2.ics', 'own-g1.ics']);
  expect((await logOf(rig, seq)).filter((line) => !line.startsWith('write'))).toEqual(['pull put e1.ics']);
  expect(log.slice(asked).flatMap((one) => one.faults)).toEqual([]);
  await expectAllWell(rig);
});

test('a write that finds its account gone is what finds it again', async () => {
  const rig = await syncedOverCalDav({ events: 3 });
  rig.other.server.faults.set('moved_gone', always);
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  await expectAllWell(rig);
});

test('an account whose server sends every request on is followed, so that removals are believed again', async () => {
  const rig = await syncedOverCalDav({ events: 3 });
  const { origins, faults } = rig.other.server;
  const seq = await seqOf(rig);
  faults.set('moved_redirect', always);
  rig.other.put(work, 'e3.ics', ics('e3', 'Added'));
  rig.other.remove(work, 'e1.ics');
  await pull(rig, hour);
  expect(await rig.profile()).toMatchObject({ root: { server: origins[1] }, state: { name: 'live' } });
  expect((await logOf(rig, seq)).toSorted()).toEqual(['pull put e3.ics', 'pull removed e1.ics by direct_get']);
  await expectAllWell(rig);
});

test('an account that is found only after days has lost nothing by then', async () => {
  const rig = await syncedOverCalDav({ events: 3 });
  const { faults } = rig.other.server;
  faults.set('moved_gone', always);
  // Meanwhile nobody knows the way.
  faults.set('html_200', { always: true, only: { matches: ({ path }) => !path.startsWith('/calendars/') } });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(5 * day);
  expect((await rig.profile()).state).toMatchObject({ name: 'quarantined', code: 'not_found' });
  const seq = await seqOf(rig);
  faults.clear('html_200');
  await rig.pass(7 * hour);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written']);
  expect((await logOf(rig, seq)).filter((line) => /removed|put e/.test(line))).toEqual([]);
  await expectAllWell(rig);
});

test('refusals of a place that the account has left lead to the new one, and to no relink', async () => {
  const rig = await syncedOverCalDav({ events: 3 });
  const [old, place] = rig.other.server.origins;
  rig.other.server.faults.set('moved_hrefs', always);
  rig.other.server.faults.set('unauthorized_anyway', {
    always: true,
    only: { matches: ({ origin, path }) => origin === old && path.startsWith('/calendars/') },
  });
  await pull(rig);
  // One refusal says nothing, so nobody looks around for it.
  expect(await rig.profile()).toMatchObject({ root: { server: old }, state: { name: 'backing_off' } });
  await rig.pass(hour);
  expect(await rig.profile()).toMatchObject({ root: { server: place }, state: { name: 'live' } });
  expect(await logOf(rig)).not.toContain('state notice disconnected');
});

/** Where the account is said to be after its move: `there` decides which of its calendars have arrived. */
function movedTo(there: (ref: string) => boolean) {
  const state = { moved: false };
  const side = (clock: Parameters<typeof memorySide>[0]) => {
    const inner = memorySide(clock);
    const lost = (): Promise<never> => Promise.reject(new KalendsError('not_found', 'nobody lives here'));
    const isLost = (root: object): boolean => state.moved && !('place' in root);
    const provider: Provider = {
      ...inner.provider,
      rediscover: () => Promise.resolve({ home: 'memory', place: 'new' }),
      probe: (session) => (isLost(session.root) ? lost() : inner.provider.probe(session)),
      list: (session, ...rest) => (isLost(session.root) ? lost() : inner.provider.list(session, ...rest)),
      changes: (session, ...rest) => (isLost(session.root) ? lost() : inner.provider.changes(session, ...rest)),
      listCalendars: async (session) => {
        if (isLost(session.root)) return lost();
        const all = await inner.provider.listCalendars(session);
        return 'place' in session.root ? all.filter((one) => there(one.ref)) : all;
      },
    };
    return { ...inner, provider };
  };
  return { state, side };
}

/** Two calendars were known; from now on the account is where `arrived` says what has come along. */
async function leaving(arrived: ReadonlySet<string>) {
  const { state, side } = movedTo((ref) => arrived.has(ref));
  const rig = await synced({ events: 3, side });
  rig.other.addCalendar('home');
  await pull(rig);
  const seq = await seqOf(rig);
  state.moved = true;
  return { rig, seq };
}

test('a place where a calendar has not arrived yet is not followed: what is missing there is not gone', async () => {
  const arrived = new Set([work]);
  const { rig, seq } = await leaving(arrived);
  await pull(rig, day);
  expect(await rig.profile()).toMatchObject({ root: { home: 'memory' }, state: { code: 'not_found' } });
  expect((await rig.profile()).root).not.toHaveProperty('place');
  arrived.add('home/');
  await rig.pass(day);
  expect((await rig.profile()).root).toHaveProperty('place');
  expect((await logOf(rig, seq)).filter((line) => !/^(state|horizon) /.test(line))).toEqual([]);
  await expectAllWell(rig);
});

test('what has not arrived after days is asked for as always; a place without anything known is never followed', async () => {
  const arrived = new Set<string>();
  const { rig, seq } = await leaving(arrived);
  await pull(rig, 3 * day);
  expect((await rig.profile()).root).not.toHaveProperty('place');
  arrived.add(work);
  await rig.pass(day);
  expect((await rig.profile()).root).toHaveProperty('place');
  // The calendar itself answers, so it is not gone.
  expect((await logOf(rig, seq)).filter((line) => !/^(state|horizon) /.test(line))).toEqual([]);
});

test('a login moves with its account, so that connecting it again finds the profile; one that is taken stays', async () => {
  for (const taken of [false, true]) {
    const { state, side } = movedTo(() => true);
    const rig = await synced({ events: 1, side });
    const before = await rig.profile();
    const root = { home: 'memory', place: 'new' };
    const login = loginOf(appId, before.provider, { name: before.name, root });
    if (taken) await rig.documents.insert('profiles', { ...before, _id: asOther(before._id), login, rev: 1 });
    state.moved = true;
    await pull(rig);
    expect(await rig.profile()).toMatchObject({ root, login: taken ? before.login : login, state: { name: 'live' } });
  }
});

const asOther = <Id extends string>(id: Id): Id => `${id}_other` as Id;

test('tokens of the old place are forgotten, what is owed is not', async () => {
  const { state, side } = movedTo(() => true);
  const rig = await synced({ events: 3, side });
  rig.other.world.failNext('fetch', () => new KalendsError('server_error', 'x'), 3);
  rig.other.put(work, 'e9.ics', ics('e9', 'Nine'));
  state.moved = true;
  const lists = rig.other.world.count('list');
  await pull(rig, hour);
  expect(rig.other.world.count('list')).toBeGreaterThan(lists);
  expect(await cached(rig)).toContain('e9.ics');
  expect((await checkpointOf(rig)).owed).toEqual([]);
});

test('a provider whose accounts never move is not asked', async () => {
  const rig = await syncedInMemory({ events: 1 });
  Object.assign(rig.other.provider.capabilities, { rediscover: false });
  const lost = () => new KalendsError('not_found', 'nobody lives here');
  for (const method of ['changes', 'list', 'probe'] as const) rig.other.world.failNext(method, lost, 100);
  await pull(rig, hour);
  expect((await rig.profile()).state).toMatchObject({ name: 'quarantined', code: 'not_found' });
  expect(rig.other.world.count('rediscover')).toBe(0);
});
