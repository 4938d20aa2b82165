/** What the model server does when nothing is wrong: discovery, properties, sharing, tokens, tags, calendars, logins. */
import { describe, expect, test } from 'vitest';
import { createModelServer } from '../support/caldav-model/server.ts';
import { xmlNamespaces } from '../support/caldav-server.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createHash } from 'node:crypto';
import { calendar, faultKit, names, sequence } from './fault-kit.ts';
import { event, tokenIn } from './sequences.ts';

describe('discovery', () => {
  test('leads from the well-known path over the principal to the home', async () => {
    const kit = faultKit();
    const wellKnown = await kit.ask('PROPFIND', '/.well-known/caldav');
    expect([wellKnown.status, wellKnown.headers['location']]).toEqual([301, ['/']]);
    const ask = (path: string, property: string): ReturnType<typeof kit.ask> =>
      kit.ask('PROPFIND', path, {
        headers: { depth: '0' },
        body: `<d:propfind ${xmlNamespaces}><d:prop>${property}</d:prop></d:propfind>`,
      });
    const root = await ask('/', '<d:current-user-principal/>');
    expect(root.body).toContain('<D:current-user-principal><D:href>/principals/alice/</D:href>');
    const principal = await ask('/principals/alice/', '<c:calendar-home-set/>');
    expect(principal.body).toContain('<C:calendar-home-set><D:href>/calendars/alice/</D:href>');
  });

  test('tells the properties of a calendar, and 404 for those that it has not', async () => {
    const kit = faultKit();
    const asked =
      '<d:displayname/><a:calendar-color/><c:calendar-timezone/><c:supported-calendar-component-set/><d:current-user-privilege-set/><d:supported-report-set/><cs:getctag/><x:unknown xmlns:x="urn:x"/>';
    const { body } = await kit.ask('PROPFIND', calendar, {
      headers: { depth: '0' },
      body: `<d:propfind ${xmlNamespaces}><d:prop>${asked}</d:prop></d:propfind>`,
    });
    const [found = '', missing = ''] = body.split('HTTP/1.1 200');
    for (const part of [
      '<D:displayname>Work</D:displayname>',
      '<A:calendar-color>#ff0000</A:calendar-color>',
      '<C:comp name="VEVENT"/>',
      '<D:privilege><D:write-content/></D:privilege>',
      '<D:report><D:sync-collection/></D:report>',
      '<CS:getctag>"6"</CS:getctag>',
    ]) {
      expect(found).toContain(part);
    }
    expect(missing).toContain('<C:calendar-timezone/>');
    expect(missing).toContain('<unknown xmlns="urn:x"/>');
  });

  test('refuses strangers, wrong passwords and other people', async () => {
    const kit = faultKit();
    kit.server.world.addUser('bob', 'bobs');
    expect((await kit.ask('GET', `${calendar}e1.ics`, { password: 'wrong' })).status).toBe(401);
    expect((await kit.ask('GET', `${calendar}e1.ics`, { headers: { authorization: '' } })).status).toBe(401);
    expect((await kit.ask('PROPFIND', '/calendars/bob/', { headers: { depth: '0' } })).status).toBe(403);
    kit.server.world.changePassword('alice', 'new');
    expect((await kit.ask('GET', `${calendar}e1.ics`)).status).toBe(401);
  });
});

