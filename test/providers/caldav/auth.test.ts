/** Challenges are read in all their forms and answered by Basic and Digest as the RFCs show it, without asking twice in vain. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Authoriser, type Authorisation } from '../../../providers/caldav/auth/authorise.ts';
import { challengesOf, type Challenge } from '../../../providers/caldav/auth/challenge.ts';
import { bestDigest, digestHeader } from '../../../providers/caldav/auth/digest.ts';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { Credentials } from '../../../providers/provider.ts';
import { localHttp, realClock } from '../caldav-under-test.ts';

const digest = (text: string): Challenge => {
  const found = bestDigest(challengesOf([text]));
  if (found === null) throw new Error('no usable challenge');
  return found;
};

describe('challenges', () => {
  test('several headers, several challenges in one header, quoted commas, odd spaces', () => {
    const found = challengesOf([
      'Basic realm="MMCalDav, \\"the\\" one"',
      'X-MobileMe-AuthToken realm="Newcastle"',
      'Negotiate YWJj==, Digest realm="r" , qop="auth,auth-int",nonce=abc, stale=TRUE,Basic realm = "second"',
    ]);
    expect(found).toEqual([
      { scheme: 'basic', parameters: { realm: 'MMCalDav, "the" one' } },
      { scheme: 'x-mobileme-authtoken', parameters: { realm: 'Newcastle' } },
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'digest', parameters: { realm: 'r', qop: 'auth,auth-int', nonce: 'abc', stale: 'TRUE' } },
      { scheme: 'basic', parameters: { realm: 'second' } },
    ]);
  });

  test.each(['', ',,,', '=', '"', 'Basic realm="never ends', '\u0000', 'Digest '.repeat(5_000)])(
    'nonsense is no challenge that anybody would hang on: %j',
    (header) => {
      expect(() => challengesOf([header])).not.toThrow();
    },
  );

  test('the strongest digest that can be answered is taken', () => {
    const offered = [
      'Digest realm="r", nonce="1", qop="auth", algorithm=MD5',
      'Digest realm="r", nonce="2", qop="auth", algorithm=SHA-256',
      'Digest realm="r", nonce="3", qop="auth-int", algorithm=SHA-512-256',
      'Digest realm="r", nonce="4", qop="auth", algorithm=TIGER',
      'Digest realm="r", qop="auth"',
    ];
    expect(bestDigest(challengesOf(offered))?.parameters['nonce']).toBe('2');
    expect(bestDigest(challengesOf(offered.slice(2)))).toBeNull();
  });
});

describe('the Digest scheme', () => {
  const request = { username: 'Mufasa', method: 'GET', uri: '/dir/index.html', nonceCount: 1 };

  test('RFC 7616 3.9.1 with MD5', () => {
    const challenge =
      'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
    const header = digestHeader(digest(challenge), {
      ...request,
      password: 'Circle of Life',
      clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    });
    expect(header).toContain('response="8ca523f5e9506fed4657c9700eebdbec"');
    expect(header).toContain('opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"');
    expect(header).toMatch(/, qop=auth, nc=00000001$/);
  });

  test('RFC 7616 3.9.1 with SHA-256', () => {
    const challenge =
      'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
    expect(
      digestHeader(digest(challenge), {
        ...request,
        password: 'Circle of Life',
        clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      }),
    ).toContain('response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"');
  });

  test('RFC 2617 3.5', () => {
    const challenge =
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    expect(
      digestHeader(digest(challenge), { ...request, password: 'Circle Of Life', clientNonce: '0a4f113b' }),
    ).toContain('response="6629fae49393a05397450978507c4ef1"');
  });

  test('RFC 2069 (no qop) has neither client nonce nor count', () => {
    const header = digestHeader(
      digest('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'),
      {
        ...request,
        password: 'CircleOfLife',
        clientNonce: 'unused',
      },
    );
    expect(header).toContain('response="1949323746fe6a43ef61f9606e7febea"');
    expect(header).not.toContain('cnonce');
    expect(header).not.toContain('nc=');
  });

  test('RFC 7617: Basic in UTF-8', () => {
    const authoriser = new Authoriser(() => 0);
    const credentials = { kind: 'password', username: 'test', password: '123£' } as const;
    expect(authoriser.authorise(credentials, 'GET', new URL('https://a.example/')).headers).toEqual({
      authorization: 'Basic dGVzdDoxMjPCow==',
    });
  });
});

describe('which header goes with a request', () => {
  const credentials = { kind: 'password', username: 'me', password: 'secret' } as const;
  const url = new URL('https://cal.example/dav/?x=1');
  const ask = 'Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256';

  const at = (password: Credentials = credentials) => {
    const authoriser = new Authoriser(() => 0.5);
    return {
      send: (method = 'GET', to = url, as: Credentials = password) => authoriser.authorise(as, method, to),
      letIn: (sent: Authorisation) => authoriser.letIn(sent),
      refuse: (sent: Authorisation, ...challenges: readonly string[]) =>
        authoriser.learn(password, url, sent, challenges),
    };
  };
  const headerOf = ({ headers }: Authorisation): string => headers['authorization'] ?? '';
  const nonce = (name: string): string => ask.replace('n1', name);

  /** A login whose nonce `n1` has worked. */
  const connected = () => {
    const server = at();
    server.refuse(server.send(), ask);
    server.letIn(server.send());
    return server;
  };

  test('nothing without credentials, Basic at first', () => {
    const nobody = at({ kind: 'none' });
    expect(nobody.send().headers).toEqual({});
    expect(nobody.refuse(nobody.send(), ask)).toBe(false);
    expect(headerOf(at().send())).toMatch(/^Basic /);
  });

  test('Digest once a server asked for it, with a count that grows, and only there', () => {
    const server = at();
    expect(server.refuse(server.send(), 'Basic realm="x"', ask)).toBe(true);
    const first = headerOf(server.send('PROPFIND'));
    expect(first).toContain('uri="/dav/?x=1"');
    expect(first).toContain('nc=00000001');
    expect(headerOf(server.send('PROPFIND'))).toContain('nc=00000002');
    expect(headerOf(server.send('GET', new URL('https://other.example/')))).toMatch(/^Basic /);
    expect(headerOf(server.send('GET', url, { ...credentials, username: 'you' }))).toMatch(/^Basic /);
  });

  test('a wrong password is asked once with Digest and not again', () => {
    const server = at();
    expect(server.refuse(server.send(), ask)).toBe(true);
    expect(server.refuse(server.send(), nonce('n2'))).toBe(false);
  });

  test('a password that was refused and is right again is let in, however short its nonces live', () => {
    const server = at();
    server.refuse(server.send(), ask);
    server.refuse(server.send(), nonce('n2'));
    expect(server.refuse(server.send(), nonce('n3'))).toBe(true);
    expect(headerOf(server.send())).toContain('nonce="n3"');
  });

  test('a nonce that ran out is renewed, whether or not the server says stale', () => {
    const server = at();
    server.refuse(server.send(), ask);
    expect(server.refuse(server.send(), `${nonce('n2')}, stale=true`)).toBe(true);
    server.letIn(server.send());
    expect(server.refuse(server.send(), nonce('n3'))).toBe(true);
    expect(headerOf(server.send())).toContain('nonce="n3"');
  });

  test('of requests that are under way when a nonce runs out each is worth another try', () => {
    const server = connected();
    const [one, two] = [server.send(), server.send()];
    expect(server.refuse(one, nonce('n2'))).toBe(true);
    server.send();
    expect(server.refuse(two, nonce('n3'))).toBe(true);
  });

  test('a server that goes back to Basic is followed by all who sent Digest', () => {
    const server = connected();
    const [one, two] = [server.send(), server.send()];
    expect([server.refuse(one, 'Basic realm="x"'), server.refuse(two, 'Basic realm="x"')]).toEqual([true, true]);
    expect(headerOf(server.send())).toMatch(/^Basic /);
  });

  test('a wrong password for Basic is not asked again', () => {
    const server = at();
    expect(server.refuse(server.send(), 'Basic realm="x"')).toBe(false);
  });
});

