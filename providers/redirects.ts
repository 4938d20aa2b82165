/** Follows redirects as CalDAV needs them: method and body kept, and never to anybody else's domain. */
import { isIP } from 'node:net';
import { getDomain } from 'tldts';
import { limits } from '../config/policies.ts';
import { KalendsError } from '../domain/errors.ts';
import { requestLabel, type Http, type HttpRequest, type HttpResponse } from './http.ts';

/** An answer and the address that gave it in the end. */
export interface FollowedResponse extends HttpResponse {
  readonly url: string;
}

const reads: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PROPFIND', 'REPORT', 'OPTIONS']);
const followed: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Both hosts belong to one registrable domain (`p42-caldav.icloud.com` and `caldav.icloud.com`), or are the same host.
 * Private suffixes count as suffixes: two customers of one dynamic DNS service are strangers.
 */
export function sameSite(a: URL, b: URL): boolean {
  const [hostA, hostB] = [a.hostname.toLowerCase(), b.hostname.toLowerCase()];
  if (hostA === hostB) return true;
  if (isIP(hostA) !== 0 || isIP(hostB) !== 0 || hostA.startsWith('[') || hostB.startsWith('[')) return false;
  const domain = getDomain(hostA, { allowPrivateDomains: true });
  return domain !== null && domain === getDomain(hostB, { allowPrivateDomains: true });
}

/**
 * Sends a request and follows at most `limits.redirects` redirects; `authorise` makes the headers for each hop, so that
 * credentials travel inside one site and nowhere else. Rejects with `redirect_refused` (another site, or from https
 * down to http) or `too_many_redirects`; a redirect without a usable Location, or of a write to
 * a place of another name, is returned as the answer that it is.
 */
export async function followRedirects(
  http: Http,
  request: HttpRequest,
  authorise: (url: URL) => Readonly<Record<string, string>> = () => ({}),
): Promise<FollowedResponse> {
  let url = new URL(request.url);
  for (let hop = 0; hop <= limits.redirects; hop += 1) {
    const response = await http({ ...request, url: url.href, headers: { ...request.headers, ...authorise(url) } });
    const next = targetOf(response, url, request.method);
    if (next === null) return { ...response, url: url.href };
    refuseForeign(url, next, request);
    url = next;
  }
  throw new KalendsError('too_many_redirects', `more than ${limits.redirects} redirects`, {
    evidence: { request: requestLabel(request) },
  });
}

function targetOf(response: HttpResponse, from: URL, method: string): URL | null {
  const location = response.headers['location']?.[0];
  if (!followed.has(response.status) || location === undefined) return null;
  const to = URL.canParse(location, from) ? new URL(location, from) : null;
  if (to === null || reads.has(method)) return to;
  // 303 says that the request was carried out and the result is elsewhere: sending it again would do it twice. And what
  // is written goes to a place of its own name: a site that moved may send every path to one front page.
  return response.status === 303 || lastPart(to) !== lastPart(from) ? null : to;
}

const lastPart = ({ pathname }: URL): string | undefined => pathname.replace(/\/$/, '').split('/').at(-1);

function refuseForeign(from: URL, to: URL, request: HttpRequest): void {
  const downgrade = from.protocol === 'https:' && to.protocol !== 'https:';
  const strange = to.protocol !== 'https:' && to.protocol !== 'http:';
  if (sameSite(from, to) && !downgrade && !strange) return;
  const why = downgrade ? 'from https down to http' : `from ${from.host} to ${to.host}`;
  throw new KalendsError('redirect_refused', `the server redirects ${why}`, {
    evidence: { request: requestLabel(request) },
  });
}
