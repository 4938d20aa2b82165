/** What is shown of a write before it lands covers no end of an event that somebody has to hear of. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { horizon } from '../../config/policies.ts';
import type { Change } from '../../domain/commit.ts';
import { resourceIdOf, type RunId } from '../../domain/ids.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { firstGeneration, resourceName } from '../../domain/sync/reconcile.ts';
import { createCommitLog } from '../../store/commit.ts';
import { ics } from '../actors/profile/bodies.ts';
import { eventsPath, events, openWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.stop());

/** A call of unknown outcome has begun the first life of `lunch`: a pull saw it, and a person removed it. */
async function cameAndWent(): Promise<void> {
  const { documents, profile, calendar, clock } = world;
  const normalise = createNormalise();
  const log = createCommitLog({ documents, normalise, clock, horizon });
  const named = { appId: profile.appId, calendarId: calendar._id, eventId: 'lunch' };
  const ref = `${resourceName(named, firstGeneration)}.ics`;
  const resource = { calendarId: calendar._id, resourceId: resourceIdOf(calendar._id, ref), ref };
  const body = ics('lunch', 'Came late');
  const { observedHash } = normalise('icalendar', body);
  const seen = { observedHash, normaliser: 1, differs: true, etag: '"1"', scheduleTag: null, body };
  const evidence = { kind: 'tombstone', request: 'REPORT', status: 404, atMs: clock.now() } as const;
  const changes: Change[] = [
    { kind: 'resource_put', format: 'icalendar', ...resource, ...seen },
    { kind: 'resource_removed', ...resource, evidence },
  ];
  const owner = { profileId: profile._id, accountId: profile.accountId, appId: profile.appId, runId: 'run_1' as RunId };
  for (const change of changes) {
    const commits = await log.append(owner, await log.head(profile._id), {
      cause: 'pull',
      operations: [],
      changes: [change],
    });
    await log.project(commits, { day: '2026-11-21', zoneData: 'test', projector: 1 });
  }
}

it('an event that ended unnoticed stays ended beside the next that is to come', async () => {
  await cameAndWent();
  const body = { event_id: 'lunch', summary: 'Lunch', start: '2026-11-25T12:00:00Z', end: '2026-11-25T13:00:00Z' };
  expect((await world.ask(eventsPath(world.calendar._id), { method: 'POST', body })).status).toBe(202);
  const rows = events(await world.ask('/v1/events?tzid=Etc/UTC&include_managed=true&include_deleted=true'));
  const shown = rows.map((row) =>
    JSON.stringify([row['summary'], row['deleted'], row['kalends_provisional'] ?? false]),
  );
  expect(new Set(shown)).toEqual(new Set(['["Came late",true,false]', '["Lunch",false,true]']));
  expect(new Set(rows.map((row) => row['event_uid'])).size).toBe(2);
});
