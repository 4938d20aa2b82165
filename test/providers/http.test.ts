/** The way out over real sockets: one request each, typed failures, caps, time-outs, and the address policy when connecting. */
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHttp, type ClosableHttp, type HttpOptions, type HttpRequest } from '../../providers/http.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { failure } from '../contracts/provider-subject.ts';
import { realClock } from './caldav-under-test.ts';

/** Everything that a test opened. */
let opened: (() => Promise<void>)[] = [];
beforeEach(() => {
  opened = [];
});
afterEach(async () => {
  for (const close of opened.reverse()) await close();
});

async function listening(server: Server | HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A server that answers each connection with these bytes and ends it. */
async function bytes(...pieces: (string | Buffer)[]): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
  });
  opened.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  return `http://127.0.0.1:${await listening(server)}/path?secret=1`;
}

function client(options: Partial<HttpOptions> = {}): ClosableHttp {
  const http = createHttp({
    clock: realClock,
    addresses: { allowPrivate: true, allow: [] },
    userAgent: 'Kalends-tests',
    ...options,
  });
  opened.push(() => http.close());
  return http;
}

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  headers: {},
  timeoutMs: 10_000,
  maxBytes: 1_000_000,
  ...more,
});

describe('one request over HTTP', () => {
  test('brings status, headers (repeated ones apart) and body, and follows no redirect', async () => {
    const url = await bytes(
      'HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nWWW-Authenticate: Basic realm="a"\r\nWWW-Authenticate: Digest realm="b"\r\nContent-Length: 4\r\n\r\nmöö'.replace(
        'möö',
        'möö'.slice(0, 2) + '!',
      ),
    );
    const response = await client()(get(url));
    expect(response).toMatchObject({
      status: 302,
      headers: { location: ['/elsewhere'], 'www-authenticate': ['Basic realm="a"', 'Digest realm="b"'] },
      text: 'mö!',
    });
    expect(response.tookMs).toBeGreaterThanOrEqual(0);
  });

  test('sends method, body, path and query as given', async () => {
    let seen: unknown = null;
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen = { method: request.method, url: request.url, body, agent: request.headers['user-agent'] };
        response.end('ok');
      });
    });
    const port = await listening(server);
    opened.push(() => new Promise((resolve) => server.close(() => resolve())));
    await client()(get(`http://127.0.0.1:${port}/a%20b/?c=d`, { method: 'PROPFIND', body: '<x/>' }));
    expect(seen).toEqual({ method: 'PROPFIND', url: '/a%20b/?c=d', body: '<x/>', agent: 'Kalends-tests' });
  });

  test('uses one connection again', async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end('ok'));
    server.on('connection', () => (connections += 1));
    const port = await listening(server);
    opened.push(() => new Promise((resolve) => server.close(() => resolve())));
    const http = client({ connectionsPerOrigin: 1 });
    for (let count = 0; count < 5; count += 1) await http(get(`http://127.0.0.1:${port}/`));
    expect(connections).toBe(1);
    await http.close();
  });

  test('a body shorter than its length is cut short', async () => {
    const url = await bytes('HTTP/1.1 207 Multi-Status\r\nContent-Length: 100\r\n\r\n<multistatus');
    const error = await failure(client()(get(url)));
    expect(error).toMatchObject({ code: 'cut_short', evidence: { request: 'GET /path' } });
  });

  test('a chunked body that ends in the middle is cut short', async () => {
    const url = await bytes('HTTP/1.1 207 Multi-Status\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n<multistatus\r\n');
    expect((await failure(client()(get(url)))).code).toBe('cut_short');
  });

  test('a chunked body that ends between two chunks is cut short', async () => {
    const url = await bytes('HTTP/1.1 207 Multi-Status\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    expect((await failure(client()(get(url)))).code).toBe('cut_short');
  });

  test('a connection that ends without an answer is cut short: the request may have been carried out', async () => {
    expect((await failure(client()(get(await bytes(''))))).code).toBe('cut_short');
  });

  test('an answer that is no HTTP is cut short', async () => {
    expect((await failure(client()(get(await bytes('SSH-2.0-OpenSSH\r\n'))))).code).toBe('cut_short');
  });

  test('a compressed body is unpacked; one that is cut inside is cut short', async () => {
    const packed = gzipSync(Buffer.from('calendar '.repeat(1_000)));
    const head = (length: number) => `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${length}\r\n\r\n`;
    const whole = await client()(get(await bytes(head(packed.length), packed)));
    expect(whole.text).toBe('calendar '.repeat(1_000));
    const half = packed.subarray(0, packed.length / 2);
    expect((await failure(client()(get(await bytes(head(half.length), half))))).code).toBe('cut_short');
  });

  test('a body over the limit is refused, also one that only unpacks to that much', async () => {
    const large = await bytes(`HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`);
    expect((await failure(client()(get(large, { maxBytes: 4_999 })))).code).toBe('body_too_large');
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    const url = await bytes(
      `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
      bomb,
    );
    expect((await failure(client()(get(url, { maxBytes: 100_000 })))).code).toBe('body_too_large');
  });

  test('nobody listening is a failed connection: nothing was sent', async () => {
    const server = createTcp();
    const port = await listening(server);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect((await failure(client()(get(`http://127.0.0.1:${port}/`)))).code).toBe('connect_failed');
  });

  test('TLS with somebody who speaks none, or whose certificate nobody vouches for, fails as such', async () => {
    const url = await bytes('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect((await failure(client()(get(url.replace('http:', 'https:'))))).code).toBe('tls_failed');
  });

  test.each(['before the head', 'in the middle of the body'])('silence %s runs into the time-out', async (when) => {
    const clock = createFakeClock(0);
    const sockets: Socket[] = [];
    const arrived = Promise.withResolvers<void>();
    const server = createTcp((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        if (when !== 'before the head') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin');
        arrived.resolve();
      });
    });
    const port = await listening(server);
    opened.push(() => new Promise((resolve) => server.close(() => resolve())));
    const asked = failure(client({ clock })(get(`http://127.0.0.1:${port}/`, { timeoutMs: 30_000 })));
    await arrived.promise;
    await clock.advance(30_000);
    expect((await asked).code).toBe('timed_out');
    expect(clock.sleepers()).toBe(0);
    for (const socket of sockets) socket.destroy();
  });

  test('a caller who gives up is told so, and no timer is left', async () => {
    const clock = createFakeClock(0);
    const caller = new AbortController();
    const server = createServer(() => caller.abort());
    const port = await listening(server);
    opened.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const asked = failure(client({ clock })(get(`http://127.0.0.1:${port}/`, { signal: caller.signal })));
    expect((await asked).code).toBe('shutting_down');
    expect(clock.sleepers()).toBe(0);
  });
});

