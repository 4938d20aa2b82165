/** Provisional reads: what was accepted is shown until it has landed, and then it is the same row. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { horizon } from '../../config/policies.ts';
import type { Change } from '../../domain/commit.ts';
import { resourceIdOf, type RunId } from '../../domain/ids.ts';
import { managedKey, type ManagedOutcome } from '../../domain/managed-event.ts';
import { createNormalise } from '../../domain/normalise.ts';
import { bodyOf } from '../../domain/sync/body.ts';
import { foldIntents } from '../../domain/sync/fold.ts';
import { resourceName } from '../../domain/sync/reconcile.ts';
import { createCommitLog } from '../../store/commit.ts';
import { at, eventsPath, events, openWorld, type Row, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.stop());

const lunch = { event_id: 'lunch', summary: 'Lunch', start: '2026-11-25T12:00:00Z', end: '2026-11-25T13:00:00Z' };

const standUp = {
  event_id: 'stand-up',
  summary: 'Stand-up',
  start: '2026-11-23T09:00:00Z',
  end: '2026-11-23T09:15:00Z',
  tzid: 'Etc/UTC',
  recurrence: { rules: [{ frequency: 'daily', count: 3 }] },
};

async function upsert(body: object): Promise<void> {
  expect((await world.ask(eventsPath(world.calendar._id), { method: 'POST', body })).status).toBe(202);
}

async function remove(event_id: string): Promise<void> {
  expect((await world.ask(eventsPath(world.calendar._id), { method: 'DELETE', body: { event_id } })).status).toBe(202);
}

async function own(more = ''): Promise<Row[]> {
  const answer = await world.ask(`/v1/events?tzid=Etc/UTC&only_managed=true${more}`);
  expect(answer.status).toBe(200);
  return events(answer);
}

/** How a row says whose it is. */
const namesOf = ({ event_id, series_master }: Row): Row => ({
  ...(event_id === undefined ? {} : { event_id }),
  ...(series_master === undefined ? {} : { series_master }),
});

const notMarked = ({ kalends_provisional: _mark, ...row }: Row): Row => row;

/** Carries out what is open, as the profile's actor does: one commit, projected, then the intents are settled. */
async function land(eventId: string): Promise<void> {
  const { documents, profile, calendar } = world;
  const named = { appId: profile.appId, calendarId: calendar._id, eventId };
  const normalise = createNormalise();
  const log = createCommitLog({ documents, normalise, clock: world.clock, horizon });
  const open = await documents.find('openIntentsOfProfile', { profileId: profile._id, open: 1 });
  const intents = open.filter(({ wish }) => 'eventId' in wish && wish.eventId === eventId);
  const applied = await documents.get('managed_events', managedKey(calendar._id, eventId));
  const before = { generation: applied?.generation ?? 1, wanted: applied?.wanted ?? null };
  const { generation, wanted } = foldIntents(before, intents);
  const ref = `${resourceName(named, generation)}.ics`;
  const resourceId = resourceIdOf(calendar._id, ref);
  const known = await documents.get('resources', resourceId);
  const outcome: ManagedOutcome = {
    appId: profile.appId,
    generation,
    wanted,
    throughN: intents.at(-1)?.n ?? 0,
    resourceId: wanted === null ? null : resourceId,
    requestedHash: null,
    writtenHash: null,
  };
  const managed: Change = { kind: 'managed', calendarId: calendar._id, eventId, ...outcome };
  const changes: Change[] = [managed];
  const nowMs = intents.at(-1)?.acceptedAtMs ?? world.clock.now();
  if (wanted !== null) {
    const body = bodyOf({ ...named, generation, wanted, body: known?.body ?? null, organizer: null, nowMs });
    const { observedHash } = normalise('icalendar', body);
    const observation = { ref, etag: '"1"', scheduleTag: null, body, format: 'icalendar' } as const;
    const put = {
      kind: 'resource_put',
      calendarId: calendar._id,
      resourceId,
      observedHash,
      normaliser: 1,
      differs: true,
    } as const;
    changes.unshift({ ...put, ...observation });
  } else {
    const standing = (await documents.find('resourcesOfCalendar', { calendarId: calendar._id, live: 1 }))[0];
    const evidence = { kind: 'own_write', operationId: 'op', status: 204, atMs: nowMs } as const;
    if (standing)
      changes.unshift({
        kind: 'resource_removed',
        calendarId: calendar._id,
        resourceId: standing._id,
        ref: standing.ref,
        evidence,
      });
  }
  const owner = { profileId: profile._id, accountId: profile.accountId, appId: profile.appId, runId: 'run_1' as RunId };
  const commits = await log.append(owner, await log.head(profile._id), { cause: 'write', operations: [], changes });
  await log.project(commits, { day: '2026-11-21', zoneData: 'test', projector: 1 });
  for (const intent of intents) {
    const settled = { ...intent, rev: intent.rev + 1, state: 'written', open: 0 } as const;
    await documents.replace('intents', settled, intent.rev);
  }
}

