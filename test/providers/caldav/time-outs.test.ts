/** How long a server that never answers is waited for: each question carries the time-out of its kind. */
import { expect, test } from 'vitest';
import { timeouts } from '../../../config/policies.ts';
import { callsOf, type AskingMethod } from '../../contracts/provider-every-method.ts';
import { failure } from '../../contracts/provider-subject.ts';
import { modelSession } from '../model-session.ts';

const { requestMs, reportMs, writeMs } = timeouts;

const waits = {
  connect: requestMs,
  rediscover: requestMs,
  getCalendar: requestMs,
  get: requestMs,
  probe: requestMs,
  listCalendars: reportMs,
  // Radicale builds its index of a calendar when it is first asked for a token.
  version: reportMs,
  list: reportMs,
  changes: reportMs,
  fetch: reportMs,
  put: writeMs,
  remove: writeMs,
  makeCalendar: writeMs,
} as const satisfies Record<AskingMethod, number>;

test.each(Object.entries(waits) as [AskingMethod, number][])('%s waits %i ms for an answer', async (method, ms) => {
  const { server, provider, session, wire, clock, calendar } = await modelSession();
  server.faults.set('hangs', { always: true });
  const startedMs = clock.monotonic();
  const call = callsOf({ provider }, { address: server.origins[0], session, calendar })[method];
  expect((await failure(call())).code).toBe('timed_out');
  expect(wire.requests.map(({ timeoutMs }) => timeoutMs)).toEqual(wire.requests.map(() => ms));
  expect(clock.monotonic() - startedMs).toBe(ms * wire.requests.length);
});

test('questions that follow a first answer wait as long as their kind', async () => {
  const { server, provider, session, wire, calendar, path } = await modelSession();
  server.world.put(path, 'one.ics', 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n');
  await provider.list(session, calendar, { withBodies: true, inParts: false });
  await provider.fetch(session, calendar, ['one.ics']);
  expect(wire.requests.length).toBeGreaterThan(2);
  expect(new Set(wire.requests.map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([reportMs]));
  wire.forget();
  expect(await provider.get(session, calendar, 'nowhere.ics')).toMatchObject({ kind: 'gone' });
  expect(wire.requests.length).toBeGreaterThan(1);
  expect(new Set(wire.requests.map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([requestMs]));
});
