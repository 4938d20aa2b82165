/** Looking for an account that has moved: who knows the way, who is asked, and who is never told the password. */
import { describe, expect, test } from 'vitest';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { ServiceLookup } from '../../../providers/caldav/candidates.ts';
import { failure } from '../../contracts/provider-subject.ts';
import { modelSession, skippingClock } from '../model-session.ts';
import { stubHttp, type StubAnswer } from '../stub-http.ts';
import { collection, connect, credentials, home, lookup, principal, signal } from './discovery-stubs.ts';

describe('looking for an account that has moved', () => {
  const root = { server: 'https://p42.example.com', home: '/me/cal/', principal: '/me/', software: 'unknown' };
  const there = {
    'PROPFIND https://p7.example.com/users/me/': home('/users/me/', '/users/me/cal/'),
    'PROPFIND https://p7.example.com/users/me/cal/': collection('/users/me/cal/'),
  };
  const moved = { ...root, server: 'https://p7.example.com', home: '/users/me/cal/', principal: '/users/me/' };

  function rediscover(address: string | null, routes: Readonly<Record<string, StubAnswer>>, services?: ServiceLookup) {
    const { http, sent } = stubHttp({ 'https://p42.example.com/': { status: 404 }, ...routes });
    const provider = createCalDav({
      http,
      clock: skippingClock(),
      random: () => 0.5,
      ...(services === undefined ? {} : { services }),
    });
    const hosts = (): string[] => [...new Set(sent.map(({ url }) => new URL(url).host))];
    return { found: provider.rediscover({ root, credentials, signal }, address), sent, hosts };
  }

  test('the principal of the old place knows the way, and nobody else is asked', async () => {
    const { found, hosts } = rediscover('dav.example.com', {
      ...there,
      'PROPFIND https://p42.example.com/me/': {
        ...principal('/me/', '/me/'),
        text: (principal('/me/', '/me/').text ?? '').replace(
          '</d:prop>',
          '<c:calendar-home-set><d:href>https://p7.example.com/users/me/cal/</d:href></c:calendar-home-set></d:prop>',
        ),
      },
    });
    expect(await found).toEqual({ ...moved, principal: '/me/' });
    expect(hosts()).toEqual(['p42.example.com', 'p7.example.com']);
  });

  test('its well-known address knows the way', async () => {
    const { found } = rediscover(null, {
      ...there,
      'PROPFIND https://p42.example.com/.well-known/caldav': {
        status: 301,
        headers: { location: 'https://p7.example.com/' },
      },
      'PROPFIND https://p7.example.com/': principal('/', '/users/me/'),
    });
    expect(await found).toEqual(moved);
  });

  const typed = {
    ...there,
    'PROPFIND https://dav.example.com/': principal('/', 'https://p7.example.com/users/me/'),
  };

  test('what the person typed knows the way, where the old place knows nothing, refuses, or is no more', async () => {
    const old = ['/', '/me/', '/.well-known/caldav'].map((path) => `https://p42.example.com${path}`);
    for (const status of [404, 401, 421]) {
      const { found } = rediscover('dav.example.com', {
        ...typed,
        ...Object.fromEntries(old.map((url) => [url, { status }])),
      });
      expect(await found, String(status)).toEqual(moved);
    }
  });

  test('a server that refuses the password is asked for nothing more', async () => {
    const refused = { status: 401 };
    const { found, sent } = rediscover('https://p42.example.com/other/', { 'https://p42.example.com/me/': refused });
    expect((await failure(found)).code).toBe('unauthorized');
    expect(sent).toHaveLength(1);
  });

  test('an account that is where it was has not moved; one that is nowhere is not found', async () => {
    const same = rediscover(null, {
      'PROPFIND https://p42.example.com/me/': home('/me/', '/me/cal/'),
      'PROPFIND https://p42.example.com/me/cal/': collection('/me/cal/'),
    });
    expect(await same.found).toBeNull();
    expect((await failure(rediscover('dav.example.com', {}).found)).code).toBe('not_a_calendar_server');
  });

  test.each([
    ['what was typed is', 'dav.stranger.net', {}],
    ['the address was typed with http', 'http://dav.example.com/', {}],
    [
      'DNS leads to',
      'alice@example.org',
      { 'PROPFIND https://dav.stranger.net/': principal('/', 'https://p7.example.com/users/me/') },
    ],
    [
      'the principal is',
      null,
      { 'PROPFIND https://p42.example.com/': principal('/', 'https://dav.stranger.net/users/me/') },
    ],
  ])('%s of another site, or without TLS: nothing is sent there', async (_what, address, routes) => {
    const services = lookup({ '_caldavs._tcp.example.org': 'dav.stranger.net' });
    const strangers = { 'https://dav.stranger.net/': { status: 207 }, 'http://dav.example.com/': { status: 207 } };
    const { found, sent } = rediscover(address, { ...strangers, ...routes }, services);
    await failure(found);
    for (const { url } of sent) expect(url).toMatch(/^https:\/\/p42\.example\.com\//);
  });

  test('what was typed is kept without the password in it', async () => {
    const { connected } = connect('https://alice:hunter2@p7.example.com/users/me/', there);
    expect((await connected).address).toBe('https://p7.example.com/users/me/');
  });
});

describe('a wrong principal, which is 500 (GMX)', () => {
  const wrong = '/principals/bob/';
  const start = async () => {
    const at = await modelSession();
    at.server.world.addUser('bob', 'other');
    at.server.faults.set('principal_wrong_500', { always: true });
    return at;
  };

  test('is no end of the search, and no word about the password', async () => {
    const { provider, session, server } = await start();
    const address = server.origins[0] + wrong;
    const { root } = await provider.connect({ address, credentials: session.credentials }, signal);
    expect(root).toEqual(session.root);
    const mistyped = { kind: 'password', username: 'alice', password: 'typo' } as const;
    expect((await failure(provider.connect({ address, credentials: mistyped }, signal))).code).toBe('unauthorized');
    expect(server.faults.count('principal_wrong_500')).toBeGreaterThan(0);
  });

  test('of an account that is another’s by now is ambiguous, and looked for elsewhere', async () => {
    const { provider, session } = await start();
    const stale = { ...session, root: { ...session.root, home: '/calendars/bob/', principal: wrong } };
    expect((await failure(provider.listCalendars(stale))).verdict).toBe('ambiguous');
    expect(await provider.rediscover(stale, null)).toEqual(session.root);
  });
});

test.each([404, 421])('a partition that answers %s to all but its principals sends us on', async (status) => {
  const { provider, session, server } = await modelSession();
  server.faults.set('moved_gone', { always: true, value: status });
  expect((await failure(provider.listCalendars(session))).code).toBe(status === 404 ? 'not_found' : 'misdirected');
  expect(await provider.rediscover(session, null)).toMatchObject({ server: server.origins[1] });
});
