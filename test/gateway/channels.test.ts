/** Channels over HTTP: opening, listing, closing, and what is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { at, openWorld, problemKeys, rowsAt, startMs, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const open = (body: unknown, token?: string) =>
  world.ask('/v1/channels', { method: 'POST', body, ...(token === undefined ? {} : { token }) });

describe('channels', () => {
  it('begin with a verification and what was projected before they were opened told', async () => {
    const filters = { calendar_ids: [world.calendar._id], only_managed: true };
    const answer = await open({ callback_url: 'https://example.com/hook?a=b', filters });
    expect(answer.status).toBe(200);
    const id = String(at(answer, 'channel', 'channel_id'));
    expect(at(answer, 'channel')).toEqual({ channel_id: id, callback_url: 'https://example.com/hook?a=b', filters });
    expect(await world.documents.get('subscribers', id)).toMatchObject({
      kind: 'channel',
      appId: world.account.appId,
      told: { [world.profile._id]: world.profile.projectedSeq },
      notices: ['verification'],
      dueAtMs: startMs,
      open: 1,
    });
    expect(world.nudged.at(-1)).toBe(world.account._id);
  });

  it('are listed until they are closed; closing twice is accepted, closing another’s is not', async () => {
    const answer = await open({ callback_url: 'http://example.com/' });
    const id = String(at(answer, 'channel', 'channel_id'));
    const listed = async () => rowsAt(await world.ask('/v1/channels'), 'channels').map((one) => one['channel_id']);
    expect(at(answer, 'channel', 'filters')).toEqual({});
    expect(await listed()).toContain(id);
    const stranger = await world.tokenFor(await world.addAccount('stranger'));
    expect((await world.ask(`/v1/channels/${id}`, { method: 'DELETE', token: stranger })).status).toBe(404);
    for (const _twice of [1, 2]) expect((await world.ask(`/v1/channels/${id}`, { method: 'DELETE' })).status).toBe(202);
    expect(await listed()).not.toContain(id);
    expect((await world.ask('/v1/channels/chn_unknown', { method: 'DELETE' })).status).toBe(404);
  });

  it.each([
    ['callback_url', 'errors.required', {}],
    ['callback_url', 'errors.must_be_string', { callback_url: 5 }],
    ['callback_url', 'errors.must_be_url', { callback_url: 'ftp://example.com/' }],
    ['callback_url', 'errors.must_be_url', { callback_url: 'example.com' }],
    ['callback_url', 'errors.too_long', { callback_url: `https://example.com/${'x'.repeat(2_048)}` }],
    ['filters', 'errors.must_be_object', { callback_url: 'https://example.com/', filters: 'all' }],
    [
      'filters.calendar_ids',
      'errors.invalid_calendar_ids',
      { callback_url: 'https://e.com/', filters: { calendar_ids: [] } },
    ],
    [
      'filters.calendar_ids',
      'errors.invalid_calendar_ids',
      { callback_url: 'https://e.com/', filters: { calendar_ids: ['cal_x'] } },
    ],
    [
      'filters.only_managed',
      'errors.must_be_boolean',
      { callback_url: 'https://e.com/', filters: { only_managed: 'maybe' } },
    ],
  ])('are refused for %s: %s', async (field, key, body) => {
    const answer = await open(body);
    expect([answer.status, problemKeys(answer, field)]).toEqual([422, [key]]);
  });

  it('need a scope to read, unless they tell of managed events alone', async () => {
    const token = await world.tokenFor(world.account, ['create_event']);
    expect((await open({ callback_url: 'https://example.com/' }, token)).status).toBe(403);
    expect((await open({ callback_url: 'https://example.com/', filters: { only_managed: true } }, token)).status).toBe(
      200,
    );
  });

  it('are at most 128 for an account', async () => {
    const account = await world.addAccount('keen app');
    const token = await world.tokenFor(account);
    for (let index = 0; index < 128; index += 1) {
      expect((await open({ callback_url: `https://example.com/${index}` }, token)).status).toBe(200);
    }
    const answer = await open({ callback_url: 'https://example.com/one-more' }, token);
    expect([answer.status, problemKeys(answer, 'callback_url')]).toEqual([422, ['errors.too_many']]);
  });
});
