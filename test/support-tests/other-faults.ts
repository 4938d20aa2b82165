/** What each fault of access, writes, time and load must do to an answer and to the world. */
import { expect } from 'vitest';
import { calendar, type FaultKit } from './fault-kit.ts';
import type { Scenario } from './reading-faults.ts';
import { event, multigetBody } from './sequences.ts';

function beforeEffect(status: number, headers: Readonly<Record<string, string>> = {}): Scenario {
  return async (kit) => {
    const answer = await kit.put('e1.ics');
    expect(answer.status).toBe(status);
    for (const [name, value] of Object.entries(headers)) expect(answer.headers[name]).toEqual([value]);
    expectUnchanged(kit);
  };
}

function expectUnchanged(kit: FaultKit): void {
  expect(kit.last().effect).toEqual({ kind: 'none' });
  expect(kit.server.world.body(calendar, 'e1.ics')).toBe(event('u-e1.ics', 'e1.ics'));
}

function expectChanged(kit: FaultKit): void {
  expect(kit.last().effect.kind).toBe('updated');
  expect(kit.server.world.body(calendar, 'e1.ics')).toBe(event('u-e1.ics', 'changed'));
}

const namingVersions = async (kit: FaultKit) => [
  await kit.propfind(calendar, 1),
  await kit.sync(''),
  await kit.ask('REPORT', calendar, { body: multigetBody([`${calendar}e1.ics`]) }),
];

const alarm = ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', 'TRIGGER:-PT10M', 'END:VALARM'].join('\n');

const located = event('u-e1.ics', 'changed', 'LOCATION:Room 1');

