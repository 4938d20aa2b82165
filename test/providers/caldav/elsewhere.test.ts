/** Answers from another place than was asked: what is shown there can be read, and nothing is gone because of it. */
import { describe, expect, test } from 'vitest';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { Provider, Session } from '../../../providers/provider.ts';
import { eventBody, failure, refsOf, tokenOf } from '../../contracts/provider-subject.ts';
import { sendToFrontPage } from '../../support/caldav-model/front-page.ts';
import { modelSession, skippingClock } from '../model-session.ts';
import { stubHttp } from '../stub-http.ts';

const server = 'https://dav.example';
const partition = 'https://p43.dav.example';
const session: Session = {
  root: { server, home: '/ada/' },
  credentials: { kind: 'none' },
  signal: new AbortController().signal,
};

type Routes = Parameters<typeof stubHttp>[0];

const caldav = (routes: Routes): Provider =>
  createCalDav({ http: stubHttp(routes).http, clock: skippingClock(), random: () => 0 });

const multistatus = (responses: string, rest = '') => ({
  status: 207,
  text: `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">${responses}${rest}</d:multistatus>`,
});
const described = (href: string, type: string): string =>
  `<d:response><d:href>${href}</d:href><d:propstat><d:prop><d:resourcetype>${type}</d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`;
const absent = (href: string): string =>
  `<d:response><d:href>${href}</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>`;
const folder = (href: string) => multistatus(described(href, '<d:collection/>'));
const calendar = (href: string) => multistatus(described(href, '<d:collection/><c:calendar/>'));
const to = (location: string) => ({ status: 302, headers: { location } });

describe('one resource that answers 404 is not gone', () => {
  const one = `${server}/ada/work/a.ics`;
  const witness = `PROPFIND ${server}/ada/work/`;
  test.each<[string, Routes]>([
    ['beside an answer about another collection', { [one]: { status: 404 }, [witness]: folder('/') }],
    ['beside an answer about another calendar', { [one]: { status: 404 }, [witness]: calendar('/ada/play/') }],
    ['beside a collection that is no calendar', { [one]: { status: 404 }, [witness]: folder('/ada/work/') }],
    [
      'beside a calendar to which a redirect led',
      {
        [one]: { status: 404 },
        [witness]: to(`${partition}/ada/work/`),
        [`${partition}/ada/work/`]: calendar('/ada/work/'),
      },
    ],
    [
      'where everything is sent to a front page',
      {
        [one]: to('https://www.dav.example/'),
        [witness]: to('https://www.dav.example/'),
        'GET https://www.dav.example/': { status: 404 },
        'PROPFIND https://www.dav.example/': folder('/'),
      },
    ],
    [
      'on a partition that has the calendar',
      {
        [one]: to(`${partition}/ada/work/a.ics`),
        [witness]: to(`${partition}/ada/work/`),
        [`${partition}/ada/work/a.ics`]: { status: 404 },
        [`${partition}/ada/work/`]: calendar('/ada/work/'),
      },
    ],
    ['on another path of the same server', { [one]: to('/gone.html'), [witness]: calendar('/ada/work/') }],
  ])('%s', async (_where, routes) => {
    const refused = await failure(caldav(routes).get(session, 'work/', 'a.ics'));
    expect([refused.code, refused.verdict]).toEqual(['answered_elsewhere', 'ambiguous']);
  });

  test('beside the calendar itself it is, whatever the server calls itself and however it ends its paths', async () => {
    for (const href of ['/ada/work', 'http://backend.internal:8080/ada/work/']) {
      const provider = caldav({ [one]: { status: 404 }, [witness]: calendar(href) });
      expect(await provider.get(session, 'work/', 'a.ics')).toMatchObject({ kind: 'gone' });
    }
  });
});

test('a calendar is not gone beside a home to which a redirect led, nor by a 404 from elsewhere', async () => {
  const home = { [`PROPFIND ${server}/ada/`]: to(`${partition}/ada/`), [`${partition}/ada/`]: folder('/ada/') };
  const moved = { [`PROPFIND ${server}/ada/work/`]: to(`${partition}/x/`), [`${partition}/x/`]: { status: 404 } };
  const told = {
    [`PROPFIND ${server}/ada/work/`]: to(`${partition}/x/`),
    [`${partition}/x/`]: multistatus(absent('/x/')),
  };
  for (const routes of [home, { ...moved, [`PROPFIND ${server}/ada/`]: folder('/ada/') }, { ...told, ...home }]) {
    const refused = await failure(caldav(routes).getCalendar(session, 'work/'));
    expect(refused.code).toBe('answered_elsewhere');
  }
});

