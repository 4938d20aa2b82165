/** Which events a window selects: its edges in several zones, over changes of the clock, for days, long and managed events. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { at, event, events, openWorld, problemKeys, startMs, summaries, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const read = (query: string) => world.ask(`/v1/events?${query}`);

/** A calendar of its own for each test, with one-hour events named after their starts. */
async function calendarWith(name: string, ...starts: readonly string[]): Promise<string> {
  const calendar = await world.addCalendar(world.profile, name);
  const hour = (from: string): string => new Date(Date.parse(from) + 3_600_000).toISOString();
  const all = starts.map((from) =>
    from.length === 10
      ? event(calendar, { ref: from, from, until: new Date(Date.parse(from) + 86_400_000).toISOString().slice(0, 10) })
      : event(calendar, { ref: from, from, until: hour(from) }),
  );
  await world.addEvents(...all);
  return `calendar_ids[]=${calendar._id}`;
}

describe('the edges of a window', () => {
  it('are the beginnings of days in the zone of the caller', async () => {
    const only = await calendarWith(
      'edges',
      '2026-11-21T21:30:00Z',
      '2026-11-21T22:30:00Z',
      '2026-11-22T22:30:00Z',
      '2026-11-22T23:00:00Z',
    );
    const days = 'from=2026-11-22&to=2026-11-23';
    // Midnight in Berlin is 23:00 UTC: the event from 22:30 to 23:30 runs over it.
    expect(summaries(await read(`${only}&${days}&tzid=Europe/Berlin`))).toEqual([
      '2026-11-21T22:30:00Z',
      '2026-11-22T22:30:00Z',
    ]);
    expect(summaries(await read(`${only}&${days}&tzid=Etc/UTC`))).toEqual([
      '2026-11-22T22:30:00Z',
      '2026-11-22T23:00:00Z',
    ]);
  });

  it('select what ends exactly where the window begins, and nothing that starts where it ends', async () => {
    const only = await calendarWith('touching', '2026-11-21T23:00:00Z', '2026-11-23T00:00:00Z');
    expect(summaries(await read(`${only}&from=2026-11-22&to=2026-11-23&tzid=Etc/UTC`))).toEqual([
      '2026-11-21T23:00:00Z',
    ]);
  });

  it.each([
    // 25 hours: the clock goes back at 01:00 UTC; midnight to midnight is 22:00 to 23:00 UTC.
    ['Europe/Berlin', '2026-10-25', '2026-10-26', ['2026-10-24T22:00:00Z', '2026-10-25T22:30:00Z']],
    // 23 hours.
    ['America/New_York', '2026-03-08', '2026-03-09', ['2026-03-08T05:00:00Z', '2026-03-09T03:30:00Z']],
    // Midnight itself is skipped: the day begins at 01:00 local time, 03:00 UTC.
    ['America/Santiago', '2026-09-06', '2026-09-07', ['2026-09-06T04:00:00Z', '2026-09-07T02:30:00Z']],
    ['Pacific/Kiritimati', '2026-11-22', '2026-11-23', ['2026-11-21T10:00:00Z', '2026-11-22T09:30:00Z']],
    ['Pacific/Pago_Pago', '2026-11-22', '2026-11-23', ['2026-11-22T11:00:00Z', '2026-11-23T10:30:00Z']],
  ])(
    'hold on the day of a change of clock and at the ends of the world: %s %s',
    async (tzid, from, to, [first, last]) => {
      const before = new Date(Date.parse(first ?? '') - 3_600_001).toISOString();
      const after = new Date(Date.parse(last ?? '') + 1_800_000).toISOString();
      const only = await calendarWith(`clock ${tzid}`, before, first ?? '', last ?? '', after);
      expect(summaries(await read(`${only}&from=${from}&to=${to}&tzid=${tzid}`))).toEqual([first, last]);
    },
  );

  it.each(['Etc/UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York'])(
    'compare all-day events by their days, whatever the zone: %s',
    async (tzid) => {
      const only = await calendarWith(`days ${tzid}`, '2026-11-21', '2026-11-22', '2026-11-23');
      const answer = await read(`${only}&from=2026-11-22&to=2026-11-23&tzid=${tzid}`);
      expect(events(answer)).toMatchObject([{ start: '2026-11-22', end: '2026-11-23' }]);
    },
  );

  it('select what started long before the window and still runs', async () => {
    const calendar = await world.addCalendar(world.profile, 'long');
    await world.addEvents(
      event(calendar, { ref: 'a year', from: '2026-01-01', until: '2027-01-01' }),
      event(calendar, { ref: 'ended', from: '2026-01-01', until: '2026-11-22' }),
      event(calendar, { ref: 'three days', from: '2026-11-20T12:00:00Z', until: '2026-11-23T12:00:00Z' }),
      event(calendar, { ref: 'ten years', from: '2020-06-01T08:00:00Z', until: '2030-06-01T08:00:00Z' }),
      event(calendar, { ref: 'tomorrow', from: '2026-11-23', until: '2026-12-23' }),
    );
    const answer = await read(`calendar_ids[]=${calendar._id}&from=2026-11-22&to=2026-11-23&tzid=Europe/Berlin`);
    expect(summaries(answer)).toEqual(['ten years', 'a year', 'three days']);
  });

  it('may be times too', async () => {
    const only = await calendarWith('times', '2026-11-22T09:00:00Z', '2026-11-22T11:00:00Z');
    const answer = await read(`${only}&from=2026-11-22T10:30:00Z&to=2026-11-22T12:00:00Z&tzid=Etc/UTC`);
    expect(summaries(answer)).toEqual(['2026-11-22T11:00:00Z']);
  });
});

