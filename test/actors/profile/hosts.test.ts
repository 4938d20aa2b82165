/** A host that fails for many: its profiles wait without asking, one asks for all, and they come back by steps. */
import { afterEach, describe, expect, test } from 'vitest';
import { hosts as policy } from '../../../config/policies.ts';
import type { ErrorCode } from '../../../domain/errors.ts';
import type { ProfileId } from '../../../domain/ids.ts';
import { createFleet, type Asked, type Fleet, type FleetOptions } from './fleet.ts';
import { day, hour, minute, second } from './rig.ts';

const open: Fleet[] = [];
afterEach(async () => {
  for (const fleet of open.splice(0)) await fleet.close();
});

/** All profiles are connected, synced and live. */
async function fleetOf(options: FleetOptions): Promise<Fleet> {
  const fleet = await createFleet(options);
  open.push(fleet);
  await fleet.pass(2 * minute);
  for (const host of Object.keys(options.hosts)) expect(await statesOf(fleet, host)).toEqual(['live']);
  return fleet;
}

const statesOf = async (fleet: Fleet, host: string): Promise<string[]> => [
  ...new Set((await fleet.profiles(host)).map((one) => one.state.name)),
];

/** Requests to a host since the last question. */
function askedOf(fleet: Fleet, host: string): Asked[] {
  const found = fleet.asked.filter((one) => one.host === host);
  fleet.asked.length = 0;
  return found;
}

const waiting = async (fleet: Fleet, host: string): Promise<number> =>
  (await fleet.profiles(host)).filter((one) => one.waitsFor === host).length;

/** The events that were written, by `event_id`, in the order of their commits. */
async function writtenOrder(fleet: Fleet, profileId: ProfileId): Promise<string[]> {
  const managed = await fleet.documents.find('managedOfProfile', { profileId });
  const nameOf = new Map(managed.map((one) => [one.resourceId, one.eventId]));
  const commits = await fleet.documents.find('commitsOfProfile', { profileId });
  const put = commits.flatMap((one) => one.changes.filter((change) => change.kind === 'resource_put'));
  return put.flatMap((change) => nameOf.get(change.resourceId) ?? []);
}

const ways: readonly ErrorCode[] = ['connect_failed', 'server_error', 'unauthorized'];

describe.each(ways)('a host that answers everyone with %s', (code) => {
  test('is asked by one profile for all of them, whose own states do not rise; then they come back by steps', async () => {
    const fleet = await fleetOf({ hosts: { dead: 60, well: 10 } });
    fleet.trouble('dead', code);
    for (let k = 0; (await fleet.hostState('dead')).name !== 'broken'; k += 1) {
      expect(k).toBeLessThan(200);
      await fleet.pass(5 * second);
    }
    // Before it broke a few failed for themselves; from then on nobody does.
    const statesThen = (await fleet.profiles('dead')).map((one) => one.state);
    expect(statesThen.filter((one) => one.name !== 'live').length).toBeLessThan(policy.brokenAfterLogins);
    await fleet.pass(30 * minute);
    expect(await waiting(fleet, 'dead')).toBe(60);

    askedOf(fleet, 'dead');
    const turns = fleet.turns();
    await fleet.pass(6 * hour);
    // Probes after 10, 20, 40 … minutes, and no turn of anybody else but what the healthy ones do.
    const asked = askedOf(fleet, 'dead').map((one) => one.method);
    const probes = asked.filter((one) => one === 'probe');
    expect(probes.length).toBeGreaterThanOrEqual(3);
    expect(probes.length).toBeLessThanOrEqual(7);
    // One of the few that failed for themselves may be the one that probes: where it was refused, it also looks around.
    expect(asked.filter((one) => one !== 'probe' && one !== 'rediscover')).toEqual([]);
    expect(await statesOf(fleet, 'well')).toEqual(['live']);
    const healthy = 10 * 6 * 20;
    expect(fleet.turns() - turns).toBeLessThan(healthy + 60 * 4);
    expect((await fleet.profiles('dead')).map((one) => one.state)).toEqual(statesThen);

    fleet.trouble('dead', null);
    const state = await fleet.hostState('dead');
    if (state.name !== 'broken') throw new Error(state.name);
    await fleet.pass(state.probeAtMs - fleet.clock.now() - second);
    const left: number[] = [];
    for (let k = 0; k < 24; k += 1) {
      const now = await waiting(fleet, 'dead');
      if (left.at(-1) !== now) left.push(now);
      await fleet.pass(5 * second);
    }
    // The one that probed, then steps of 4, 8, 16 and the rest.
    expect(left).toEqual([60, 59, 55, 47, 31, 0]);
    expect(await statesOf(fleet, 'dead')).toEqual(['live']);
    expect(await fleet.hostState('dead')).toEqual({ name: 'well' });
  });
});

