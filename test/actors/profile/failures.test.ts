/** Whatever a calendar server answers, wherever: each provider call of each scenario fails in every way that errors know. */
import { describe, expect, test } from 'vitest';
import { verdicts, type ErrorCode } from '../../../domain/errors.ts';
import { play, playEach } from './playing.ts';
import { hour } from './rig.ts';
import { scenarios } from './scenarios.ts';

/** Longer than a probe of what was quarantined takes, after a few failures. */
const stepMs = 2 * hour;

/** What may come from a provider: everything above the rules and the store of our own, and what we have no name for. */
const codes = [
  ...(Object.keys(verdicts) as ErrorCode[]).filter((_, index, all) => index < all.indexOf('resource_unparsable')),
  'internal' as const,
];

/** A write that is refused for good ends its intent; all others leave nothing behind. */
const ends = new Set(['item_permanent', 'calendar_permanent', 'conflict']);
const endsWrites = (code: ErrorCode): boolean =>
  (ends.has(verdicts[code]) && code !== 'quota_exceeded') || code === 'method_unsupported';
const isWrite = (passage: string): boolean =>
  ['provider put', 'provider remove', 'provider makeCalendar'].includes(passage);

/** Answers that leave open whether there was an effect. */
const unknown: readonly ErrorCode[] = [
  'timed_out',
  'cut_short',
  'body_too_large',
  'server_error',
  'gateway_failed',
  'unavailable',
  'unexpected_status',
  'not_multistatus',
  'malformed_multistatus',
  'internal',
];

describe.each(scenarios)('$name', (scenario) => {
  test('ends the same, with every effect once, whatever a call fails with', { timeout: 600_000 }, async () => {
    const { passages, notices: _told, ...whole } = await play(scenario, [], stepMs);
    const calls = passages.flatMap((name, index) => (name.startsWith('provider ') ? [{ name, at: index + 1 }] : []));
    const harmless = calls.flatMap(({ name, at }) =>
      codes
        .filter((code) => !(isWrite(name) && endsWrites(code)))
        .map((code) => [{ at, how: 'refused' as const, code }]),
    );
    const wrong = await playEach(scenario, harmless, stepMs, ({ passages: _passages, notices: _notices, ...told }) =>
      expect(told).toEqual(whole),
    );
    expect(wrong).toBe('');
  });

  test('ends the same, with every effect once, when a write had its effect and its answer says otherwise', async () => {
    const { passages, notices: _told, ...whole } = await play(scenario, [], stepMs);
    const cuts = passages.flatMap((name, index) =>
      isWrite(name) ? unknown.map((code) => [{ at: index + 1, how: 'answer_lost' as const, code }]) : [],
    );
    const wrong = await playEach(scenario, cuts, stepMs, ({ passages: _passages, notices: _notices, ...told }) =>
      expect(told).toEqual(whole),
    );
    expect(wrong).toBe('');
  });

  test('stays whole when a write is refused for good', { timeout: 600_000 }, async () => {
    const { passages } = await play(scenario, [], stepMs);
    const cuts = passages.flatMap((name, index) =>
      isWrite(name) ? codes.filter(endsWrites).map((code) => [{ at: index + 1, how: 'refused' as const, code }]) : [],
    );
    expect(await playEach(scenario, cuts, stepMs, () => undefined)).toBe('');
  });
});
