/** What benches start is looked at like all else: no secret that it was given, or gave, may stand in a log of it. */
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Filled } from '../../bench/gateway/kalends.ts';
import { firstDayMs } from '../../bench/gateway/stage.ts';
import { withSubject } from '../../bench/kit/processes.ts';
import { startModelServer } from '../support/caldav-model/mount.ts';
import { scratch } from '../support/scratch.ts';
import { keepLog, leaksIn, tracesVariable } from '../support/traces.ts';

const at = scratch();
let traces = '';

beforeEach(() => {
  traces = at('traces');
  mkdirSync(traces, { recursive: true });
  vi.stubEnv(tracesVariable, traces);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** What it logged was looked through, for this secret among others. */
function wasLookedThroughFor(secret: string): void {
  const { leaks, logBytes } = leaksIn(traces);
  expect(leaks).toEqual([]);
  expect(logBytes).toBeGreaterThan(100);
  keepLog(`as it would stand in a log: ${secret}`);
  expect(leaksIn(traces).leaks).not.toEqual([]);
}

test('the log of the Kalends that the gateway bench fills is looked through', { timeout: 60_000 }, async () => {
  const { token } = await withSubject('gateway.kalends', (kalends) =>
    kalends.ask<Filled>('fill', { folder: at('gateway'), count: 1, firstDayMs }),
  );
  wasLookedThroughFor(token);
});

test('the log of the Kalends that the CalDAV bench syncs is looked through', { timeout: 60_000 }, async () => {
  const server = await startModelServer();
  try {
    const { username, password } = server;
    const access = { calendarUrl: await server.makeCalendar('Work'), username, password, app: 'bench' };
    await withSubject('caldav.kalends', async (kalends) => {
      await kalends.ask('start', { folder: at('caldav') });
      await kalends.ask('sync', access);
      await kalends.ask('stop');
    });
    wasLookedThroughFor(password);
  } finally {
    await server.stop();
  }
});
