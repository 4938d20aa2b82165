/** Who owns a profile: two at once do no harm, a stale copy is not acted on, nothing stays in memory. */
import { describe, expect, test } from 'vitest';
import { isKalendsError } from '../../../domain/errors.ts';
import type { MemorySide, OtherSide } from './worlds.ts';
import { ics, wish } from './bodies.ts';
import { expectAllWell, outcomesOf } from './invariants.ts';
import { createRig, hour, minute, profileId, type Rig } from './rig.ts';
import { scenarios } from './scenarios.ts';
import { logOf, pull, still, syncedInMemory, work } from './starts.ts';

describe('two owners at once', () => {
  test.each(scenarios)('do no harm while $name', async (scenario) => {
    const outcomes: unknown[] = [];
    let collisions = 0;
    for (const owners of [1, 2, 3]) {
      const rig: Rig<MemorySide> = await createRig({ owners, polling: still });
      scenario.world(rig);
      for (const step of [...scenario.steps, (one: Rig<OtherSide>) => one.request('pull')]) {
        await step(rig);
        await rig.pass(hour);
      }
      await expectAllWell(rig);
      outcomes.push({ effects: [...rig.effects].sort(), outcomes: outcomesOf(await rig.intents()) });
      collisions += rig.ended.filter((one) => isKalendsError(one) && one.code === 'second_owner').length;
      await rig.close();
    }
    // Otherwise they never met, and this proves nothing.
    expect(collisions).toBeGreaterThan(0);
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });
});

test('what an operator asks in the middle of a long sync is heard, and nothing is done twice', async () => {
  const rig = await syncedInMemory({ events: 0 });
  for (let k = 0; k < 40; k += 1) rig.other.addCalendar(`c${k}`);
  await rig.request('pull');
  const settled = rig.pass(minute);
  for (let k = 0; k < 20; k += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  await rig.request('disconnect');
  await settled;
  await rig.pass(minute);
  expect((await rig.profile()).state.name).toBe('disconnected');
  await rig.request('relinked');
  await rig.pass(minute);
  await expectAllWell(rig);
});

test('a profile that is no more asks for nothing', async () => {
  const rig = await syncedInMemory();
  await rig.documents.remove('profiles', [profileId]);
  await rig.upsert(work, 'x', wish('Nobody’s'));
  const turns = rig.turns();
  const before = rig.plan.passages.length;
  // The rig itself looks for the profile once its turns have ended.
  await expect(rig.settle()).rejects.toThrow('the profile is gone');
  expect(rig.turns()).toBeGreaterThan(turns);
  expect(rig.plan.passages.slice(before)).toEqual([]);
});

test('a clock that runs backwards makes no commit earlier than the one before it', async () => {
  const rig = await syncedInMemory();
  const before = rig.clock.now;
  Object.assign(rig.clock, { now: () => before() - hour });
  rig.other.put(work, 'a.ics', ics('a', 'A'));
  await rig.upsert(work, 'x', wish('X'));
  await rig.request('pull');
  await rig.pass(2 * hour);
  Object.assign(rig.clock, { now: before });
  await pull(rig);
  expect(await logOf(rig)).toContain('write managed x g1');
  await expectAllWell(rig);
});
