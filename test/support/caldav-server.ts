/** What every calendar server that tests run against looks like, and a raw client to edit behind Kalends' back. */
import { underCi } from '../../tools/setup/ci.ts';

/** A running server with one login; real software or the model. */
export interface CalDavServer {
  readonly software: 'radicale' | 'xandikos' | 'cyrus' | 'model';
  /** What a person would type. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Absolute URL of the collection that holds the person's calendars, with a slash at its end. */
  readonly calendarsHome: string;
  /** Creates a calendar with this display name; its absolute URL, with a slash at its end. */
  makeCalendar(name: string): Promise<string>;
  /** A second person on the same server; absent where the software knows only one. */
  addUser?(username: string, password: string): Promise<CalDavLogin>;
  readonly logFile: string;
  stop(): Promise<void>;
}

export interface CalDavLogin {
  readonly username: string;
  readonly password: string;
  readonly calendarsHome: string;
}

/** The program is not on this machine, or may not be run by this user; the reason is a sentence. */
export interface MissingServer {
  readonly missing: string;
}

export function isMissing(started: object): started is MissingServer {
  return 'missing' in started;
}

/**
 * For every suite that needs a server: what was started, or null where this machine cannot start it. Under CI that is a
 * failure; elsewhere it is said so loudly that nobody takes the suite for passed: `describe.skipIf(server === null)`.
 */
export function usable<S extends object>(name: string, started: S | MissingServer): S | null {
  if (!isMissing(started)) return started;
  const sentence = `SKIPPED, NOT PASSED: the suites that need ${name}, because ${started.missing}`;
  if (underCi()) throw new Error(sentence);
  process.stderr.write(`\n*** ${sentence} ***\n\n`);
  return null;
}

/** One answer, read to its end. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly etag: string | null;
}

/** Bare requests, no judgement: any status is an answer. Redirects are not followed. */
export interface RawClient {
  request(method: string, url: string, headers?: Record<string, string>, body?: string): Promise<RawAnswer>;
  get(url: string): Promise<RawAnswer>;
  put(url: string, body: string, headers?: Record<string, string>): Promise<RawAnswer>;
  delete(url: string, headers?: Record<string, string>): Promise<RawAnswer>;
  /** `properties` are the elements inside `<prop>`, with prefixes d, c, cs, a. */
  propfind(url: string, depth: 0 | 1, properties: string): Promise<RawAnswer>;
  report(url: string, body: string): Promise<RawAnswer>;
  /** The absolute URLs of all resources of a calendar with their etags. */
  list(calendarUrl: string): Promise<Map<string, string>>;
}

/** Prefixes as they are used in the bodies that tests write. */
export const xmlNamespaces =
  'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/" xmlns:a="http://apple.com/ns/ical/"';

/** The `Authorization` header of a login. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

export function rawClient(login: { readonly username: string; readonly password: string }): RawClient {
  const authorization = basicAuthorization(login.username, login.password);
  const request: RawClient['request'] = async (method, url, headers = {}, body) => {
    const answer = await fetch(url, {
      method,
      headers: { authorization, ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, etag: answer.headers.get('etag') };
  };
  const xml = { 'content-type': 'application/xml; charset=utf-8' };
  const propfind: RawClient['propfind'] = (url, depth, properties) =>
    request(
      'PROPFIND',
      url,
      { ...xml, depth: String(depth) },
      `<d:propfind ${xmlNamespaces}><d:prop>${properties}</d:prop></d:propfind>`,
    );
  return {
    request,
    propfind,
    get: (url) => request('GET', url),
    put: (url, body, headers = {}) =>
      request('PUT', url, { 'content-type': 'text/calendar; charset=utf-8', ...headers }, body),
    delete: (url, headers = {}) => request('DELETE', url, headers),
    report: (url, body) => request('REPORT', url, { ...xml, depth: '1' }, body),
    list: async (calendarUrl) => {
      const answer = await propfind(calendarUrl, 1, '<d:getetag/><d:resourcetype/>');
      if (answer.status !== 207) throw new Error(`listing ${calendarUrl}: ${answer.status} ${answer.text}`);
      return etagsOf(answer.text, calendarUrl);
    },
  };
}

/** Good enough for well-formed answers of known servers; product code has a real parser. */
function etagsOf(multistatus: string, calendarUrl: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, response = ''] of multistatus.matchAll(/<(?:\w+:)?response\b[^>]*>([\s\S]*?)<\/(?:\w+:)?response>/g)) {
    const href = /<(?:\w+:)?href\b[^>]*>([^<]*)</.exec(response)?.[1] ?? '';
    const etag = /<(?:\w+:)?getetag\b[^>]*>([^<]*)</.exec(response)?.[1];
    const url = new URL(href.replaceAll('&amp;', '&'), calendarUrl).href;
    if (etag === undefined || url.replace(/\/$/, '') === calendarUrl.replace(/\/$/, '')) continue;
    found.set(url, etag.replaceAll('&quot;', '"').replaceAll('&amp;', '&'));
  }
  return found;
}

/** MKCALENDAR under a home; the new calendar's absolute URL. Throws when the server refuses. */
export async function makeCalendarUnder(home: string, login: CalDavLogin, name: string): Promise<string> {
  const url = `${home}${pathSegmentFor(name)}/`;
  const body = `<c:mkcalendar ${xmlNamespaces}><d:set><d:prop><d:displayname>${escapeXml(name)}</d:displayname></d:prop></d:set></c:mkcalendar>`;
  const answer = await rawClient(login).request('MKCALENDAR', url, { 'content-type': 'application/xml' }, body);
  if (answer.status !== 201) throw new Error(`MKCALENDAR ${url}: ${answer.status} ${answer.text}`);
  return url;
}

/** A readable last part of a URL for a display name. */
export function pathSegmentFor(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? `calendar-${Buffer.from(name).toString('hex').slice(0, 24)}` : plain;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
