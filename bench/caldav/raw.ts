/** The floor: the bytes of the same requests over the same HTTP client, read to their end and not looked at. */
import { Agent } from 'undici';
import { resourceProperties } from '../../providers/caldav/observe.ts';
import { eventQueryBody, multigetBody, propfindBody, syncCollectionBody } from '../../providers/caldav/xml/bodies.ts';
import { basicAuthorization } from '../../test/support/caldav-server.ts';
import type { SubjectActions } from '../kit/subject.ts';

export interface CalendarAccess {
  /** Absolute, with a slash at its end. */
  readonly calendarUrl: string;
  readonly username: string;
  readonly password: string;
}

export interface RawAnswer {
  readonly ms: number;
  readonly bytes: number;
  readonly requests: number;
}

const agent = new Agent({ pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

const versionBody = propfindBody(['d:resourcetype', 'cs:getctag', 'd:supported-report-set', 'd:sync-token']);
const listBody = propfindBody(['d:resourcetype', 'd:displayname', 'd:current-user-privilege-set']);
const deltaProperties = ['d:getetag', 'd:resourcetype'] as const;

/** Throws for anything but a 207: what was refused was not measured. */
async function send(
  access: CalendarAccess,
  method: string,
  depth: 0 | 1,
  body: string,
  path?: string,
): Promise<Buffer> {
  const url = new URL(access.calendarUrl);
  const answer = await agent.request({
    origin: url.origin,
    path: path ?? url.pathname,
    method,
    headers: {
      authorization: basicAuthorization(access.username, access.password),
      'content-type': 'application/xml; charset=utf-8',
      'accept-encoding': 'identity',
      depth: String(depth),
    },
    body,
  });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  if (answer.statusCode !== 207) throw new Error(`${method} ${url.pathname}: ${answer.statusCode}`);
  return bytes;
}

async function timed(requests: readonly (() => Promise<Buffer>)[]): Promise<RawAnswer> {
  const startedAt = performance.now();
  let bytes = 0;
  for (const request of requests) bytes += (await request()).length;
  return { ms: performance.now() - startedAt, bytes, requests: requests.length };
}

export const sendForBodies = (access: CalendarAccess): Promise<Buffer> =>
  send(access, 'REPORT', 1, eventQueryBody(resourceProperties));

const tokenIn = (xml: Buffer): string => /<(?:\w+:)?sync-token>([^<]+)</.exec(xml.toString('utf8'))?.[1] ?? '';

export const subject = {
  /** Version, then every event with its body: the least that a first sync can ask. */
  first: (access: CalendarAccess) =>
    timed([() => send(access, 'PROPFIND', 0, versionBody), () => sendForBodies(access)]),
  /** What Kalends asks: the list of calendars, what the calendar offers, and a listing with bodies. */
  same: (access: CalendarAccess) =>
    timed([
      () => send(access, 'PROPFIND', 1, listBody, new URL('..', access.calendarUrl).pathname),
      () => send(access, 'PROPFIND', 0, propfindBody(['d:resourcetype', 'd:supported-report-set'])),
      () => send(access, 'REPORT', 0, syncCollectionBody('', resourceProperties)),
    ]),
  token: async (access: CalendarAccess) => tokenIn(await send(access, 'PROPFIND', 0, versionBody)),
  unchanged: (access: CalendarAccess & { readonly token: string }) =>
    timed([() => send(access, 'REPORT', 0, syncCollectionBody(access.token, deltaProperties))]),
  /** The delta, then one multiget for what it names as changed. */
  changed: (access: CalendarAccess & { readonly token: string; readonly names: readonly string[] }) => {
    const { pathname } = new URL(access.calendarUrl);
    const hrefs = access.names.map((name) => pathname + name);
    return timed([
      () => send(access, 'REPORT', 0, syncCollectionBody(access.token, deltaProperties)),
      () => send(access, 'REPORT', 1, multigetBody(hrefs, resourceProperties)),
    ]);
  },
} satisfies SubjectActions;
