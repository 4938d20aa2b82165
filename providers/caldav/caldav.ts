/** CalDAV as a provider: each method of the port, carried out by the file of its concern. */
import type { Clock, Random } from '../../domain/clock.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { ProviderName, ProviderRoot } from '../../domain/profile.ts';
import type { Http } from '../http.ts';
import type { Connected, ConnectRequest, Credentials, Provider, Session } from '../provider.ts';
import { icsRef } from '../resource-ref.ts';
import { addressesOf } from './addresses.ts';
import { Authoriser } from './auth/authorise.ts';
import { getCalendar, listCalendars } from './calendars.ts';
import { withoutSecrets, type ServiceLookup } from './candidates.ts';
import { describe, describeAlias, pathOf, type DescribedCollection } from './collection.ts';
import { Dav, type DavDeps } from './dav.ts';
import { discover, discoverAgain, type Discovered } from './discovery.ts';
import { fetchBatch, fetchMany, getOne } from './fetch.ts';
import { absoluteFrom, withSlash } from './href.ts';
import { list } from './list.ts';
import { makeCalendar, newCalendarRef } from './make-calendar.ts';
import { softwareOf } from './quirks/software.ts';
import { changes, version } from './sync.ts';
import { put, remove } from './write.ts';
import { propfindBody } from './xml/bodies.ts';
import { childNamed } from './xml/element.ts';
import { names, type PrefixedName } from './xml/names.ts';

export interface CalDavDeps {
  readonly http: Http;
  readonly clock: Clock;
  /** Makes client nonces of Digest. */
  readonly random: Random;
  /** SRV and TXT records; without it only the address itself is tried. */
  readonly services?: ServiceLookup;
  /** Default `caldav`. */
  readonly name?: Extract<ProviderName, 'caldav' | 'apple'>;
}

/**
 * A CalDAV provider. Its root is `{server, home, principal, software}`: the origin, the normal paths of the calendar
 * home and the principal, and the recognised software. A calendar's ref is its path relative to the home.
 */
export function createCalDav(deps: CalDavDeps): Provider {
  const davDeps: DavDeps = { http: deps.http, clock: deps.clock, authoriser: new Authoriser(deps.random) };
  const dav = (session: Session): Dav => Dav.of(davDeps, session);
  const home = ({ root }: Session): string => root['home'] ?? '/';
  const path = (session: Session, calendar: string): string => withSlash(absoluteFrom(home(session), calendar));
  return {
    name: deps.name ?? 'caldav',
    capabilities: {
      pull: true,
      makeCalendar: true,
      rediscover: true,
      attendees: true,
      fetchBatch,
    },
    connect: (request, signal) => connect(davDeps, request, deps.services ?? null, signal),
    rediscover: (session, address) => rediscover(davDeps, session, address, deps.services ?? null),
    listCalendars: (session) => listCalendars(dav(session), home(session)),
    getCalendar: (session, calendar) => getCalendar(dav(session), home(session), path(session, calendar)),
    version: (session, calendar) => version(dav(session), path(session, calendar)),
    list: (session, calendar, options) => list(dav(session), path(session, calendar), options),
    changes: (session, calendar, token) => changes(dav(session), path(session, calendar), token),
    fetch: (session, calendar, refs) => fetchMany(dav(session), path(session, calendar), refs),
    get: (session, calendar, ref) => getOne(dav(session), path(session, calendar), ref),
    put: (session, request) => put(dav(session), { ...request, calendar: path(session, request.calendar) }),
    remove: (session, request) => remove(dav(session), { ...request, calendar: path(session, request.calendar) }),
    makeCalendar: (session, calendar) => makeCalendar(dav(session), home(session), calendar),
    newCalendarRef: (_root, name) => newCalendarRef(name),
    newResourceRef: icsRef,
    probe: async (session) => void letIn(await describe(dav(session), home(session), probeProperties)),
    software: (root: ProviderRoot) => root['software'] ?? 'unknown',
    hostOf: ({ server }: ProviderRoot) => (server === undefined || !URL.canParse(server) ? null : new URL(server).host),
  };
}

async function connect(
  deps: DavDeps,
  request: ConnectRequest,
  services: ServiceLookup | null,
  signal: AbortSignal,
): Promise<Connected> {
  const root = await proved(deps, await discover(deps, request, services, signal), request.credentials, signal);
  const dav = new Dav(deps, root.server, request.credentials, signal);
  const addresses = root.principal === undefined ? [] : await addressesOf(dav, root.principal);
  const username = request.credentials.kind === 'password' ? request.credentials.username : null;
  const [email = username?.includes('@') === true ? username : null, ...aliases] = addresses;
  return {
    root: { ...root },
    address: withoutSecrets(request.address),
    name: username ?? email ?? new URL(root.server).host,
    email,
    aliases,
  };
}

async function rediscover(
  deps: DavDeps,
  session: Session,
  address: string | null,
  services: ServiceLookup | null,
): Promise<ProviderRoot | null> {
  const found = await discoverAgain(deps, session, address, services);
  const root = await proved(deps, found, session.credentials, session.signal);
  return root.server === session.root['server'] && root.home === session.root['home'] ? null : { ...root };
}

interface CalDavRoot {
  readonly server: string;
  readonly home: string;
  readonly principal?: string;
  readonly software: string;
}

async function proved(
  deps: DavDeps,
  discovered: Discovered,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<CalDavRoot> {
  const first = new Dav(deps, discovered.server, credentials, signal);
  // The home is where all work happens: if it does not let us in, nothing is connected. Its own word for where it is
  // (another partition, another spelling) saves a redirect with each request from now on.
  const { answer, self } = letIn(await describeAlias(first, discovered.home, probeProperties));
  const home = withSlash(pathOf(answer, self) ?? discovered.home);
  const found = { ...discovered, server: new URL(answer.url).origin, home };
  const dav = new Dav(deps, found.server, credentials, signal);
  return {
    server: found.server,
    home: found.home,
    ...(found.principal === null ? {} : { principal: found.principal }),
    software: await recognise(dav, found),
  };
}

/** Asked of the home: one cheap request where the account's calendars live. */
const probeProperties: readonly PrefixedName[] = ['d:resourcetype', 'd:current-user-principal'];

/** A server that takes us for nobody has not let us in. */
function letIn(described: DescribedCollection): DescribedCollection {
  const { answer, self } = described;
  if (childNamed(self.props.get(names.principal), names.unauthenticated) === undefined) return described;
  throw new KalendsError('unauthorized', 'the server takes us for nobody in particular', {
    evidence: { request: answer.request, status: answer.status },
  });
}

async function recognise(dav: Dav, found: Discovered): Promise<string> {
  const response = await dav.send({
    method: 'PROPFIND',
    path: found.home,
    headers: { 'content-type': 'application/xml; charset=utf-8', depth: '0' },
    body: propfindBody(['d:sync-token', 'd:current-user-privilege-set']),
  });
  return softwareOf({
    headers: response.headers,
    host: new URL(found.server).hostname,
    home: found.home,
    sample: response.text,
  });
}
