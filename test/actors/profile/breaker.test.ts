/** While the sentinel's breaker holds, nothing of that kind of server is removed; everything else goes on. */
import { expect, test } from 'vitest';
import { sentinel as numbers } from '../../../config/policies.ts';
import { createSentinel, type Sentinel, type TurnSentinel } from '../../../actors/sentinel/sentinel.ts';
import { addTally, noTally, type Tally } from '../../../domain/sync/sentinel/tally.ts';
import { answer } from '../../support/caldav-model/exchange.ts';
import type { PlainRequest } from '../../support/caldav-model/server.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { day, hour, minute, type Rig } from './rig.ts';
import { cached, calendarState, checkpointOf, logOf, nameOf, pull, seqOf, summaries, synced, work } from './starts.ts';
import { modelSide, type ModelSide } from './worlds.ts';

interface Switch extends TurnSentinel {
  on: boolean;
  readonly sum: Tally;
  readonly asked: string[];
}

const breakerOf = (): Switch => {
  const sum = noTally();
  const asked: string[] = [];
  const one: Switch = {
    on: false,
    sum,
    asked,
    note: (provider, software, _, tally) => {
      asked.push(`${provider} ${software}`);
      addTally(sum, tally);
    },
    holds: () => one.on,
  };
  return one;
};

const start = async (breaker: TurnSentinel, events = 60): Promise<Rig<ModelSide>> =>
  synced<ModelSide>({ events, side: (clock, random) => modelSide(clock, random), sentinel: () => breaker });

const removals = async (rig: Rig<ModelSide>): Promise<string[]> =>
  (await logOf(rig)).filter((line) => line.includes('removed') || line.includes('gone'));

test('tombstones, absence and direct answers are held; additions and updates apply; after it each is verified', async () => {
  const breaker = breakerOf();
  const rig = await start(breaker);
  breaker.on = true;
  // By a tombstone, …
  rig.other.remove(work, 'e0.ics');
  rig.other.put(work, 'new.ics', ics('new', 'New'));
  rig.other.put(work, 'e5.ics', ics('e5', 'Changed'));
  await pull(rig);
  // … by its absence from a listing, …
  rig.other.remove(work, 'e1.ics');
  await rig.request('resync');
  await rig.pass(minute);
  // … and by a direct answer, after a delta had named it.
  rig.other.server.faults.set('multiget_404_all', { always: true });
  rig.other.server.faults.set('status_500', { always: true, only: { matches: removeAtMultiget(rig, 'e2.ics') } });
  rig.other.put(work, 'e2.ics', ics('e2', 'Soon gone'));
  await pull(rig);
  rig.other.server.faults.clearAll();
  const asked = rig.other.server.log.length;
  await pull(rig, hour);
  expect(rig.other.server.log.length - asked).toBeLessThan(4);
  expect(await removals(rig)).toEqual([]);
  expect((await checkpointOf(rig)).held.map((one) => `${one.ref} ${one.reason}`).sort()).toEqual([
    'e0.ics tombstone',
    'e1.ics absent',
    'e2.ics direct_404',
  ]);
  expect(await summaries(rig)).toEqual(expect.arrayContaining(['New', 'Changed']));
  expect(await calendarState(rig)).toBe('live');
  breaker.on = false;
  await pull(rig);
  expect((await removals(rig)).sort()).toEqual([
    'pull removed e0.ics by direct_get',
    'pull removed e1.ics by direct_get',
    'pull removed e2.ics by direct_get',
  ]);
  await expectAllWell(rig);
});

function removeAtMultiget(rig: Rig<ModelSide>, ref: string) {
  let done = false;
  return ({ method, body }: { method: string; body: string }): boolean => {
    if (method === 'REPORT' && body.includes('multiget') && !done) {
      done = true;
      rig.other.remove(work, ref);
    }
    return false;
  };
}

