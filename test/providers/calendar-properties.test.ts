/** Name, colour, zone and privileges of calendars as real servers tell them, after people set them without Kalends. */
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import {
  escapeXml,
  rawClient,
  usable,
  xmlNamespaces,
  type CalDavServer,
  type MissingServer,
} from '../support/caldav-server.ts';
import { startCyrus } from '../support/cyrus.ts';
import { startRadicale } from '../support/radicale.ts';
import { startXandikos } from '../support/xandikos.ts';
import { localHttp, realClock } from './caldav-under-test.ts';

const zone = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//Kalends//tests//EN',
  'BEGIN:VTIMEZONE',
  'TZID:Europe/Berlin',
  'BEGIN:STANDARD',
  'DTSTART:19701025T030000',
  'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'END:STANDARD',
  'BEGIN:DAYLIGHT',
  'DTSTART:19700329T020000',
  'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'END:DAYLIGHT',
  'END:VTIMEZONE',
  'END:VCALENDAR',
  '',
].join('&#13;\n');

const name = 'Räume & <Orte>';
const properties = `<d:displayname>${escapeXml(name)}</d:displayname><a:calendar-color>#FF8800FF</a:calendar-color><c:calendar-timezone>${zone}</c:calendar-timezone>`;
const set = `<d:set><d:prop>${properties}</d:prop></d:set>`;
const xml = { 'content-type': 'application/xml; charset=utf-8' };

/** All that is set here. */
type Told = Pick<ObservedCalendar, 'name' | 'color' | 'timeZone'>;

interface Expected {
  readonly software: string;
  readonly start: () => Promise<CalDavServer | MissingServer>;
  /** As MKCALENDAR set it. */
  readonly made: Told;
  /** As PROPPATCH set it. */
  readonly patched: Told;
  /** In order, with a blank between them. */
  readonly privileges: string;
  /** What an owner has left who took writing from everybody; null where privileges are nobody's to set. */
  readonly readable: string | null;
}

const everything: Told = { name, color: '#ff8800', timeZone: 'Europe/Berlin' };

const servers: readonly Expected[] = [
  {
    software: 'Radicale',
    start: () => startRadicale(),
    made: everything,
    patched: everything,
    privileges: 'all read write write-content write-properties',
    readable: null,
  },
  {
    // Takes no zone at all, and a colour only by PROPPATCH.
    software: 'Xandikos',
    start: startXandikos,
    made: { name, color: null, timeZone: null },
    patched: { name, color: '#ff8800', timeZone: null },
    privileges: 'all',
    readable: null,
  },
  {
    software: 'Cyrus',
    start: startCyrus,
    made: everything,
    patched: everything,
    privileges:
      'add-resource admin all bind make-collection read read-free-busy remove-collection remove-resource unbind write write-content write-properties write-properties-collection write-properties-resource',
    // An owner keeps what it takes to undo that.
    readable: 'admin make-collection read read-free-busy remove-collection write-properties-resource',
  },
];

describe.each(servers)('calendars of $software', ({ software, start, made, patched, privileges, readable }) => {
  let server: CalDavServer | null = null;
  const http = localHttp();
  beforeAll(async () => {
    server = usable(software, await start());
  });
  afterAll(async () => {
    await http.close();
    await server?.stop();
  });

  const under = (context: TestContext): CalDavServer => server ?? context.skip();
  const listed = async (
    { username, password, calendarsHome }: CalDavServer,
    url: string,
  ): Promise<ObservedCalendar | undefined> => {
    const provider = createCalDav({ http, clock: realClock, random: Math.random });
    const credentials = { kind: 'password', username, password } as const;
    const { signal } = new AbortController();
    const { root } = await provider.connect({ address: calendarsHome, credentials }, signal);
    const calendars = await provider.listCalendars({ root, credentials, signal });
    return calendars.find(({ ref }) => ref === url.slice(calendarsHome.length));
  };

  test('as they were made', async (context) => {
    const there = under(context);
    const url = `${there.calendarsHome}made/`;
    const body = `<c:mkcalendar ${xmlNamespaces}>${set}</c:mkcalendar>`;
    expect((await rawClient(there).request('MKCALENDAR', url, xml, body)).status).toBe(201);
    expect(await listed(there, url)).toEqual({
      ref: 'made/',
      ...made,
      readOnly: false,
      primary: false,
      privileges: privileges.split(' '),
    });
  });

  test('as they were changed', async (context) => {
    const there = under(context);
    const url = await there.makeCalendar('before');
    expect(await listed(there, url)).toMatchObject({ name: 'before', color: null, timeZone: null });
    const body = `<d:propertyupdate ${xmlNamespaces}>${set}</d:propertyupdate>`;
    expect((await rawClient(there).request('PROPPATCH', url, xml, body)).status).toBe(207);
    expect(await listed(there, url)).toMatchObject(patched);
  });

  if (readable === null) return;
  test('that may only be read', async (context) => {
    const there = under(context);
    const url = await there.makeCalendar('readable');
    const ace = '<d:principal><d:authenticated/></d:principal><d:grant><d:privilege><d:read/></d:privilege></d:grant>';
    const body = `<d:acl ${xmlNamespaces}><d:ace>${ace}</d:ace></d:acl>`;
    expect((await rawClient(there).request('ACL', url, xml, body)).status).toBe(200);
    expect(await listed(there, url)).toMatchObject({ readOnly: true, privileges: readable.split(' ') });
  });
});
