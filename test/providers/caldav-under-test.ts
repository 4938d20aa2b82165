/** Any CalDAV server as a provider under test: the real provider over the real network, watched and spoilt on the way. */
import { lookup as dnsLookup } from 'node:dns';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../domain/clock.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import { createHttp, type Http, type HttpOptions, type HttpRequest } from '../../providers/http.ts';
import type { Provider } from '../../providers/provider.ts';
import type { People, ProviderUnderTest, Wire } from '../contracts/provider-subject.ts';
import { isMissing, rawClient, type CalDavServer, type MissingServer } from '../support/caldav-server.ts';
import { deadEnds, unknownName } from './dead-ends.ts';

/** The real thing, for tests that speak to real servers. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? { ref: false } : { signal, ref: false }),
  breathe: () => nextTurn(),
};

export interface WatchedWire extends Wire {
  readonly http: Http;
  /** Changes every request from now on; null: no more. */
  rephrase(change: ((request: HttpRequest) => HttpRequest) | null): void;
}

export function watch(inner: Http): WatchedWire {
  const requests: HttpRequest[] = [];
  let change: Parameters<Wire['tamper']>[0] = null;
  let phrase: Parameters<WatchedWire['rephrase']>[0] = null;
  return {
    requests,
    get methods() {
      return requests.map(({ method }) => method);
    },
    forget: () => void requests.splice(0),
    tamper: (next) => {
      change = next;
    },
    rephrase: (next) => {
      phrase = next;
    },
    http: async (request) => {
      // A request that is given up before it is sent was not sent.
      if (request.signal?.aborted !== true) requests.push(request);
      const response = await inner(phrase === null ? request : phrase(request));
      return change === null ? response : change(response, request.method);
    },
  };
}

const lookup: HttpOptions['lookup'] = (name, options, answer) =>
  name === unknownName
    ? answer(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), '', 0)
    : dnsLookup(name, options, answer);

/** Addresses that only this machine answers. */
export const localHttp = () =>
  createHttp({ clock: realClock, addresses: { allowPrivate: true, allow: [] }, userAgent: 'Kalends-tests', lookup });

export function peopleOf(server: CalDavServer): People {
  const client = rawClient(server);
  const home = server.calendarsHome;
  const url = (calendar: string, ref: string): string =>
    home +
    calendar +
    ref
      .split(/(%[0-9A-F]{2})/)
      .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(part)))
      .join('');
  const demand = (status: number, what: string): void => {
    if (status >= 300 || status === 207) throw new Error(`${what}: ${status}`);
  };
  return {
    makeCalendar: async (name) => decodeURIComponent((await server.makeCalendar(name)).slice(home.length)),
    removeCalendar: async (ref) => demand((await client.delete(home + ref)).status, `DELETE ${ref}`),
    put: async (calendar, ref, body) => demand((await client.put(url(calendar, ref), body)).status, `PUT ${ref}`),
    remove: async (calendar, ref) => demand((await client.delete(url(calendar, ref))).status, `DELETE ${ref}`),
  };
}

/** RFC 6578 3.7: a client may ask a server for fewer rows at once, which a large calendar makes it answer by itself. */
export const askingForRows =
  (_server: CalDavServer, wire: WatchedWire): NonNullable<ProviderUnderTest['paging']> =>
  (rows) =>
    wire.rephrase(rows === null ? null : (request) => ({ ...request, ...limited(request.body ?? '', rows) }));

const limited = (body: string, rows: number): Pick<HttpRequest, 'body'> => ({
  body: body.replace('</d:sync-level>', `$&<d:limit><d:nresults>${rows}</d:nresults></d:limit>`),
});

/**
 * `letsEverybodyIn`: the server has no passwords. `people`: where they do not come over HTTP with Basic. `paging`: where
 * the server can be told how many rows a delta has.
 */
export async function calDavUnderTest<Server extends CalDavServer>(
  start: () => Promise<Server | MissingServer>,
  options: {
    readonly letsEverybodyIn?: boolean;
    readonly people?: (server: Server) => People;
    readonly paging?: (server: Server, wire: WatchedWire) => NonNullable<ProviderUnderTest['paging']>;
  } = {},
): Promise<ProviderUnderTest | MissingServer> {
  const server = await start();
  if (isMissing(server)) return server;
  const http = localHttp();
  const wire = watch(http);
  const afresh = (): Provider => createCalDav({ http: wire.http, clock: realClock, random: Math.random });
  const people = (options.people ?? peopleOf)(server);
  const calendar = await people.makeCalendar('typed in full');
  const nowhere = await deadEnds();
  const { host } = new URL(server.url);
  return {
    provider: afresh(),
    afresh,
    addresses: [server.url, host, server.calendarsHome, server.calendarsHome + calendar],
    credentials: { kind: 'password', username: server.username, password: server.password },
    wrong:
      options.letsEverybodyIn === true
        ? null
        : { kind: 'password', username: server.username, password: 'not-the-password' },
    movedFrom: (root) => ({ ...root, home: '/calendars/nobody-lives-here/' }),
    people,
    wire,
    deadEnds: nowhere,
    paging: options.paging?.(server, wire) ?? null,
    stop: async () => {
      await http.close();
      await nowhere.close();
      await server.stop();
    },
  };
}