describe('the default window', () => {
  it('reaches from 42 days back to 201 days ahead', async () => {
    const only = await calendarWith('default', '2026-10-09', '2026-10-10', '2027-06-09', '2027-06-10');
    expect(summaries(await read(`${only}&tzid=Etc/UTC`))).toEqual(['2026-10-10', '2027-06-09']);
  });

  it('counts from today in the zone of the caller', async () => {
    // 09:30 UTC on the 21st is already the 22nd on Kiritimati after 10:00 UTC, and still the 20th nowhere: move on a bit.
    await world.clock.advance(3_600_000);
    const only = await calendarWith('today', '2026-10-10', '2026-10-11', '2027-06-10');
    expect(summaries(await read(`${only}&tzid=Pacific/Kiritimati`))).toEqual(['2026-10-11', '2027-06-10']);
    expect(summaries(await read(`${only}&tzid=Etc/UTC`))).toEqual(['2026-10-10', '2026-10-11']);
  });
});

describe('managed events', () => {
  const years = ['2010-05-05T09:00:00Z', '2026-11-25T09:00:00Z', '2040-05-05T09:00:00Z'];

  async function managedCalendar(name: string): Promise<string> {
    const calendar = await world.addCalendar(world.profile, name);
    const until = (from: string): string => from.replace('T09', 'T10');
    await world.addEvents(
      ...years.map((from) => event(calendar, { ref: `m ${from}`, from, until: until(from), eventId: from })),
      ...years.map((from) => event(calendar, { ref: `x ${from}`, from, until: until(from) })),
    );
    return `calendar_ids[]=${calendar._id}`;
  }

  it('are hidden unless they are asked for', async () => {
    const only = await managedCalendar('hidden');
    expect(summaries(await read(`${only}&tzid=Etc/UTC`))).toEqual(['x 2026-11-25T09:00:00Z']);
  });

  it('are not bound by the default window: only_managed reads all of time', async () => {
    const only = await managedCalendar('all of time');
    const answer = await read(`${only}&tzid=Etc/UTC&only_managed=true`);
    expect(events(answer).map((one) => one['event_id'])).toEqual(years);
    expect(events(answer)[0]).toMatchObject({ options: { delete: true, update: true } });
  });

  it('are shown for all of time beside the external ones of the default window', async () => {
    const only = await managedCalendar('both');
    const shown = summaries(await read(`${only}&tzid=Etc/UTC&include_managed=true`));
    expect(shown[0]).toBe('m 2010-05-05T09:00:00Z');
    expect(shown.slice(1, 3).sort()).toEqual(['m 2026-11-25T09:00:00Z', 'x 2026-11-25T09:00:00Z']);
    expect(shown.slice(3)).toEqual(['m 2040-05-05T09:00:00Z']);
  });

  it('keep to a window that is given', async () => {
    const only = await managedCalendar('given');
    const answer = await read(`${only}&tzid=Etc/UTC&only_managed=true&from=2026-01-01&to=2027-01-01`);
    expect(events(answer).map((one) => one['event_id'])).toEqual([years[1]]);
  });
});