export const otherFaults = {
  unauthorized_anyway: async (kit) => {
    const { status, headers } = await kit.propfind(calendar, 0);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toHaveLength(2);
  },
  forbidden_anyway: async (kit) => {
    expect((await kit.propfind(calendar, 0)).status).toBe(403);
  },
  moved_redirect: async (kit) => {
    const { status, headers } = await kit.propfind(calendar, 0);
    expect([status, headers['location']]).toEqual([301, [kit.server.origins[1] + calendar]]);
  },
  moved_hrefs: async (kit) => {
    const { body } = await kit.propfind(calendar, 1);
    expect(body).toContain(`<D:href>${kit.server.origins[1]}${calendar}e1.ics</D:href>`);
  },
  moved_gone: async (kit) => {
    expect((await kit.propfind(calendar, 0)).status).toBe(404);
    const { body } = await kit.propfind('/principals/alice/', 0);
    expect(body).toContain(`<D:href>${kit.server.origins[1]}/calendars/alice/</D:href>`);
    const there = await kit.ask('GET', `${calendar}e1.ics`, { origin: kit.server.origins[1] });
    expect(there.status).toBe(200);
  },
  principal_wrong_500: async (kit) => {
    kit.server.world.addUser('bob', 'other');
    expect((await kit.propfind('/principals/bob/', 0)).status).toBe(500);
    const wrong = await kit.ask('PROPFIND', '/principals/bob/', { password: 'wrong' });
    expect(wrong.status).toBe(401);
  },
  preconditions_ignored: async (kit) => {
    expect((await kit.put('e1.ics', undefined, { 'if-match': '"wrong"' })).status).toBe(204);
    expectChanged(kit);
  },
  put_failure_in_207: async (kit) => {
    const answer = await kit.put('e1.ics', undefined, { 'if-match': '"wrong"' });
    expect(answer.status).toBe(207);
    expect(kit.rows(answer)).toEqual(['./e1.ics 412']);
    expectUnchanged(kit);
  },
  put_deleted_uid_400: async (kit) => {
    kit.server.world.remove(calendar, 'e1.ics');
    const again = await kit.put('other.ics', event('u-e1.ics', 'again'));
    expect([again.status, again.body]).toEqual([400, expect.stringContaining('Deleted calendar object with uid')]);
    expect((await kit.put('other.ics', event('u-next', 'next'))).status).toBe(201);
  },
  put_uid_elsewhere_409: async (kit) => {
    const other = kit.server.world.addCalendar('alice', 'Other');
    const refused = await kit.ask('PUT', `${other}e1.ics`, { body: event('u-e1.ics', 'twin') });
    expect([refused.status, refused.body]).toEqual([409, expect.stringContaining('no-uid-conflict')]);
  },
  uid_aliased_changes: async (kit) => {
    const other = kit.server.world.addCalendar('alice', 'Other');
    kit.server.world.put(other, 'copy.ics', event('u-e1.ics', 'e1.ics'));
    expect((await kit.put('e1.ics')).status).toBe(204);
    expect(kit.server.world.body(other, 'copy.ics')).toBe(event('u-e1.ics', 'changed'));
    expect((await kit.ask('DELETE', `${calendar}e1.ics`)).status).toBe(204);
    expect(kit.server.world.names(other)).toEqual([]);
  },
  uid_aliased_moves: async (kit) => {
    const other = kit.server.world.addCalendar('alice', 'Other');
    kit.server.world.put(other, 'copy.ics', event('u-e1.ics', 'e1.ics'));
    expect((await kit.put('e1.ics')).status).toBe(204);
    expectChanged(kit);
    expect(kit.server.world.names(other)).toEqual([]);
  },
  put_without_end_403: async (kit) => {
    const body = event('u-e1.ics', 'endless').replace(/^DTEND.*\r\n/m, '');
    expect((await kit.put('e1.ics', body)).status).toBe(403);
    expectUnchanged(kit);
    expect((await kit.put('e1.ics')).status).toBe(204);
  },
  put_rewrites_body: async (kit) => {
    const answer = await kit.put('e1.ics');
    expect([answer.status, answer.headers['etag']]).toEqual([204, undefined]);
    expect(kit.server.world.body(calendar, 'e1.ics')).toContain('X-MODEL-SERVER:1');
  },
  put_drops_location: async (kit) => {
    const answer = await kit.put('e1.ics', located);
    expect([answer.status, answer.headers['etag']]).toEqual([204, undefined]);
    expectChanged(kit);
  },
  put_adds_alarm: async (kit) => {
    const answer = await kit.put('e1.ics');
    expect([answer.status, answer.headers['etag']]).toEqual([204, undefined]);
    expect(kit.server.world.body(calendar, 'e1.ics').match(/BEGIN:VALARM/g)).toHaveLength(1);
    await kit.put('e1.ics', kit.server.world.body(calendar, 'e1.ics'));
    expect(kit.server.world.body(calendar, 'e1.ics').match(/BEGIN:VALARM/g)).toHaveLength(1);
  },
  put_drops_alarms: async (kit) => {
    const answer = await kit.put('e1.ics', event('u-e1.ics', 'changed', alarm));
    expect([answer.status, answer.headers['etag']]).toEqual([204, undefined]);
    expectChanged(kit);
  },
  reads_add_alarm: async (kit) => {
    const read = async () => kit.ask('GET', `${calendar}e1.ics`);
    const [first, listed] = [
      await read(),
      await kit.ask('REPORT', calendar, { body: multigetBody([`${calendar}e1.ics`]) }),
    ];
    for (const { body } of [first, listed]) expect(body).toContain('BEGIN:VALARM');
    kit.server.faults.clearAll();
    const second = await read();
    expect([second.headers['etag'], second.body]).toEqual([first.headers['etag'], event('u-e1.ics', 'e1.ics')]);
  },
  put_without_etag: async (kit) => {
    expect((await kit.put('e1.ics')).headers['etag']).toBeUndefined();
    expectChanged(kit);
  },
  duplicate_uids_accepted: async (kit) => {
    expect((await kit.put('other.ics', event('u-e1.ics', 'twin'))).status).toBe(201);
  },
  weak_etags: async (kit) => {
    expect((await kit.ask('GET', `${calendar}e1.ics`)).headers['etag']?.[0]).toMatch(/^W\/"/);
    expect((await kit.propfind(calendar, 1)).body).toContain('<D:getetag>W/');
  },
  etags_unlisted: async (kit) => {
    for (const { body } of await namingVersions(kit)) expect(body).not.toMatch(/<D:getetag>[^<]*e\d/);
    expect((await kit.ask('GET', `${calendar}e1.ics`)).headers['etag']).toHaveLength(1);
    expect((await kit.put('e1.ics')).headers['etag']).toHaveLength(1);
  },
  etags_absent: async (kit) => {
    for (const { body } of await namingVersions(kit)) expect(body).not.toMatch(/<D:getetag>[^<]*e\d/);
    expect((await kit.ask('GET', `${calendar}e1.ics`)).headers['etag']).toBeUndefined();
    expect((await kit.put('e1.ics')).headers['etag']).toBeUndefined();
  },
  bare_etags: async (kit) => {
    const etag = (await kit.ask('GET', `${calendar}e1.ics`)).headers['etag']?.[0] ?? '';
    expect(etag).toMatch(/^\d+\.\d+$/);
    expect((await kit.propfind(calendar, 1)).body).toContain(`<D:getetag>${etag}</D:getetag>`);
    expect((await kit.put('e1.ics', undefined, { 'if-match': '1.2' })).status).toBe(412);
    expect((await kit.put('e1.ics', undefined, { 'if-match': etag })).status).toBe(204);
  },
  delete_third_403: async (kit) => {
    for (let times = 0; times < 2; times += 1) {
      expect((await kit.ask('DELETE', `${calendar}e1.ics`)).status).toBe(204);
      kit.server.world.put(calendar, 'e1.ics', event('u-e1.ics', 'e1.ics'));
    }
    expect((await kit.ask('DELETE', `${calendar}e1.ics`)).status).toBe(403);
  },
  write_forbidden_403: async (kit) => {
    await beforeEffect(403)(kit);
    expect((await kit.ask('GET', `${calendar}e1.ics`)).status).toBe(200);
  },
  write_locked_423: async (kit) => {
    await beforeEffect(423)(kit);
    expect((await kit.propfind(calendar, 1)).status).toBe(207);
  },
  mkcalendar_405: async (kit) => {
    expect((await kit.ask('MKCALENDAR', '/calendars/alice/new/')).status).toBe(405);
  },
  delete_404: async (kit) => {
    expect((await kit.ask('DELETE', `${calendar}e1.ics`)).status).toBe(404);
    expect(kit.last().effect.kind).toBe('removed');
    expect(kit.server.world.etag(calendar, 'e1.ics')).toBeNull();
  },
  clock_skew: async (kit) => {
    const before = kit.clock.now();
    const { headers } = await kit.propfind(calendar, 0);
    expect(Date.parse(headers['date']?.[0] ?? '')).toBe(before + 3_600_000);
    kit.server.faults.set('throttled_429_date', { nextN: 1 });
    const throttled = await kit.propfind(calendar, 0);
    expect(throttled.status).toBe(429);
    const { atMs } = kit.last();
    expect(Date.parse(throttled.headers['date']?.[0] ?? '')).toBe(atMs + 3_600_000);
    expect(Date.parse(throttled.headers['retry-after']?.[0] ?? '')).toBe(atMs + 3_660_000);
  },
  throttled_429: async (kit) => {
    const answer = await kit.put('e1.ics');
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, undefined]);
    expectUnchanged(kit);
  },
  throttled_429_seconds: beforeEffect(429, { 'retry-after': '60' }),
  throttled_429_date: beforeEffect(429, { 'retry-after': 'Thu, 01 Jan 2026 12:01:00 GMT' }),
  throttled_503_seconds: beforeEffect(503, { 'retry-after': '60' }),
  slow_answer: async (kit) => {
    const before = kit.clock.now();
    await kit.propfind(calendar, 0);
    expect(kit.last().atMs - before).toBe(3_000);
  },
  slow_hrefs: async (kit) => {
    const before = kit.clock.now();
    await kit.multiget();
    expect(kit.last().atMs - before).toBe(7 * 34);
    await kit.propfind(calendar, 0);
    expect(kit.server.faults.count('slow_hrefs')).toBe(1);
  },
  slow_drip: async (kit) => {
    expect((await kit.propfind(calendar, 0)).wire).toEqual({ kind: 'drip', bytesPerSecond: 200 });
  },
  host_down: async (kit) => {
    expect((await kit.put('e1.ics')).wire.kind).toBe('refuse');
    expectUnchanged(kit);
  },
  hangs: async (kit) => {
    expect((await kit.put('e1.ics')).wire.kind).toBe('hang');
    expectUnchanged(kit);
  },
  status_500: beforeEffect(500),
  status_501: beforeEffect(501),
  status_502: beforeEffect(502),
  status_503: beforeEffect(503),
  status_504: beforeEffect(504),
  status_502_after_effect: async (kit) => {
    expect((await kit.put('e1.ics')).status).toBe(502);
    expectChanged(kit);
  },
  dropped_before_effect: async (kit) => {
    expect((await kit.put('e1.ics')).wire.kind).toBe('drop');
    expectUnchanged(kit);
  },
  dropped_after_effect: async (kit) => {
    expect((await kit.put('e1.ics')).wire.kind).toBe('drop');
    expectChanged(kit);
    expect(kit.last().status).toBe(0);
  },
  effect_late: async (kit) => {
    expect((await kit.put('e1.ics')).wire.kind).toBe('hang');
    expectUnchanged(kit);
    await kit.clock.advance(60_000);
    expectChanged(kit);
  },
} satisfies Record<string, Scenario>;
