/** Repair: what a server that was wrong made Kalends remove is found in the log, looked for, reinstated and told. */
import { expect, test } from 'vitest';
import { createCourier } from '../../../actors/subscriber/courier.ts';
import { notifying } from '../../../config/policies.ts';
import { asChannelId } from '../../../domain/ids.ts';
import { newChannel } from '../../../domain/notification/subscriber.ts';
import { repairDeletions, type RepairInput } from '../../../services/ops/repair.ts';
import { sinceOf } from '../../../services/ops/since.ts';
import { believingSilence } from '../../replay/believing-silence.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell } from './invariants.ts';
import { accountId, appId, day, hour, minute, profileId, second, startMs, type Rig } from './rig.ts';
import { cached, checkpointOf, logOf, pull, seqOf, summaries, synced, work } from './starts.ts';
import { modelSide, type ModelSide } from './worlds.ts';

const contextOf = (rig: Rig<ModelSide>) => ({
  documents: rig.documents,
  clock: rig.clock,
  nudge: () => undefined,
  provider: () => rig.other.provider,
});

const ask = (rig: Rig<ModelSide>, more: Partial<RepairInput> = {}) =>
  repairDeletions(contextOf(rig), { provider: 'memory', since: '7d', carryOut: false, ...more });

/** Of forty events four are truly gone, and some more are believed to be: the server fell silent, and was believed. */
async function damaged(): Promise<Rig<ModelSide>> {
  const believing = { on: true };
  const rig = await synced<ModelSide>({
    events: 40,
    side: (clock, random) => {
      const side = modelSide(clock, random);
      const provider = believingSilence(
        side.provider,
        () => believing.on,
        () => clock.now(),
      );
      return { ...side, provider };
    },
  });
  for (const k of [30, 31]) rig.other.remove(work, `e${k}.ics`);
  rig.other.server.faults.set('multiget_omits', { nextN: 1, value: 0.4 });
  for (let k = 0; k < 30; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Edited ${k}`));
  await pull(rig);
  believing.on = false;
  rig.other.server.faults.clearAll();
  return rig;
}

test('a dry run looks into the log alone: nobody is asked, nothing changes', async () => {
  const rig = await damaged();
  const lost = 38 - (await cached(rig)).length;
  expect(lost).toBeGreaterThan(5);
  const [seq, asked] = [await seqOf(rig), rig.other.server.log.length];
  expect(await ask(rig)).toMatchObject({
    carried_out: false,
    profiles: 1,
    calendars: 1,
    events: lost + 2,
    applications: [{ app_id: appId, profiles: 1, events: lost + 2 }],
    reinstated: 0,
    waiting_profiles: 0,
    unwell: [],
  });
  await rig.pass(minute);
  expect([await seqOf(rig), rig.other.server.log.length]).toEqual([seq, asked]);
});

test('a wider window is asked for although a narrower one is under way, and none of them twice', async () => {
  const rig = await damaged();
  await rig.pass(3 * day);
  rig.other.remove(work, 'e39.ics');
  await pull(rig);
  const windows = async (): Promise<number[]> =>
    (await rig.profile()).requests.flatMap((one) => (typeof one === 'object' && 'sinceMs' in one ? [one.sinceMs] : []));
  const nowMs = rig.clock.now();
  for (const since of ['1d', '7d', '1d', '7d']) await ask(rig, { carryOut: true, since });
  expect(await windows()).toEqual([nowMs - day, nowMs - 7 * day]);

  // The narrow one alone has begun, and its calendar cannot be listed.
  const only = (await rig.profile()).requests.slice(0, 1);
  const before = await rig.profile();
  await rig.documents.replace('profiles', { ...before, requests: only, rev: before.rev + 1 }, before.rev);
  rig.other.server.faults.set('status_503', { always: true });
  await rig.pass(minute);
  expect([await windows(), (await checkpointOf(rig)).repairing]).toEqual([[], ['e39.ics']]);
  await ask(rig, { carryOut: true, since: '1d' });
  expect(await windows()).toEqual([]);
  await ask(rig, { carryOut: true });
  expect(await windows()).toHaveLength(1);
});

test('what still stands is reinstated with the cause repair, what is truly gone stays gone; twice is once', async () => {
  const rig = await damaged();
  const seq = await seqOf(rig);
  const lost = 38 - (await cached(rig)).length;
  expect(await ask(rig, { carryOut: true })).toMatchObject({ waiting_profiles: 1, events: lost + 2 });
  expect(await ask(rig)).toMatchObject({ waiting_profiles: 1 });
  // Somebody edits meanwhile: that is no reinstatement.
  rig.other.put(work, 'new.ics', ics('new', 'New'));
  await rig.pass(minute);
  const lines = await logOf(rig, seq);
  expect(lines.filter((line) => line.startsWith('repair put'))).toHaveLength(lost);
  expect(lines.filter((line) => !line.startsWith('repair put'))).toEqual(['pull put new.ics']);
  expect(await ask(rig)).toMatchObject({ events: 2, reinstated: lost, waiting_profiles: 0 });
  expect((await checkpointOf(rig)).repairing).toEqual([]);
  const after = await seqOf(rig);
  await ask(rig, { carryOut: true });
  await rig.pass(minute);
  expect(await seqOf(rig)).toBe(after);
  expect(await ask(rig)).toMatchObject({ waiting_profiles: 0, reinstated: lost });
  await expectAllWell(rig);
});

test('an event of an application follows to the copy of it that is reinstated', async () => {
  const rig = await synced<ModelSide>({ events: 3, side: (clock, random) => modelSide(clock, random) });
  await rig.upsert(work, 'x', wish('X'));
  await rig.pass(minute);
  const [own = '', body = ''] =
    [...(rig.other.contents().get(work) ?? [])].find(([ref]) => ref.startsWith('kalends')) ?? [];
  rig.other.put(work, 'copy.ics', body);
  await pull(rig);
  for (const ref of [own, 'copy.ics']) rig.other.remove(work, ref);
  await pull(rig);
  // As if its server had been wrong about this one.
  rig.other.put(work, 'copy.ics', body);
  const seq = await seqOf(rig);
  await ask(rig, { carryOut: true });
  await rig.pass(minute);
  expect(await logOf(rig, seq)).toEqual(['repair put copy.ics', 'repair managed x g1']);
  const live = await rig.documents.find('resourcesOfCalendar', { calendarId: rig.calendarId(work), live: 1 });
  expect(live.find((one) => one.ref === 'copy.ics')?.eventId).toBe('x');
  await expectAllWell(rig);
});

test('a repair is carried to its end, whatever crashes or fails on the way', async () => {
  const whole = await damaged();
  const begin = whole.plan.passages.length;
  await ask(whole, { carryOut: true });
  await whole.pass(minute);
  const expected = (await logOf(whole)).filter((line) => line.startsWith('repair')).sort();
  const end = whole.plan.passages.length;
  expect(end - begin).toBeGreaterThan(8);
  for (const how of ['crash', 'refused'] as const) {
    for (let at = begin + 1; at <= end; at += 1) {
      const rig = await damaged();
      await ask(rig, { carryOut: true });
      rig.plan.cuts = [{ at, how }];
      await rig.pass(2 * hour);
      const repaired = (await logOf(rig)).filter((line) => line.startsWith('repair')).sort();
      expect(repaired, `${how} at ${whole.plan.passages[at - 1] ?? at}`).toEqual(expected);
      expect(await ask(rig)).toMatchObject({ waiting_profiles: 0 });
      await expectAllWell(rig);
      await rig.close();
    }
  }
}, 120_000);

test('a calendar that lost everything is repaired too, and one that is set aside when it is well', async () => {
  const rig = await damaged();
  for (let k = 0; k < 40; k += 1) if (k < 30 || k > 31) rig.other.remove(work, `e${k}.ics`);
  await pull(rig, hour);
  expect(await cached(rig)).toEqual([]);
  // They were there all the time: the server had lost a disk, and found it again. Its deltas do not speak of it.
  for (let k = 0; k < 40; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Back ${k}`));
  rig.other.server.faults.set('status_500', { always: true, only: { pathPrefix: '/calendars/alice/work/' } });
  await pull(rig);
  await ask(rig, { carryOut: true });
  await rig.pass(hour);
  expect(await ask(rig)).toMatchObject({ waiting_profiles: 1, reinstated: 0 });
  rig.other.server.faults.clearAll();
  await rig.pass(day);
  expect(await ask(rig)).toMatchObject({ events: 0, waiting_profiles: 0, reinstated: 40 });
  expect(await summaries(rig)).toContain('Back 39');
  await expectAllWell(rig);
});

