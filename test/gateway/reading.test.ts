/** Reading identity, calendars and event rows over HTTP. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { resourceIdOf } from '../../domain/ids.ts';
import { writeEvent } from '../../domain/icalendar/write.ts';
import { at, event, events, openWorld, rowsAt, startMs, summaries, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

describe('identity', () => {
  it('shows who the caller is in the form of OpenID Connect', async () => {
    const { status, headers, json } = await world.ask('/v1/userinfo');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(json).toMatchObject({
      sub: world.account._id,
      email: 'jane@example.com',
      name: 'Jane Doe',
      zoneinfo: 'Europe/Berlin',
      'cronofy.type': 'account',
    });
    const profile_calendars = [{ calendar_name: 'Work', calendar_primary: true }];
    const profile = { profile_id: world.profile._id, profile_connected: true, profile_calendars };
    expect(json).toMatchObject({ 'cronofy.data': { profiles: [profile] } });
  });

  it('shows account and profiles with a provider name that typed clients know', async () => {
    const answer = await world.ask('/v1/account');
    expect(at(answer, 'account')).toMatchObject({ account_id: world.account._id, default_tzid: 'Europe/Berlin' });
    expect(String(at(answer, 'account', 'scope')).split(' ')).toContain('read_events');
    const [profile] = rowsAt(await world.ask('/v1/profiles'), 'profiles');
    expect(profile).toEqual({
      provider_name: 'apple',
      provider_service: 'caldav',
      profile_id: world.profile._id,
      profile_name: 'jane@example.com',
      profile_connected: true,
      profile_initial_sync_required: false,
      kalends_state: 'live',
      kalends_fresh_at: '2026-11-21T09:29:00Z',
    });
  });

  it('lists deleted and read-only calendars as such', async () => {
    await world.addCalendar(world.profile, 'Gone', { deleted: true });
    await world.addCalendar(world.profile, 'Holidays', { readOnly: true });
    const calendars = rowsAt(await world.ask('/v1/calendars'), 'calendars');
    const names = ['calendar_name', 'calendar_readonly', 'calendar_deleted'];
    const flags = calendars.map((one) => names.map((name) => String(one[name])).join(' '));
    expect(flags.toSorted()).toEqual(['Gone false true', 'Holidays true false', 'Work false false']);
    expect(calendars[0]).toMatchObject({
      provider_name: 'apple',
      profile_id: world.profile._id,
      permission_level: 'sandbox',
    });
  });
});

describe('an event row', () => {
  const window = '/v1/events?from=2026-11-20&to=2026-12-31&tzid=Etc/UTC';

  it('has every field in the form that clients parse', async () => {
    const rich = event(world.calendar, {
      ref: 'rich',
      from: '2026-11-23T09:00:00Z',
      until: '2026-11-23T10:00:00.000Z',
      description: 'About it',
      location: { description: 'Room 1', lat: '52.5', long: '13.4' },
      organizer: { email: 'boss@example.com', displayName: 'The Boss' },
      attendees: [{ email: 'jane@example.com', displayName: null, status: 'tentative' }],
      categories: ['Work'],
      url: 'https://example.com/a',
      private: true,
    });
    await world.addEvents(rich);
    const [row] = events(await world.ask(window));
    expect(row).toEqual({
      calendar_id: world.calendar._id,
      event_uid: rich.eventUid,
      summary: 'rich',
      description: 'About it',
      start: '2026-11-23T09:00:00Z',
      end: '2026-11-23T10:00:00Z',
      deleted: false,
      created: '2026-11-21T08:06:40Z',
      updated: '2026-11-21T08:23:19Z',
      location: { description: 'Room 1', lat: '52.5', long: '13.4' },
      participation_status: 'tentative',
      attendees: [{ email: 'jane@example.com', display_name: null, status: 'tentative' }],
      organizer: { email: 'boss@example.com', display_name: 'The Boss' },
      transparency: 'opaque',
      extended_transparency: 'opaque',
      status: 'confirmed',
      categories: ['Work'],
      recurring: false,
      event_private: true,
      url: 'https://example.com/a',
      options: { delete: false, update: false, change_participation_status: false },
    });
  });

  it('shows times with their zone when they are asked for localized', async () => {
    await world.addEvents(
      event(world.calendar, { ref: 'winter', from: '2026-12-01T09:00:00Z', until: '2026-12-01T10:00:00Z' }),
      event(world.calendar, {
        ref: 'utc',
        from: '2026-12-02T09:00:00Z',
        until: '2026-12-02T10:00:00Z',
        tzid: 'Etc/UTC',
      }),
      event(world.calendar, { ref: 'day', from: '2026-12-03', until: '2026-12-04' }),
    );
    const shown = events(await world.ask(`${window}&localized_times=true`));
    const times = shown.map((one) => [one['summary'], one['start']]);
    expect(times).toContainEqual(['winter', { time: '2026-12-01T10:00:00+01:00', tzid: 'Europe/Berlin' }]);
    expect(times).toContainEqual(['utc', { time: '2026-12-02T09:00:00Z', tzid: 'Etc/UTC' }]);
    expect(times).toContainEqual(['day', { time: '2026-12-03', tzid: 'Europe/Berlin' }]);
  });

  it('marks the occurrences of a series and ties them together', async () => {
    const series = ['20261207T090000Z', '20261214T090000Z'].map((recurrenceKey) => {
      const day = `${recurrenceKey.slice(0, 4)}-${recurrenceKey.slice(4, 6)}-${recurrenceKey.slice(6, 8)}`;
      return event(world.calendar, {
        ref: 'weekly',
        from: `${day}T09:00:00Z`,
        until: `${day}T10:00:00Z`,
        recurrenceKey,
      });
    });
    await world.addEvents(...series);
    const rows = events(await world.ask(window)).filter((one) => one['summary'] === 'weekly');
    expect(rows.map((one) => one['recurring'])).toEqual([true, true]);
    expect(new Set(rows.map((one) => one['series_identifier'])).size).toBe(1);
    expect(new Set(rows.map((one) => one['event_uid'])).size).toBe(2);
  });

  it('gives the event_id of a managed series to its first occurrence alone', async () => {
    const keys = ['20261208T090000Z', '20261215T090000Z'];
    await world.addEvents(
      ...keys.map((recurrenceKey) => {
        const day = `2026-12-${recurrenceKey.slice(6, 8)}`;
        const times = { from: `${day}T09:00:00Z`, until: `${day}T10:00:00Z` };
        return event(world.calendar, { ref: 'mine', ...times, recurrenceKey, eventId: 'series-1' });
      }),
    );
    await world.documents.upsertMany('managed_events', [
      {
        _id: `${world.calendar._id}|series-1`,
        profileId: world.profile._id,
        calendarId: world.calendar._id,
        eventId: 'series-1',
        appId: world.account.appId,
        generation: 1,
        wanted: {
          summary: 'mine',
          start: { kind: 'instant', ms: Date.parse('2026-12-08T09:00:00Z'), tzid: 'Europe/Berlin' },
          end: { kind: 'instant', ms: Date.parse('2026-12-08T10:00:00Z'), tzid: 'Europe/Berlin' },
          recurrence: ['FREQ=WEEKLY;BYDAY=TU;UNTIL=20261215T225959Z'],
        },
        throughN: 1,
        resourceId: resourceIdOf(world.calendar._id, 'mine'),
        requestedHash: null,
        writtenHash: null,
        seq: 1,
      },
    ]);
    const shown = events(await world.ask(`${window}&only_managed=true`));
    expect(shown).toMatchObject([
      {
        event_id: 'series-1',
        recurrence: { rules: [{ frequency: 'weekly', interval: 1, by_day: ['tuesday'], until: '2026-12-15' }] },
        options: { delete: true, update: true },
      },
      { series_master: { event_id: 'series-1' }, options: { delete: false, update: false } },
    ]);
    expect(shown[1]).not.toHaveProperty('event_id');
  });

  it('gives the event_id of a managed series to its first occurrence also after its person moved the series', async () => {
    const resource = resourceIdOf(world.calendar._id, 'moved series');
    const times = { kind: 'instant', tzid: 'Etc/UTC' } as const;
    const wanted = {
      summary: 'moved',
      start: { ...times, ms: Date.parse('2026-12-09T09:00:00Z') },
      end: { ...times, ms: Date.parse('2026-12-09T10:00:00Z') },
      recurrence: ['FREQ=WEEKLY;COUNT=2'],
    };
    const named = { calendarId: world.calendar._id, profileId: world.profile._id, eventId: 'moved' };
    const stood = writeEvent({ base: null, fields: wanted, uid: 'moved', nowMs: startMs });
    const body = stood.replaceAll('20261209T09', '20261209T11').replaceAll('20261209T10', '20261209T12');
    await world.documents.upsertMany('resources', [
      {
        ...named,
        _id: resource,
        ref: 'moved series',
        uid: 'moved',
        etag: null,
        scheduleTag: null,
        body,
        format: 'icalendar',
        observedHash: '',
        normaliser: 1,
        problem: null,
        recurring: true,
        live: 1,
        evidence: null,
        createdMs: startMs,
        seq: 1,
      },
    ]);
    const outcome = { appId: world.account.appId, generation: 1, wanted, throughN: 1, resourceId: resource };
    const hashes = { requestedHash: null, writtenHash: null, seq: 1 };
    await world.documents.upsertMany('managed_events', [
      { _id: `${world.calendar._id}|moved`, ...named, ...outcome, ...hashes },
    ]);
    await world.addEvents(
      ...['20261209T110000Z', '20261216T110000Z'].map((recurrenceKey) => {
        const day = `2026-12-${recurrenceKey.slice(6, 8)}`;
        const place = { from: `${day}T11:00:00Z`, until: `${day}T12:00:00Z` };
        return event(world.calendar, { ref: 'moved series', ...place, recurrenceKey, eventId: 'moved' });
      }),
    );
    const shown = events(await world.ask(`${window}&only_managed=true`)).filter(
      (one) => one['summary'] === 'moved series',
    );
    expect(shown.map((one) => one['event_id'])).toEqual(['moved', undefined]);
    expect(shown[1]).toMatchObject({ series_master: { event_id: 'moved' } });
  });

  it('says how fresh the answer is', async () => {
    const { headers } = await world.ask(window);
    expect(headers.get('x-kalends-fresh-at')).toBe(new Date(startMs - 60_000).toISOString().replace('.000', ''));
  });

  it('keeps answering while the calendar server is down or the profile is disconnected', async () => {
    const state = { name: 'relink_required', code: 'credentials_revoked', sinceMs: startMs } as const;
    const before = summaries(await world.ask(window));
    const profile = await world.documents.get('profiles', world.profile._id);
    if (profile === null) throw new Error('there is a profile');
    await world.documents.replace('profiles', { ...profile, rev: profile.rev + 1, state }, profile.rev);
    expect(before.length).toBeGreaterThan(0);
    expect(summaries(await world.ask(window))).toEqual(before);
    expect(at(await world.ask('/v1/profiles'), 'profiles', 0, 'profile_connected')).toBe(false);
  });
});

describe('an answer that is kept', () => {
  const day = '/v1/events?from=2027-01-10&to=2027-01-11&tzid=Etc/UTC';
  const times = { from: '2027-01-10T09:00:00Z', until: '2027-01-10T10:00:00Z' };
  const one = (ref: string, change = {}) => event(world.calendar, { ref, ...times, ...change });

  it('is given again without asking for events, until something is projected', async () => {
    await world.addEvents(one('first'));
    expect(summaries(await world.ask(day))).toEqual(['first']);
    const find = vi.spyOn(world.documents, 'find');
    expect(summaries(await world.ask(day))).toEqual(['first']);
    expect(find.mock.calls.map(([query]) => query)).toEqual(['profilesOfAccount']);
    find.mockRestore();
    await world.addEvents(one('second', { summary: 'second' }));
    expect(summaries(await world.ask(day)).toSorted()).toEqual(['first', 'second']);
  });

  it('is not kept longer than half a minute, whatever changes the projections without a commit', async () => {
    expect(summaries(await world.ask(day))).toHaveLength(2);
    await world.documents.upsertMany('events', [one('rebuilt')]);
    expect(summaries(await world.ask(day))).toHaveLength(2);
    await world.clock.advance(30_000);
    expect(summaries(await world.ask(day))).toHaveLength(3);
  });

  it('is never another account’s, another selection’s, or one without the scope', async () => {
    const token = await world.tokenFor(await world.addAccount('stranger'));
    expect(summaries(await world.ask(day, { token }))).toEqual([]);
    expect((await world.ask(day, { token: await world.tokenFor(world.account, ['create_event']) })).status).toBe(403);
    expect(events(await world.ask(`${day}&localized_times=true`))[0]?.['start']).toMatchObject({
      tzid: 'Europe/Berlin',
    });
  });

  it('of managed events is none: what was accepted shows at once', async () => {
    const own = `${day}&only_managed=true`;
    expect(summaries(await world.ask(own))).toEqual([]);
    const body = { event_id: 'mine', summary: 'Mine', start: times.from, end: times.until };
    const path = `/v1/calendars/${(await world.addCalendar(await world.addProfile(world.account), 'Live'))._id}/events`;
    expect((await world.ask(path, { method: 'POST', body })).status).toBe(202);
    expect(summaries(await world.ask(own))).toEqual(['Mine']);
  });
});