describe('the address policy at connect time', () => {
  const strict: Partial<HttpOptions> = { addresses: { allowPrivate: false, allow: [] } };

  test('a literal private address is refused and nothing is connected', async () => {
    let connections = 0;
    const server = createTcp(() => (connections += 1));
    const port = await listening(server);
    opened.push(() => new Promise((resolve) => server.close(() => resolve())));
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '[::1]', '169.254.169.254', '0']) {
      expect((await failure(client(strict)(get(`http://${host}:${port}/`)))).code, host).toBe('address_refused');
    }
    expect(connections).toBe(0);
  });

  test('a name that leads to a private address is refused, whatever else it leads to', async () => {
    const lookup: HttpOptions['lookup'] = (_name, options, answer) =>
      options.all === true
        ? answer(null, [
            { address: '127.0.0.1', family: 4 },
            { address: '::1', family: 6 },
          ])
        : answer(null, '127.0.0.1', 4);
    expect((await failure(client({ ...strict, lookup })(get('http://cal.example/')))).code).toBe('address_refused');
    expect((await failure(client(strict)(get('http://localhost/')))).code).toBe('address_refused');
  });

  test('rebinding: what DNS says at connect time decides, and only that', async () => {
    const server = createServer((_request, response) => response.end('inside'));
    const port = await listening(server);
    opened.push(() => new Promise((resolve) => server.close(() => resolve())));
    // The first answer is harmless, as a check before the request would see it; the second is the attack.
    const answers = ['93.184.216.34', '127.0.0.1'];
    const asked: string[] = [];
    const lookup: HttpOptions['lookup'] = (name, _options, answer) => {
      asked.push(name);
      answer(null, [{ address: answers[asked.length] ?? '127.0.0.1', family: 4 }]);
    };
    const error = await failure(client({ ...strict, lookup })(get(`http://rebind.example:${port}/`)));
    expect(error.code).toBe('address_refused');
    expect(asked).toEqual(['rebind.example']);
    expect(error.message).not.toContain('127.0.0.1');
  });

  test('a name on the allow list may lead inside', async () => {
    const server = createServer((_request, response) => response.end('inside'));
    const port = await listening(server);
    opened.push(() => new Promise((resolve) => server.close(() => resolve())));
    const lookup: HttpOptions['lookup'] = (_name, _options, answer) =>
      answer(null, [{ address: '127.0.0.1', family: 4 }]);
    const allowed = client({ lookup, addresses: { allowPrivate: false, allow: ['nas.example'] } });
    expect((await allowed(get(`http://nas.example:${port}/`))).text).toBe('inside');
    expect((await failure(allowed(get(`http://other.example:${port}/`)))).code).toBe('address_refused');
    await allowed.close();
  });

  test('a name that DNS does not know is not known', async () => {
    const lookup: HttpOptions['lookup'] = (_name, _options, answer) =>
      answer(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), '', 0);
    expect((await failure(client({ lookup })(get('http://nowhere.example/')))).code).toBe('name_not_found');
  });
});
