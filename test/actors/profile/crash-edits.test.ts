/** People go on while a process is dead: whatever it had shown or written may be gone or different when the next one looks. */
import { describe, expect, test } from 'vitest';
import type { Provider } from '../../../providers/provider.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { ics } from './bodies.ts';
import type { Cut } from './gate.ts';
import { cacheOf, expectHonestLog, expectRebuildable, expectWholeLog, outcomesOf, worldOf } from './invariants.ts';
import { createRig, hour } from './rig.ts';
import { scenarios, type Scenario } from './scenarios.ts';
import { still, work } from './starts.ts';
import { modelSide, type ModelSide } from './worlds.ts';

const edits: Readonly<Record<string, (other: ModelSide) => void>> = {
  'removes everything but one': (other) => {
    for (const ref of other.contents().get(work)?.keys() ?? []) if (ref !== 'a.ics') other.remove(work, ref);
  },
  'changes everything': (other) => {
    for (const [ref, body] of other.contents().get(work) ?? [])
      other.put(work, ref, body.replace(/SUMMARY:.*/, 'SUMMARY:By a person'));
  },
  'adds and removes': (other) => {
    other.put(work, 'brief.ics', ics('brief', 'Brief'));
    other.remove(work, 'brief.ics');
    other.put(work, 'more.ics', ics('more', 'More'));
  },
};

/** As some providers do: a delta that brings the resources along. */
function withBodies(side: ModelSide): ModelSide {
  const { provider } = side;
  const changes: Provider['changes'] = async (session, calendar, token) => {
    const page = await provider.changes(session, calendar, token);
    const fetched = await provider.fetch(
      session,
      calendar,
      page.changed.map((one) => one.ref),
    );
    const bodies = new Map(fetched.answered.map((one) => [one.ref, one]));
    return { ...page, changed: page.changed.map((one) => ({ ...one, observation: bodies.get(one.ref) ?? null })) };
  };
  return { ...side, provider: { ...provider, changes } };
}

const sides = {
  'a delta names what changed': (clock: FakeClock, random: () => number) => modelSide(clock, random),
  'a delta brings what changed': (clock: FakeClock, random: () => number) => withBodies(modelSide(clock, random)),
};

async function play(scenario: Scenario, cuts: readonly Cut[], side: keyof typeof sides, edit: string): Promise<number> {
  const rig = await createRig<ModelSide>({
    side: sides[side],
    cuts,
    polling: still,
    whileDead: (other) => edits[edit]?.(other),
  });
  try {
    scenario.world(rig);
    for (const step of scenario.steps) {
      // What the step wants to touch may be gone by now.
      await step(rig).catch((error: unknown) => expect(String(error)).toMatch(/^Error: no /));
      await rig.pass(hour);
    }
    const passages = rig.plan.passages.length;
    await rig.request('pull');
    await rig.pass(hour);
    await expectWholeLog(rig);
    await expectHonestLog(rig);
    await expectRebuildable(rig);
    expect(outcomesOf(await rig.intents()).filter((one) => !/ (?:written|merged)$/.test(one))).toEqual([]);
    expect(await cacheOf(rig)).toEqual(worldOf(rig));
    return passages;
  } finally {
    await rig.close();
  }
}

const some = scenarios.filter(({ name }) =>
  ['people add', 'a write, a patch', 'several patches', 'a removal and a new life'].some((start) =>
    name.startsWith(start),
  ),
);

describe.each(Object.keys(edits))('a person %s', (edit) => {
  describe.each(Object.keys(sides) as (keyof typeof sides)[])('%s', (side) => {
    test.each(some)('$name', { timeout: 120_000 }, async (scenario) => {
      const passages = await play(scenario, [], side, edit);
      const wrong: string[] = [];
      for (let at = 1; at <= passages; at += 1) {
        try {
          await play(scenario, [{ at, how: 'crash' }], side, edit);
        } catch (error) {
          wrong.push(`at ${at}: ${error instanceof Error ? error.message.slice(0, 500) : String(error)}`);
        }
      }
      expect(wrong.slice(0, 3)).toEqual([]);
    });
  });
});
