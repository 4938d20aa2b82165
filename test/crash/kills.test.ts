/** What counts as a death at a boundary. */
import { expect, it } from 'vitest';
import { fromOutside } from './boundaries.ts';
import { killedOnce, metItsBoundary, type Killer } from './kills.ts';
import type { Ending } from './victim.ts';

const killed: Ending = { signal: 'SIGKILL', code: null, said: [{ said: 'ready', url: '' }], complaint: '' };
const inside = 'request under way' as const;
const diedInside: Ending = { ...killed, said: [{ said: 'died', boundary: inside, open: 20 }] };

it('a death after the 202 counts when the acceptance was the killer, not when patience was', () => {
  expect(metItsBoundary(fromOutside, { ending: killed, killer: 'acceptance' })).toBe(true);
  expect(metItsBoundary(fromOutside, { ending: killed, killer: 'patience' })).toBe(false);
  expect(metItsBoundary(fromOutside, { ending: { ...killed, signal: null, code: 1 }, killer: 'acceptance' })).toBe(
    false,
  );
});

it('a death inside the process counts when the process said so', () => {
  expect(metItsBoundary(inside, { ending: diedInside, killer: null })).toBe(true);
  expect(metItsBoundary(inside, { ending: killed, killer: 'patience' })).toBe(false);
});

it('an acceptance that is read after the process was given up has killed nobody', () => {
  const kills: Killer[] = [];
  const { kill, killer } = killedOnce({ kill: () => void kills.push('patience') });
  kill('patience');
  kill('acceptance');
  expect(killer()).toBe('patience');
  expect(kills).toHaveLength(1);
});
