/** Counting in batches: durable, added up over nodes, told once, and next to nothing for who counts. */
import { afterEach, expect, test } from 'vitest';
import { createSentinel, type Sentinel } from '../../../actors/sentinel/sentinel.ts';
import { sentinel as numbers } from '../../../config/policies.ts';
import { KalendsError } from '../../../domain/errors.ts';
import type { ProfileId } from '../../../domain/ids.ts';
import { nextBreaker } from '../../../domain/sync/sentinel/breaker.ts';
import { noTally, type Tally } from '../../../domain/sync/sentinel/tally.ts';
import type { Documents } from '../../../store/documents.ts';
import { openSqlite } from '../../../store/engines/sqlite.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const startMs = Date.UTC(2026, 10, 20, 8);
const pro = (k: number): ProfileId => `pro_${k}` as ProfileId;
const tallyOf = (some: Partial<Tally>): Tally => ({ ...noTally(), pages: 1, ...some });

const open: Documents[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function ground(between: (documents: Documents) => Documents = (one) => one) {
  const documents = openSqlite({ path: ':memory:', durable: false });
  await documents.open();
  open.push(documents);
  const clock = createFakeClock(startMs);
  const reports: string[] = [];
  const node = (): Sentinel =>
    createSentinel({ documents: between(documents), clock, numbers, report: (what) => void reports.push(what) });
  const learned = async () => {
    const doc = await documents.get('baselines', 'caldav|model');
    return doc?.recent.reduce((sum, one) => sum + one.tally.asked, 0) ?? 0;
  };
  return { documents, clock, reports, node, learned };
}

/** Silence about resources, in as many profiles as it takes. */
function fallSilent(...nodes: readonly Sentinel[]): void {
  for (let k = 0; k < 40; k += 1) {
    nodes[k % nodes.length]?.note('caldav', 'model', pro(k), tallyOf({ asked: 10, unanswered: 4 }));
  }
}

test('what was counted is written down in one batch, and survives a restart', async () => {
  const { node, learned, documents, clock } = await ground();
  const first = node();
  await first.start();
  for (let k = 0; k < 100; k += 1) first.note('caldav', 'model', pro(k), tallyOf({ asked: 3 }));
  expect(await learned()).toBe(0);
  await clock.advance(numbers.flushMs);
  expect(await learned()).toBe(300);
  expect((await documents.get('baselines', 'caldav|model'))?.rev).toBe(1);
  first.note('caldav', 'model', pro(1), tallyOf({ asked: 5 }));
  await first.stop();
  expect(await learned()).toBe(305);
  expect(clock.sleepers()).toBe(0);
  const second = node();
  await second.start();
  second.note('caldav', 'model', pro(1), tallyOf({ asked: 7 }));
  await second.stop();
  expect(await learned()).toBe(312);
});

test('an idle process writes nothing', async () => {
  const { node, documents, clock } = await ground();
  const one = node();
  await one.start();
  one.note('caldav', 'model', pro(1), noTally());
  await clock.advance(10 * numbers.flushMs);
  await one.stop();
  expect(await documents.find('allBaselines', {})).toEqual([]);
});

test('several nodes add up, each its own, however they meet', async () => {
  const { node, learned } = await ground();
  const nodes = Array.from({ length: 5 }, node);
  for (let round = 0; round < 4; round += 1) {
    for (const [k, one] of nodes.entries()) one.note('caldav', 'model', pro(k), tallyOf({ asked: 10 }));
    await Promise.all(nodes.map((one) => one.flush()));
  }
  expect(await learned()).toBe(5 * 4 * 10);
});

test('a deviation that no node sees alone is told once, and every node holds removals from its next look on', async () => {
  const { node, reports, clock } = await ground();
  const nodes = Array.from({ length: 4 }, node);
  for (const one of nodes) await one.start();
  fallSilent(...nodes);
  await clock.advance(2 * numbers.flushMs);
  expect(reports).toEqual([
    'sentinel: a kind of server is unlike itself',
    'sentinel: removals of a kind of server are held from now on',
  ]);
  expect(nodes.map((one) => one.holds('caldav', 'model'))).toEqual([true, true, true, true]);
  expect(nodes.map((one) => one.holds('caldav', 'radicale'))).toEqual([false, false, false, false]);
  await Promise.all(nodes.map((one) => one.stop()));
});

test('a process that starts knows the breakers before anything else', async () => {
  const { node } = await ground();
  const first = node();
  fallSilent(first);
  await first.flush();
  const second = node();
  await second.start();
  expect(second.holds('caldav', 'model')).toBe(true);
  await second.stop();
});

test('an operator’s release reaches a running node, and is not undone by what lasts', async () => {
  const { node, documents, clock } = await ground();
  const one = node();
  await one.start();
  fallSilent(one);
  await clock.advance(numbers.flushMs);
  expect(one.holds('caldav', 'model')).toBe(true);
  const doc = await documents.get('baselines', 'caldav|model');
  if (doc === null) throw new Error('nothing was written');
  const release = { kind: 'release', note: 'checked by hand', forMs: numbers.overrideMs } as const;
  const breaker = nextBreaker(doc.breaker, release, clock.now());
  await documents.replace('baselines', { ...doc, breaker, rev: doc.rev + 1 }, doc.rev);
  fallSilent(one);
  await clock.advance(numbers.flushMs);
  expect(one.holds('caldav', 'model')).toBe(false);
  await one.stop();
});

test('counts that could not be written down are written down later, and nobody is hurt', async () => {
  let broken = true;
  const { node, learned, clock, reports } = await ground((documents) => ({
    ...documents,
    find: (...args) => documents.find(...args),
    get: (...args) => documents.get(...args),
    replace: (...args) => documents.replace(...args),
    insert: (...args) =>
      broken ? Promise.reject(new KalendsError('store_unavailable', 'away')) : documents.insert(...args),
  }));
  const one = node();
  await one.start();
  one.note('caldav', 'model', pro(1), tallyOf({ asked: 9 }));
  await clock.advance(numbers.flushMs);
  expect(reports).toEqual(['sentinel: counts could not be written down']);
  broken = false;
  one.note('caldav', 'model', pro(2), tallyOf({ asked: 1 }));
  await clock.advance(numbers.flushMs);
  expect(await learned()).toBe(10);
  await one.stop();
});