describe('changes', () => {
  it('are read from a time on, the time itself included, tombstones only when they are asked for', async () => {
    const calendar = await world.addCalendar(world.profile, 'changes');
    const times = { from: '2026-11-25T09:00:00Z', until: '2026-11-25T10:00:00Z' };
    await world.addEvents(
      event(calendar, { ref: 'old', ...times, updatedMs: startMs - 1_000 }),
      event(calendar, { ref: 'now', ...times, updatedMs: startMs }),
      event(calendar, { ref: 'later', ...times, updatedMs: startMs + 999 }),
      event(calendar, { ref: 'removed', ...times, updatedMs: startMs + 5, deleted: 1 }),
      event(calendar, { ref: 'moved far away', from: '2035-01-01', until: '2035-01-02', updatedMs: startMs + 7 }),
    );
    const query = `calendar_ids[]=${calendar._id}&tzid=Etc/UTC&last_modified=2026-11-21T09:30:00Z`;
    expect(summaries(await read(query))).toEqual(['now', 'moved far away', 'later']);
    const all = await read(`${query}&include_deleted=true`);
    expect(events(all).map((one) => [one['summary'], one['deleted']])).toEqual([
      ['now', false],
      ['removed', true],
      ['moved far away', false],
      ['later', false],
    ]);
    expect(summaries(await read(`${query}&from=2026-11-01&to=2026-12-01`))).toEqual(['now', 'later']);
  });

  it('need no tzid, since they have no days', async () => {
    expect((await read('last_modified=2026-11-21T09:30:00Z')).status).toBe(200);
  });
});

describe('a selection that means nothing', () => {
  it.each([
    ['tzid', 'errors.required', 'from=2026-11-21'],
    ['tzid', 'errors.tzid_unrecognized', 'tzid=Mars/Olympus'],
    ['tzid', 'errors.tzid_unrecognized', 'tzid=%2B01:00'],
    ['from', 'errors.must_be_time', 'tzid=Etc/UTC&from=yesterday'],
    ['from', 'errors.must_be_time', 'tzid=Etc/UTC&from=2026-02-30'],
    ['to', 'errors.must_be_time', 'tzid=Etc/UTC&to=2026-11-21T09:00:00'],
    ['to', 'errors.invalid_time_pair', 'tzid=Etc/UTC&from=2026-11-21&to=2026-11-20'],
    ['last_modified', 'errors.must_be_time', 'tzid=Etc/UTC&last_modified=1234'],
    ['include_deleted', 'errors.must_be_boolean', 'tzid=Etc/UTC&include_deleted=perhaps'],
    ['include_geo', 'errors.not_supported', 'tzid=Etc/UTC&include_geo=true'],
    ['calendar_ids', 'errors.invalid_calendar_ids', 'tzid=Etc/UTC&calendar_ids[]=cal_unknown'],
  ])('is refused at %s with %s', async (field, key, query) => {
    const answer = await read(query);
    expect(answer.status).toBe(422);
    expect(problemKeys(answer, field)).toEqual([key]);
  });

  it('hears of all its problems at once', async () => {
    expect(at(await read('from=x&to=y&only_managed=z'), 'errors')).toMatchObject({
      tzid: {},
      from: {},
      to: {},
      only_managed: {},
    });
  });
});

