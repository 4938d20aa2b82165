/** Whatever dies, whenever: each scenario is cut at every single store write and provider call, in three ways. */
import { describe, expect, test } from 'vitest';
import type { Cut } from './gate.ts';
import { cacheOf, expectAllWell, outcomesOf } from './invariants.ts';
import { createRig, hour, type Rig } from './rig.ts';
import { afterStepMs, scenarios, type Scenario } from './scenarios.ts';
import { memorySide, type OtherSide } from './worlds.ts';

/** Nothing is polled by itself while a scenario runs: what happens is what it says. */
const still = { baseMs: 400 * hour, activeMs: 400 * hour, quietMs: 400 * hour, listMs: 400 * hour };

interface Told {
  readonly passages: readonly string[];
  readonly effects: readonly string[];
  readonly outcomes: readonly string[];
  readonly cache: unknown;
}

async function play(scenario: Scenario, cuts: readonly Cut[]): Promise<Told> {
  const rig: Rig<OtherSide> = await createRig<OtherSide>({ side: (clock) => memorySide(clock), cuts, polling: still });
  try {
    scenario.world(rig);
    for (const step of scenario.steps) {
      await step(rig);
      await rig.pass(afterStepMs);
    }
    await rig.request('pull');
    await rig.pass(afterStepMs);
    await expectAllWell(rig);
    return {
      passages: [...rig.plan.passages],
      effects: [...rig.effects],
      outcomes: outcomesOf(await rig.intents()),
      cache: await cacheOf(rig),
    };
  } finally {
    await rig.close();
  }
}

describe.each(scenarios)('$name', (scenario) => {
  test('goes as it should when nothing is cut', async () => {
    const { outcomes } = await play(scenario, []);
    expect(outcomes.filter((one) => !/ (?:written|merged)$/.test(one))).toEqual([]);
  });

  test.each(['crash', 'answer_lost', 'refused'] as const)(
    'ends the same, with every effect once, wherever it is cut: %s',
    { timeout: 240_000 },
    async (how) => {
      const whole = await play(scenario, []);
      const failures: string[] = [];
      for (let at = 1; at <= whole.passages.length; at += 1) {
        try {
          const told = await play(scenario, [{ at, how }]);
          expect(told.effects).toEqual(whole.effects);
          expect(told.outcomes).toEqual(whole.outcomes);
          expect(told.cache).toEqual(whole.cache);
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          failures.push(`cut at ${at} (${whole.passages[at - 1]}): ${text.slice(0, 600)}`);
        }
      }
      expect(failures.length, failures.slice(0, 4).join('\n\n')).toBe(0);
    },
  );
});
