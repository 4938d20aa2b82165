/** The model server on a wire: in memory as an `Http` with our errors, and on a real port as bytes. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { modelHttp } from '../support/caldav-model/http.ts';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { basicAuthorization, rawClient } from '../support/caldav-server.ts';
import { calendar, faultKit, type FaultKit } from './fault-kit.ts';
import { event } from './sequences.ts';

const authorization = basicAuthorization('alice', 'secret');

describe('in memory', () => {
  function get(kit: FaultKit, more: { url?: string; maxBytes?: number; signal?: AbortSignal } = {}): Promise<unknown> {
    const http = modelHttp(kit.server, kit.clock);
    const asked = http({
      method: 'GET',
      url: `${kit.server.origins[0]}${calendar}e1.ics`,
      headers: { authorization },
      timeoutMs: 5_000,
      maxBytes: 10_000,
      ...more,
    }).catch((error: unknown) => error);
    return kit.clock.advance(30_000).then(() => asked);
  }

  test('brings answers with repeated headers kept apart, and leaves nobody asleep', async () => {
    const kit = faultKit();
    expect(await get(kit)).toMatchObject({ status: 200, text: event('u-e1.ics', 'e1.ics'), tookMs: 0 });
    kit.server.faults.set('unauthorized_anyway', { nextN: 1 });
    expect(await get(kit)).toHaveProperty('headers.www-authenticate.length', 2);
    expect(kit.clock.sleepers()).toBe(0);
  });

  test.each([
    ['host_down', 'connect_failed'],
    ['dropped_before_effect', 'cut_short'],
    ['hangs', 'timed_out'],
    ['slow_drip', 'timed_out'],
    ['slow_answer', 'timed_out'],
  ] as const)('%s becomes %s', async (fault, code) => {
    const kit = faultKit();
    kit.server.faults.set(fault, { always: true, ...(fault === 'slow_answer' ? { value: 9_000 } : { value: 10 }) });
    expect(await get(kit)).toMatchObject({ code, evidence: { request: `GET ${calendar}e1.ics` } });
    expect(kit.clock.sleepers()).toBe(0);
  });

  test('a slow answer that is in time is an answer that took its time', async () => {
    const kit = faultKit();
    kit.server.faults.set('slow_answer', { always: true, value: 2_000 });
    expect(await get(kit)).toMatchObject({ status: 200, tookMs: 2_000 });
    kit.server.faults.clearAll();
    kit.server.faults.set('slow_drip', { always: true, value: 100 });
    expect(await get(kit)).toMatchObject({ status: 200 });
  });

  test('a cut multistatus is cut short, a body over the limit too large, an unknown host not found', async () => {
    const kit = faultKit();
    kit.server.faults.set('body_cut', { always: true });
    const http = modelHttp(kit.server, kit.clock);
    const url = kit.server.origins[0] + calendar;
    const framing = { headers: { authorization, depth: '1' }, timeoutMs: 1_000, maxBytes: 100_000 };
    await expect(http({ method: 'PROPFIND', url, ...framing })).rejects.toMatchObject({ code: 'cut_short' });
    expect(await get(kit, { maxBytes: 10 })).toMatchObject({ code: 'body_too_large' });
    expect(await get(kit, { url: 'http://elsewhere.test/' })).toMatchObject({ code: 'name_not_found' });
  });

  test('a caller that gives up is told so, and what it sent has its effect', async () => {
    const kit = faultKit();
    kit.server.faults.set('slow_answer', { always: true, value: 2_000 });
    const given = new AbortController();
    const answer = modelHttp(
      kit.server,
      kit.clock,
    )({
      method: 'PUT',
      url: `${kit.server.origins[0]}${calendar}e1.ics`,
      headers: { authorization },
      body: event('u-e1.ics', 'changed'),
      timeoutMs: 5_000,
      maxBytes: 10_000,
      signal: given.signal,
    });
    const failed = expect(answer).rejects.toMatchObject({ code: 'shutting_down' });
    await kit.clock.advance(1_000);
    given.abort();
    await failed;
    expect(kit.server.world.body(calendar, 'e1.ics')).toContain('e1.ics');
    await kit.clock.advance(2_000);
    expect(kit.server.world.body(calendar, 'e1.ics')).toContain('changed');
  });
});

describe('on a real port', () => {
  let server: MountedModelServer;
  let url = '';

  beforeEach(async () => {
    server = await startModelServer();
    url = await server.makeCalendar('Work');
    await rawClient(server).put(`${url}a.ics`, event('u-a', 'A'));
  });

  afterEach(() => server.stop());

  test('is a calendar server like the others', async () => {
    const client = rawClient(server);
    expect([...(await client.list(url)).keys()]).toEqual([`${url}a.ics`]);
    expect((await client.get(`${url}a.ics`)).text).toBe(event('u-a', 'A'));
    const bob = await server.addUser('bob', 'bobs');
    expect((await rawClient(bob).propfind(bob.calendarsHome, 0, '<d:resourcetype/>')).status).toBe(207);
  });

  test('drops a connection before and after the effect', async () => {
    const client = rawClient(server);
    server.faults.set('dropped_before_effect', { nextN: 1 });
    await expect(client.put(`${url}b.ics`, event('u-b', 'B'))).rejects.toThrow(/fetch failed/);
    expect((await client.get(`${url}b.ics`)).status).toBe(404);
    server.faults.set('dropped_after_effect', { nextN: 1 });
    await expect(client.put(`${url}b.ics`, event('u-b', 'B'))).rejects.toThrow(/fetch failed/);
    expect((await client.get(`${url}b.ics`)).text).toBe(event('u-b', 'B'));
  });

  test('cuts a body before its announced end', async () => {
    server.faults.set('body_cut', { nextN: 1 });
    await expect(rawClient(server).propfind(url, 1, '<d:getetag/>')).rejects.toThrow(/terminated/);
  });

  test('drips a body and answers in the end', async () => {
    server.faults.set('slow_drip', { nextN: 1, value: 2_000 });
    expect((await rawClient(server).get(`${url}a.ics`)).text).toBe(event('u-a', 'A'));
    expect(server.faults.count('slow_drip')).toBe(1);
  });

  test('hangs without an answer, and stops nevertheless', async () => {
    server.faults.set('hangs', { nextN: 1 });
    const given = new AbortController();
    const asked = fetch(url, { signal: given.signal }).catch((error: unknown) => error);
    await expect.poll(() => server.log.at(-1)?.faults).toEqual(['hangs']);
    given.abort();
    expect(await asked).toMatchObject({ name: 'AbortError' });
  });

  test('sends both challenges of iCloud and redirects to its second port', async () => {
    server.faults.set('unauthorized_anyway', { nextN: 1 });
    const refused = await rawClient(server).get(`${url}a.ics`);
    expect(refused.headers.get('www-authenticate')).toContain('X-MobileMe-AuthToken');
    server.faults.set('moved_redirect', { nextN: 1, value: 308 });
    const moved = await rawClient(server).get(`${url}a.ics`);
    const location = moved.headers.get('location') ?? '';
    expect([moved.status, new URL(location).origin]).toEqual([308, server.origins[1]]);
    expect((await rawClient(server).get(location)).status).toBe(200);
  });
});