test('a calendar that is gone stays while the breaker holds', async () => {
  const breaker = breakerOf();
  const rig = await start(breaker);
  rig.other.addCalendar('other');
  await pull(rig);
  breaker.on = true;
  rig.other.removeCalendar('other/');
  await pull(rig, day);
  expect(await removals(rig)).toEqual([]);
  breaker.on = false;
  await pull(rig, hour);
  expect(await removals(rig)).toEqual(['pull calendar_gone']);
});

test('a wave of claims that a breaker holds costs nothing, also over days', async () => {
  const breaker = breakerOf();
  const rig = await start(breaker, 100);
  breaker.on = true;
  for (let k = 0; k < 80; k += 1) rig.other.remove(work, `e${k}.ics`);
  await rig.request('pull');
  const asked = rig.other.server.log.length;
  await rig.pass(2 * day);
  expect(rig.other.server.log.length - asked).toBeLessThan(8);
  expect(await cached(rig)).toHaveLength(100);
  expect(await removals(rig)).toEqual([]);
  breaker.on = false;
  await pull(rig, hour);
  expect(await cached(rig)).toHaveLength(20);
  await expectAllWell(rig);
});

test('a turn counts what it saw: each signal in its own number', async () => {
  const breaker = breakerOf();
  const rig = await start(breaker, 40);
  // A first listing compares nothing: it must not make removals look rarer than they are.
  expect(breaker.sum).toMatchObject({ pages: 1, synced: 0, updates: 0 });
  Object.assign(breaker.sum, noTally());
  const { faults } = rig.other.server;
  for (let k = 0; k < 10; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, k < 4 ? `Event ${k}` : `Changed ${k}`));
  rig.other.remove(work, 'e20.ics');
  faults.set('multiget_empty_href', { nextN: 1 });
  await pull(rig);
  expect(breaker.sum).toMatchObject({ synced: 11, removals: 1, asked: 10, unanswered: 1, updates: 10, phantoms: 4 });
  expect(breaker.sum).toMatchObject({ pages: 1, resyncs: 0, unreadable: 0 });
  faults.set('token_forgotten_403', { nextN: 1 });
  await pull(rig);
  expect(breaker.sum).toMatchObject({ pages: 3, resyncs: 1 });
  faults.set('body_cut_clean', { nextN: 1, only: { method: 'REPORT' } });
  rig.other.put(work, 'broken.ics', 'no calendar at all');
  await pull(rig, hour);
  expect(breaker.sum.unreadable).toBe(2);
  expect(new Set(breaker.asked)).toEqual(new Set(['caldav model']));
});

test('a healthy pull counts without a request, a write or a wait more', async () => {
  const passages = async (with_: boolean): Promise<readonly string[]> => {
    const rig = await synced<ModelSide>({
      events: 20,
      side: (clock, random) => modelSide(clock, random),
      ...(with_ ? { sentinel: () => breakerOf() } : {}),
    });
    rig.other.put(work, 'e1.ics', ics('e1', 'Changed'));
    rig.other.remove(work, 'e2.ics');
    await pull(rig);
    await pull(rig);
    return [...rig.plan.passages, ...rig.other.server.log.map((one) => `${one.method} ${one.path}`)];
  };
  expect(await passages(true)).toEqual(await passages(false));
});