test('applications are told of the reinstatement, and find the events among those that changed', async () => {
  const rig = await damaged();
  const profiles = await rig.documents.find('profilesOfAccount', { accountId });
  const request = {
    appId,
    accountId,
    callbackUrl: 'https://app.example/hook',
    filters: { calendarIds: null, onlyManaged: false },
  };
  const channel = newChannel({ ...request, channelId: asChannelId('chn_1') }, profiles, rig.clock.now());
  await rig.documents.insert('subscribers', { ...channel, notices: [], dueAtMs: Number.MAX_SAFE_INTEGER - 1 });
  const secrets = [{ sealed: { keyId: 'k', nonce: 'n', box: 'CRN' }, createdAtMs: 1 }];
  await rig.documents.insert('apps', { _id: appId, rev: 1, name: 'app', clientId: 'c', secrets, createdAtMs: 1 });
  const told: string[] = [];
  const courier = createCourier({
    store: rig.documents,
    http: async (sent) => {
      told.push(sent.body ?? '');
      return { status: 200, headers: {}, text: '', tookMs: 1 };
    },
    clock: rig.clock,
    random: () => 0.5,
    open: ({ box }) => box,
    report: () => undefined,
  });
  await rig.clock.advance(2 * second);
  const sinceMs = rig.clock.now();
  await ask(rig, { carryOut: true });
  await rig.pass(minute);
  courier.nudge(profileId);
  await courier.settle();
  await rig.clock.advance(notifying.quietMs);
  await courier.settle();
  await courier.stop();
  expect(told).toHaveLength(1);
  const message = JSON.parse(told[0] ?? '') as { notification: { type: string; changes_since: string } };
  expect(message.notification.type).toBe('change');
  expect(Date.parse(message.notification.changes_since)).toBeLessThanOrEqual(sinceMs);
  const updated = await rig.documents.find('eventsUpdated', {
    calendarId: rig.calendarId(work),
    updatedMs: { gte: sinceMs },
  });
  expect(updated.length).toBe((await ask(rig)).reinstated);
  expect(updated.every((one) => one.deleted === 0)).toBe(true);
});

