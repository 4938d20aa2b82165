/** The proxy does to connections what it was told, now and for connections that are open already, and counts it. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';

let echo: Server;
let received = '';
let proxy: FaultProxy;
const clients = new Set<Socket>();

beforeEach(async () => {
  received = '';
  // Says back what it hears, and ends when it is told an end.
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      socket.write(chunk);
    });
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startFaultProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
});

afterEach(async () => {
  for (const socket of clients) socket.destroy();
  clients.clear();
  await proxy.stop();
  await new Promise((resolve) => echo.close(resolve));
});

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  /** `end`, `error CODE` once it is over. */
  readonly over: () => string | null;
}

function client(): Client {
  const socket = connect(proxy.port, '127.0.0.1');
  clients.add(socket);
  let text = '';
  let over: string | null = null;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('end', () => (over ??= 'end'));
  socket.on('error', (error: NodeJS.ErrnoException) => (over ??= `error ${error.code}`));
  return { socket, text: () => text, over: () => over };
}

const soon = { timeout: 5_000, interval: 10 };

test('without a fault it carries both directions and counts the bytes', async () => {
  const one = client();
  one.socket.write('hello');
  await expect.poll(one.text, soon).toBe('hello');
  expect(proxy.counts).toMatchObject({ connections: 1, bytesToServer: 5, bytesToClient: 5 });
  one.socket.end();
  await expect.poll(one.over, soon).toBe('end');
});

test('delay holds chunks back and keeps their order', async () => {
  await proxy.set({ kind: 'delay', ms: 1_000, direction: 'to_client' });
  const one = client();
  one.socket.write('first ');
  await expect.poll(() => received, soon).toBe('first ');
  one.socket.write('second');
  await expect.poll(() => received, soon).toBe('first second');
  expect(one.text()).toBe('');
  await expect.poll(one.text, soon).toBe('first second');
});

test('cut ends a connection after so many bytes towards the client', async () => {
  await proxy.set({ kind: 'cut', afterBytes: 4, direction: 'to_client' });
  const one = client();
  one.socket.write('0123456789');
  await expect.poll(one.over, soon).not.toBeNull();
  expect(one.text()).toBe('0123');
  expect(received).toBe('0123456789');
  expect(proxy.counts.cut).toBe(1);
});

test('cut towards the server lets only so much of a request through', async () => {
  await proxy.set({ kind: 'cut', afterBytes: 4, direction: 'to_server', reset: true });
  const one = client();
  one.socket.write('0123456789');
  await expect.poll(one.over, soon).toBe('error ECONNRESET');
  expect(received.length).toBeLessThanOrEqual(4);
  expect(proxy.counts.cut).toBe(1);
});

test('cut counts from when it was set, also on an open connection', async () => {
  const one = client();
  one.socket.write('0123456789');
  await expect.poll(one.text, soon).toBe('0123456789');
  await proxy.set({ kind: 'cut', afterBytes: 3, direction: 'to_client' });
  one.socket.write('abcdef');
  await expect.poll(one.over, soon).not.toBeNull();
  expect(one.text()).toBe('0123456789abc');
});

test('a black hole swallows what the client says and the connection stays', async () => {
  await proxy.set({ kind: 'black_hole' });
  const one = client();
  one.socket.write('hello');
  await expect.poll(() => proxy.counts.swallowed, soon).toBe(5);
  expect([received, one.text(), one.over()]).toEqual(['', '', null]);
  await proxy.set({ kind: 'none' });
  one.socket.write('again');
  await expect.poll(one.text, soon).toBe('again');
});

test('half open: the server hears the client, the client hears nothing', async () => {
  await proxy.set({ kind: 'half_open' });
  const one = client();
  one.socket.write('hello');
  await expect.poll(() => proxy.counts.swallowed, soon).toBe(5);
  expect([received, one.text(), one.over()]).toEqual(['hello', '', null]);
});

test('bandwidth brings everything, in small steps', async () => {
  await proxy.set({ kind: 'bandwidth', bytesPerSecond: 400, direction: 'to_client' });
  const one = client();
  let chunks = 0;
  one.socket.on('data', () => (chunks += 1));
  const text = 'x'.repeat(120);
  one.socket.write(text);
  await expect.poll(one.text, soon).toBe(text);
  expect(chunks).toBeGreaterThan(2);
});

test('refuse: nobody listens, until it is over, on the same port', async () => {
  const open = client();
  open.socket.write('hello');
  await expect.poll(open.text, soon).toBe('hello');
  await proxy.set({ kind: 'refuse' });
  await expect.poll(open.over, soon).toBe('error ECONNRESET');
  const refused = client();
  await expect.poll(refused.over, soon).toBe('error ECONNREFUSED');
  await proxy.set({ kind: 'none' });
  const again = client();
  again.socket.write('hello');
  await expect.poll(again.text, soon).toBe('hello');
});

test('reset: connections end as soon as they are made, and open ones at once', async () => {
  const open = client();
  open.socket.write('hello');
  await expect.poll(open.text, soon).toBe('hello');
  await proxy.set({ kind: 'reset' });
  await expect.poll(open.over, soon).toBe('error ECONNRESET');
  const fresh = client();
  await expect.poll(fresh.over, soon).toBe('error ECONNRESET');
  expect(proxy.counts.reset).toBe(1);
});
