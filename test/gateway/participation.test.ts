/** What a person answered: an invitation to any of the person's addresses is to the person. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { ParticipationStatus } from '../../domain/event.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import { event, events, openWorld, rowsAt, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const day = 'tzid=Etc/UTC&from=2026-11-25&to=2026-11-26';

const invited = (...all: readonly (readonly [string, ParticipationStatus])[]): Partial<EventDoc> => ({
  organizer: { email: 'boss@example.com', displayName: null },
  attendees: all.map(([email, status]) => ({ email, displayName: null, status })),
});

it('is said to any of the addresses; coming counts most, and an answer more than none', async () => {
  const profile = await world.addProfile(world.account, { aliases: ['Jane@Work.example', 'jd@example.com'] });
  const calendar = await world.addCalendar(profile, 'Aliases');
  const cases: readonly (readonly [Partial<EventDoc>, ParticipationStatus, string])[] = [
    [invited(['jane@work.example', 'declined']), 'declined', 'free'],
    [invited(['jd@example.com', 'tentative']), 'tentative', 'tentative'],
    [{ organizer: { email: 'jd@example.com', displayName: null } }, 'accepted', 'busy'],
    [invited(['jane@example.com', 'needs_action'], ['jd@example.com', 'declined']), 'declined', 'free'],
    [invited(['jane@example.com', 'declined'], ['jd@example.com', 'accepted']), 'accepted', 'busy'],
    [invited(['jane@example.com', 'unknown'], ['jd@example.com', 'needs_action']), 'needs_action', 'busy'],
    [invited(['jane@elsewhere.example', 'declined']), 'unknown', 'busy'],
  ];
  const sketches = cases.map(([change], k) =>
    event(calendar, {
      ref: `${k}`,
      from: `2026-11-25T1${k}:00:00Z`,
      until: `2026-11-25T1${k}:30:00Z`,
      ...change,
    }),
  );
  await world.addEvents(...sketches);
  const only = `${day}&calendar_ids[]=${calendar._id}`;
  const shown = events(await world.ask(`/v1/events?${only}`));
  expect(shown.map((row) => row['participation_status'])).toEqual(cases.map(([, status]) => status));
  const busy = rowsAt(await world.ask(`/v1/free_busy?${only}`), 'free_busy');
  expect(busy.map((row) => row['free_busy_status'])).toEqual(cases.map(([, , status]) => status));
});

it('counts an address as soon as it is known', async () => {
  const account = await world.addAccount('addresses that come later');
  const profile = await world.addProfile(account);
  const calendar = await world.addCalendar(profile, 'Later');
  const [from, until] = ['2026-11-25T10:00:00Z', '2026-11-25T11:00:00Z'];
  await world.addEvents(event(calendar, { ref: 'later', from, until, ...invited(['late@example.com', 'declined']) }));
  const token = await world.tokenFor(account);
  const statuses = async () =>
    rowsAt(await world.ask(`/v1/free_busy?${day}`, { token }), 'free_busy').map((row) => row['free_busy_status']);
  expect(await statuses()).toEqual(['busy']);
  const [known] = await world.documents.getMany('profiles', [profile._id]);
  const next = { ...(known ?? profile), aliases: ['late@example.com'] };
  expect(await world.documents.replace('profiles', { ...next, rev: next.rev + 1 }, next.rev)).toBe(true);
  expect(await statuses()).toEqual(['free']);
});
