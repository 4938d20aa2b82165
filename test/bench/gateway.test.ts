/** The gateway bench on a small store: the bytes agree, nothing that was accepted is lost, and other rows are refused. */
import { expect, test } from 'vitest';

import { gatewayOf } from '../../bench/gateway.ts';

const scale = { quick: true, runs: 1, log: () => undefined };

test('reads and accepted writes are measured when all answers agree', { timeout: 120_000 }, async () => {
  const said: string[] = [];
  const log = (line: string): void => void said.push(line);
  const figures = await gatewayOf({ ...scale, log }, { events: 320, reads: 9, writes: 5 });
  expect(said).toEqual(['gateway: 320 events are there', 'gateway: all answers agree', 'gateway: round 1 of 1']);
  const promised = figures.filter((one) => one.atMost !== undefined);
  expect(promised.map((one) => [one.subject, one.atMost])).toEqual([
    ['Kalends, the same question ÷ moleculer-web', 3],
    ['Kalends, another question each time ÷ moleculer-web', 3],
    ['Kalends, the same question ÷ moleculer-web', 3],
    ['Kalends, another question each time ÷ moleculer-web', 3],
    ['Kalends, API alone ÷ (request + insert)', 2],
    ['Kalends, actors in the same process ÷ (request + insert)', 2],
  ]);
  expect(figures.every((one) => Number.isFinite(one.median) && one.median > 0)).toBe(true);
});

test('a store without the events that should be shown is not measured', { timeout: 120_000 }, async () => {
  await expect(gatewayOf(scale, { events: 250, reads: 8, writes: 4 })).rejects.toThrow(/the events of the window/);
});
