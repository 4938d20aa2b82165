/** From what a person typed to the home of an account: where is looked, and which failure is told when nothing is found. */
import { describe, expect, test } from 'vitest';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import { candidates, type ServiceLookup } from '../../../providers/caldav/candidates.ts';
import { softwareOf } from '../../../providers/caldav/quirks/software.ts';
import type { Connected } from '../../../providers/provider.ts';
import { failure } from '../../contracts/provider-subject.ts';
import { modelSession, skippingClock } from '../model-session.ts';
import { stubHttp, type StubAnswer } from '../stub-http.ts';

const credentials = { kind: 'password', username: 'alice@example.com', password: 'secret' } as const;
const signal = new AbortController().signal;

const multistatus = (href: string, props: string): StubAnswer => ({
  status: 207,
  headers: { 'content-type': 'application/xml' },
  text: `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response><d:href>${href}</d:href><d:propstat><d:prop>${props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`,
});

const principal = (at: string, href: string): StubAnswer =>
  multistatus(at, `<d:current-user-principal><d:href>${href}</d:href></d:current-user-principal>`);

const home = (at: string, href: string): StubAnswer =>
  multistatus(
    at,
    `<c:calendar-home-set><d:href>${href}</d:href></c:calendar-home-set><c:calendar-user-address-set><d:href>urn:uuid:1</d:href><d:href>mailto:alice@example.com</d:href></c:calendar-user-address-set>`,
  );

const collection = (at: string): StubAnswer => multistatus(at, '<d:resourcetype><d:collection/></d:resourcetype>');

function connect(address: string, routes: Readonly<Record<string, StubAnswer>>, services?: ServiceLookup) {
  const { http, sent } = stubHttp(routes);
  const provider = createCalDav({
    http,
    clock: skippingClock(),
    random: () => 0.5,
    ...(services === undefined ? {} : { services }),
  });
  const connected: Promise<Connected> = provider.connect({ address, credentials }, signal);
  return { connected, sent };
}

const lookup = (srv: Readonly<Record<string, string>>, txt: Readonly<Record<string, string>> = {}): ServiceLookup => ({
  srv: (name) => {
    const target = srv[name];
    if (target === undefined) return Promise.reject(new Error('ENOTFOUND'));
    const [host = '', port = '443'] = target.split(':');
    return Promise.resolve([{ name: host, port: Number(port), priority: 0, weight: 0 }]);
  },
  txt: (name) => {
    const text = txt[name];
    return text === undefined
      ? Promise.reject(new Error('ENODATA'))
      : Promise.resolve([[text.slice(0, 5), text.slice(5)]]);
  },
});

describe('what a person may type', () => {
  const typed = async (address: string, services: ServiceLookup | null = null): Promise<string[]> =>
    (await candidates(address, services)).map(({ href }) => href);

  test.each([
    ['cal.example.com', ['https://cal.example.com/']],
    [' Cal.Example.com ', ['https://cal.example.com/']],
    ['cal.example.com:8443', ['https://cal.example.com:8443/']],
    ['cal.example.com/dav/', ['https://cal.example.com/dav/']],
    ['https://cal.example.com/dav/?x=1#y', ['https://cal.example.com/dav/']],
    ['https://me:secret@cal.example.com/', ['https://cal.example.com/']],
    ['http://cal.example.com/', ['http://cal.example.com/']],
    ['localhost:5232', ['https://localhost:5232/', 'http://localhost:5232/']],
    ['127.0.0.1:5232', ['https://127.0.0.1:5232/', 'http://127.0.0.1:5232/']],
    ['192.168.1.7', ['https://192.168.1.7/']],
    ['alice@example.com', ['https://example.com/']],
    ['mailto:alice@example.com', ['https://example.com/']],
    ['alice@icloud.com', ['https://caldav.icloud.com/']],
    ['alice@me.com', ['https://caldav.icloud.com/']],
  ])('%s', async (address, expected) => {
    expect(await typed(address)).toEqual(expected);
  });

  test.each(['', '   ', 'two words', 'ftp://cal.example.com/', 'a@b@c', 'javascript:alert(1)', 'http://'])(
    '%j is no address',
    async (address) => {
      expect((await failure(candidates(address, null))).code).toBe('invalid_input');
    },
  );

  test('SRV and TXT records go before the domain of an e-mail address, and after a host name', async () => {
    const services = lookup(
      { '_caldavs._tcp.example.com': 'dav.hoster.net:8443' },
      { '_caldavs._tcp.example.com': 'path=/dav/' },
    );
    expect(await typed('alice@example.com', services)).toEqual([
      'https://dav.hoster.net:8443/dav/',
      'https://example.com/',
    ]);
    expect(await typed('example.com', services)).toEqual(['https://example.com/', 'https://dav.hoster.net:8443/dav/']);
    expect(await typed('example.com:99', services)).toEqual(['https://example.com:99/']);
    expect(await typed('alice@example.org', services)).toEqual(['https://example.org/']);
  });

  test('records of several servers are tried in order; "." means that there is no service', async () => {
    const services: ServiceLookup = {
      srv: () =>
        Promise.resolve([
          { name: 'third.example.com', port: 443, priority: 20, weight: 99 },
          { name: 'second.example.com.', port: 443, priority: 10, weight: 1 },
          { name: 'first.example.com', port: 443, priority: 10, weight: 5 },
          { name: '.', port: 0, priority: 0, weight: 0 },
        ]),
      txt: () => Promise.reject(new Error('ENODATA')),
    };
    expect(await typed('alice@example.com', services)).toEqual([
      'https://first.example.com/',
      'https://second.example.com/',
      'https://third.example.com/',
      'https://example.com/',
    ]);
  });
});

