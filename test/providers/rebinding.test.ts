/** Names that lead elsewhere than a moment ago, real sockets and all: every connection is judged by the address it goes to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import { createHttp, type ClosableHttp, type HttpOptions } from '../../providers/http.ts';
import { followRedirects } from '../../providers/redirects.ts';
import { failure } from '../contracts/provider-subject.ts';
import { realClock } from './caldav-under-test.ts';
import { request } from './stub-http.ts';

/** Stands for the Internet: the one address that the policy lets through. */
const outside = '127.0.0.2';
/** Stands for what lies inside. */
const inside = '127.0.0.1';

let servers: Server[];
let clients: ClosableHttp[];
/** What reached the server inside: nothing ever may. */
let intrusions: string[];
let port: number;

async function listen(
  address: string,
  at: number,
  answer: (asked: IncomingMessage, reply: ServerResponse) => void,
): Promise<number> {
  const server = createServer((asked, reply) => {
    // Each request is a connection, and so a question to the resolver, of its own.
    reply.setHeader('connection', 'close');
    answer(asked, reply);
  });
  await new Promise<void>((resolve) => server.listen(at, address, resolve));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

beforeEach(async () => {
  servers = [];
  clients = [];
  intrusions = [];
  port = await listen(outside, 0, (asked, reply) => {
    const { pathname, searchParams } = new URL(asked.url ?? '/', 'http://x');
    if (pathname !== '/away') return reply.end('outside');
    reply.writeHead(302, { location: searchParams.get('to') ?? '' });
    return reply.end();
  });
  await listen(inside, port, (asked, reply) => {
    intrusions.push(`${asked.url} ${asked.headers.authorization ?? ''}`);
    reply.end('inside');
  });
});
afterEach(async () => {
  expect(intrusions).toEqual([]);
  for (const one of clients) await one.close();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A resolver that answers each name by its list, one entry after the other; the last one stays. */
function client(names: Readonly<Record<string, readonly (readonly string[])[]>>): ClosableHttp {
  const asked = new Map<string, number>();
  const lookup: HttpOptions['lookup'] = (name, _options, answer) => {
    const nth = asked.get(name) ?? 0;
    asked.set(name, nth + 1);
    const answers = names[name] ?? [];
    const addresses = answers[Math.min(nth, answers.length - 1)] ?? [];
    answer(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  };
  const addresses = { allowPrivate: false, allow: [outside] };
  const http = createHttp({ clock: realClock, addresses, userAgent: 'test', lookup });
  clients.push(http);
  return http;
}

const get = (url: string) => ({ ...request('GET', url), timeoutMs: 10_000 });

describe('a name', () => {
  test('that led outside and now leads inside is refused, however often it was fine', async () => {
    const http = client({ 'cal.example': [[outside], [outside], [inside]] });
    const url = `http://cal.example:${port}/`;
    expect((await http(get(url))).text).toBe('outside');
    expect((await http(get(url))).text).toBe('outside');
    expect((await failure(http(get(url)))).code).toBe('address_refused');
    expect((await failure(http(get(url)))).code).toBe('address_refused');
  });

  test('that leads to both is only ever followed outside', async () => {
    const http = client({
      'cal.example': [
        [inside, outside],
        [outside, inside],
        ['169.254.169.254', outside, '10.0.0.1'],
      ],
    });
    for (let k = 0; k < 3; k += 1) expect((await http(get(`http://cal.example:${port}/`))).text).toBe('outside');
  });
});

describe('a redirect', () => {
  const authorise = () => ({ authorization: 'Basic abc' });

  test('to another host of the same site is judged by where that one leads, and takes nothing there', async () => {
    const http = client({
      'cal.example.com': [[outside]],
      'inside.example.com': [[inside]],
      'p42.example.com': [[outside]],
    });
    const from = (to: string) => get(`http://cal.example.com:${port}/away?to=${encodeURIComponent(to)}`);
    const fine = await followRedirects(http, from(`http://p42.example.com:${port}/`), authorise);
    expect(fine.text).toBe('outside');
    const refused = await failure(followRedirects(http, from(`http://inside.example.com:${port}/`), authorise));
    expect(refused.code).toBe('address_refused');
  });

  test('to the same name is judged anew: it may lead inside by now', async () => {
    const http = client({ 'cal.example.com': [[outside], [inside]] });
    const away = get(`http://cal.example.com:${port}/away?to=${encodeURIComponent('/there')}`);
    expect((await failure(followRedirects(http, away, authorise))).code).toBe('address_refused');
  });

  test.each([inside, '2130706433', '0177.0.0.1', '0x7f.1', '[::ffff:127.0.0.1]', '169.254.169.254', 'localhost'])(
    'to %s is refused',
    async (host) => {
      const http = client({ 'cal.example.com': [[outside]], localhost: [[inside]] });
      const away = get(`http://cal.example.com:${port}/away?to=${encodeURIComponent(`http://${host}:${port}/`)}`);
      expect((await failure(followRedirects(http, away, authorise))).code).toBe('redirect_refused');
    },
  );
});

describe('connecting an account', () => {
  const credentials = { kind: 'password', username: 'ada', password: 'correct-horse' } as const;

  test.each([
    inside,
    '2130706433',
    '017700000001',
    '0177.0.0.1',
    '0x7f000001',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '0.0.0.0',
    'localhost',
    'rebound.example',
  ])('at %s is refused, by its whole URL', async (host) => {
    const http = client({ localhost: [[inside]], 'rebound.example': [[inside]] });
    const provider = createCalDav({ http, clock: realClock, random: Math.random });
    const address = `http://${host}:${port}/`;
    const refused = await failure(provider.connect({ address, credentials }, AbortSignal.timeout(10_000)));
    expect(refused.code).toBe('address_refused');
    expect(JSON.stringify(refused)).not.toContain(credentials.password);
  });
});
