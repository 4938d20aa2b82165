/** What applications and operators hear of outages: after the stated time, once, and of the end only if of the beginning. */
import { afterEach, expect, test } from 'vitest';
import { quarantine } from '../../../config/policies.ts';
import { KalendsError, type ErrorCode } from '../../../domain/errors.ts';
import type { ProfileId } from '../../../domain/ids.ts';
import { listHosts } from '../../../services/ops/hosts.ts';
import { listProfiles } from '../../../services/ops/profiles.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { hour, minute, second } from './rig.ts';
import { logOf, pull, syncedInMemory, work } from './starts.ts';

const open: Fleet[] = [];
afterEach(async () => {
  for (const fleet of open.splice(0)) await fleet.close();
});

async function noticesOf(fleet: Fleet, profileId: ProfileId): Promise<string[]> {
  const commits = await fleet.documents.find('commitsOfProfile', { profileId });
  return commits.flatMap((one) =>
    one.changes.flatMap((change) => (change.kind === 'notice' ? [`${change.notice}: ${change.detail}`] : [])),
  );
}

async function brokenFleet(code: ErrorCode): Promise<Fleet> {
  const fleet = await createFleet({ hosts: { dead: 12 } });
  open.push(fleet);
  await fleet.pass(2 * minute);
  fleet.trouble('dead', code);
  await fleet.pass(quarantine.noticeAfterMs - 10 * minute);
  return fleet;
}

test('an outage of a host is told to every application after the stated time, spread, and so is its end', async () => {
  const fleet = await brokenFleet('server_error');
  const ids = (await fleet.profiles('dead')).map((one) => one._id);
  for (const id of ids) expect((await noticesOf(fleet, id)).slice(1)).toEqual([]);
  await fleet.pass(10 * minute + quarantine.noticeSpreadMs + minute);
  const toldAt = (await fleet.profiles('dead')).flatMap((one) => one.outageToldAtMs ?? []);
  expect(toldAt.length).toBeGreaterThan(6);
  expect(Math.max(...toldAt) - Math.min(...toldAt)).toBeGreaterThan(quarantine.noticeSpreadMs / 2);
  fleet.trouble('dead', null);
  await fleet.pass(7 * hour);
  for (const id of ids)
    expect((await noticesOf(fleet, id)).slice(1)).toEqual([
      'quarantined: server_error',
      'reinstated: the provider answers again',
    ]);
});

test('an outage of a host that ends before the stated time is told to nobody', async () => {
  const fleet = await brokenFleet('unavailable');
  fleet.trouble('dead', null);
  await fleet.request(fleet.idOf('dead', 0), 'reinstate');
  await fleet.pass(4 * hour);
  for (const { _id } of await fleet.profiles('dead')) expect((await noticesOf(fleet, _id)).slice(1)).toEqual([]);
});

test('operators see which host is in trouble, since when, and who waits', async () => {
  const fleet = await brokenFleet('unavailable');
  expect(await listHosts(fleet)).toMatchObject([
    { host: 'dead', state: 'broken', reason: 'unavailable', waiting_profiles: 12 },
  ]);
  expect((await listProfiles(fleet)).map((one) => one.waits_for)).toEqual(Array.from({ length: 12 }, () => 'dead'));
});

/** The account answers, its calendars do not. */
async function withPoorCalendars() {
  const rig = await syncedInMemory({ polling: { baseMs: minute, activeMs: minute, quietMs: minute } });
  rig.other.addCalendar('home');
  await rig.pass(minute);
  await rig.request('resync');
  await rig.pass(minute);
  const poor = new Set<string>();
  for (const method of ['version', 'list', 'changes'] as const) {
    const inner = rig.other.provider[method].bind(rig.other.provider) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(rig.other.provider, {
      [method]: async (...args: unknown[]) => {
        if (poor.has(String(args[1]))) throw new KalendsError('server_error', 'out of order');
        return inner(...args);
      },
    });
  }
  return { rig, poor };
}

const notices = async (rig: Awaited<ReturnType<typeof syncedInMemory>>): Promise<string[]> =>
  (await logOf(rig)).filter((line) => line.includes('notice')).slice(1);

test('a live profile of which every calendar is quarantined is told of after the stated time, and of its return', async () => {
  const { rig, poor } = await withPoorCalendars();
  for (const calendar of [work, 'home/']) poor.add(calendar);
  await pull(rig);
  const works = Object.values((await rig.profile()).calendars);
  expect(works.map((one) => one.state.name)).toEqual(['quarantined', 'quarantined']);
  await rig.pass(50 * minute);
  expect(await notices(rig)).toEqual([]);
  await rig.pass(20 * minute);
  expect((await rig.profile()).state.name).toBe('live');
  expect(await notices(rig)).toEqual(['state notice quarantined']);
  rig.kill();
  await rig.pass(12 * hour);
  expect(await notices(rig)).toEqual(['state notice quarantined']);
  poor.delete('home/');
  await rig.pass(12 * hour);
  expect(await notices(rig)).toEqual(['state notice quarantined', 'state notice reinstated']);
});

test('while one calendar answers, applications hear of no quarantine', async () => {
  const { rig, poor } = await withPoorCalendars();
  poor.add(work);
  await pull(rig);
  await rig.pass(30 * hour);
  expect(await notices(rig)).toEqual([]);
});

test('credentials that cannot be opened set the profile aside where operators see it, until they can', async () => {
  const rig = await syncedInMemory();
  let sealed = true;
  Object.defineProperty(rig.other, 'credentials', {
    get: () => {
      if (sealed) throw new KalendsError('unsealable', 'a sealed secret cannot be opened: no key k1 in the ring');
      return { kind: 'none' };
    },
  });
  const calls = rig.other.world.calls.length;
  await pull(rig);
  expect(rig.ended).toEqual([]);
  expect(rig.other.world.calls.length).toBe(calls);
  expect(await listProfiles({ documents: rig.documents, provider: () => rig.other.provider })).toMatchObject([
    { state: 'quarantined', reason: 'unsealable' },
  ]);
  await rig.upsert(work, 'waits', { summary: 'Waits' });
  await rig.pass(2 * hour);
  expect(await notices(rig)).toEqual(['state notice quarantined']);
  sealed = false;
  await rig.pass(7 * hour + second);
  expect((await rig.profile()).state.name).toBe('live');
  expect((await rig.intents()).every((one) => one.open === 0)).toBe(true);
});