describe('connecting', () => {
  const icloud = {
    'PROPFIND https://caldav.icloud.com/.well-known/caldav': {
      status: 301,
      headers: { location: 'https://caldav.icloud.com/' },
    },
    'PROPFIND https://caldav.icloud.com/': principal('/', '/123/principal/'),
    'PROPFIND https://caldav.icloud.com/123/principal/': home(
      '/123/principal/',
      'https://p42-caldav.icloud.com:443/123/calendars/',
    ),
    'PROPFIND https://p42-caldav.icloud.com/123/calendars/': collection('/123/calendars/'),
    'PROPFIND https://p42-caldav.icloud.com/123/principal/': home('/123/principal/', '/123/calendars/'),
  };

  test('follows the home to its partition, with the account’s e-mail address', async () => {
    const { connected } = connect('alice@icloud.com', icloud);
    expect(await connected).toEqual({
      root: {
        server: 'https://p42-caldav.icloud.com',
        home: '/123/calendars/',
        principal: '/123/principal/',
        software: 'icloud',
      },
      address: 'alice@icloud.com',
      name: 'alice@example.com',
      email: 'alice@example.com',
    });
  });

  test('through SRV and TXT records to another domain', async () => {
    const { connected } = connect(
      'alice@example.com',
      {
        'PROPFIND https://dav.hoster.net/.well-known/caldav': { status: 404 },
        'GET https://dav.hoster.net/.well-known/caldav': { status: 404 },
        'PROPFIND https://dav.hoster.net/dav/': principal('/dav/', '/dav/me/'),
        'PROPFIND https://dav.hoster.net/dav/me/': home('/dav/me/', '/dav/me/cal'),
        'PROPFIND https://dav.hoster.net/dav/me/cal/': collection('/dav/me/cal/'),
      },
      lookup({ '_caldavs._tcp.example.com': 'dav.hoster.net' }, { '_caldavs._tcp.example.com': 'path=/dav/' }),
    );
    expect((await connected).root).toMatchObject({ server: 'https://dav.hoster.net', home: '/dav/me/cal/' });
  });

  test('a server without principals: the URL of a calendar or of a folder of calendars will do', async () => {
    const calendar = '<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>';
    const routes = {
      'PROPFIND https://cal.example.com/home/work/': multistatus('/home/work/', calendar),
      'PROPFIND https://cal.example.com/home/': {
        ...collection('/home/'),
        text: (collection('/home/').text ?? '').replace(
          '</d:multistatus>',
          (multistatus('/home/work/', calendar).text ?? '').replace(/^<d:multistatus[^>]*>/, ''),
        ),
      },
    };
    for (const address of ['https://cal.example.com/home/work/', 'https://cal.example.com/home/']) {
      expect((await connect(address, routes).connected).root).toMatchObject({ home: '/home/' });
    }
  });

  test('a home that redirects is remembered where it says it is', async () => {
    const { connected } = connect('https://cal.example.com/', {
      'PROPFIND https://cal.example.com/': principal('/', '/me/'),
      'PROPFIND https://cal.example.com/me/': home('/me/', '/me/cal/'),
      'PROPFIND https://cal.example.com/me/cal/': {
        status: 301,
        headers: { location: 'https://p7.example.com/users/m%65/cal/' },
      },
      'PROPFIND https://p7.example.com/users/m%65/cal/': collection('/users/me/cal'),
      'PROPFIND https://p7.example.com/users/me/cal/': collection('/users/me/cal'),
    });
    expect((await connected).root).toMatchObject({ server: 'https://p7.example.com', home: '/users/me/cal/' });
  });

  test('a wrong password ends the search at once', async () => {
    const at = await modelSession();
    const { signal: own } = at.session;
    const wrong = { ...credentials, username: 'alice', password: 'wrong' };
    const error = await failure(at.provider.connect({ address: at.server.origins[0], credentials: wrong }, own));
    expect(error).toMatchObject({ code: 'unauthorized', verdict: 'auth_suspect' });
    expect(at.wire.requests.length).toBeLessThanOrEqual(2);
  });

  test.each([
    [
      'a web site',
      { 'https://www.example.com/': { status: 200, headers: { 'content-type': 'text/html' }, text: '<html/>' } },
    ],
    ['a web site that knows no PROPFIND', { 'https://www.example.com/': { status: 405 } }],
    ['a WebDAV server without calendars', { 'PROPFIND https://www.example.com/': collection('/') }],
  ])('%s is no calendar server, and what was tried is told', async (_what, routes) => {
    const error = await failure(connect('www.example.com', routes).connected);
    expect(error).toMatchObject({ code: 'not_a_calendar_server', verdict: 'permanent' });
    expect(error.evidence?.excerpt).toContain('https://www.example.com/');
  });

  test.each(['https://ada:s3cretpw@www.example.com/', 'ada:s3cretpw@www.example.com'])(
    'a password that was typed into the address %s is in no message',
    async (address) => {
      const { message, evidence, cause } = await failure(
        connect(address, { 'https://www.example.com/': { status: 404 } }).connected,
      );
      expect(message).toBe('no calendar server was found at www.example.com');
      expect(JSON.stringify([message, evidence, cause])).not.toContain('s3cretpw');
    },
  );

  test('a name that nobody knows is that, not a server without calendars', async () => {
    const error = await failure(connect('nowhere.example.com', { 'https://x.example/': { status: 200 } }).connected);
    expect(error.code).toBe('name_not_found');
  });

  test.each([
    [503, 'unavailable'],
    [500, 'server_error'],
    [429, 'rate_limited'],
    [502, 'gateway_failed'],
  ])('a server that answers %s may well be one: %s', async (status, code) => {
    const error = await failure(
      connect('cal.example.com', {
        'PROPFIND https://cal.example.com/': { status },
        'https://cal.example.com/.well-known/caldav': { status },
      }).connected,
    );
    expect(error.code).toBe(code);
  });

  test.each([
    [
      '.well-known redirects',
      {
        'PROPFIND https://cal.example.com/.well-known/caldav': {
          status: 301,
          headers: { location: 'https://evil.example.net/' },
        },
      },
    ],
    [
      '.well-known redirects to http',
      {
        'PROPFIND https://cal.example.com/.well-known/caldav': {
          status: 301,
          headers: { location: 'http://cal.example.com/dav/' },
        },
      },
    ],
    [
      'the root redirects',
      { 'PROPFIND https://cal.example.com/': { status: 301, headers: { location: 'https://evil.example.net/' } } },
    ],
    ['the principal is', { 'PROPFIND https://cal.example.com/': principal('/', 'https://evil.example.net/me/') }],
    [
      'the home is',
      {
        'PROPFIND https://cal.example.com/': principal('/', '/me/'),
        'PROPFIND https://cal.example.com/me/': home('/me/', 'https://evil.example.net/me/'),
      },
    ],
  ])('%s on a stranger’s domain: nothing is sent there', async (_what, routes) => {
    const all = {
      ...routes,
      'https://evil.example.net/': { status: 207 },
      'http://cal.example.com/dav/': { status: 207 },
    };
    const { connected, sent } = connect('cal.example.com', all);
    expect((await failure(connected)).code).toBe('redirect_refused');
    for (const { url } of sent) expect(url).toMatch(/^https:\/\/cal\.example\.com\//);
  });

  test('half a document is not believed, though tsdav would', async () => {
    const whole = principal('/', '/me/').text ?? '';
    const { connected } = connect('cal.example.com', {
      'PROPFIND https://cal.example.com/': {
        status: 207,
        headers: { 'content-type': 'application/xml' },
        text: whole.slice(0, -12),
      },
      'PROPFIND https://cal.example.com/me/': home('/me/', '/me/cal/'),
      'PROPFIND https://cal.example.com/me/cal/': collection('/me/cal/'),
    });
    expect((await failure(connected)).code).toBe('not_a_calendar_server');
  });

  test('a server that takes us for nobody has not let us in', async () => {
    const nobody = multistatus('/', '<d:current-user-principal><d:unauthenticated/></d:current-user-principal>');
    expect(
      (await failure(connect('cal.example.com', { 'PROPFIND https://cal.example.com/': nobody }).connected)).code,
    ).toBe('unauthorized');
  });
});

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

describe('recognising software', () => {
  const none = { headers: {}, host: 'cal.example.com', home: '/me/', sample: '' };
  test.each([
    ['icloud', { host: 'p01-caldav.icloud.com' }],
    ['cyrus', { sample: 'xmlns:CY="http://cyrusimap.org/ns/"' }],
    ['radicale', { headers: { server: ['WSGIServer/0.2 CPython/3.11.2'] } }],
    ['xandikos', { headers: { server: ['Python/3.11 aiohttp/3.8.4'] } }],
    ['nextcloud', { home: '/remote.php/dav/calendars/me/' }],
    ['unknown', { host: 'noticloud.com' }],
    ['unknown', {}],
  ])('%s', (software, signs) => {
    expect(softwareOf({ ...none, ...signs })).toBe(software);
  });
});
