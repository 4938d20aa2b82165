/** Input that is wrong on purpose, and input that only looks wrong: the habits of existing clients. */
import { gzipSync } from 'node:zlib';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { KalendsError } from '../../domain/errors.ts';
import { answerTo } from '../../services/gateway/errors.ts';
import { revokeGrant } from '../../services/auth/registry.ts';
import { at, event, eventsPath, openWorld, problemKeys, summaries, type Answer, type World } from './world.ts';

let world: World;
let path: string;
const bodyBytes = 64 * 1024;
beforeAll(async () => {
  world = await openWorld(bodyBytes);
  path = eventsPath(world.calendar._id);
});
afterAll(() => world.stop());

const minimal = { event_id: 'e1', summary: 'Lunch', start: '2026-11-25T12:00:00Z', end: '2026-11-25T13:00:00Z' };
const post = (raw: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
  world.ask(path, { method: 'POST', raw, headers });

describe('every error', () => {
  it.each([
    ['no such path', 404, 'path', '/v1/nothing', {}],
    ['no version', 404, 'path', '/', {}],
    ['an action of ours by its name', 404, 'path', '/gateway/readAccount', {}],
    ['an internal action', 404, 'path', '/~node/health', {}],
    ['a method that a path does not have', 404, 'path', '/v1/account', { method: 'PUT', body: {} }],
    ['an endpoint of later work', 404, 'path', '/v1/batch', { method: 'POST', body: {} }],
    ['a path that does not decode', 404, 'path', '/v1/operations/%E0%A4%A', {}],
    ['no token', 401, 'authorization', '/v1/account', { token: null }],
    ['a token that nobody issued', 401, 'authorization', '/v1/account', { token: 'x'.repeat(32) }],
    ['python’s absent token', 401, 'authorization', '/v1/account', { token: 'None' }],
    ['another kind of credentials', 401, 'authorization', '/v1/account', { headers: { authorization: 'Basic eDp5' } }],
  ] as const)('has one shape: %s', async (_name, status, field, where, asked) => {
    const answer = await world.ask(where, asked);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.json).toEqual({
      errors: { [field]: [{ key: expect.any(String), description: expect.any(String) }] },
    });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/);
    expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('carries the request id of the caller where it is a harmless one', async () => {
    const idFor = async (id: string) =>
      (await world.ask('/v1/account', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await idFor('abc-12345')).toBe('abc-12345');
    expect(await idFor('<script>alert(1)</script>')).toMatch(/^req_/);
  });

  it('of ours tells nothing of our insides', async () => {
    const broken = new Error('SELECT secret FROM /srv/kalends');
    const find = vi.spyOn(world.documents, 'find').mockRejectedValue(broken);
    const answer = await world.ask('/v1/account');
    find.mockRestore();
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/secret|srv|stack|at /);
    expect((await world.ask('/v1/account')).status).toBe(200);
  });
});

describe('a body', () => {
  it.each([
    ['malformed JSON', '{"event_id":', 'errors.invalid_json'],
    ['JSON with a comma too many', '{"a":1,}', 'errors.invalid_json'],
    ['text', 'hello', 'errors.invalid_json'],
    ['a list', '[1]', 'errors.must_be_object'],
    ['a string', '"x"', 'errors.must_be_object'],
    ['a number', '7', 'errors.must_be_object'],
    ['deep nesting', '['.repeat(20_000), 'errors.invalid_json'],
    ['bytes that are no UTF-8', Uint8Array.from([0x7b, 0xff, 0x7d]), 'errors.invalid_json'],
    ['damaged compression', Uint8Array.from([0x1f, 0x8b, 1, 2, 3]), 'errors.invalid_json'],
  ] as [string, string | Uint8Array, string][])('that is %s answers 422', async (_name, raw, key) => {
    const answer = await post(raw);
    expect([answer.status, problemKeys(answer, 'body')]).toEqual([422, [key]]);
  });

  it('over the limit answers 413, announced or not, and the connection goes on', async () => {
    const large = JSON.stringify({ ...minimal, description: 'x'.repeat(bodyBytes) });
    const answer = await post(large);
    expect([answer.status, problemKeys(answer, 'body')]).toEqual([413, ['errors.too_large']]);
    expect(await chunked(large)).toBe(413);
    expect((await world.ask(path, { method: 'POST', body: minimal })).status).toBe(202);
  });

  it('that its client cut short is not taken for a fault of ours', () => {
    expect(answerTo(new KalendsError('cut_short', 'the request ended before its body did')).status).toBe(422);
  });

  it('that unpacks to more than the limit answers 413', async () => {
    const bomb = gzipSync(Buffer.alloc(bodyBytes * 100, ' '));
    expect(bomb.length).toBeLessThan(bodyBytes);
    expect((await post(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
  });

  it('is read for nobody who is not known', async () => {
    const answer = await world.ask(path, { method: 'POST', raw: 'x'.repeat(bodyBytes * 2), token: null });
    expect(answer.status).toBe(401);
  });

  it('cannot reach our prototypes', async () => {
    await post(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"event_id":"e1"}`);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

/** The status of a POST whose length is not announced. */
function chunked(text: string): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${world.token}`, 'transfer-encoding': 'chunked' };
  return new Promise((resolve, reject) => {
    const sent = request(world.baseUrl + path, { method: 'POST', headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    sent.on('error', reject);
    for (let start = 0; start < text.length; start += 8_192) sent.write(text.slice(start, start + 8_192));
    sent.end();
  });
}

describe('existing clients', () => {
  it('send query booleans as True and False, and false means false', async () => {
    const times = { from: '2026-11-25T09:00:00Z', until: '2026-11-25T10:00:00Z' };
    const calendar = await world.addCalendar(world.profile, 'Python');
    await world.addEvents(
      event(calendar, { ref: 'theirs', ...times }),
      event(calendar, { ref: 'mine', ...times, eventId: 'mine' }),
      event(calendar, { ref: 'gone', ...times, deleted: 1 }),
    );
    const flags = 'include_deleted=False&include_moved=False&include_managed=False&localized_times=False';
    const python = `/v1/events?tzid=Etc/UTC&calendar_ids[]=${calendar._id}&${flags}`;
    expect(summaries(await world.ask(`${python}&only_managed=False`))).toEqual(['theirs']);
    expect(summaries(await world.ask(`${python}&only_managed=True`))).toEqual(['mine']);
  });

  it('send a body with GET, and DELETE without one', async () => {
    const get = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${world.token}`,
        'content-type': 'application/json',
        'content-length': '2',
      };
      const sent = request(`${world.baseUrl}/v1/account`, { method: 'GET', headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject);
      sent.end('{}');
    });
    expect(get).toBe(200);
    const channel = at(
      await world.ask('/v1/channels', { method: 'POST', body: { callback_url: 'https://example.com/' } }),
      'channel',
      'channel_id',
    );
    expect((await world.ask(`/v1/channels/${String(channel)}`, { method: 'DELETE' })).status).toBe(202);
  });

  it('send [] where an object is meant', async () => {
    expect(problemKeys(await post('[]'), 'event_id')).toEqual(['errors.required']);
    const filters = { callback_url: 'https://example.com/', filters: [] };
    expect((await world.ask('/v1/channels', { method: 'POST', body: filters })).status).toBe(200);
  });

  it('write times with a space, with offsets, with fractions', async () => {
    for (const start of [
      '2026-11-25 12:00:00Z',
      '2026-11-25T13:00:00+01:00',
      '2026-11-25T12:00:00.123Z',
      '2026-11-25T12:00Z',
    ]) {
      const answer = await world.ask(path, {
        method: 'POST',
        body: { ...minimal, start: { time: start, tzid: 'Europe/Berlin' } },
      });
      expect([start, answer.status]).toEqual([start, 202]);
    }
  });

  it('leave the plus of an offset in a query as it is', async () => {
    const query = '/v1/events?tzid=Etc/UTC&last_modified=2026-11-21T10:00:00+01:00';
    expect((await world.ask(query)).status).toBe(200);
  });

  it('announce an encoding that a plain body does not have', async () => {
    expect((await post(JSON.stringify(minimal), { 'content-encoding': 'utf-8' })).status).toBe(202);
    expect((await post(gzipSync(JSON.stringify(minimal)), { 'content-encoding': 'gzip' })).status).toBe(202);
  });

  it('send forms, byte order marks and no content type', async () => {
    const form = new URLSearchParams({ callback_url: 'https://example.com/form' }).toString();
    const asked = { method: 'POST', raw: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expect((await world.ask('/v1/channels', asked)).status).toBe(200);
    // JSON that is called a form, as `curl -d` does, is told so instead of what it lacks.
    const misnamed = await post(JSON.stringify(minimal), { 'content-type': 'application/x-www-form-urlencoded' });
    expect(misnamed.status).toBe(422);
    expect(misnamed.text).toContain('Content-Type: application/json');
    expect((await post(`\uFEFF${JSON.stringify(minimal)}`)).status).toBe(202);
    expect((await post(JSON.stringify(minimal), { 'content-type': 'text/plain' })).status).toBe(202);
  });

  it('add trailing slashes, and name calendars with or without brackets', async () => {
    expect((await world.ask('/v1/account/')).status).toBe(200);
    const ids = [world.calendar._id, (await world.addCalendar(world.profile, 'Second'))._id];
    const statusOf = async (query: string) => (await world.ask(`/v1/events?tzid=Etc/UTC&${query}`)).status;
    expect(await statusOf(ids.map((id) => `calendar_ids[]=${id}`).join('&'))).toBe(200);
    expect(await statusOf(ids.map((id) => `calendar_ids%5B%5D=${id}`).join('&'))).toBe(200);
    expect(await statusOf(ids.map((id, index) => `calendar_ids[${index}]=${id}`).join('&'))).toBe(200);
    expect(await statusOf(`calendar_ids=${ids[0]}`)).toBe(200);
    expect(await statusOf(Array.from({ length: 60 }, () => `calendar_ids[]=${ids[1]}`).join('&'))).toBe(200);
  });
});

describe('a token', () => {
  it('of another account opens nothing of this one', async () => {
    const other = await world.addAccount('other app');
    const token = await world.tokenFor(other);
    const answer = await world.ask('/v1/events?tzid=Etc/UTC&include_managed=true', { token });
    expect(at(answer, 'events')).toEqual([]);
    expect((await world.ask(`/v1/events?tzid=Etc/UTC&calendar_ids[]=${world.calendar._id}`, { token })).status).toBe(
      422,
    );
    expect((await world.ask(path, { method: 'POST', body: minimal, token })).status).toBe(404);
    expect(at(await world.ask('/v1/calendars', { token }), 'calendars')).toEqual([]);
    expect(at(await world.ask('/v1/channels', { token }), 'channels')).toEqual([]);
  });

  it('stops working when its grant is revoked', async () => {
    const account = await world.addAccount('fickle app');
    const token = await world.tokenFor(account);
    expect((await world.ask('/v1/account', { token })).status).toBe(200);
    const [grant] = await world.documents.find('grantsOfAccount', { accountId: account._id });
    if (grant === undefined) throw new Error('there is a grant');
    await revokeGrant(world.registry, grant._id);
    world.authenticator.forget(grant._id);
    expect((await world.ask('/v1/account', { token })).status).toBe(401);
  });
});