test('a host that fails for many at the same moment hears of each of them', async () => {
  const fleet = await createFleet({ hosts: { dead: 60 }, nodes: 3 });
  open.push(fleet);
  fleet.trouble('dead', 'timed_out');
  await fleet.pass(minute);
  expect((await fleet.hostState('dead')).name).toBe('broken');
});

test('profiles that wait for a host that has lost its accounts find the way once one of them did', async () => {
  const fleet = await fleetOf({ hosts: { old: 30 } });
  fleet.trouble('old', 'not_found');
  for (let k = 0; (await fleet.hostState('old')).name !== 'broken'; k += 1) {
    expect(k).toBeLessThan(200);
    await fleet.pass(5 * second);
  }
  await fleet.pass(10 * minute);
  expect(await waiting(fleet, 'old')).toBeGreaterThan(20);
  fleet.trouble('old', 'moved');
  await fleet.pass(hour);
  const profiles = await fleet.profiles('old');
  expect(new Set(profiles.map((one) => one.root['host']))).toEqual(new Set(['new']));
  expect(new Set(profiles.map((one) => one.state.name))).toEqual(new Set(['live']));
  expect([await waiting(fleet, 'old'), (await fleet.hostState('old')).name]).toEqual([0, 'well']);
});

test('nodes share one canary, and the steps', async () => {
  const fleet = await fleetOf({ hosts: { dead: 60 }, nodes: 3 });
  fleet.trouble('dead', 'timed_out');
  await fleet.pass(30 * minute);
  askedOf(fleet, 'dead');
  await fleet.pass(6 * hour);
  const probes = askedOf(fleet, 'dead').map((one) => one.atMs);
  expect(probes.length).toBeLessThanOrEqual(8);
  for (const [k, atMs] of probes.entries()) if (k > 0) expect(atMs - (probes[k - 1] ?? 0)).toBeGreaterThan(5 * minute);
  const state = await fleet.hostState('dead');
  if (state.name !== 'broken') throw new Error(state.name);
  fleet.trouble('dead', null);
  await fleet.pass(state.probeAtMs - fleet.clock.now() + 6 * second);
  expect(await waiting(fleet, 'dead')).toBeGreaterThanOrEqual(60 - 1 - policy.rampStart);
  await fleet.pass(3 * minute);
  expect(await statesOf(fleet, 'dead')).toEqual(['live']);
});

test('what is known of a host survives the death of every process', async () => {
  const fleet = await fleetOf({ hosts: { dead: 40 }, nodes: 2 });
  fleet.trouble('dead', 'hang');
  await fleet.pass(hour);
  const before = await fleet.hostState('dead');
  expect(before.name).toBe('broken');
  for (const node of [0, 1]) fleet.kill(node);
  await fleet.pass(minute);
  askedOf(fleet, 'dead');
  for (const node of [0, 1]) fleet.start(node);
  await fleet.pass(5 * hour);
  expect(askedOf(fleet, 'dead').length).toBeLessThanOrEqual(5);
  fleet.trouble('dead', null);
  await fleet.pass(7 * hour);
  expect(await statesOf(fleet, 'dead')).toEqual(['live']);
});