describe('free/busy', () => {
  const busy = (query: string) => world.ask(`/v1/free_busy?${query}`);

  it('tells busy, tentative and free, and takes a declined invitation for free', async () => {
    const calendar = await world.addCalendar(world.profile, 'free busy');
    const one = (hour: number, change: Partial<Parameters<typeof event>[1]>) =>
      event(calendar, {
        ref: `${hour}`,
        from: `2026-11-25T${hour}:00:00Z`,
        until: `2026-11-25T${hour}:30:00Z`,
        ...change,
      });
    const invited = (status: 'declined' | 'tentative' | 'needs_action' | 'accepted') => ({
      organizer: { email: 'boss@example.com', displayName: null },
      attendees: [{ email: 'jane@example.com', displayName: null, status }],
    });
    await world.addEvents(
      one(10, {}),
      one(11, { transparency: 'transparent' }),
      one(12, { status: 'tentative' }),
      one(13, { status: 'cancelled' }),
      one(14, invited('declined')),
      one(15, invited('tentative')),
      one(16, invited('needs_action')),
      one(17, { extendedTransparency: 'working_elsewhere' }),
      one(18, { extendedTransparency: 'out_of_office' }),
      one(19, { eventId: 'mine' }),
    );
    const query = `calendar_ids[]=${calendar._id}&tzid=Etc/UTC&from=2026-11-25&to=2026-11-26`;
    const rows = at(await busy(query), 'free_busy') as Record<string, string>[];
    expect(rows.map((row) => [row['start']?.slice(11, 13), row['free_busy_status']])).toEqual([
      ['10', 'busy'],
      ['11', 'free'],
      ['12', 'tentative'],
      ['13', 'free'],
      ['14', 'free'],
      ['15', 'tentative'],
      ['16', 'busy'],
      ['17', 'free'],
      ['18', 'busy'],
    ]);
    expect(Object.keys(rows[0] ?? {})).toEqual(['calendar_id', 'start', 'end', 'free_busy_status']);
    const own = at(await busy(`${query}&only_managed=true&include_ids=true`), 'free_busy');
    expect(own).toMatchObject([{ event_id: 'mine', free_busy_status: 'busy' }]);
  });

  it('leaves out what is gone, and hides no busy time behind a filter of changes', async () => {
    const calendar = await world.addCalendar(world.profile, 'free/busy of all that stands');
    const times = { from: '2026-11-25T09:00:00Z', until: '2026-11-25T10:00:00Z' };
    await world.addEvents(
      event(calendar, { ref: 'stands', ...times }),
      event(calendar, { ref: 'gone', ...times, deleted: 1 }),
    );
    const query = `calendar_ids[]=${calendar._id}&tzid=Etc/UTC&include_ids=true`;
    for (const more of ['', '&include_deleted=true', '&last_modified=2026-11-21T09:30:00Z', '&last_modified=x']) {
      const rows = at(await busy(query + more), 'free_busy') as Record<string, string>[];
      expect([more, rows.length]).toEqual([more, 1]);
    }
  });

  it('is enough of a scope by itself, and does not show events', async () => {
    const token = await world.tokenFor(world.account, ['read_free_busy']);
    expect((await world.ask('/v1/free_busy?tzid=Etc/UTC', { token })).status).toBe(200);
    const answer = await world.ask('/v1/events?tzid=Etc/UTC', { token });
    expect(answer.status).toBe(403);
    expect(problemKeys(answer, 'scope')).toEqual(['errors.forbidden']);
    expect((await world.ask('/v1/events?tzid=Etc/UTC&only_managed=true', { token })).status).toBe(200);
  });
});
