/** Request sequences that every calendar server answers alike, and what of their answers is compared. */
import { rawClient, xmlNamespaces, type CalDavServer, type RawAnswer } from '../support/caldav-server.ts';

/** One answer, reduced to what must agree between servers. Hrefs are relative to the calendar. */
export interface Reduced {
  readonly step: string;
  readonly status: number;
  /** `href status` of each row, sorted; `with-etag`, `with-body` where the row has them. */
  readonly rows: readonly string[];
  readonly etag: boolean;
  readonly syncToken: boolean;
}

/** A small valid event. */
export function event(uid: string, summary: string, more = ''): string {
  const text = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Kalends//Tests//EN
BEGIN:VEVENT
UID:${uid}
DTSTAMP:20260101T000000Z
DTSTART:20260105T090000Z
DTEND:20260105T100000Z
SUMMARY:${summary}
${more === '' ? '' : `${more}\n`}END:VEVENT
END:VCALENDAR
`;
  return text.replaceAll('\n', '\r\n');
}

export function multigetBody(hrefs: readonly string[]): string {
  const list = hrefs.map((href) => `<d:href>${href}</d:href>`).join('');
  return `<c:calendar-multiget ${xmlNamespaces}><d:prop><d:getetag/><c:calendar-data/></d:prop>${list}</c:calendar-multiget>`;
}

export function syncBody(token: string, limit?: number): string {
  const limits = limit === undefined ? '' : `<d:limit><d:nresults>${limit}</d:nresults></d:limit>`;
  return `<d:sync-collection ${xmlNamespaces}><d:sync-token>${token}</d:sync-token><d:sync-level>1</d:sync-level>${limits}<d:prop><d:getetag/></d:prop></d:sync-collection>`;
}

export function queryBody(filter = ''): string {
  return `<c:calendar-query ${xmlNamespaces}><d:prop><d:getetag/><c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">${filter}</c:comp-filter></c:comp-filter></c:filter></c:calendar-query>`;
}

export function tokenIn(text: string): string {
  return /<(?:\w+:)?sync-token\b[^>]*>([^<]*)</.exec(text)?.[1]?.trim() ?? '';
}

/** Each response of a multistatus as `href status …`, with the calendar's own path cut off. */
export function rowsOf(text: string, calendarUrl: string): string[] {
  const base = new URL(calendarUrl).pathname;
  const rows: string[] = [];
  for (const [, inside = ''] of text.matchAll(/<(?:\w+:)?response\b[^>]*>([\s\S]*?)<\/(?:\w+:)?response>/g)) {
    const href = /<(?:\w+:)?href\b[^>]*>([^<]*)</.exec(inside)?.[1] ?? '';
    const outside = inside.replaceAll(/<(?:\w+:)?propstat\b[\s\S]*?<\/(?:\w+:)?propstat>/g, '');
    const status = /HTTP\/1\.1 (\d+)/.exec(outside)?.[1] ?? 'props';
    const etag = /<(?:\w+:)?getetag\b[^>]*>[^<]/.test(inside) ? ' with-etag' : '';
    const body = /<(?:\w+:)?calendar-data\b[^>]*>(?:<!\[CDATA\[|[^<])/.test(inside) ? ' with-body' : '';
    rows.push(`${href.startsWith(base) ? `./${href.slice(base.length)}` : href} ${status}${etag}${body}`);
  }
  return rows.sort();
}

/** Runs all sequences on a fresh calendar of a server. */
export async function runSequences(server: CalDavServer, name = 'Sequences'): Promise<Reduced[]> {
  const client = rawClient(server);
  const calendar = await server.makeCalendar(name);
  const base = new URL(calendar).pathname;
  const seen: Reduced[] = [];
  const note = (step: string, answer: RawAnswer): RawAnswer => {
    const rows = answer.status === 207 ? rowsOf(answer.text, calendar) : [];
    const syncToken = tokenIn(answer.text) !== '';
    seen.push({ step, status: answer.status, rows, etag: answer.etag !== null, syncToken });
    return answer;
  };
  const a = `${calendar}a.ics`;
  const b = `${calendar}b.ics`;

  note('make the calendar again', await client.request('MKCALENDAR', calendar));
  note('list an empty calendar', await client.propfind(calendar, 1, '<d:getetag/>'));
  const empty = note('first sync of an empty calendar', await client.report(calendar, syncBody('')));
  const made = note('create', await client.put(a, event('u-a', 'A'), { 'if-none-match': '*' }));
  note('create again', await client.put(a, event('u-a', 'A'), { 'if-none-match': '*' }));
  note('update a wrong version', await client.put(a, event('u-a', 'A2'), { 'if-match': '"wrong"' }));
  note('update the right version', await client.put(a, event('u-a', 'A2'), { 'if-match': made.etag ?? '' }));
  note('update the version before', await client.put(a, event('u-a', 'A3'), { 'if-match': made.etag ?? '' }));
  note('update what is not there', await client.put(b, event('u-b', 'B'), { 'if-match': '"wrong"' }));
  note('create without a condition', await client.put(b, event('u-b', 'B')));
  note('another resource with a known UID', await client.put(`${calendar}c.ics`, event('u-a', 'C')));
  note('get', await client.get(a));
  note('get what is not there', await client.get(`${calendar}never.ics`));
  note('list', await client.propfind(calendar, 1, '<d:getetag/>'));
  note('look at the calendar', await client.propfind(calendar, 0, '<d:sync-token/><d:resourcetype/>'));
  note('look at a calendar that is not there', await client.propfind(`${calendar}../nowhere/`, 0, '<d:getetag/>'));
  note(
    'multiget with one missing',
    await client.report(calendar, multigetBody([`${base}a.ics`, `${base}never.ics`, `${base}b.ics`])),
  );
  note('query', await client.report(calendar, queryBody()));
  note('query by UID', await client.report(calendar, queryBody(uidFilter('u-b'))));
  note('query a time without events', await client.report(calendar, queryBody(range('20270101', '20270201'))));
  note('query the time of the events', await client.report(calendar, queryBody(range('20260101', '20260201'))));
  const full = note('delta with additions', await client.report(calendar, syncBody(tokenIn(empty.text))));
  note('delete a wrong version', await client.delete(a, { 'if-match': '"wrong"' }));
  note('delete', await client.delete(a));
  note('delete again', await client.delete(a));
  const after = note('delta with a removal', await client.report(calendar, syncBody(tokenIn(full.text))));
  note('delta without changes', await client.report(calendar, syncBody(tokenIn(after.text))));
  note('first sync', await client.report(calendar, syncBody('')));
  note('a malformed token', await client.report(calendar, syncBody('rubbish')));
  note('create where there is no calendar', await client.put(`${calendar}../nowhere/x.ics`, event('u-x', 'X')));
  note('a report that is not XML', await client.report(calendar, 'rubbish'));
  const stranger = rawClient({ username: server.username, password: 'wrong' });
  note('a wrong password', await stranger.propfind(calendar, 0, '<d:getetag/>'));
  return seen;
}

function uidFilter(uid: string): string {
  return `<c:prop-filter name="UID"><c:text-match collation="i;octet">${uid}</c:text-match></c:prop-filter>`;
}

function range(start: string, end: string): string {
  return `<c:time-range start="${start}T000000Z" end="${end}T000000Z"/>`;
}