test('what was removed before is left alone', async () => {
  const rig = await damaged();
  expect((await ask(rig, { software: 'model' })).events).toBeGreaterThan(2);
  await rig.pass(8 * day);
  expect(await ask(rig)).toMatchObject({ events: 0, profiles: 0 });
});

test('a kind of server that nobody has is an error, not an all-clear', async () => {
  const rig = await synced<ModelSide>({ events: 1 });
  for (const wrong of [{ provider: 'caldaf' }, { software: 'radicale' }])
    await expect(ask(rig, wrong)).rejects.toMatchObject({ code: 'not_known', next: expect.any(String) });
});

test('since when is said in minutes, hours, days, or as a time', () => {
  expect(sinceOf('90m', startMs)).toBe(startMs - 90 * minute);
  expect(sinceOf('36h', startMs)).toBe(startMs - 36 * hour);
  expect(sinceOf('7d', startMs)).toBe(startMs - 7 * day);
  expect(sinceOf(new Date(startMs - 5).toISOString(), startMs)).toBe(startMs - 5);
  for (const wrong of ['soon', '', '7w', new Date(startMs + 5).toISOString()])
    expect(() => sinceOf(wrong, startMs)).toThrow('is no time past');
});

test('what waits for a verification and is asked for first does not end a repair early', async () => {
  const rig = await damaged();
  const lost = 38 - (await cached(rig)).length;
  // A tombstone too many is held, and cannot be verified yet.
  rig.other.server.faults.set('status_500', { always: true, only: { method: 'GET' } });
  for (let k = 32; k < 40; k += 1) rig.other.remove(work, `e${k}.ics`);
  await pull(rig);
  expect((await checkpointOf(rig)).held).toHaveLength(8);
  rig.other.server.faults.clearAll();
  // Nobody looks for an hour: the verification is due before the listing of the repair.
  await rig.clock.advance(hour);
  await ask(rig, { carryOut: true });
  await rig.pass(minute);
  expect(await ask(rig)).toMatchObject({ waiting_profiles: 0, reinstated: lost });
  await expectAllWell(rig);
});

test('a calendar that lost everything is listed in parts, and all of it is a reinstatement', async () => {
  const rig = await damaged();
  for (let k = 0; k < 40; k += 1) if (k < 30 || k > 31) rig.other.remove(work, `e${k}.ics`);
  await pull(rig, hour);
  rig.other.server.faults.set('status_500', { always: true, only: { pathPrefix: '/calendars/alice/work/' } });
  for (let k = 0; k < 40; k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Back ${k}`));
  await ask(rig, { carryOut: true });
  rig.other.server.faults.clearAll();
  rig.other.server.faults.set('pages_507', { always: true, value: 3 });
  const seq = await seqOf(rig);
  await rig.pass(hour);
  expect(
    (await logOf(rig, seq)).filter((line) => line.includes(' put ')).every((line) => line.startsWith('repair')),
  ).toBe(true);
  expect(await ask(rig)).toMatchObject({ reinstated: 40, waiting_profiles: 0 });
});

test('what an application deleted, or an operator removed, is no matter of a repair', async () => {
  const rig = await damaged();
  const { events } = await ask(rig);
  await rig.upsert(work, 'x', wish('Ours'));
  await rig.pass(minute);
  await rig.remove(work, 'x');
  await rig.pass(minute);
  expect((await logOf(rig)).at(-2)).toContain('by own_write');
  expect((await ask(rig)).events).toBe(events);
});
