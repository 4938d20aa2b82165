/** What the projections decide: managed events for channels that ask for those alone, and what a horizon brings into view. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { notifying } from '../../config/policies.ts';
import type { ChannelFilters } from '../../domain/channel.ts';
import type { Change } from '../../domain/commit.ts';
import { asCalendarId, eventUidOf } from '../../domain/ids.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { accountId, calendarId, createWorld, profileId, put, resourceId, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.store.upsertMany('calendars', [
    {
      _id: calendarId,
      profileId,
      accountId,
      ref: 'work/',
      name: 'Work',
      color: null,
      timeZone: null,
      readOnly: false,
      primary: true,
      privileges: [],
      deleted: false,
      seq: 0,
    },
  ]);
});
afterEach(() => world.close());

const horizon: Change = { kind: 'horizon', horizon: { day: '2026-11-21', zoneData: '2026c', projector: 1 } };
const onlyManaged: ChannelFilters = { calendarIds: null, onlyManaged: true };
const everything: ChannelFilters = { calendarIds: null, onlyManaged: false };

async function resource(name: string, eventId: string | null): Promise<void> {
  const document: ResourceDoc = {
    _id: resourceId(name),
    profileId,
    calendarId,
    ref: `${name}.ics`,
    uid: name,
    etag: null,
    scheduleTag: null,
    body: '',
    format: 'icalendar',
    observedHash: '',
    normaliser: 1,
    problem: null,
    recurring: false,
    live: 1,
    evidence: null,
    eventId,
    createdMs: 0,
    seq: 1,
  };
  await world.store.upsertMany('resources', [document]);
}

/** An occurrence that a commit of `seq` changed at `updatedMs`. */
async function occurrence(name: string, seq: number, updatedMs: number, managed: 0 | 1 = 0): Promise<void> {
  const id = resourceId(name);
  const document: EventDoc = {
    _id: `${id}|${updatedMs}`,
    eventUid: eventUidOf(id, '20261121'),
    accountId,
    profileId,
    calendarId,
    resourceId: id,
    recurrenceKey: '20261121',
    uid: name,
    recurring: true,
    eventId: null,
    managed,
    startMs: 0,
    endMs: 1,
    long: 0,
    deleted: 0,
    createdMs: 0,
    updatedMs,
    shownHash: '',
    seq,
    summary: '',
    description: '',
    location: null,
    start: { kind: 'date', date: '2026-11-21' },
    end: { kind: 'date', date: '2026-11-22' },
    status: 'confirmed',
    transparency: 'opaque',
    extendedTransparency: 'opaque',
    organizer: null,
    attendees: [],
    categories: [],
    private: false,
    url: null,
    color: null,
  };
  await world.store.upsertMany('events', [document]);
}

/** Whether a channel with these filters is told once everything due was done. */
async function told(filters: ChannelFilters): Promise<boolean> {
  await world.channel('app', { filters, told: {} });
  const courier = world.courier();
  courier.nudge(profileId);
  await courier.settle();
  await world.clock.advance(notifying.quietMs);
  await courier.settle();
  const subscriber = await world.subscriber('chn_app');
  expect(subscriber, 'the log was looked at to its end').toMatchObject({ inFlight: null, pendingSinceMs: null });
  expect(subscriber.told[profileId]).toBeGreaterThan(0);
  return world.endpoint.sent.length > 0;
}

describe('a channel for managed events alone', () => {
  it('is told of a change to a resource that carries one', async () => {
    await resource('mine', 'event-1');
    await world.append([put('mine')]);
    expect(await told(onlyManaged)).toBe(true);
  });

  it('is not told of an external event, nor of one that is not known', async () => {
    await resource('theirs', null);
    await world.append([put('theirs'), put('unknown')]);
    expect(await told(onlyManaged)).toBe(false);
  });

  it('is told of a calendar that is gone only if managed events went with it', async () => {
    const evidence = { kind: 'operator', note: '', atMs: 0 } as const;
    const seq = await world.append([{ kind: 'calendar_gone', calendarId, evidence }]);
    await occurrence('theirs', seq, world.clock.now(), 0);
    expect(await told(onlyManaged)).toBe(false);
    await world.store.remove('subscribers', ['chn_app']);
    await occurrence('mine', seq, world.clock.now() - notifying.quietMs + 1, 1);
    expect(await told(onlyManaged)).toBe(true);
  });
});

describe('a channel for other calendars', () => {
  it('is not told', async () => {
    await world.append([put('a')]);
    expect(await told({ calendarIds: [asCalendarId('cal_other')], onlyManaged: false })).toBe(false);
  });
});

describe('a horizon', () => {
  it('that shows nothing new tells nobody', async () => {
    await occurrence('old', 0, world.clock.now() - 1_000);
    await world.append([horizon], { cause: 'horizon' });
    expect(await told(everything)).toBe(false);
  });

  it('that brings an occurrence into view is told', async () => {
    const seq = await world.append([horizon], { cause: 'horizon' });
    await occurrence('new', seq, world.clock.now());
    expect(await told(everything)).toBe(true);
  });

  it('is told also where a later own write changed the same series again', async () => {
    await world.append([horizon], { cause: 'horizon' });
    const seq = await world.append([put('new')], { cause: 'write' });
    await occurrence('new', seq, world.clock.now());
    expect(await told(everything)).toBe(true);
  });

  it('is not told to a channel whose calendars show nothing new', async () => {
    const seq = await world.append([horizon], { cause: 'horizon' });
    await occurrence('new', seq, world.clock.now());
    expect(await told({ calendarIds: [asCalendarId('cal_other')], onlyManaged: false })).toBe(false);
  });
});