test('a process that dies in the middle of a probe leaves it counted; another is made in its time', async () => {
  const fleet = await fleetOf({ hosts: { dead: 20 } });
  fleet.trouble('dead', 'hang');
  await fleet.pass(hour);
  const state = await fleet.hostState('dead');
  if (state.name !== 'broken') throw new Error(state.name);
  await fleet.pass(Math.max(0, state.probeAtMs - fleet.clock.now()) + 10 * second);
  const counted = await fleet.hostState('dead');
  expect(counted).toMatchObject({ name: 'broken', probes: state.probes + 1, trying: true });
  fleet.kill(0);
  fleet.trouble('dead', null);
  fleet.start(0);
  askedOf(fleet, 'dead');
  await fleet.pass(3 * minute);
  expect(askedOf(fleet, 'dead')).toEqual([]);
  await fleet.pass(7 * hour);
  expect(await statesOf(fleet, 'dead')).toEqual(['live']);
});

test.each([2, 3, 30])(
  'a host that refuses everybody (%i) proves nothing of anybody, however long',
  async (profiles) => {
    const fleet = await fleetOf({ hosts: { refusing: profiles } });
    fleet.trouble('refusing', 'unauthorized');
    for (let k = 0; k < 6; k += 1) {
      await fleet.pass(hour);
      expect(await statesOf(fleet, 'refusing')).not.toContain('relink_required');
    }
    fleet.trouble('refusing', null);
    await fleet.pass(7 * hour);
    expect(await statesOf(fleet, 'refusing')).toEqual(['live']);
  },
);

test('one that is refused while others are answered has to be connected again, as has one that is alone', async () => {
  const fleet = await fleetOf({ hosts: { well: 10, alone: 1 } });
  fleet.trouble('well', 'unauthorized', 'well-3');
  fleet.trouble('alone', 'unauthorized');
  await fleet.pass(2 * hour);
  expect((await fleet.profile(fleet.idOf('well', 3))).state.name).toBe('relink_required');
  expect((await fleet.profile(fleet.idOf('alone', 0))).state.name).toBe('relink_required');
  expect(await statesOf(fleet, 'well')).toEqual(['live', 'relink_required']);
});

test('one person who is refused under two applications is one, and has to be connected again', async () => {
  const fleet = await fleetOf({ hosts: { home: 2 }, loginOf: () => 'somebody@example.com' });
  fleet.trouble('home', 'unauthorized');
  await fleet.pass(2 * hour);
  expect(await statesOf(fleet, 'home')).toEqual(['relink_required']);
});

test('a few that fail on a host that answers others are set aside alone', async () => {
  const fleet = await fleetOf({ hosts: { well: 40 }, polling: { quietAfterMs: day } });
  // By then polls are spread, so that somebody is answered between any few that fail.
  await fleet.pass(2 * hour);
  for (let k = 0; k < 8; k += 1) fleet.trouble('well', 'server_error', `well-${k}`);
  for (let k = 0; k < 18; k += 1) {
    await fleet.pass(10 * minute);
    expect(['well', 'suspected']).toContain((await fleet.hostState('well')).name);
  }
  const states = (await fleet.profiles('well')).map((one) => one.state.name);
  expect(states.filter((one) => one === 'quarantined')).toHaveLength(8);
  expect(states.filter((one) => one === 'live')).toHaveLength(32);
  expect(await waiting(fleet, 'well')).toBe(0);
});

