/** Held removals and the people who run Kalends: what they see, what their word does, what the log says of it. */
import { expect, test } from 'vitest';
import { horizon } from '../../../config/policies.ts';
import { KalendsError } from '../../../domain/errors.ts';
import { createNormalise } from '../../../domain/normalise.ts';
import { explain } from '../../../services/ops/explain.ts';
import { listHeld, sayOfHeld, type HeldWord } from '../../../services/ops/held.ts';
import { ics, wish } from './bodies.ts';
import { commitsOf, expectHonestLog, expectRebuildable, expectWholeLog } from './invariants.ts';
import { day, hour, minute, profileId, type Rig } from './rig.ts';
import { cached, checkpointOf, logOf, pull, seqOf, syncedInMemory, syncedOverCalDav, work } from './starts.ts';
import type { MemorySide, OtherSide } from './worlds.ts';

const contextOf = (rig: Rig<OtherSide>) => ({
  documents: rig.documents,
  clock: rig.clock,
  nudge: () => undefined,
  turn: null,
  provider: () => rig.other.provider,
  normalise: createNormalise(),
  horizon,
});

/** Twenty of thirty are claimed to be gone, and no direct request says anything. */
async function holding(): Promise<Rig<MemorySide>> {
  const rig = await syncedInMemory({ events: 30 });
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 100_000);
  for (let k = 0; k < 20; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  return rig;
}

const say = async (rig: Rig<OtherSide>, word: Omit<HeldWord, 'profile'>): Promise<void> => {
  await sayOfHeld(contextOf(rig), { profile: profileId, ...word });
  await rig.pass(minute);
};

async function expectSound(rig: Rig<OtherSide>): Promise<void> {
  await expectWholeLog(rig);
  await expectHonestLog(rig);
  await expectRebuildable(rig);
}

test('what is held is listed with its reason and its next verification', async () => {
  const rig = await holding();
  const rows = await listHeld(contextOf(rig), profileId);
  expect(rows).toHaveLength(20);
  expect(rows[0]).toMatchObject({
    ref: 'e0.ics',
    summary: 'Event 0',
    reason: 'tombstone',
    suspicious: true,
    checks: 1,
  });
  expect(rows[0]?.next_check).not.toBeNull();
});

test('a release is recorded on the operator’s word, one by one or all, and never twice', async () => {
  const rig = await holding();
  const [first] = await listHeld(contextOf(rig), profileId);
  const seq = await seqOf(rig);
  await say(rig, { word: 'release', resource: first?.resource_id ?? '', note: 'ada deleted it herself' });
  expect(await logOf(rig, seq)).toEqual(['operator removed e0.ics by operator']);
  const last = (await commitsOf(rig)).at(-1);
  expect(last?.changes[0]).toMatchObject({ evidence: { kind: 'operator', note: 'ada deleted it herself' } });
  await say(rig, { word: 'release', calendar: rig.calendarId(work) });
  expect(await cached(rig)).toHaveLength(10);
  expect((await logOf(rig, seq)).every((line) => line.startsWith('operator removed'))).toBe(true);
  expect((await checkpointOf(rig)).held).toEqual([]);
  await expect(say(rig, { word: 'release' })).rejects.toMatchObject({ code: 'not_known' });
  await expectSound(rig);
});

test('an event of an application whose old name is released follows to its new one', async () => {
  const rig = await syncedInMemory({ events: 0 });
  for (let k = 0; k < 8; k += 1) await rig.upsert(work, `x${k}`, wish(`X ${k}`));
  await rig.pass(minute);
  rig.other.world.failNext('get', () => new KalendsError('server_error', 'oh'), 100_000);
  const own = [...(rig.other.contents().get(work) ?? [])];
  for (const [ref, body] of own) {
    rig.other.remove(work, ref);
    rig.other.put(work, `moved-${ref}`, body);
  }
  await pull(rig);
  expect((await checkpointOf(rig)).held).toHaveLength(8);
  await say(rig, { word: 'release' });
  const live = await rig.documents.find('resourcesOfCalendar', { calendarId: rig.calendarId(work), live: 1 });
  expect(live.map((one) => one.eventId ?? '').sort()).toEqual(Array.from({ length: 8 }, (_, k) => `x${k}`));
  await expectSound(rig);
});