describe('a delta', () => {
  const report = `REPORT ${server}/ada/work/`;
  const delta = (href: string) => multistatus(absent(href), '<d:sync-token>t2</d:sync-token>');
  const changes = (routes: Routes) => caldav(routes).changes(session, 'work/', 't1');

  test.each<[string, Routes]>([
    [
      'after a redirect',
      { [report]: to(`${partition}/ada/work/`), [`REPORT ${partition}/ada/work/`]: delta('/ada/work/a.ics') },
    ],
    ['of another server', { [report]: delta(`${partition}/ada/work/a.ics`) }],
  ])('with a tombstone %s is a reason to ask, and the token does not pass over it', async (_which, routes) => {
    const page = await changes(routes);
    expect(page.removed).toEqual([]);
    expect(page.changed).toEqual([{ ref: 'a.ics', etag: null, observation: null }]);
  });

  test('of the calendar itself is believed, with its whole URL, too', async () => {
    for (const href of ['/ada/work/a.ics', `${server}/ada/work/a.ics`]) {
      expect((await changes({ [report]: delta(href) })).removed).toMatchObject([{ ref: 'a.ics' }]);
    }
  });
});

test('a 404 inside a multiget from elsewhere leaves the resource unanswered', async () => {
  const provider = caldav({
    [`REPORT ${server}/ada/work/`]: to(`${partition}/ada/work/`),
    [`REPORT ${partition}/ada/work/`]: multistatus(absent('/ada/work/a.ics')),
  });
  expect(await provider.fetch(session, 'work/', ['a.ics'])).toEqual({
    answered: [],
    missing: [],
    unanswered: ['a.ics'],
  });
});

describe('a site that is redirected to one front page', () => {
  const withOne = async () => {
    const at = await modelSession();
    const etag = at.server.world.put(at.path, 'one.ics', eventBody(at.path, 'one', 'One'));
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    sendToFrontPage(at.server);
    return { ...at, etag, token };
  };

  test('has no empty calendar', async () => {
    const at = await withOne();
    const options = { withBodies: false, inParts: false };
    expect((await failure(at.provider.list(at.session, at.calendar, options))).code).toBe('answered_elsewhere');
    expect((await failure(at.provider.version(at.session, at.calendar))).code).toBe('answered_elsewhere');
    expect((await failure(at.provider.getCalendar(at.session, at.calendar))).code).toBe('answered_elsewhere');
    expect((await failure(at.provider.changes(at.session, at.calendar, at.token))).verdict).not.toBe('gone');
  });

  test('is written to by nobody: no write goes to a place of another name', async () => {
    const at = await withOne();
    const precondition = { kind: 'etag', etag: at.etag } as const;
    const place = { calendar: at.calendar, ref: 'one.ics', precondition };
    const body = eventBody(at.path, 'one', 'Two');
    const writes = [
      () => at.provider.put(at.session, { ...place, body, format: 'icalendar' }),
      () => at.provider.remove(at.session, place),
      () => at.provider.makeCalendar(at.session, { ref: 'new/', name: 'New', color: null }),
    ];
    for (const write of writes) {
      at.wire.forget();
      expect((await failure(write())).verdict).toBe('ambiguous');
      const sent = at.wire.requests.filter(({ method }) => ['PUT', 'DELETE', 'MKCALENDAR'].includes(method));
      expect(sent.map(({ url }) => new URL(url).origin)).toEqual([at.server.origins[0]]);
    }
  });
});

test('what a moved partition shows is read, and what it lacks waits until it is asked for by its own name', async () => {
  const at = await modelSession();
  at.server.world.put(at.path, 'one.ics', eventBody(at.path, 'one', 'One'));
  at.server.faults.set('moved_redirect', { always: true });
  const options = { withBodies: false, inParts: false };
  expect(refsOf(await at.provider.list(at.session, at.calendar, options))).toEqual(['one.ics']);
  expect((await failure(at.provider.get(at.session, at.calendar, 'two.ics'))).code).toBe('answered_elsewhere');
  const { credentials, signal } = at.session;
  const { root } = await at.provider.connect({ address: at.server.origins[0], credentials }, signal);
  expect(await at.provider.get({ ...at.session, root }, at.calendar, 'two.ics')).toMatchObject({ kind: 'gone' });
});