describe('an accepted event', () => {
  it('is shown at once, marked, and afterwards the row is the same but for the mark', async () => {
    await upsert({ ...lunch, description: 'Soup', location: { description: 'Canteen' }, reminders: [{ minutes: 5 }] });
    const [shown, ...more] = await own();
    expect(more).toEqual([]);
    expect(shown).toMatchObject({
      event_id: 'lunch',
      summary: 'Lunch',
      description: 'Soup',
      start: lunch.start,
      end: lunch.end,
      location: { description: 'Canteen' },
      transparency: 'opaque',
      options: { delete: true, update: true },
      kalends_provisional: true,
    });
    await land('lunch');
    expect(await own()).toEqual([notMarked(shown ?? {})]);
  });

  it('is busy for the application, so that an outage books nobody twice', async () => {
    await upsert(lunch);
    const answer = await world.ask('/v1/free_busy?tzid=Etc/UTC&include_managed=true');
    expect(at(answer, 'free_busy')).toEqual([
      {
        calendar_id: world.calendar._id,
        start: lunch.start,
        end: lunch.end,
        free_busy_status: 'busy',
        kalends_provisional: true,
      },
    ]);
  });

  it('is hidden where managed events are', async () => {
    await upsert(lunch);
    expect(events(await world.ask('/v1/events?tzid=Etc/UTC'))).toEqual([]);
  });

  it('is shown as all the writes in order leave it', async () => {
    await upsert({ ...lunch, description: 'first' });
    await upsert({ ...lunch, summary: 'Second', color: '#112233' });
    expect(await own()).toMatchObject([{ summary: 'Second', description: 'first' }]);
    await remove('lunch');
    expect(await own()).toEqual([]);
    await upsert({ ...lunch, summary: 'Third' });
    expect(await own()).toMatchObject([{ summary: 'Third', description: '' }]);
  });

  it('is all day where dates were given, and then it is not busy', async () => {
    await upsert({ ...lunch, start: '2026-11-25', end: '2026-11-27' });
    expect(await own()).toMatchObject([{ start: '2026-11-25', end: '2026-11-27', transparency: 'transparent' }]);
  });

  it('is a series with its occurrences; the first alone carries the event_id', async () => {
    const recurrence = { rules: [{ frequency: 'weekly', count: 3 }] };
    await upsert({ ...lunch, tzid: 'Europe/Berlin', recurrence });
    const rows = await own();
    expect(rows.map((one) => one['start'])).toEqual([
      '2026-11-25T12:00:00Z',
      '2026-12-02T12:00:00Z',
      '2026-12-09T12:00:00Z',
    ]);
    expect(rows.map((one) => one['event_id'])).toEqual(['lunch', undefined, undefined]);
    expect(rows[0]).toMatchObject({ recurrence: { rules: [{ frequency: 'weekly', count: 3 }] } });
    await land('lunch');
    expect(await own()).toEqual(rows.map(notMarked));
  });

  it('belongs to a window and to a read of changes like any other', async () => {
    await upsert(lunch);
    expect(await own('&from=2026-11-25&to=2026-11-26')).toHaveLength(1);
    expect(await own('&from=2026-11-26&to=2026-11-27')).toEqual([]);
    expect(await own('&last_modified=2026-11-21T09:30:00Z')).toHaveLength(1);
    expect(await own('&last_modified=2026-11-21T09:30:01Z')).toEqual([]);
  });
});