describe('tokens', () => {
  test('a client limit pages through everything, each page with a token of its own', async () => {
    const kit = faultKit();
    const seen: string[] = [];
    let token = '';
    for (let page = 0; page < 3; page += 1) {
      const answer = await kit.sync(token, 2);
      seen.push(...kit.rows(answer));
      token = tokenIn(answer.body);
    }
    expect(seen.filter((row) => row === './ 507')).toHaveLength(2);
    expect(seen.filter((row) => row !== './ 507')).toEqual(names.map((name) => `./${name} props with-etag`));
    expect(kit.rows(await kit.sync(token))).toEqual([]);
  });

  test('what came and went since a token is not told; what went and came is told as changed', async () => {
    const kit = faultKit();
    const token = tokenIn((await kit.sync('')).body);
    const { world } = kit.server;
    world.put(calendar, 'brief.ics', event('u-brief', 'brief'));
    world.remove(calendar, 'brief.ics');
    world.remove(calendar, 'e1.ics');
    world.put(calendar, 'e1.ics', event('u-e1.ics', 'back'));
    expect(kit.rows(await kit.sync(token))).toEqual(['./e1.ics props with-etag']);
  });

  test('tokens that the server forgot, of another calendar, or from the future are refused', async () => {
    const kit = faultKit();
    const token = tokenIn((await kit.sync('')).body);
    const future = token.replace(/\d+$/, '99');
    expect((await kit.sync(future)).status).toBe(403);
    kit.server.world.forgetTokens(calendar);
    expect((await kit.sync(token)).body).toContain('valid-sync-token');
    expect((await kit.sync('')).status).toBe(207);
  });

  test('a server without sync-collection says so and has ctags', async () => {
    const kit = faultKit();
    kit.server.abilities.sync = false;
    expect((await kit.sync('')).status).toBe(403);
    expect((await kit.propfind(calendar, 0)).body).not.toContain('http://model.test/sync/');
  });
});

describe('people', () => {
  test('share a calendar to read or to write, and withdraw the share', async () => {
    const kit = faultKit();
    const { world } = kit.server;
    world.addUser('bob', 'bobs');
    const theirs = world.addCalendar('bob', 'Team');
    world.put(theirs, 't.ics', event('u-t', 'team'));
    const shared = world.share(theirs, 'alice', 'read');
    expect(shared).toBe('/calendars/alice/team-of-bob/');
    expect((await kit.ask('GET', `${shared}t.ics`)).status).toBe(200);
    const refused = await kit.ask('PUT', `${shared}t.ics`, { body: event('u-t', 'mine') });
    expect([refused.status, refused.body.includes('need-privileges')]).toEqual([403, true]);
    world.withdrawShare(shared);
    expect((await kit.ask('GET', `${shared}t.ics`)).status).toBe(404);
    expect((await kit.ask('PROPFIND', shared, { headers: { depth: '0' } })).status).toBe(404);
    expect(world.contents('bob').get(theirs)?.size).toBe(1);
  });

  test('move events between calendars, remove calendars, and all of it can be compared', async () => {
    const kit = faultKit();
    const { world } = kit.server;
    const home = world.addCalendar('alice', 'Home');
    const token = tokenIn((await kit.sync('')).body);
    world.move(calendar, 'e1.ics', home);
    expect(kit.rows(await kit.sync(token))).toEqual(['./e1.ics 404']);
    expect([...(world.contents('alice').get(home)?.keys() ?? [])]).toEqual(['e1.ics']);
    world.removeCalendar(home);
    expect(world.calendarsOf('alice')).toEqual([calendar]);
    expect([...world.contents().keys()]).toEqual([calendar]);
  });

  test('an answer of an attendee changes the etag and keeps the schedule tag', async () => {
    const kit = faultKit();
    const before = await kit.ask('GET', `${calendar}e1.ics`);
    const tag = before.headers['schedule-tag']?.[0] ?? '';
    kit.server.world.reply(calendar, 'e1.ics', (body) => body.replace('SUMMARY', 'COMMENT:yes\r\nSUMMARY'));
    const etag = before.headers['etag']?.[0] ?? '';
    expect((await kit.put('e1.ics', undefined, { 'if-match': etag })).status).toBe(412);
    expect((await kit.put('e1.ics', undefined, { 'if-schedule-tag-match': tag })).status).toBe(204);
    expect((await kit.put('e1.ics', undefined, { 'if-schedule-tag-match': tag })).status).toBe(412);
  });

  test('can leave rubbish in a calendar that no server would accept over the wire', async () => {
    const kit = faultKit();
    kit.server.world.put(calendar, 'rubbish.ics', 'rubbish');
    expect((await kit.ask('GET', `${calendar}rubbish.ics`)).body).toBe('rubbish');
    const refused = await kit.ask('PUT', `${calendar}more.ics`, { body: 'rubbish' });
    expect([refused.status, refused.body.includes('valid-calendar-data')]).toEqual([403, true]);
    const noUid = await kit.ask('PUT', `${calendar}more.ics`, { body: event('', 'no uid') });
    expect([noUid.status, noUid.body.includes('valid-calendar-object-resource')]).toEqual([403, true]);
  });
});

