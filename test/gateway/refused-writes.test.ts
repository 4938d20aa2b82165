/** Writes that are refused: for what they say, and for what the calendar is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, eventsPath, openWorld, problemKeys, type World } from './world.ts';
import { minimal, writingTo } from './upserts.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const { upsert } = writingTo(() => world);

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
