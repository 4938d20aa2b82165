/** The bench of deletion safety on a small sync: both sides ask the same and find the same, and one has no guard. */
import { expect, test } from 'vitest';
import { withSubject } from '../../bench/kit/processes.ts';
import { benchEvents } from '../../bench/kit/bodies.ts';
import { safetyOf } from '../../bench/safety.ts';
import { fetchMany as withoutAccounting } from '../../bench/safety/without/fetch.ts';
import { Authoriser } from '../../providers/caldav/auth/authorise.ts';
import { Dav } from '../../providers/caldav/dav.ts';
import { fetchMany as withAccounting } from '../../providers/caldav/fetch.ts';
import { modelHttp } from '../support/caldav-model/http.ts';
import { createModelServer } from '../support/caldav-model/server.ts';
import { createFakeClock } from '../support/fake-clock.ts';

test('a sync with and without safety asks the same', { timeout: 120_000 }, async () => {
  const figures = await safetyOf({ quick: true, runs: 1, log: () => undefined }, { size: 250, pairs: 1 });
  const subjects = ['with', 'without', 'with / without', 'with'];
  expect(figures.map((one) => one.subject)).toEqual([...subjects, ...subjects]);
  const targets = [undefined, undefined, 1.05, 0];
  expect(figures.map((one) => one.atMost)).toEqual([...targets, ...targets]);
  for (const [at, where] of [
    [3, ''],
    [7, ', over CalDAV'],
  ] as const)
    expect(figures[at]).toMatchObject({ figure: `requests more on a healthy sync${where}`, median: 0, target: 'met' });
  // Otherwise nothing was accounted for.
  expect(figures[7]?.detail?.['requests']).toMatchObject({ 'calendar-multiget': expect.any(Number) as number });
});

test('over CalDAV the side without looks for nothing that a multiget leaves out', async () => {
  const clock = createFakeClock(Date.UTC(2026, 10, 21));
  const server = createModelServer({ clock, random: () => 0.5 });
  server.world.addUser('ada', 'ada-password');
  const calendar = server.world.addCalendar('ada', 'Work');
  server.world.put(calendar, 'a.ics', benchEvents(1, clock.now())[0]?.body ?? '');
  const deps = { http: modelHttp(server, clock), clock, authoriser: new Authoriser(() => 0.5) };
  const credentials = { kind: 'password', username: 'ada', password: 'ada-password' } as const;
  const dav = Dav.of(deps, { root: { server: server.origins[0] }, credentials, signal: new AbortController().signal });
  const asked = [dav, calendar, ['a.ics', 'gone.ics']] as const;
  const answered = [expect.objectContaining({ ref: 'a.ics' }) as unknown];
  expect(await withAccounting(...asked)).toEqual({ answered, missing: ['gone.ics'], unanswered: [] });
  expect(await withoutAccounting(...asked)).toEqual({ answered, missing: [], unanswered: [] });
});

test('the side without has no guard: it believes what the other side holds', { timeout: 60_000 }, async () => {
  // Twenty cancellations among sixty events are more than a person is likely to make.
  const sync = (safe: boolean): Promise<{ readonly resources: number }> =>
    withSubject('safety.syncing', async (one) => {
      await one.ask('prepare', { safe, over: 'memory' });
      return one.ask('sync', { size: 60 });
    });
  await expect(sync(true)).rejects.toThrow('suspicious delta');
  expect((await sync(false)).resources).toBeGreaterThan(160);
});