describe('an accepted change', () => {
  it('of a landed event replaces its row and keeps its event_uid', async () => {
    await upsert({ ...lunch, description: 'Soup' });
    await land('lunch');
    const [before] = await own();
    await world.clock.advance(60_000);
    await upsert({ ...lunch, summary: 'Late lunch', start: '2026-11-25T13:00:00Z', end: '2026-11-25T14:00:00Z' });
    const [after, ...more] = await own();
    expect(more).toEqual([]);
    expect(after).toEqual({
      ...before,
      summary: 'Late lunch',
      start: '2026-11-25T13:00:00Z',
      end: '2026-11-25T14:00:00Z',
      updated: '2026-11-21T09:31:00Z',
      kalends_provisional: true,
    });
    await land('lunch');
    expect(await own()).toEqual([notMarked(after ?? {})]);
  });

  it('of how a series repeats shows at once, also where it changes no occurrence that is left', async () => {
    await upsert(standUp);
    await land('stand-up');
    const rules = [{ frequency: 'daily', interval: 1, count: 2 }];
    await upsert({ ...standUp, recurrence: { rules } });
    for (const landed of [false, true]) {
      if (landed) await land('stand-up');
      expect(await own()).toMatchObject([
        { event_id: 'stand-up', recurrence: { rules } },
        { series_master: { event_id: 'stand-up' } },
      ]);
    }
  });

  it('does not hide from a read of changes what was changed in the calendar after it was accepted', async () => {
    await upsert(lunch);
    await land('lunch');
    await upsert({ ...lunch, summary: 'Late lunch' });
    await world.clock.advance(60_000);
    const [row] = await world.documents.find('eventsByStart', { calendarId: world.calendar._id, managed: 1 });
    if (row === undefined) throw new Error('lunch has landed');
    await world.addEvents({
      ...row,
      location: { description: 'Moved', lat: null, long: null },
      updatedMs: world.clock.now(),
    });
    // The webhook says: read again from the time of that change.
    expect(await own('&last_modified=2026-11-21T09:31:00Z')).toMatchObject([
      { summary: 'Late lunch', updated: '2026-11-21T09:31:00Z' },
    ]);
  });

  it('is not shown twice, or undone, between landing and being settled', async () => {
    await upsert(lunch);
    await land('lunch');
    const [settled] = await world.documents.find('intentsOfProfile', { profileId: world.profile._id });
    if (settled === undefined) throw new Error('there is an intent');
    await world.documents.replace(
      'intents',
      { ...settled, rev: settled.rev + 1, open: 1, state: 'attempting' },
      settled.rev,
    );
    expect(await own()).toMatchObject([{ event_id: 'lunch' }]);
    expect((await own())[0]).not.toHaveProperty('kalends_provisional');
  });

  it('that was carried out changes nothing any more, whichever of its intents are settled', async () => {
    await upsert({ ...lunch, summary: 'First' });
    await upsert({ ...lunch, summary: 'Second' });
    await land('lunch');
    const [first] = await world.documents.find('intentsOfProfile', { profileId: world.profile._id });
    if (first === undefined) throw new Error('there is an intent');
    await world.documents.replace('intents', { ...first, rev: first.rev + 1, open: 1, state: 'queued' }, first.rev);
    const [row] = await own();
    expect(row).toMatchObject({ summary: 'Second' });
    expect(row).not.toHaveProperty('kalends_provisional');
  });
});

