/** Each fault of the model server does what its sentence says, fires as often as its rule says, and is counted. */
import { describe, expect, test } from 'vitest';
import { faultNames, faultTable, type FaultName } from '../support/caldav-model/faults.ts';
import { calendar, faultKit } from './fault-kit.ts';
import { otherFaults } from './other-faults.ts';
import { readingFaults, type Scenario } from './reading-faults.ts';

/** Does not compile while a fault has no scenario. */
const scenarios: Record<FaultName, Scenario> = { ...readingFaults, ...otherFaults };

/** Setting these always would also spoil the request that the scenario needs first, or the one that shows the end. */
const once: ReadonlySet<FaultName> = new Set(['delta_omits', 'pages_507']);

describe.each(faultNames)('%s', (name) => {
  test(faultTable[name].does, async () => {
    const kit = faultKit();
    kit.server.faults.set(name, once.has(name) ? { nextN: 1 } : { always: true });
    await scenarios[name](kit);
    expect(kit.server.faults.count(name)).toBeGreaterThan(0);
    expect(kit.server.log.some((entry) => entry.faults.includes(name))).toBe(true);
    expect(kit.clock.sleepers()).toBe(0);
  });
});

test.each(faultNames)('without a rule %s does not fire, and its scenario fails', async (name) => {
  const kit = faultKit();
  await expect(scenarios[name](kit)).rejects.toThrow();
  expect(kit.server.faults.counts().size).toBe(0);
});

describe('a rule', () => {
  test('with nextN fires that often and is then off', async () => {
    const kit = faultKit();
    kit.server.faults.set('status_500', { nextN: 2 });
    const statuses: number[] = [];
    for (let asked = 0; asked < 4; asked += 1) statuses.push((await kit.propfind(calendar, 0)).status);
    expect(statuses).toEqual([500, 500, 207, 207]);
    expect(kit.server.faults.active()).toEqual([]);
  });

  test('with a probability fires about as often, and the same with the same random', async () => {
    const run = async (): Promise<number[]> => {
      const kit = faultKit();
      kit.server.faults.set('status_500', { probability: 0.25 });
      const statuses: number[] = [];
      for (let asked = 0; asked < 80; asked += 1) statuses.push((await kit.propfind(calendar, 0)).status);
      expect(kit.server.faults.count('status_500')).toBe(statuses.filter((status) => status === 500).length);
      return statuses;
    };
    const [first, second] = [await run(), await run()];
    expect(first).toEqual(second);
    const failed = first.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(5);
    expect(failed).toBeLessThan(40);
  });

  test('with a scope fires only there', async () => {
    const kit = faultKit();
    kit.server.faults.set('status_503', { always: true, only: { method: 'PUT', pathPrefix: `${calendar}e1` } });
    expect((await kit.put('e2.ics')).status).toBe(204);
    expect((await kit.ask('GET', `${calendar}e1.ics`)).status).toBe(200);
    expect((await kit.put('e1.ics')).status).toBe(503);
  });

  test('does not use up its number where the fault would change nothing', async () => {
    const kit = faultKit();
    kit.server.faults.set('multiget_stops_at_missing', { nextN: 1 });
    await kit.propfind(calendar, 1);
    expect(kit.server.faults.count('multiget_stops_at_missing')).toBe(0);
    expect(await kit.multiget()).toHaveLength(3);
  });
});
