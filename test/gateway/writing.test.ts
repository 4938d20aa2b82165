/** Accepting writes: what becomes of a body, the receipt, the numbering, and every refusal. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { KalendsError } from '../../domain/errors.ts';
import type { GrantId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { managedKey, type RequestedFields } from '../../domain/managed-event.ts';
import { createIntake } from '../../services/api/intake.ts';
import { at, eventsPath, openWorld, problemKeys, startMs, type Answer, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const minimal = { event_id: 'e1', summary: 'Lunch', start: '2026-11-25T12:00:00Z', end: '2026-11-25T13:00:00Z' };

const upsert = (body: unknown, calendarId = world.calendar._id): Promise<Answer> =>
  world.ask(eventsPath(calendarId), { method: 'POST', body });

async function lastIntent(): Promise<IntentDoc> {
  const profileId = world.profile._id;
  const [intent] = await world.documents.find('intentsOfProfile', { profileId }, { descending: true, limit: 1 });
  if (intent === undefined) throw new Error('no intent was accepted');
  return intent;
}

async function patchOf(body: object): Promise<RequestedFields> {
  const answer = await upsert({ ...minimal, ...body });
  expect([answer.status, answer.text]).toEqual([202, '']);
  const { wish } = await lastIntent();
  if (wish.kind !== 'upsert') throw new Error('expected an upsert');
  return wish.patch;
}

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

describe('a refused upsert', () => {
  it.each([
    ['event_id', 'errors.required', { event_id: undefined }],
    ['event_id', 'errors.must_be_string', { event_id: 7 }],
    ['event_id', 'errors.too_long', { event_id: 'x'.repeat(257) }],
    ['event_uid', 'errors.not_supported', { event_id: undefined, event_uid: 'evt_external_1' }],
    ['summary', 'errors.required', { summary: undefined }],
    ['summary', 'errors.required', { summary: '' }],
    ['summary', 'errors.too_long', { summary: 'x'.repeat(1_025) }],
    ['summary', 'errors.not_printable', { summary: 'a\u0000b' }],
    ['summary', 'errors.must_be_string', { summary: { a: 1 } }],
    ['description', 'errors.too_long', { description: 'x'.repeat(4_097) }],
    ['start', 'errors.required', { start: undefined }],
    ['start', 'errors.must_be_time', { start: 1_795_000_000 }],
    ['start', 'errors.must_be_time', { start: '2026-11-25T12:00:00' }],
    ['start', 'errors.must_be_time', { start: '2026-11-31' }],
    ['start.tzid', 'errors.tzid_unrecognized', { start: { time: '2026-11-25T12:00:00Z', tzid: 'Nowhere' } }],
    ['tzid', 'errors.tzid_unrecognized', { tzid: 'Nowhere' }],
    ['end', 'errors.invalid_time_pair', { end: '2026-11-25T11:00:00Z' }],
    ['end', 'errors.invalid_time_pair', { end: '2026-11-25T12:00:00Z' }],
    ['end', 'errors.invalid_time_pair', { end: '2026-11-26' }],
    ['location', 'errors.must_be_object', { location: 'Room 1' }],
    ['location.lat', 'errors.out_of_range', { location: { lat: '91', long: '0' } }],
    ['transparency', 'errors.not_recognized', { transparency: 'glassy' }],
    ['extended_transparency', 'errors.not_supported', { extended_transparency: 'out_of_office' }],
    ['reminders', 'errors.too_many', { reminders: Array.from({ length: 6 }, () => ({ minutes: 1 })) }],
    ['reminders[0].minutes', 'errors.must_be_integer', { reminders: [{ minutes: '5' }] }],
    ['reminders[0].minutes', 'errors.must_be_integer', { reminders: [{ minutes: -1 }] }],
    ['url', 'errors.must_be_url', { url: 'javascript:alert(1)' }],
    ['event_private', 'errors.must_be_boolean', { event_private: 'yes' }],
    ['color', 'errors.must_be_color', { color: 'red' }],
    ['attendees', 'errors.must_be_object', { attendees: ['a@example.com'] }],
    ['attendees.invite[0].email', 'errors.must_be_email', { attendees: { invite: [{ email: 'nobody' }] } }],
    ['attendees.invite[0].email', 'errors.required', { attendees: { invite: [{ display_name: 'No One' }] } }],
    ['recurrence.rules', 'errors.max_recurrence_rules_exceeded', { recurrence: { rules: [{}, {}] } }],
    ['recurrence.rules[0].frequency', 'errors.required', { recurrence: { rules: [{}] } }],
    ...['hourly', 'constructor', '__proto__'].map((frequency) => [
      'recurrence.rules[0].frequency',
      'errors.not_recognized',
      { recurrence: { rules: [{ frequency }] } },
    ]),
    ...[0, -1, 1.5, '2'].map((interval) => [
      'recurrence.rules[0].interval',
      'errors.must_be_integer_greater_than_zero',
      { recurrence: { rules: [{ frequency: 'daily', interval }] } },
    ]),
    [
      'recurrence.rules[0].until',
      'errors.must_be_date',
      { recurrence: { rules: [{ frequency: 'daily', until: '2026-12-01T00:00:00Z' }] } },
    ],
    [
      'recurrence.rules[0].until',
      'errors.not_supported_count_until_combination',
      { recurrence: { rules: [{ frequency: 'daily', until: '2026-12-01', count: 2 }] } },
    ],
    [
      'recurrence.rules[0].by_day',
      'errors.not_supported',
      { recurrence: { rules: [{ frequency: 'monthly', by_day: ['monday'] }] } },
    ],
    [
      'recurrence.rules[0].by_day',
      'errors.not_recognized',
      { recurrence: { rules: [{ frequency: 'weekly', by_day: ['Monday'] }] } },
    ],
    [
      'recurrence.rules[0].by_day',
      'errors.not_recognized',
      { recurrence: { rules: [{ frequency: 'weekly', by_day: ['toString'] }] } },
    ],
    ['start', 'errors.out_of_range', { start: '0001-01-01T00:00:00+10:00' }],
    ['start', 'errors.out_of_range', { start: '0000-01-01', end: '0000-01-02' }],
    ['end', 'errors.out_of_range', { end: '9999-12-31T23:00:00-10:00' }],
    ['location.long', 'errors.out_of_range', { location: { lat: '52.5', long: '0x10' } }],
    ['location.lat', 'errors.out_of_range', { location: { lat: '1e1', long: '13' } }],
    ['conferencing', 'errors.not_supported', { conferencing: { profile_id: 'default' } }],
    ['subscriptions', 'errors.not_supported', { subscriptions: [{ type: 'webhook' }] }],
    ['attachments', 'errors.not_supported', { attachments: [{ attachment_id: 'x' }] }],
    ['tags', 'errors.not_supported', { tags: ['x'] }],
  ] as [string, string, object][])('says what is wrong with %s: %s', async (field, key, change) => {
    const before = await world.documents.count('intentsOfProfile', { profileId: world.profile._id });
    const answer = await upsert({ ...minimal, ...change });
    expect([answer.status, problemKeys(answer, field)]).toEqual([422, [key]]);
    expect(at(answer, 'errors', field, 0, 'description')).toEqual(expect.any(String));
    expect(answer.headers.get('x-kalends-operation')).toBeNull();
    expect(await world.documents.count('intentsOfProfile', { profileId: world.profile._id })).toBe(before);
  });

  it('counts characters, not code units', async () => {
    expect((await upsert({ ...minimal, summary: '🙂'.repeat(1_024) })).status).toBe(202);
  });

  it('is told of all problems at once', async () => {
    expect(Object.keys(at(await upsert({}), 'errors') as object).sort()).toEqual([
      'end',
      'event_id',
      'start',
      'summary',
    ]);
  });

  it('cannot set attendees where the calendar cannot invite', async () => {
    const profile = await world.addProfile(world.account, { provider: 'cronofy', name: 'app calendar' });
    const calendar = await world.addCalendar(profile, 'Application');
    const answer = await upsert({ ...minimal, attendees: { invite: [{ email: 'a@example.com' }] } }, calendar._id);
    expect(problemKeys(answer, 'attendees')).toEqual(['errors.event.cannot_set_attendees']);
  });
});

describe('a calendar that cannot be written to', () => {
  it('answers 404 when it is unknown or somebody else’s, 403 when it is read-only, 422 when it is deleted', async () => {
    const other = await world.addAccount('other app');
    const foreign = await world.addCalendar(await world.addProfile(other), 'Foreign');
    const readOnly = await world.addCalendar(world.profile, 'Read-only', { readOnly: true });
    const deleted = await world.addCalendar(world.profile, 'Deleted', { deleted: true });
    const tried = await Promise.all([
      world.ask('/v1/calendars/cal_nothing/events', { method: 'POST', body: minimal }),
      upsert(minimal, foreign._id),
      upsert(minimal, readOnly._id),
      upsert(minimal, deleted._id),
    ]);
    expect(tried.map((one) => one.status)).toEqual([404, 404, 403, 422]);
    expect(tried.map((one) => problemKeys(one, 'calendar_id'))).toEqual([
      ['errors.not_found'],
      ['errors.not_found'],
      ['errors.calendar_readonly'],
      ['errors.calendar_deleted'],
    ]);
  });

  it('answers 423 while its profile must be connected again, and 202 while it is only quarantined', async () => {
    const quarantined = {
      name: 'quarantined',
      code: 'server_error',
      evidence: null,
      sinceMs: 1,
      probeAtMs: 2,
      probes: 3,
      initial: false,
    } as const;
    const waiting = await world.addProfile(world.account, { state: quarantined });
    const locked = await world.addProfile(world.account, { state: { name: 'disconnected', sinceMs: 1 } });
    expect((await upsert(minimal, (await world.addCalendar(waiting, 'Q'))._id)).status).toBe(202);
    const answer = await upsert(minimal, (await world.addCalendar(locked, 'L'))._id);
    expect([answer.status, problemKeys(answer, 'profile_id')]).toEqual([423, ['errors.profile_locked']]);
  });

  it('answers 403 without the scope', async () => {
    const token = await world.tokenFor(world.account, ['read_events', 'delete_event']);
    const asked = { method: 'POST', body: minimal, token };
    expect((await world.ask(eventsPath(world.calendar._id), asked)).status).toBe(403);
    const removal = { method: 'DELETE', body: minimal, token };
    expect((await world.ask(eventsPath(world.calendar._id), removal)).status).toBe(202);
  });
});

describe('the receipt', () => {
  it('tells what became of the write', async () => {
    const answer = await upsert(minimal);
    const path = `/v1/operations/${answer.headers.get('x-kalends-operation')}`;
    const { _id, rev } = await lastIntent();
    expect(at(await world.ask(path), 'operation')).toMatchObject({
      kind: 'upsert',
      event_id: 'e1',
      calendar_id: world.calendar._id,
      state: 'queued',
      reason: null,
      merged_into: null,
      accepted_at: '2026-11-21T09:30:00Z',
      settled_at: null,
    });
    const reason = { code: 'quota_exceeded', description: 'the calendar is full' };
    const settled = {
      ...(await lastIntent()),
      rev: rev + 1,
      state: 'rejected',
      open: 0,
      reason,
      settledAtMs: startMs + 5_000,
    } as const;
    expect(_id).toBe(settled._id);
    await world.documents.replace('intents', settled, rev);
    expect(at(await world.ask(path), 'operation')).toMatchObject({
      state: 'rejected',
      reason,
      settled_at: '2026-11-21T09:30:05Z',
    });
  });

  it('is nobody else’s', async () => {
    const path = `/v1/operations/${(await upsert(minimal)).headers.get('x-kalends-operation')}`;
    const stranger = await world.tokenFor(await world.addAccount('stranger'));
    expect((await world.ask(path, { token: stranger })).status).toBe(404);
    expect((await world.ask('/v1/operations/op_unknown')).status).toBe(404);
  });
});

describe('numbering', () => {
  it('is without gaps in the order of acceptance, with many at once and in two processes', async () => {
    const { _id: profileId } = await world.addProfile(world.account);
    const caller = {
      appId: world.account.appId,
      accountId: world.account._id,
      grantId: 'grt_1' as GrantId,
      scopes: [],
    };
    const wish = (eventId: string) => ({ kind: 'delete', calendarId: world.calendar._id, eventId }) as const;
    const context = {
      documents: world.documents,
      clock: world.clock,
      random: world.registry.random,
      nudge: () => undefined,
    };
    const [here, there] = [createIntake(context), createIntake(context)];
    const accepted = await Promise.all(
      Array.from({ length: 60 }, (_, index) => (index % 2 ? here : there).accept(caller, profileId, wish(`e${index}`))),
    );
    const intents = await world.documents.find('intentsOfProfile', { profileId });
    expect(intents.map((one) => one.n)).toEqual(intents.map((_, index) => index + 1));
    expect(intents).toHaveLength(60);
    for (const half of [0, 1]) {
      const numbers = accepted.filter((_, index) => index % 2 === half).map((one) => one.n);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  it('takes no number for accepted that the store did not keep', async () => {
    const { _id: profileId } = await world.addProfile(world.account);
    const calendar = await world.addCalendar({ ...world.profile, _id: profileId }, 'Full disk');
    expect((await upsert(minimal, calendar._id)).status).toBe(202);
    const full = new KalendsError('store_full', 'the disk is full');
    const insert = vi.spyOn(world.documents, 'insert').mockRejectedValue(full);
    const refused = await upsert(minimal, calendar._id);
    insert.mockRestore();
    expect([refused.status, problemKeys(refused, 'base')]).toEqual([503, ['errors.unavailable']]);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await upsert(minimal, calendar._id)).status).toBe(202);
    const intents = await world.documents.find('intentsOfProfile', { profileId });
    expect(intents.map((one) => one.n)).toEqual([1, 2]);
  });
});

describe('creating a calendar', () => {
  const create = (body: object) => world.ask('/v1/calendars', { method: 'POST', body });

  it('answers 200 with the calendar once it is there', async () => {
    world.awaited = async (intent) => {
      if (intent.wish.kind === 'create_calendar')
        await world.addCalendar(world.profile, 'Made', { _id: intent.wish.calendarId });
      return { ...intent, state: 'written', open: 0 };
    };
    const answer = await create({ profile_id: world.profile._id, name: 'Made', color: '#49BED8' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-kalends-operation')).toMatch(/^op_/);
    expect(at(answer, 'calendar')).toMatchObject({
      calendar_name: 'Made',
      calendar_readonly: false,
      provider_name: 'apple',
    });
    expect((await lastIntent()).wish).toMatchObject({ kind: 'create_calendar', name: 'Made', color: '#49bed8' });
  });

  it('answers 202 with the same body while the calendar server takes its time', async () => {
    world.awaited = async () => null;
    const answer = await create({ profile_id: world.profile._id, name: 'Later' });
    expect(answer.status).toBe(202);
    expect(at(answer, 'calendar')).toMatchObject({ calendar_name: 'Later', calendar_deleted: false });
  });

  it('refuses a name that is taken or about to be, where clients look for it', async () => {
    for (const name of ['Work', 'Later']) {
      const answer = await create({ profile_id: world.profile._id, name });
      expect([answer.status, at(answer, 'errors', 'name', 0, 'key')]).toEqual([422, 'errors.duplicate_calendar_name']);
    }
  });

  it('tells why the calendar server refused', async () => {
    const reason = { code: 'quota_exceeded', description: 'no room for another calendar' };
    world.awaited = async (intent) => ({ ...intent, state: 'rejected', open: 0, reason });
    const answer = await create({ profile_id: world.profile._id, name: 'Refused' });
    expect([answer.status, at(answer, 'errors', 'name', 0, 'description')]).toEqual([422, reason.description]);
  });

  it('refuses a profile that is unknown, foreign, locked or cannot have more calendars', async () => {
    const foreign = await world.addProfile(await world.addAccount('one more app'));
    const locked = await world.addProfile(world.account, { state: { name: 'disconnected', sinceMs: 1 } });
    const fixed = await world.addProfile(world.account, { provider: 'exchange' });
    const statusOf = async (profile_id: string) => (await create({ profile_id, name: 'New' })).status;
    expect(await statusOf('pro_unknown')).toBe(422);
    expect(await statusOf(foreign._id)).toBe(422);
    expect(await statusOf(locked._id)).toBe(423);
    expect(await statusOf(fixed._id)).toBe(422);
    expect(problemKeys(await create({}), 'profile_id')).toEqual(['errors.required']);
  });
});
