/** Accepting writes: what becomes of a body. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { IntentDoc } from '../../domain/intent.ts';
import { managedKey } from '../../domain/managed-event.ts';
import { eventsPath, openWorld, problemKeys, startMs, type World } from './world.ts';
import { minimal, writingTo } from './upserts.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const { lastIntent, patchOf, upsert } = writingTo(() => world);

describe('an accepted upsert', () => {
  it('is durable with its patch, its expiry and a receipt before the empty 202', async () => {
    const answer = await upsert(minimal);
    expect([answer.status, answer.text]).toEqual([202, '']);
    const intent = await lastIntent();
    expect(answer.headers.get('x-kalends-operation')).toBe(intent.operationId);
    expect(intent).toMatchObject({
      state: 'queued',
      open: 1,
      acceptedAtMs: startMs,
      expiresAtMs: startMs + 7 * 86_400_000,
      wish: {
        kind: 'upsert',
        eventId: 'e1',
        patch: {
          summary: 'Lunch',
          start: { kind: 'instant', ms: Date.parse('2026-11-25T12:00:00Z'), tzid: 'Etc/UTC' },
          end: { kind: 'instant', ms: Date.parse('2026-11-25T13:00:00Z'), tzid: 'Etc/UTC' },
        },
      },
    });
    expect(world.nudged.at(-1)).toBe(world.profile._id);
  });

  it('keeps what was not named out of the patch', async () => {
    const unset = { description: null, reminders: null, event_private: null, recurrence: { rules: null } };
    expect(Object.keys(await patchOf(unset))).toEqual(['summary', 'start', 'end']);
    expect(Object.keys(await patchOf({ recurrence: {} }))).toEqual(['summary', 'start', 'end']);
  });

  it('carries every field', async () => {
    const patch = await patchOf({
      description: '',
      tzid: 'europe/berlin',
      location: { description: 'Room', lat: '52.5', long: '-13.4' },
      reminders: [{ minutes: 30 }, { minutes: 0 }],
      transparency: 'transparent',
      url: null,
      event_private: true,
      color: '#49BED8',
      categories: ['A'],
      attendees: {
        invite: [{ email: 'Joe@Example.com', display_name: 'Joe' }],
        remove: [{ email: 'a@example.com' }],
        reject: [{ email: 'b@example.com' }],
      },
      conferencing: { profile_id: 'none' },
      subscriptions: [],
      never_heard_of: 1,
    });
    expect(patch).toMatchObject({
      description: '',
      start: { tzid: 'Europe/Berlin' },
      location: { description: 'Room', lat: '52.5', long: '-13.4' },
      reminders: [30, 0],
      transparency: 'transparent',
      url: null,
      private: true,
      color: '#49bed8',
      categories: ['A'],
      invited: [{ email: 'joe@example.com', displayName: 'Joe' }],
      removed: ['a@example.com', 'b@example.com'],
    });
  });

  it.each([
    [{ frequency: 'daily' }, 'FREQ=DAILY'],
    [{ frequency: 'weekly', interval: 2, by_day: ['monday', 'friday'] }, 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR'],
    [{ frequency: 'monthly', count: 3 }, 'FREQ=MONTHLY;COUNT=3'],
    // The last second of that day in Berlin, where it ends at 23:00 UTC.
    [{ frequency: 'yearly', until: '2027-12-31' }, 'FREQ=YEARLY;UNTIL=20271231T225959Z'],
  ])('turns the rule %j into %s', async (rule, expected) => {
    expect((await patchOf({ tzid: 'Europe/Berlin', recurrence: { rules: [rule] } })).recurrence).toEqual([expected]);
  });

  it('ends a series whose last day is the last of the calendar in a year that calendars can write', async () => {
    const rule = { frequency: 'daily', until: '9999-12-31' };
    const { recurrence } = await patchOf({ tzid: 'America/New_York', recurrence: { rules: [rule] } });
    expect(recurrence).toEqual(['FREQ=DAILY;UNTIL=99991231T235959Z']);
  });

  it('ends the series of an all-day event with a date, and any series with an empty list', async () => {
    const days = { start: '2026-11-25', end: '2026-11-26' };
    const rule = { frequency: 'daily', until: '2026-12-01' };
    expect((await patchOf({ ...days, recurrence: { rules: [rule] } })).recurrence).toEqual([
      'FREQ=DAILY;UNTIL=20261201',
    ]);
    expect((await patchOf({ recurrence: { rules: [] } })).recurrence).toEqual([]);
    expect((await patchOf({ recurrence: [] })).recurrence).toEqual([]);
  });

  it('lets event_id win over event_uid', async () => {
    await patchOf({ event_id: 'both', event_uid: 'evt_external_x' });
    expect((await lastIntent()).wish).toMatchObject({ eventId: 'both' });
  });

  it('applies reminders for the creation alone only while there is nothing yet', async () => {
    const body = { event_id: 'reminded', reminders: [{ minutes: 5 }], reminders_create_only: true };
    expect((await patchOf(body)).reminders).toEqual([5]);
    expect(await patchOf(body)).not.toHaveProperty('reminders');
    const removed = await world.ask(eventsPath(world.calendar._id), {
      method: 'DELETE',
      body: { event_id: 'reminded' },
    });
    expect(removed.status).toBe(202);
    expect((await patchOf(body)).reminders).toEqual([5]);
  });

  it('drops reminders for the creation alone also while that creation is just landing', async () => {
    const body = { event_id: 'landing', reminders: [{ minutes: 5 }], reminders_create_only: true };
    await patchOf(body);
    const created = await lastIntent();
    const find = world.documents.find.bind(world.documents);
    const get = world.documents.get.bind(world.documents);
    let questions = 0;
    // It lands between the two questions that tell whether the event is there.
    const landing = async (asked: string): Promise<void> => {
      if (asked !== 'openIntentsOfProfile' && asked !== 'managed_events') return;
      questions += 1;
      if (questions === 2) await land(created, 'landing');
    };
    const spies = [
      vi.spyOn(world.documents, 'find').mockImplementation(async (...asked: Parameters<typeof find>) => {
        await landing(asked[0]);
        return find(...asked);
      }),
      vi.spyOn(world.documents, 'get').mockImplementation(async (...asked: Parameters<typeof get>) => {
        await landing(asked[0]);
        return get(...asked);
      }),
    ];
    await upsert({ ...minimal, ...body });
    for (const spy of spies) spy.mockRestore();
    expect(questions).toBe(2);
    const { wish } = await lastIntent();
    expect(wish).toMatchObject({ kind: 'upsert', eventId: 'landing' });
    expect(wish).not.toHaveProperty('patch.reminders');
  });
});

/** As the actor does: first the projection, then the intent is settled. */
async function land(intent: IntentDoc, eventId: string): Promise<void> {
  const { calendar, documents } = world;
  const outcome = { appId: intent.appId, generation: 1, wanted: {}, throughN: intent.n, resourceId: null };
  const place = { profileId: intent.profileId, calendarId: calendar._id, eventId, seq: 1 };
  const hashes = { requestedHash: null, writtenHash: null };
  await documents.upsertMany('managed_events', [
    { _id: managedKey(calendar._id, eventId), ...place, ...outcome, ...hashes },
  ]);
  await documents.replace('intents', { ...intent, rev: intent.rev + 1, state: 'written', open: 0 }, intent.rev);
}

describe('deletion', () => {
  it('is accepted whether or not there is such an event', async () => {
    const answer = await world.ask(eventsPath(world.calendar._id), {
      method: 'DELETE',
      body: { event_id: 'never seen' },
    });
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect((await lastIntent()).wish).toEqual({
      kind: 'delete',
      calendarId: world.calendar._id,
      eventId: 'never seen',
    });
  });

  it('may name its event in the query', async () => {
    const answer = await world.ask(`${eventsPath(world.calendar._id)}?event_id=in%20query`, { method: 'DELETE' });
    expect(answer.status).toBe(202);
    expect((await lastIntent()).wish).toMatchObject({ eventId: 'in query' });
  });

  it('needs an event_id', async () => {
    const answer = await world.ask(eventsPath(world.calendar._id), { method: 'DELETE' });
    expect([answer.status, problemKeys(answer, 'event_id')]).toEqual([422, ['errors.required']]);
  });
});
