/** Redirects are followed where a login may go with them, with method and body; nowhere else, and never for long. */
import { describe, expect, test } from 'vitest';
import { followRedirects, sameSite } from '../../providers/redirects.ts';
import { failure } from '../contracts/provider-subject.ts';
import { request, stubHttp } from './stub-http.ts';

const redirect = (to: string, status = 301) => ({ status, headers: { location: to } });

describe('redirects', () => {
  test.each([
    ['https://caldav.icloud.com/', 'https://p42-caldav.icloud.com:443/', true],
    ['https://cal.example.co.uk/', 'https://dav.example.co.uk/', true],
    ['https://one.co.uk/', 'https://two.co.uk/', false],
    ['https://icloud.com/', 'https://icloud.com.evil.example/', false],
    ['https://me.duckdns.org/', 'https://you.duckdns.org/', false],
    ['http://localhost:1/', 'http://localhost:2/', true],
    ['http://127.0.0.1:1/', 'http://127.0.0.1:2/', true],
    ['http://127.0.0.1/', 'http://127.0.0.2/', false],
    ['http://10.0.0.1/', 'http://1.0.0.1/', false],
    ['http://[::1]/', 'http://[::2]/', false],
    ['http://nas/', 'http://nas/', true],
    ['http://nas/', 'http://box/', false],
  ])('%s and %s belong to one site: %s', (a, b, same) => {
    expect(sameSite(new URL(a), new URL(b))).toBe(same);
  });

  test.each([301, 302, 303, 307, 308])('%s inside one site keeps method, body and credentials', async (status) => {
    const { http, sent } = stubHttp({
      'https://caldav.icloud.com/1/': redirect('https://p42-caldav.icloud.com/1/', status),
      'https://p42-caldav.icloud.com/1/': { status: 207, text: '<x/>' },
    });
    const answer = await followRedirects(http, request('PROPFIND', 'https://caldav.icloud.com/1/', '<find/>'), () => ({
      authorization: 'Basic abc',
    }));
    expect(answer).toMatchObject({ status: 207, url: 'https://p42-caldav.icloud.com/1/' });
    expect(sent).toMatchObject([
      { method: 'PROPFIND', headers: { authorization: 'Basic abc' } },
      { method: 'PROPFIND', body: '<find/>', headers: { authorization: 'Basic abc' } },
    ]);
  });

  test('a write that was answered with 303 is not sent again', async () => {
    const { http, sent } = stubHttp({ 'https://a.example/x': redirect('https://a.example/y', 303) });
    expect((await followRedirects(http, request('PUT', 'https://a.example/x', 'body'))).status).toBe(303);
    expect(sent.length).toBe(1);
  });

  test.each([
    ['another domain', 'https://cal.example.com/', 'https://evil.example.net/'],
    ['http instead of https', 'https://cal.example.com/', 'http://cal.example.com/'],
    ['something else than HTTP', 'https://cal.example.com/', 'ftp://cal.example.com/'],
  ])('a redirect to %s is refused before anything is sent there', async (_what, from, to) => {
    const { http, sent } = stubHttp({ [from]: redirect(to) });
    const error = await failure(followRedirects(http, request('PUT', from, 'body'), () => ({ authorization: 'x' })));
    expect(error.code).toBe('redirect_refused');
    expect(sent.map(({ url }) => url)).toEqual([from]);
  });

  test('from http up to https is followed', async () => {
    const { http } = stubHttp({
      'http://cal.example.com/': redirect('https://cal.example.com/'),
      'https://cal.example.com/': { status: 200 },
    });
    expect((await followRedirects(http, request('GET', 'http://cal.example.com/'))).status).toBe(200);
  });

  test('at most five are followed', async () => {
    const { http, sent } = stubHttp({ 'https://a.example/': redirect('/') });
    expect((await failure(followRedirects(http, request('GET', 'https://a.example/')))).code).toBe(
      'too_many_redirects',
    );
    expect(sent.length).toBe(6);
  });

  test('a redirect to nowhere is the answer that it is', async () => {
    const { http } = stubHttp({ 'https://a.example/': { status: 301 }, 'https://b.example/': redirect('http://[') });
    expect((await followRedirects(http, request('GET', 'https://a.example/'))).status).toBe(301);
    expect((await followRedirects(http, request('GET', 'https://b.example/'))).status).toBe(301);
  });
});
