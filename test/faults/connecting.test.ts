/** Connecting what cannot be connected: each failure by its own name, at once, and nothing is left behind. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startModelServer, type MountedModelServer } from '../support/caldav-model/mount.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startNode, type NodeUnderTest } from '../support/node-under-test.ts';
import { impatient } from './impatient.ts';

let kalends: NodeUnderTest;
let server: MountedModelServer;
let proxy: FaultProxy;
let website: Server;

beforeAll(async () => {
  server = await startModelServer();
  server.world.addCalendar('alice', 'Work');
  proxy = await startFaultProxy(server.url);
  website = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>A page</title>');
  });
  await new Promise<void>((resolve) => website.listen(0, '127.0.0.1', resolve));
  kalends = await startNode({ around: impatient(700) });
});

beforeEach(async () => {
  server.faults.clearAll();
  await proxy.set({ kind: 'none' });
});

afterAll(async () => {
  await kalends?.stop();
  await proxy?.stop();
  website?.close();
  await server?.stop();
});

/** The code of the refusal, and that it left nothing. */
async function refusal(url: string, password = 'alice-password'): Promise<Record<string, unknown>> {
  const outcome = await kalends.connectCalDav({ url, username: 'alice', password }).then(
    () => ({ code: 'connected', message: '' }),
    (error: unknown) => error as { code: string; message: string },
  );
  return { code: outcome.code, profiles: await kalends.ops('profiles'), told: outcome.message.includes(password) };
}

const nothing = { profiles: [], told: false };

it('a wrong password is called so', async () => {
  expect(await refusal(server.url, 'alice-passwort')).toEqual({ code: 'unauthorized', ...nothing });
  const asked = server.log.filter((one) => one.user === null && one.status === 401);
  // Asking on would lock accounts.
  expect(asked.length).toBeLessThanOrEqual(4);
});

it('a website is no calendar server', async () => {
  const { port } = website.address() as AddressInfo;
  expect(await refusal(`http://127.0.0.1:${port}/`)).toEqual({ code: 'not_a_calendar_server', ...nothing });
});

it('a page of the calendar server that leads nowhere still leads to its calendars', async () => {
  expect(await refusal(`${server.url}no/such/page`)).toMatchObject({ code: 'connected' });
  expect(await kalends.ops('profiles')).toHaveLength(1);
});

const afterFirst = async (url: string): Promise<unknown> => (await refusal(url))['code'];

it('a server that is down is not reached', async () => {
  await proxy.set({ kind: 'refuse' });
  expect(await afterFirst(proxy.url)).toBe('connect_failed');
});

it('a server that swallows everything runs into the time-out', async () => {
  await proxy.set({ kind: 'black_hole' });
  expect(await afterFirst(proxy.url)).toBe('timed_out');
});

it('a server that hangs up on everybody is an outage, not a wrong address', async () => {
  await proxy.set({ kind: 'reset' });
  expect(['connect_failed', 'cut_short']).toContain(await afterFirst(proxy.url));
});

it('an answer that is cut in the middle is an outage, not a wrong address', async () => {
  await proxy.set({ kind: 'cut', afterBytes: 300, direction: 'to_client' });
  expect(await afterFirst(proxy.url)).toBe('cut_short');
});

it('a maintenance page with status 200 is not taken for an empty account', async () => {
  server.faults.set('html_200', { always: true });
  expect(await afterFirst(server.url)).toBe('not_a_calendar_server');
});

it('a server that answers 503 is down for now, not a wrong address', async () => {
  server.faults.set('status_503', { always: true });
  expect(await afterFirst(server.url)).toBe('unavailable');
});

it('a private address is refused unless it is allowed', async () => {
  expect(await afterFirst('http://10.255.255.1/')).toBe('address_refused');
  expect(await afterFirst('http://169.254.169.254/')).toBe('address_refused');
});

it('what is no address at all is called so', async () => {
  expect(await afterFirst('not an address')).toBe('invalid_input');
  expect(await afterFirst('ftp://127.0.0.1/')).toBe('invalid_input');
});

it('one login connected several times at once is one profile of one account', async () => {
  const credentials = { kind: 'password', username: 'alice', password: 'alice-password' };
  const login = { provider: 'caldav', app: 'hasty', address: server.url, credentials, timeZone: 'Etc/UTC' };
  const before = (await kalends.ops<readonly unknown[]>('profiles')).length;
  await kalends.ops('createApp', { name: 'hasty' });
  const connections = await Promise.all([1, 2, 3, 4].map(() => kalends.ops<Record<string, unknown>>('connect', login)));
  expect(new Set(connections.flatMap((one) => [one['account_id'], one['profile_id']])).size).toBe(2);
  expect(connections.filter((one) => one['created'] === true)).toHaveLength(1);
  expect(await kalends.ops<readonly unknown[]>('profiles')).toHaveLength(before + 1);
});
