/** Finds an account's principal and calendar home from what a person types, and proves the credentials on the way. */
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import type { ConnectRequest, Credentials, Session } from '../provider.ts';
import { redact } from '../redact.ts';
import { sameSite } from '../redirects.ts';
import { candidates, type ServiceLookup } from './candidates.ts';
import { describeAlias, isCalendar, pathOf, propfind } from './collection.ts';
import { Dav, type DavDeps } from './dav.ts';
import { encodePath, normalPath, withSlash } from './href.ts';
import { TsdavLookup } from './tsdav-lookup.ts';

export interface Discovered {
  /** Origin, e.g. `https://p42-caldav.icloud.com`. */
  readonly server: string;
  /** Normal path with its trailing slash. */
  readonly home: string;
  readonly principal: string | null;
  /** The first URL that led here. */
  readonly entry: string;
}

interface Tried {
  readonly url: string;
  readonly error: KalendsError;
}

/**
 * Rejects with `unauthorized` for a wrong password, with the failure of the network or of the server where nobody
 * answered sensibly, and with `not_a_calendar_server` and all that was tried otherwise. A refused password ends the
 * search: asking on would lock accounts.
 */
export async function discover(
  deps: DavDeps,
  request: ConnectRequest,
  lookup: ServiceLookup | null,
  signal: AbortSignal,
): Promise<Discovered> {
  const tried: Tried[] = [];
  const places = await candidates(request.address, lookup);
  for (const candidate of places) {
    const found = await search(deps, candidate, request.credentials, signal, tried);
    if (found !== null) return found;
  }
  throw summary(places, tried);
}

/**
 * Discovery for an account that may have moved: its principal and its server, then what the person typed. A server that
 * was trusted with the password once must not lead to another site, nor DNS. Rejects as `discover` does; a server that
 * refuses the password is not asked again, but another one may know it.
 */
export async function discoverAgain(
  deps: DavDeps,
  { root, credentials, signal }: Session,
  address: string | null,
  lookup: ServiceLookup | null,
): Promise<Discovered> {
  const known = new URL(encodePath(root['principal'] ?? '/'), root['server']);
  const typed = address === null ? [] : await candidates(address, lookup);
  const tried: Tried[] = [];
  const refused: Tried[] = [];
  for (const candidate of [known, ...typed.filter((one) => isNew(one, known))]) {
    if (!mayLead(known, candidate) || refused.some((one) => one.url === candidate.origin)) continue;
    try {
      const found = await search(deps, candidate, credentials, signal, tried);
      if (found !== null) return found;
    } catch (error) {
      if (!isKalendsError(error) || error.verdict !== 'auth_suspect') throw error;
      refused.push({ url: candidate.origin, error });
    }
  }
  throw refused[0]?.error ?? summary([known], tried);
}

/** A server is asked for its root and its well-known address in any case. */
const isNew = (typed: URL, known: URL): boolean => typed.origin !== known.origin || typed.pathname !== '/';

/** Credentials travel inside one site, and never from https down to http. */
const mayLead = (from: URL, to: URL): boolean =>
  sameSite(from, to) && (from.protocol !== 'https:' || to.protocol === 'https:');

async function search(
  deps: DavDeps,
  candidate: URL,
  credentials: Credentials,
  signal: AbortSignal,
  tried: Tried[],
): Promise<Discovered | null> {
  const dav = new Dav(deps, candidate.origin, credentials, signal);
  const tsdav = new TsdavLookup(dav, candidate);
  for await (const start of starts(tsdav, candidate, tried)) {
    const found = await fromStart(dav, tsdav, start, candidate, tried);
    if (found !== null) return found;
    // Nobody is there: another path of the same server will not do better.
    if (isNetwork(tried.at(-1)?.error)) return null;
  }
  return null;
}

const isNetwork = (error: KalendsError | undefined): boolean =>
  error !== undefined &&
  ['connect_failed', 'name_not_found', 'tls_failed', 'timed_out', 'address_refused', 'shutting_down'].includes(
    error.code,
  );