describe('names beyond Latin-1', () => {
  const ask = (more: string) => `Digest realm="Kalendář", qop="auth", nonce="n1"${more}`;
  const request = { username: 'пётр', password: 'heslo', method: 'PROPFIND', uri: '/h/', nonceCount: 1 };
  const header = (more = '', username = request.username): string =>
    digestHeader(digest(ask(more)), { ...request, username, clientNonce: 'c' });
  const onTheWire = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

  test('RFC 7616 3.9.2: username* for a server that announces UTF-8', () => {
    const sent = header(', charset=UTF-8', "Jäsøn Doe's");
    expect(sent).toContain("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe%27s, realm=");
    expect(header(', charset=UTF-8', 'ada')).toContain('username="ada"');
    expect(header(', charset=UTF-8, userhash=true')).toMatch(/username="[0-9a-f]{32}"/);
  });

  test('else the bytes of UTF-8 in quotes, and the realm as it came', () => {
    const sent = header();
    expect(sent).toContain(onTheWire('username="пётр", realm="Kalendář"'));
    expect(sent).not.toMatch(/[^\u0020-\u00ff]/);
  });

  test('a real server that asks for Digest gets bytes from which it computes the same', async () => {
    const md5 = (text: string | Buffer): string => createHash('md5').update(text).digest('hex');
    const server = createServer((asked, reply) => {
      const given = Buffer.from(asked.headers.authorization ?? '', 'latin1').toString('utf8');
      const field = (name: string): string => new RegExp(`${name}="?([^",]*)`).exec(given)?.[1] ?? '';
      const first = md5(`пётр:${field('realm')}:heslo`);
      const tail = `${field('nonce')}:${field('nc')}:${field('cnonce')}:auth:${md5(`PROPFIND:${field('uri')}`)}`;
      const isRight = field('username') === 'пётр' && field('response') === md5(`${first}:${tail}`);
      if (!isRight) reply.setHeader('www-authenticate', onTheWire(ask('')));
      reply.writeHead(isRight ? 207 : 401, { 'content-type': 'application/xml' });
      reply.end(
        '<multistatus xmlns="DAV:"><response><href>/h/</href><propstat><prop><resourcetype><collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>',
      );
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const http = localHttp();
    try {
      const provider = createCalDav({ http, clock: realClock, random: () => 0.5 });
      const { port } = server.address() as AddressInfo;
      const root = { server: `http://127.0.0.1:${port}`, home: '/h/' };
      const login = { kind: 'password', username: 'пётр', password: 'heslo' } as const;
      await provider.probe({ root, credentials: login, signal: new AbortController().signal });
    } finally {
      await http.close();
      await new Promise((done) => server.close(done));
    }
  });
});