test('a discard keeps the events, leaves a trace that tells nobody, and a new claim is held anew', async () => {
  const rig = await holding();
  const seq = await seqOf(rig);
  await say(rig, { word: 'discard', note: 'they are there in the browser' });
  expect(await cached(rig)).toHaveLength(30);
  expect((await checkpointOf(rig)).held).toEqual([]);
  const lines = await logOf(rig, seq);
  expect(lines).toHaveLength(20);
  expect(lines.every((line) => line.startsWith('operator put') && line.endsWith('(seen)'))).toBe(true);
  await rig.request('resync');
  await rig.pass(minute);
  expect(await listHeld(contextOf(rig), profileId)).toHaveLength(20);
  await expectSound(rig);
});

test('a word is carried out once, whatever crashes on the way', async () => {
  for (const word of ['release', 'discard'] as const) {
    const whole = await holding();
    const begin = whole.plan.passages.length;
    await say(whole, { word });
    const end = whole.plan.passages.length;
    const lines = (await logOf(whole)).sort();
    expect(end).toBeGreaterThan(begin + 3);
    for (let at = begin + 1; at <= Math.min(end, begin + 12); at += 1) {
      const rig = await holding();
      rig.plan.cuts = [{ at, how: 'crash' }];
      await say(rig, { word });
      await rig.pass(hour);
      expect([...new Set(await logOf(rig))].sort(), `${word}, crash at ${at}`).toEqual([...new Set(lines)]);
      if (word === 'release') expect(await cached(rig)).toHaveLength(10);
      await expectSound(rig);
      await rig.close();
    }
  }
});

test('explain shows what proved each kind of removal', async () => {
  const rig = await syncedOverCalDav({ events: 40 });
  const shown = async (ref: string) => {
    const resource = (await rig.documents.find('resourcesOfProfile', { profileId })).find((one) => one.ref === ref);
    const { history } = await explain(contextOf(rig), { event: resource?._id ?? '' });
    return history.findLast((one) => one.what === 'removed' || one.what === 'calendar gone');
  };
  rig.other.remove(work, 'e0.ics');
  await pull(rig);
  expect(await shown('e0.ics')).toMatchObject({ cause: 'pull', evidence: { kind: 'tombstone', status: 404 } });

  rig.other.remove(work, 'e1.ics');
  await rig.request('resync');
  await rig.pass(minute);
  expect(await shown('e1.ics')).toMatchObject({
    cause: 'pull',
    evidence: {
      kind: 'direct_get',
      status: 404,
      collectionStatus: 207,
      request: expect.stringContaining('GET') as string,
    },
  });

  await rig.upsert(work, 'x', {
    summary: 'Ours',
    start: { kind: 'instant', ms: day * 20_500, tzid: 'Etc/UTC' },
    end: { kind: 'instant', ms: day * 20_500 + hour, tzid: 'Etc/UTC' },
  });
  await rig.pass(minute);
  const own = (await rig.documents.find('resourcesOfProfile', { profileId })).find((one) => one.eventId === 'x');
  const intent = await rig.remove(work, 'x');
  await rig.pass(minute);
  expect(await shown(own?.ref ?? '')).toMatchObject({
    cause: 'write',
    operations: [intent.operationId],
    evidence: { kind: 'own_write', operationId: intent.operationId },
  });

  rig.other.server.faults.set('status_500', { always: true, only: { method: 'GET' } });
  rig.other.remove(work, 'e2.ics');
  await rig.request('resync');
  await rig.pass(minute);
  await say(rig, { word: 'release', note: 'seen gone by hand' });
  expect(await shown('e2.ics')).toMatchObject({
    cause: 'operator',
    evidence: { kind: 'operator', note: 'seen gone by hand' },
  });

  rig.other.server.faults.clearAll();
  rig.other.addCalendar('other');
  rig.other.put('other/', 'o.ics', ics('o', 'Other'));
  await pull(rig);
  rig.other.removeCalendar('other/');
  await pull(rig);
  expect(await shown('o.ics')).toMatchObject({ what: 'calendar gone', evidence: { kind: 'direct_get', status: 404 } });
});
