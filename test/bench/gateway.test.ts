/** The gateway bench on a small store: the bytes agree, nothing that was accepted is lost, and other rows are refused. */
import { expect, test } from 'vitest';

import { gatewayOf } from '../../bench/gateway.ts';

const scale = { quick: true, runs: 1, log: () => undefined };

test('reads and accepted writes are measured when all answers agree', { timeout: 120_000 }, async () => {
  const figures = await gatewayOf(scale, { events: 320, reads: 8, writes: 4 });
  expect(figures.filter((one) => one.unit === 'ratio').length).toBeGreaterThanOrEqual(4);
  expect(figures.every((one) => Number.isFinite(one.median) && one.median > 0)).toBe(true);
});

test('a store without the events that should be shown is not measured', { timeout: 120_000 }, async () => {
  await expect(gatewayOf(scale, { events: 250, reads: 8, writes: 4 })).rejects.toThrow(/the events of the window/);
});