describe('calendars', () => {
  test('are made with their properties, once, changed, and removed', async () => {
    const kit = faultKit();
    const set = `<d:set><d:prop><d:displayname>New &amp; blue</d:displayname><a:calendar-color>#0000ff</a:calendar-color></d:prop></d:set>`;
    const path = '/calendars/alice/new/';
    const make = (): ReturnType<typeof kit.ask> =>
      kit.ask('MKCALENDAR', path, { body: `<c:mkcalendar ${xmlNamespaces}>${set}</c:mkcalendar>` });
    expect((await make()).status).toBe(201);
    expect(kit.last().effect).toEqual({ kind: 'calendar_made', path });
    expect(kit.server.world.displayName(path)).toBe('New & blue');
    expect((await make()).body).toContain('resource-must-be-null');
    const renamed = `<d:propertyupdate ${xmlNamespaces}><d:set><d:prop><d:displayname>Newer</d:displayname></d:prop></d:set></d:propertyupdate>`;
    expect((await kit.ask('PROPPATCH', path, { body: renamed })).status).toBe(207);
    expect(kit.server.world.displayName(path)).toBe('Newer');
    expect((await kit.ask('DELETE', path)).status).toBe(204);
    expect(kit.server.world.calendarsOf('alice')).toEqual([calendar]);
  });
});

describe('Digest', () => {
  const algorithms = [
    ['digest-md5', 'md5'],
    ['digest-sha-256', 'sha256'],
  ] as const;

  test.each(algorithms)('%s accepts the right answer to its challenge and no other', async (auth, algorithm) => {
    const server = createModelServer({ clock: createFakeClock(0), random: sequence(1), auth });
    server.world.addUser('alice', 'secret');
    const url = `${server.origins[0]}/calendars/alice/`;
    const ask = (authorization: string): ReturnType<typeof server.respond> =>
      server.respond({ method: 'PROPFIND', url, headers: { authorization, depth: '0' } });
    const challenge = (await ask('')).headers['www-authenticate']?.[0] ?? '';
    const realm = /realm="([^"]*)"/.exec(challenge)?.[1] ?? '';
    const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
    const hash = (text: string): string => createHash(algorithm).update(text).digest('hex');
    const header = (password: string, method = 'PROPFIND'): string => {
      const secret = hash(`alice:${realm}:${password}`);
      const response = hash(`${secret}:${nonce}:00000001:c:auth:${hash(`${method}:/calendars/alice/`)}`);
      return `Digest username="alice", realm="${realm}", nonce="${nonce}", uri="/calendars/alice/", qop=auth, nc=00000001, cnonce="c", response="${response}"`;
    };
    expect((await ask(header('secret'))).status).toBe(207);
    expect((await ask(header('wrong'))).status).toBe(401);
    expect((await ask(header('secret', 'GET'))).status).toBe(401);
  });
});

test('the request log says what each request did, exactly once', async () => {
  const kit = faultKit();
  await kit.put('e1.ics');
  await kit.put('new.ics');
  await kit.put('e1.ics', undefined, { 'if-match': '"wrong"' });
  await kit.ask('DELETE', `${calendar}e2.ics`);
  await kit.multiget();
  expect(kit.server.log.map(({ method, status, effect }) => `${method} ${status} ${effect.kind}`)).toEqual([
    'PUT 204 updated',
    'PUT 201 created',
    'PUT 412 none',
    'DELETE 204 removed',
    'REPORT 207 none',
  ]);
  expect(kit.last().report).toBe('calendar-multiget');
  expect(kit.server.log[1]?.effect).toMatchObject({ path: `${calendar}new.ics` });
});

test('the same requests with the same clock and random give the same answers', async () => {
  const run = async (): Promise<unknown> => {
    const kit = faultKit();
    kit.server.faults.set('multiget_omits', { probability: 0.5 });
    kit.server.faults.set('status_500', { probability: 0.2 });
    kit.server.faults.set('effect_late', { probability: 0.2 });
    for (let round = 0; round < 12; round += 1) {
      await kit.multiget();
      await kit.put(`x${round}.ics`);
    }
    return { log: kit.server.log, contents: [...kit.server.world.contents()].map(([at, all]) => [at, [...all]]) };
  };
  expect(await run()).toEqual(await run());
});
