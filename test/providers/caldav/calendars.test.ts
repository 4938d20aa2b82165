/** The calendar list: what of a home is a calendar, what it is called, who may write, and which failures spoil the whole. */
import { describe, expect, test } from 'vitest';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { Session } from '../../../providers/provider.ts';
import { failure } from '../../contracts/provider-subject.ts';
import { skippingClock } from '../model-session.ts';
import { stubHttp } from '../stub-http.ts';

const session: Session = {
  root: { server: 'https://cal.example', home: '/home/' },
  credentials: { kind: 'none' },
  signal: new AbortController().signal,
};

const answering = (responses: string) => {
  const text = `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:a="http://apple.com/ns/ical/">${responses}</d:multistatus>`;
  const { http } = stubHttp({ 'PROPFIND https://cal.example/home/': { status: 207, text } });
  return createCalDav({ http, clock: skippingClock(), random: () => 0 });
};

const response = (href: string, props: string, status = '200 OK'): string =>
  `<d:response><d:href>${href}</d:href><d:propstat><d:prop>${props}</d:prop><d:status>HTTP/1.1 ${status}</d:status></d:propstat></d:response>`;

const self = response('/home/', '<d:resourcetype><d:collection/></d:resourcetype>');
const calendar = (href: string, props = ''): string =>
  response(href, `<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>${props}`);

const zone = (lines: readonly string[]): string =>
  `<c:calendar-timezone>${['BEGIN:VCALENDAR', 'BEGIN:VTIMEZONE', ...lines, 'END:VTIMEZONE', 'END:VCALENDAR'].join('&#13;\n')}</c:calendar-timezone>`;

const privileges = (...names: readonly string[]): string =>
  `<d:current-user-privilege-set>${names.map((name) => `<d:privilege><d:${name}/></d:privilege>`).join('')}</d:current-user-privilege-set>`;

const only = async (props: string) => {
  const [one] = await answering(self + calendar('/home/work/', props)).listCalendars(session);
  return one;
};

describe('the calendar list', () => {
  test('names, and the last part of the path where there is none', async () => {
    expect(await only('<d:displayname><![CDATA[Work & <play>]]></d:displayname>')).toMatchObject({
      name: 'Work & <play>',
    });
    expect(await only('')).toMatchObject({ name: 'work', ref: 'work/' });
  });

  test.each([
    ['#FF8800', '#ff8800'],
    ['#FF8800FF', '#ff8800'],
    ['#f80', '#ff8800'],
    ['red', null],
    ['', null],
    ['#12345', null],
  ])('the colour %s is %s', async (given, color) => {
    expect(await only(`<a:calendar-color>${given}</a:calendar-color>`)).toMatchObject({ color });
  });

  test.each([
    [['TZID:Europe/Berlin'], 'Europe/Berlin'],
    [['TZID:/freeassociation.sourceforge.net/Europe/Berlin'], 'Europe/Berlin'],
    [['TZID:W. Europe Standard Time'], 'Europe/Berlin'],
    [['TZID:Something', 'X-LIC-LOCATION:Europe/Vienna'], 'Europe/Vienna'],
    [['TZID:Eur', ' ope/Berlin'], 'Europe/Berlin'],
    [['TZID;X=1:Europe/Berlin'], 'Europe/Berlin'],
    [['TZID:Nowhere/Land'], null],
    [[], null],
  ])('the zone %j is %s', async (lines, timeZone) => {
    expect(await only(zone(lines))).toMatchObject({ timeZone });
  });

  test.each([
    [['read'], true],
    [['read', 'write-properties'], true],
    [['read', 'write-content'], false],
    [['all'], false],
    [['read', 'bind'], false],
    [[], true],
  ])('with the privileges %j it is read-only: %s', async (names, readOnly) => {
    expect(await only(privileges(...names))).toMatchObject({ readOnly, privileges: [...names].sort() });
  });

  test('a server that does not tell privileges lets everybody write', async () => {
    expect(await only('')).toMatchObject({ readOnly: false, privileges: [] });
  });

  test('only what holds events: no task lists, no folders, no inboxes', async () => {
    const components = (name: string): string =>
      `<c:supported-calendar-component-set><c:comp name="${name}"/></c:supported-calendar-component-set>`;
    const provider = answering(
      self +
        calendar('/home/tasks/', components('VTODO')) +
        calendar('/home/events/', components('VEVENT')) +
        calendar('/home/anything/', '<c:supported-calendar-component-set/>') +
        response('/home/inbox/', '<d:resourcetype><d:collection/><c:schedule-inbox/></d:resourcetype>') +
        response('/home/folder/', '<d:resourcetype><d:collection/></d:resourcetype>') +
        response('/home/note.txt', '<d:resourcetype/>'),
    );
    expect((await provider.listCalendars(session)).map(({ ref }) => ref)).toEqual(['events/', 'anything/']);
  });

  test('the default calendar is the primary one', async () => {
    const inbox = response(
      '/home/inbox/',
      '<d:resourcetype><c:schedule-inbox/></d:resourcetype><c:schedule-default-calendar-URL><d:href>https://x.example/home/b</d:href></c:schedule-default-calendar-URL>',
    );
    const calendars = await answering(self + calendar('/home/a/') + calendar('/home/b/') + inbox).listCalendars(
      session,
    );
    expect(calendars.map(({ ref, primary }) => [ref, primary])).toEqual([
      ['a/', false],
      ['b/', true],
    ]);
  });

  test('a home that moved has the same refs as before', async () => {
    const moved = (self + calendar('/moved/a/')).replace('/home/', '/moved/');
    const text = `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">${moved}</d:multistatus>`;
    const { http } = stubHttp({
      'PROPFIND https://cal.example/home/': { status: 308, headers: { location: '/moved/' } },
      'PROPFIND https://cal.example/moved/': { status: 207, text },
    });
    const provider = createCalDav({ http, clock: skippingClock(), random: () => 0 });
    expect((await provider.listCalendars(session)).map(({ ref }) => ref)).toEqual(['a/']);
  });

  test('a calendar outside the home keeps its whole path', async () => {
    const calendars = await answering(self + calendar('https://other.example/shared/team/')).listCalendars(session);
    expect(calendars.map(({ ref }) => ref)).toEqual(['/shared/team/']);
  });

  test.each([
    [
      'a child fails',
      self + calendar('/home/a/') + response('/home/b/', '<d:resourcetype/>', '500 Oops'),
      'server_error',
    ],
    ['the home is forbidden', response('/home/', '<d:resourcetype/>', '403 Forbidden'), 'forbidden'],
    ['the home is missing from it', calendar('/home/a/'), 'malformed_multistatus'],
    ['nothing is in it', '', 'malformed_multistatus'],
    ['somebody has no name', self + response('', '<d:resourcetype/>'), 'malformed_multistatus'],
  ])('is rejected when %s', async (_when, responses, code) => {
    expect((await failure(answering(responses).listCalendars(session))).code).toBe(code);
  });

  test('a child that is forbidden or gone is no calendar, and no reason to reject', async () => {
    const provider = answering(
      self +
        calendar('/home/a/') +
        response('/home/b/', '<d:resourcetype/>', '403 Forbidden') +
        response('/home/c/', '<d:resourcetype/>', '404 Not Found'),
    );
    expect((await provider.listCalendars(session)).map(({ ref }) => ref)).toEqual(['a/']);
  });
});