/** A URL with a path may be a principal, a home or a calendar already; a bare host has to say where its service is. */
async function* starts(tsdav: TsdavLookup, candidate: URL, tried: Tried[]): AsyncGenerator<URL> {
  const root = new URL('/', candidate);
  if (candidate.href !== root.href) yield candidate;
  const discovered = await tsdav.service();
  if (discovered instanceof KalendsError) {
    tried.push({ url: `${candidate.origin}/.well-known/caldav`, error: discovered });
    if (isNetwork(discovered)) return;
  }
  const service = discovered instanceof URL ? discovered : null;
  if (service !== null && service.href !== candidate.href && service.href !== root.href) yield service;
  yield root;
}

async function fromStart(
  dav: Dav,
  tsdav: TsdavLookup,
  start: URL,
  candidate: URL,
  tried: Tried[],
): Promise<Discovered | null> {
  try {
    if (!mayLead(candidate, start)) {
      throw new KalendsError('redirect_refused', `the server sends us from ${candidate.host} to ${start.host}`);
    }
    const principal = await tsdav.principal(start);
    const home = await tsdav.home(principal ?? start);
    if (home === null) return await fromCollection(dav, start);
    return {
      server: home.origin,
      home: withSlash(normalPath(home.pathname, home.origin) ?? '/'),
      principal: principal === null ? null : normalPath(principal.pathname, principal.origin),
      entry: start.href,
    };
  } catch (error) {
    if (!isKalendsError(error)) throw error;
    if (error.code === 'unauthorized' || error.code === 'credentials_revoked' || error.code === 'shutting_down')
      throw error;
    tried.push({ url: start.href, error });
    return null;
  }
}

/** Servers without principals: the URL may be a calendar, or a collection that holds calendars. */
async function fromCollection(dav: Dav, start: URL): Promise<Discovered> {
  const here = new Dav(dav.deps, start.origin, dav.credentials, dav.signal);
  const path = normalPath(start.pathname, start.origin) ?? '/';
  const found = { server: start.origin, principal: null, entry: start.href };
  const { answer, self } = await describeAlias(here, path, ['d:resourcetype']);
  const own = withSlash(pathOf(answer, self) ?? path);
  if (isCalendar(self)) return { ...found, home: own.replace(/[^/]+\/$/, '') };
  const members = await propfind(here, own, 1, ['d:resourcetype']);
  if (members.responses.some((response) => isCalendar(response))) return { ...found, home: own };
  throw new KalendsError('not_a_calendar_server', 'neither a principal nor calendars are to be found here', {
    evidence: { request: answer.request, status: answer.status },
  });
}

/**
 * The most telling of all failures: an outage before "this is no calendar server", which is for good. It says which hosts
 * were asked, never what was typed: people type passwords into addresses.
 */
function summary(places: readonly URL[], tried: readonly Tried[]): KalendsError {
  const hosts = [...new Set(places.map(({ host }) => host))].join(', ');
  const story = tried.map(({ url, error }) => `${url}: ${error.evidence?.status ?? error.code}`).join('; ');
  const passing = tried.find(
    ({ error }) =>
      ['rate_limited', 'ambiguous'].includes(error.verdict) &&
      !['forbidden', 'unexpected_status', 'answered_elsewhere'].includes(error.code),
  );
  const down = tried.find(({ error }) =>
    ['unavailable', 'gateway_failed', 'locked', 'cut_short', 'timed_out'].includes(error.code),
  );
  const refused = tried.find(({ error }) => error.code === 'address_refused' || error.code === 'redirect_refused');
  const unreachable = tried.every(({ error }) => isNetwork(error)) ? tried[0] : undefined;
  const telling = passing ?? down ?? unreachable ?? refused;
  if (telling !== undefined) return telling.error;
  return new KalendsError('not_a_calendar_server', `no calendar server was found at ${hosts}`, {
    evidence: { excerpt: redact(story) },
    cause: tried.at(-1)?.error,
  });
}
