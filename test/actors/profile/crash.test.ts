/** Whatever dies, whenever: each scenario is cut at every single store write and provider call, in three ways. */
import { describe, expect, test } from 'vitest';
import type { Cut } from './gate.ts';
import { play, playEach } from './playing.ts';
import { minute } from './rig.ts';
import { scenarios } from './scenarios.ts';

const stepMs = 3 * minute;

describe.each(scenarios)('$name', (scenario) => {
  test('goes as it should when nothing is cut', async () => {
    const { outcomes } = await play(scenario, [], stepMs);
    expect(outcomes.filter((one) => !/ (?:written|merged)$/.test(one))).toEqual([]);
  });

  test.each(['crash', 'answer_lost', 'refused'] as const)(
    'ends the same, with every effect once, wherever it is cut: %s',
    { timeout: 240_000 },
    async (how) => {
      const { passages, ...whole } = await play(scenario, [], stepMs);
      const cuts = passages.map((_, index): Cut[] => [{ at: index + 1, how }]);
      const wrong = await playEach(scenario, cuts, stepMs, ({ passages: _passages, ...told }) =>
        expect(told).toEqual(whole),
      );
      expect(wrong).toBe('');
    },
  );
});
