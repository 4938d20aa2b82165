/** Creating a calendar: the answer when it is there, when it takes its time, and when it cannot be. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, openWorld, problemKeys, type World } from './world.ts';
import { writingTo } from './upserts.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const { lastIntent } = writingTo(() => world);

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
