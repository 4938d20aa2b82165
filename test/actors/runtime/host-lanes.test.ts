/** An actor that fails in one lane is not excused by turns of the other that only pass it on. */
import { expect, test } from 'vitest';
import { createHost } from '../../../actors/runtime/host.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

test('a turn that sends its actor to the other lane does not end the backoff of what fails there', async () => {
  const clock = createFakeClock(0);
  const delays: number[] = [];
  const host = createHost<string>({
    behaviour: {
      turn: async (_id, lane) => {
        if (lane === 'write') return { kind: 'more', lane: 'pull' };
        throw new Error('out of order');
      },
    },
    clock,
    random: () => 0,
    concurrency: { pull: 1, write: 1 },
    owns: () => true,
    onError: (_error, { retryInMs }) => void delays.push(retryInMs),
  });
  host.start();
  for (let round = 0; round < 5; round += 1) {
    host.nudge('a', 'write');
    await host.idle();
    await clock.advance(delays.at(-1) ?? 0);
    await host.idle();
  }
  expect(delays.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 16_000]);
  await host.stop();
});
