/** The bench of a quarantined fleet on a small one: its profiles really wait, and its figures are all there. */
import { expect, test } from 'vitest';
import { quarantinedFleetOf } from '../../bench/quarantined-fleet.ts';

test('a small fleet is measured, dead and well', { timeout: 120_000 }, async () => {
  const numbers = { mortal: 12, live: 5, cpuMs: 200, nudges: 5, everyMs: 5 };
  const figures = await quarantinedFleetOf({ quick: true, runs: 1, log: () => undefined }, numbers);
  expect(figures.map((one) => [one.figure, one.unit, one.atMost])).toEqual([
    ['processor time over 0.2 s between two probes of the host', '%', 1],
    ['processor time over 0.05 s', '%', undefined],
    ['nudge to provider call, p50', 'ms', undefined],
    ['nudge to provider call, p50', 'ms', undefined],
    ['nudge to provider call, p99', 'ms', undefined],
    ['nudge to provider call, p99', 'ms', undefined],
    ['p99, quarantined / healthy', 'ratio', 2],
  ]);
});
