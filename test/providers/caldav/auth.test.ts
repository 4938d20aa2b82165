import { describe, expect, test } from 'vitest';
import { Authoriser } from '../../../providers/caldav/auth/authorise.ts';
import { challengesOf, type Challenge } from '../../../providers/caldav/auth/challenge.ts';
import { bestDigest, digestHeader } from '../../../providers/caldav/auth/digest.ts';

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
    expect(authoriser.headers(credentials, 'GET', new URL('https://a.example/'))).toEqual({
      authorization: 'Basic dGVzdDoxMjPCow==',
    });
  });
});

describe('which header goes with a request', () => {
  const credentials = { kind: 'password', username: 'me', password: 'secret' } as const;
  const url = new URL('https://cal.example/dav/?x=1');
  const ask = 'Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256';

  test('nothing without credentials, Basic at first', () => {
    const authoriser = new Authoriser(() => 0);
    expect(authoriser.headers({ kind: 'none' }, 'GET', url)).toEqual({});
    expect(authoriser.learn({ kind: 'none' }, url, [ask])).toBe(false);
    expect(authoriser.headers(credentials, 'GET', url)['authorization']).toMatch(/^Basic /);
  });

  test('Digest once a server asked for it, with a count that grows, and only there', () => {
    const authoriser = new Authoriser(() => 0.5);
    expect(authoriser.learn(credentials, url, ['Basic realm="x"', ask])).toBe(true);
    const first = authoriser.headers(credentials, 'PROPFIND', url)['authorization'];
    expect(first).toContain('uri="/dav/?x=1"');
    expect(first).toContain('nc=00000001');
    expect(authoriser.headers(credentials, 'PROPFIND', url)['authorization']).toContain('nc=00000002');
    expect(authoriser.headers(credentials, 'GET', new URL('https://other.example/'))['authorization']).toMatch(
      /^Basic /,
    );
    expect(authoriser.headers({ ...credentials, username: 'you' }, 'GET', url)['authorization']).toMatch(/^Basic /);
  });

  test('a wrong password is asked once with Digest and not again', () => {
    const authoriser = new Authoriser(() => 0.5);
    expect(authoriser.learn(credentials, url, [ask])).toBe(true);
    authoriser.headers(credentials, 'GET', url);
    expect(authoriser.learn(credentials, url, [ask.replace('n1', 'n2')])).toBe(false);
  });

  test('a nonce that ran out is renewed, whether or not the server says stale', () => {
    const authoriser = new Authoriser(() => 0.5);
    authoriser.learn(credentials, url, [ask]);
    authoriser.headers(credentials, 'GET', url);
    expect(authoriser.learn(credentials, url, [`${ask.replace('n1', 'n2')}, stale=true`])).toBe(true);
    authoriser.headers(credentials, 'GET', url);
    authoriser.headers(credentials, 'GET', url);
    expect(authoriser.learn(credentials, url, [ask.replace('n1', 'n3')])).toBe(true);
    expect(authoriser.headers(credentials, 'GET', url)['authorization']).toContain('nonce="n3"');
  });

  test('a wrong password for Basic is not asked again', () => {
    const authoriser = new Authoriser(() => 0.5);
    expect(authoriser.learn(credentials, url, ['Basic realm="x"'])).toBe(false);
  });
});