test('from the first silence to the hold: the real sentinel over a real profile', async () => {
  let sentinel: Sentinel | null = null;
  const rig = await synced<ModelSide>({
    events: 60,
    side: (clock, random) => modelSide(clock, random),
    sentinel: (documents, clock) =>
      (sentinel = createSentinel({
        documents,
        clock,
        // One profile is the whole fleet of this test.
        numbers: { ...numbers, profilesMin: 1 },
        report: () => undefined,
      })),
  });
  rig.other.server.faults.set('multiget_omits', { always: true, value: 0.5 });
  for (let k = 0; k < 60; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Changed ${k}`));
  await pull(rig);
  await (sentinel as Sentinel | null)?.flush();
  const seq = await seqOf(rig);
  rig.other.remove(work, 'e7.ics');
  await pull(rig);
  expect((await rig.documents.get('baselines', 'caldav|model'))?.alerts).toMatchObject([{ signal: 'unanswered' }]);
  expect((await logOf(rig, seq)).filter((line) => line.includes('removed'))).toEqual([]);
  expect((await checkpointOf(rig)).held).toMatchObject([{ ref: 'e7.ics', reason: 'tombstone' }]);
});

test('a calendar that was set aside, and claims to have lost its events, loses none while the breaker holds', async () => {
  const breaker = breakerOf();
  const rig = await start(breaker);
  rig.other.server.faults.set('status_500', { always: true, only: { pathPrefix: '/calendars/alice/work/' } });
  await pull(rig);
  expect(await calendarState(rig)).toBe('quarantined');
  for (let k = 0; k < 40; k += 1) rig.other.remove(work, `e${k}.ics`);
  rig.other.server.faults.clearAll();
  breaker.on = true;
  await rig.pass(day);
  expect(await removals(rig)).toEqual([]);
  breaker.on = false;
  await rig.pass(day);
  expect(await removals(rig)).toHaveLength(40);
  await expectAllWell(rig);
});

/** Answers as if our own events were not there, which they are. */
function denyOwn({ server }: ModelSide): () => void {
  const respond = server.respond.bind(server);
  const deny = (request: PlainRequest) => {
    if (!request.url.includes('/kalends-')) return respond(request);
    return Promise.resolve(answer(request.method === 'PUT' ? 412 : 404));
  };
  Object.assign(server, { respond: deny });
  return () => void Object.assign(server, { respond });
}

const ownRefs = (rig: Rig<ModelSide>): string[] => [...(rig.other.contents().get(work)?.keys() ?? [])].map(nameOf);

test.each(['upsert', 'delete'] as const)('an %s that meets a 404 records no removal and waits', async (kind) => {
  const breaker = breakerOf();
  const rig = await start(breaker, 3);
  await rig.upsert(work, 'x', wish('First'));
  await rig.pass(minute);
  breaker.on = true;
  const tellTheTruth = denyOwn(rig.other);
  await (kind === 'upsert' ? rig.upsert(work, 'x', wish('Second')) : rig.remove(work, 'x'));
  await rig.pass(hour);
  expect(await removals(rig)).toEqual([]);
  expect(ownRefs(rig)).toContain('own-g1.ics');
  expect(ownRefs(rig)).not.toContain('own-g2.ics');
  expect((await checkpointOf(rig)).held.map((one) => `${nameOf(one.ref)} ${one.reason}`)).toEqual([
    'own-g1.ics direct_404',
  ]);
  expect(outcomesOf(await rig.intents()).slice(1)).toEqual([
    `2 ${kind} ${kind === 'upsert' ? 'attempting' : 'queued'}`,
  ]);
  breaker.on = false;
  tellTheTruth();
  await rig.pass(day);
  expect(outcomesOf(await rig.intents()).slice(1)).toEqual([`2 ${kind} written`]);
  expect(ownRefs(rig).filter((ref) => ref.startsWith('own'))).toEqual(kind === 'upsert' ? ['own-g1.ics'] : []);
  await expectAllWell(rig);
});

test('a delete whose answer was lost is not taken for done by a 404 while the breaker holds', async () => {
  const breaker = breakerOf();
  const rig = await start(breaker, 3);
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  breaker.on = true;
  rig.other.server.faults.set('dropped_after_effect', { nextN: 1, only: { method: 'DELETE' } });
  await rig.remove(work, 'x');
  await rig.pass(hour);
  expect(await removals(rig)).toEqual([]);
  breaker.on = false;
  await rig.pass(day);
  expect(outcomesOf(await rig.intents())).toEqual(['1 upsert written', '2 delete written']);
  await expectAllWell(rig);
});

test('a delete that the server says it carried out is recorded, also while the breaker holds', async () => {
  const breaker = breakerOf();
  const rig = await start(breaker, 3);
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  breaker.on = true;
  await rig.remove(work, 'x');
  await rig.pass(minute);
  expect(await removals(rig)).toEqual(['write removed own-g1.ics by own_write']);
});
