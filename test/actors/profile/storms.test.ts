/** Several things go wrong in one scenario, by chance: a seed that fails is printed and plays again exactly. */
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../domain/errors.ts';
import type { Cut } from './gate.ts';
import { play, playEach } from './playing.ts';
import { hour } from './rig.ts';
import { scenarios } from './scenarios.ts';

const stepMs = 4 * hour;
const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

/** Failures that end nothing for good. */
const codes: readonly ErrorCode[] = [
  'timed_out',
  'cut_short',
  'connect_failed',
  'unauthorized',
  'forbidden',
  'rate_limited',
  'sync_token_invalid',
  'server_error',
  'unavailable',
  'not_multistatus',
  'internal',
];

/** Park and Miller's generator. */
function diceOf(seed: number): (sides: number) => number {
  let state = seed * 7_919;
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
}

function stormOf(seed: number, passages: number): Cut[] {
  const roll = diceOf(seed);
  const count = 2 + roll(4);
  return Array.from({ length: count }, (): Cut => {
    const at = 1 + roll(passages + 10);
    const how = (['crash', 'crash', 'answer_lost', 'refused'] as const)[roll(4)] ?? 'crash';
    const code = codes[roll(how === 'answer_lost' ? 2 : codes.length)] ?? 'timed_out';
    return { at, how, code };
  });
}

describe.each(scenarios)('$name', (scenario) => {
  test('ends the same, with every effect once, in any storm', { timeout: 240_000 }, async () => {
    const { passages, notices: _told, ...whole } = await play(scenario, [], stepMs);
    const storms = seeds.map((seed) => stormOf(seed, passages.length));
    const wrong = await playEach(scenario, storms, stepMs, ({ passages: _passages, notices: _notices, ...told }) =>
      expect(told).toEqual(whole),
    );
    expect(wrong).toBe('');
  });
});