test('a host that fails again while it recovers goes back to one canary', async () => {
  const fleet = await fleetOf({ hosts: { dead: 60 } });
  fleet.trouble('dead', 'unavailable');
  await fleet.pass(30 * minute);
  const state = await fleet.hostState('dead');
  if (state.name !== 'broken') throw new Error(state.name);
  fleet.trouble('dead', null);
  await fleet.pass(state.probeAtMs - fleet.clock.now() + 6 * second);
  expect((await fleet.hostState('dead')).name).toBe('recovering');
  fleet.trouble('dead', 'unavailable');
  await fleet.pass(20 * minute);
  expect((await fleet.hostState('dead')).name).toBe('broken');
  askedOf(fleet, 'dead');
  await fleet.pass(6 * hour);
  expect(askedOf(fleet, 'dead').length).toBeLessThanOrEqual(6);
  fleet.trouble('dead', null);
  await fleet.pass(8 * hour);
  expect(await statesOf(fleet, 'dead')).toEqual(['live']);
});

test('a probe of its own that meets a host which breaks is not counted against the profile', async () => {
  const fleet = await fleetOf({ hosts: { dead: 5 } });
  const id = fleet.idOf('dead', 0);
  fleet.trouble('dead', 'server_error', 'dead-0');
  await fleet.request(id, 'pull');
  await fleet.pass(10 * second);
  const { state } = await fleet.profile(id);
  expect(state).toMatchObject({ name: 'quarantined', probes: 0 });
  // The host answers others.
  await fleet.request(fleet.idOf('dead', 1), 'pull');
  await fleet.pass(10 * second);
  expect((await fleet.hostState('dead')).name).toBe('well');
  fleet.trouble('dead', 'unavailable');
  for (let k = 1; k < 5; k += 1) await fleet.request(fleet.idOf('dead', k), 'pull');
  await fleet.pass(10 * minute);
  expect((await fleet.hostState('dead')).name).toBe('broken');
  expect((await fleet.profile(id)).state).toEqual(state);
});

test('somebody who connects again is heard at once, and brings everybody back', async () => {
  const fleet = await fleetOf({ hosts: { dead: 30 } });
  fleet.trouble('dead', 'unauthorized');
  await fleet.pass(10 * hour);
  fleet.trouble('dead', null);
  askedOf(fleet, 'dead');
  await fleet.request(fleet.idOf('dead', 7), 'relinked');
  await fleet.pass(10 * second);
  expect((await fleet.profile(fleet.idOf('dead', 7))).state.name).toBe('live');
  await fleet.pass(3 * minute);
  expect(await statesOf(fleet, 'dead')).toEqual(['live']);
});

test('an operator has a broken host asked at once', async () => {
  const fleet = await fleetOf({ hosts: { dead: 30 } });
  fleet.trouble('dead', 'timed_out');
  await fleet.pass(10 * hour);
  fleet.trouble('dead', null);
  await fleet.request(fleet.idOf('dead', 7), 'reinstate');
  await fleet.pass(3 * minute);
  expect(await statesOf(fleet, 'dead')).toEqual(['live']);
});

test('a profile that is disconnected while it waits is no canary and keeps nobody waiting', async () => {
  const fleet = await fleetOf({ hosts: { dead: 8 } });
  fleet.trouble('dead', 'timed_out');
  await fleet.pass(hour);
  for (let k = 0; k < 7; k += 1) await fleet.request(fleet.idOf('dead', k), 'disconnect');
  await fleet.pass(10 * second);
  expect(await waiting(fleet, 'dead')).toBe(1);
  fleet.trouble('dead', null);
  await fleet.pass(2 * hour);
  expect((await fleet.profile(fleet.idOf('dead', 7))).state.name).toBe('live');
  expect(await fleet.hostState('dead')).toEqual({ name: 'well' });
});

