/** What a failed attempt means for a stream: its messages are all that it has. */
import { expect, it } from 'vitest';
import { failed } from '../../domain/notification/outcome.ts';
import { inFlight, policy, subscriber, work } from './samples.ts';

it('a stream is never given up: no later message reaches back to the one that was not taken', () => {
  const flying = inFlight({ firstAttemptAtMs: 100_000, attempts: 300, through: { [work]: 3 } });
  const stream = subscriber({ kind: 'stream', inFlight: flying });
  const nowMs = 100_000 + 3 * policy.retryForMs;
  const failure = { error: 'NATS cannot be reached', retryAtMs: nowMs + 5_000 };
  const after = failed(stream, flying, failure, nowMs, policy);
  expect(after).toMatchObject({ inFlight: flying, told: {}, dueAtMs: nowMs + 5_000, open: 1 });
  expect(after).not.toHaveProperty('givenUp');
});
