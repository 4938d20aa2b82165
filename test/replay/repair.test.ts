/** The days after February 2020: what a client that took silence for deletion had recorded is repaired from its log. */
import { expect, test } from 'vitest';
import { createNormalise } from '../../domain/normalise.ts';
import { repairDeletions, type RepairInput, type RepairReport } from '../../services/ops/repair.ts';
import { believingSilence } from './believing-silence.ts';
import { codeBlock, expectMeasured } from './document.ts';
import { createFleet, minute, pathOf, stepMs, type Fleet } from './fleet.ts';
import { createPeople } from './people.ts';
import { breakServer } from './run.ts';

const people = 1_000;
const brokenMs = 20 * minute;

const ask = ({ documents, clock, nudge }: Fleet, input: Partial<RepairInput> = {}): Promise<RepairReport> => {
  const provider = () =>
    ({ software: () => 'icloud' }) as unknown as ReturnType<Parameters<typeof repairDeletions>[0]['provider']>;
  return repairDeletions(
    { documents, clock, nudge, provider },
    { provider: 'caldav', software: 'icloud', since: '7d', carryOut: false, ...input },
  );
};

/** Events that stand in their calendars: lost by the cache, never seen by it, or unlike; and what it has too many. */
async function differences({ documents, server }: Fleet) {
  const normalise = createNormalise();
  const found = { lost: 0, unseen: 0, left: 0, unlike: 0 };
  for (const profile of await documents.find('allProfiles', {})) {
    const resources = await documents.find('resourcesOfProfile', { profileId: profile._id });
    const cache = new Map(resources.flatMap((one) => (one.live === 1 ? [[one.ref, one.observedHash]] : [])));
    const buried = new Set(resources.flatMap((one) => (one.live === 0 ? [one.ref] : [])));
    const world = server.world.contents(profile.name).get(pathOf(profile.name)) ?? new Map<string, string>();
    for (const [ref, body] of world) {
      const hash = cache.get(ref);
      if (hash === undefined) found[buried.has(ref) ? 'lost' : 'unseen'] += 1;
      else if (hash !== normalise('icalendar', body).observedHash) found.unlike += 1;
    }
    for (const ref of cache.keys()) if (!world.has(ref)) found.left += 1;
  }
  return found;
}

test(
  'a log that was damaged by trusting absence is repaired: all that stands comes back, told as a repair',
  { timeout: 300_000 },
  async () => {
    const state = { believes: true };
    let repaired = 0;
    const fleet = await createFleet({
      people,
      eventsEach: 8,
      unwatched: true,
      around: (provider, clock) =>
        believingSilence(
          provider,
          () => state.believes,
          () => clock.now(),
          true,
        ),
      appended: ({ cause }) => void (cause === 'repair' ? (repaired += 1) : 0),
    });
    const crowd = createPeople(fleet.server, people, () => fleet.clock.now());
    for (let atMs = 0; atMs < 10 * minute; atMs += stepMs) await fleet.step();
    breakServer(fleet.server.faults);
    for (let atMs = 0; atMs < brokenMs; atMs += stepMs) {
      crowd.edit(fleet.clock.now());
      await fleet.step();
    }
    // The server is well again, and so is the client; people rest. What was recorded stays wrong.
    fleet.server.faults.clearAll();
    state.believes = false;
    for (let atMs = 0; atMs < 10 * minute; atMs += stepMs) await fleet.step();
    const before = await differences(fleet);
    expect(before.lost).toBeGreaterThan(300);
    expect(before).toMatchObject({ left: 0, unlike: 0 });

    const dry = await ask(fleet);
    const asked = fleet.server.log.length;
    await fleet.step();
    expect(fleet.server.log.length - asked).toBeLessThan(people / 5);
    expect(dry).toMatchObject({ carried_out: false, reinstated: 0, waiting_profiles: 0 });
    expect(dry.events).toBeGreaterThanOrEqual(before.lost);
    expect(dry.applications.map((one) => one.app_id).sort()).toEqual(['app_0', 'app_1']);

    const begunMs = fleet.clock.now();
    const sent = fleet.server.log.length;
    await ask(fleet, { carryOut: true });
    let report = await ask(fleet);
    for (let step = 0; report.waiting_profiles > 0 && step < 60; step += 1) {
      await fleet.step();
      report = await ask(fleet);
    }
    const line = {
      people,
      removals_in_the_log: dry.events,
      profiles: dry.profiles,
      reinstated: report.reinstated,
      truly_gone: report.events,
      requests: fleet.server.log.length - sent,
      simulated_seconds: (fleet.clock.now() - begunMs) / 1_000,
    };
    const found = Object.entries(line).map(
      ([name, value]) => `${name.replaceAll('_', ' ').padEnd(20)}${String(value)}`,
    );
    process.stdout.write(`\nrepair:\n${found.join('\n')}\n`);
    expect(report).toMatchObject({ waiting_profiles: 0, reinstated: before.lost, unwell: [] });
    expect(report.events).toBe(dry.events - before.lost);
    // What was new and passed over was never in the log: it comes with the listing of a calendar that is repaired.
    const after = await differences(fleet);
    expect(after).toMatchObject({ lost: 0, left: 0, unlike: 0 });
    expect(after.unseen).toBeLessThanOrEqual(before.unseen);
    expect(repaired).toBeGreaterThan(0);
    expectMeasured('repair', codeBlock(...found));
    await fleet.close();
  },
);