test('writes that were accepted meanwhile are carried out in their order once the host is back', async () => {
  const fleet = await fleetOf({ hosts: { dead: 12 } });
  fleet.trouble('dead', 'unavailable');
  await fleet.pass(30 * minute);
  const id: ProfileId = fleet.idOf('dead', 5);
  for (let k = 0; k < 6; k += 1) await fleet.upsert(id, `e${k}`, `Event ${k}`);
  await fleet.pass(3 * hour);
  expect(fleet.world.count('put')).toBe(0);
  fleet.trouble('dead', null);
  await fleet.pass(7 * hour);
  const intents = await fleet.documents.find('intentsOfProfile', { profileId: id });
  expect(intents.map((one) => one.state)).toEqual(Array.from({ length: 6 }, () => 'written'));
  expect(await writtenOrder(fleet, id)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5']);
});

test('a host that hangs delays nobody else, neither reading nor writing, and breaks within minutes', async () => {
  const fleet = await fleetOf({ hosts: { hung: 60, well: 20 }, sweepMs: second });
  fleet.trouble('hung', 'hang');
  for (const { _id } of await fleet.profiles('hung')) {
    await fleet.upsert(_id, 'event', 'Event');
    fleet.nudge(_id, 'write');
    await fleet.request(_id, 'pull');
  }
  await fleet.pass(10 * second);
  for (let k = 0; k < 20; k += 1) {
    const id = fleet.idOf('well', k);
    await fleet.upsert(id, `event-${k}`, 'Event');
    fleet.nudge(id, 'write');
    await fleet.pass(second);
    const [intent] = await fleet.documents.find('intentsOfProfile', { profileId: id });
    expect(intent?.state).toBe('written');
  }
  await fleet.pass(15 * minute);
  expect((await fleet.hostState('hung')).name).toBe('broken');
});

test('servers at home that are dead delay neither what is asked of one that answers, nor its polls', async () => {
  const homes = Array.from({ length: 40 }, (_, k) => `home${k}`);
  const one = Object.fromEntries(['well', ...homes].map((host) => [host, 1]));
  const fleet = await fleetOf({ hosts: one, polling: { quietAfterMs: day } });
  const id = fleet.idOf('well', 0);
  for (const home of homes) fleet.trouble(home, 'hang');
  for (let round = 0; round < 4; round += 1) {
    await fleet.pass(4 * minute);
    await fleet.request(id, 'pull');
    askedOf(fleet, 'well');
    fleet.nudge(id, 'pull');
    await fleet.pass(2 * second);
    expect(askedOf(fleet, 'well')).not.toEqual([]);
  }
  // Each has left us without an answer by now: they share what is left to those.
  for (const home of homes) await fleet.upsert(fleet.idOf(home, 0), 'event', 'Event');
  for (let round = 0; round < 3; round += 1) {
    askedOf(fleet, 'well');
    await fleet.pass(7 * minute);
    expect(askedOf(fleet, 'well')).not.toEqual([]);
    await fleet.upsert(id, `event-${round}`, 'Event');
    fleet.nudge(id, 'write');
    await fleet.pass(2 * second);
    expect(askedOf(fleet, 'well').map((request) => request.method)).toContain('put');
  }
});

test('intents that wait for a quarantined profile are swept for once, and carried out in order when it is reinstated', async () => {
  const fleet = await fleetOf({ hosts: { poor: 1 } });
  const id = fleet.idOf('poor', 0);
  fleet.trouble('poor', 'server_error');
  await fleet.request(id, 'pull');
  await fleet.pass(10 * second);
  expect((await fleet.profile(id)).state.name).toBe('quarantined');
  for (let k = 0; k < 50; k += 1) await fleet.upsert(id, `e${k}`, `Event ${k}`);
  await fleet.pass(10 * second);
  const turns = fleet.turns();
  await fleet.pass(hour);
  // Probes, the notice after an hour, and nothing else.
  expect(fleet.turns() - turns).toBeLessThan(8);
  // What is accepted later is seen no later than others, though its nudge is lost.
  const late = await fleet.upsert(id, 'late', 'Late');
  await fleet.pass(6 * second);
  expect(await fleet.documents.get('intents', late._id)).toMatchObject({ seen: 1, state: 'queued' });
  fleet.trouble('poor', null);
  await fleet.pass(3 * hour);
  const expected = [...Array.from({ length: 50 }, (_, k) => `e${k}`), 'late'];
  expect(await writtenOrder(fleet, id)).toEqual(expected);
});
