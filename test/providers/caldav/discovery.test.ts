/** From where it is looked for to the home of an account: what leads there, and which failure is told when nothing does. */
import { describe, expect, test } from 'vitest';
import { limits } from '../../../config/policies.ts';
import { failure } from '../../contracts/provider-subject.ts';
import { modelSession } from '../model-session.ts';
import { collection, connect, credentials, home, lookup, multistatus, principal } from './discovery-stubs.ts';

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
      aliases: [],
    });
  });

  test.each([
    [
      'all of them, in their order',
      '<d:href>mailto:Alice@icloud.com</d:href><d:href>/123/principal/</d:href><d:href>MAILTO:alice@work.example</d:href>',
      ['Alice@icloud.com', 'alice@work.example'],
    ],
    [
      'first the one that the server prefers',
      '<d:href preferred="0">mailto:a@x.y</d:href><d:href preferred="1">mailto:b@x.y</d:href><d:href>mailto:c@x.y</d:href>',
      ['b@x.y', 'a@x.y', 'c@x.y'],
    ],
    [
      'each once, and those that can be read beside one that cannot',
      '<d:href>mailto:a@x.y</d:href><d:href>mailto:%E4@x.y</d:href><d:href>mailto:A@x.y</d:href><d:href>mailto:b%2Bc@x.y</d:href>',
      ['a@x.y', '%E4@x.y', 'b+c@x.y'],
    ],
    [
      'no more than anybody has',
      Array.from({ length: 5_000 }, (_, k) => `<d:href>mailto:a${k}@x.y</d:href>`).join(''),
      Array.from({ length: limits.addressesPerPerson }, (_, k) => `a${k}@x.y`),
    ],
  ])('learns the person’s addresses: %s', async (_what, hrefs, expected) => {
    const { connected } = connect('https://cal.example.com/', {
      'PROPFIND https://cal.example.com/': principal('/', '/me/'),
      'PROPFIND https://cal.example.com/me/': home('/me/', '/me/cal/', hrefs),
      'PROPFIND https://cal.example.com/me/cal/': collection('/me/cal/'),
    });
    const { email, aliases } = await connected;
    expect([email, ...aliases]).toEqual(expected);
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