describe('an accepted deletion', () => {
  it('takes the row away at once, and is a tombstone for whoever asks for those', async () => {
    await upsert(lunch);
    await land('lunch');
    await world.clock.advance(60_000);
    await remove('lunch');
    expect(await own()).toEqual([]);
    const tombstones = await own('&include_deleted=true&last_modified=2026-11-21T09:31:00Z');
    expect(tombstones).toMatchObject([{ event_id: 'lunch', deleted: true, options: { delete: false, update: false } }]);
    await land('lunch');
    expect(await own('&include_deleted=true')).toEqual(tombstones.map(notMarked));
  });

  it('of a series leaves each occurrence the name that it had: one event_id is deleted once', async () => {
    await upsert(standUp);
    await land('stand-up');
    const living = await own();
    expect(living.map(namesOf)).toEqual([
      { event_id: 'stand-up' },
      { series_master: { event_id: 'stand-up' } },
      { series_master: { event_id: 'stand-up' } },
    ]);
    await remove('stand-up');
    for (const landed of [false, true]) {
      if (landed) await land('stand-up');
      const gone = await own('&include_deleted=true');
      expect(gone.map((one) => one['deleted'])).toEqual([true, true, true]);
      expect(gone.map(namesOf)).toEqual(living.map(namesOf));
    }
  });

  it('of a series leaves its tombstones their names, whatever the same event_id is in its next life', async () => {
    await upsert(standUp);
    await land('stand-up');
    const living = await own();
    await remove('stand-up');
    await land('stand-up');
    await upsert({ ...lunch, event_id: 'stand-up' });
    for (const landed of [false, true]) {
      if (landed) await land('stand-up');
      const rows = await own('&include_deleted=true');
      const gone = rows.filter((one) => one['deleted'] === true);
      expect(gone.map(namesOf)).toEqual(living.map(namesOf));
      expect(rows.filter((one) => one['deleted'] === false).map(namesOf)).toEqual([{ event_id: 'stand-up' }]);
    }
  });

  it('and an event under the same event_id again are two lives', async () => {
    await upsert(lunch);
    await land('lunch');
    const [first] = await own();
    await remove('lunch');
    await upsert({ ...lunch, summary: 'Again' });
    const rows = await own('&include_deleted=true');
    expect(Object.fromEntries(rows.map((one) => [one['summary'], one['deleted']]))).toEqual({
      Again: false,
      Lunch: true,
    });
    expect(rows.find((one) => one['summary'] === 'Again')?.['event_uid']).not.toBe(first?.['event_uid']);
  });

  it('of everything hides everything', async () => {
    await upsert(lunch);
    await land('lunch');
    await upsert({ ...lunch, event_id: 'other' });
    const [last] = await world.documents.find(
      'intentsOfProfile',
      { profileId: world.profile._id },
      { descending: true, limit: 1 },
    );
    if (last === undefined) throw new Error('there is an intent');
    const n = last.n + 1;
    const bulk = {
      ...last,
      _id: last._id.replace(/\d+$/, String(n).padStart(12, '0')),
      n,
      operationId: 'op_bulk' as typeof last.operationId,
    };
    await world.documents.insert('intents', { ...bulk, wish: { kind: 'delete_all', calendarIds: null } });
    expect(await own()).toEqual([]);
  });
});

describe('a read while a write lands', () => {
  const again = { ...lunch, summary: 'Again', start: '2026-11-25T15:00:00Z', end: '2026-11-25T16:00:00Z' };
  it.each([
    ['a new event', async () => upsert(lunch), 'Lunch'],
    ['a change', async () => (await upsert(lunch), await land('lunch'), await upsert(again)), 'Again'],
    ['a deletion', async () => (await upsert(lunch), await land('lunch'), await remove('lunch')), ''],
  ] as const)(
    'shows %s once and never what was before it, wherever between its questions that is',
    async (_what, begin, expected) => {
      for (let place = 1, asked = 1; asked >= place; place += 1) {
        await begin();
        asked = await landingAt(place, async () => {
          const rows = await own();
          expect([place, rows.map((row) => row['summary']).join()]).toEqual([place, expected]);
        });
        await world.stop();
        world = await openWorld();
      }
    },
  );
});

/** Lets the write land just before the question number `place` to the store; answers how many were asked. */
async function landingAt(place: number, read: () => Promise<void>): Promise<number> {
  const { documents } = world;
  let asked = 0;
  let isLanding = false;
  const spies = (['find', 'get', 'getMany', 'count'] as const).map((name) => {
    const real = documents[name].bind(documents) as (...given: never[]) => Promise<never>;
    return vi.spyOn(documents, name).mockImplementation(async (...given: unknown[]) => {
      if (!isLanding) {
        asked += 1;
        if (asked === place) {
          isLanding = true;
          await land('lunch');
          isLanding = false;
        }
      }
      return real(...(given as never[]));
    });
  });
  await read();
  for (const spy of spies) spy.mockRestore();
  return asked;
}
