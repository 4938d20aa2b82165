/** Servers that always promise another page: what is asked of them has an end. */
import { expect, test } from 'vitest';
import { pulling } from '../../../config/policies.ts';
import { createCalDav } from '../../../providers/caldav/caldav.ts';
import type { Session } from '../../../providers/provider.ts';
import { failure, refsOf } from '../../contracts/provider-subject.ts';
import { skippingClock } from '../model-session.ts';
import { stubHttp } from '../stub-http.ts';

const session: Session = {
  root: { server: 'https://cal.example', home: '/home/' },
  credentials: { kind: 'none' },
  signal: new AbortController().signal,
};

const multistatus = (content: string): string =>
  `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/">${content}</d:multistatus>`;

const row = (href: string, props: string): string =>
  `<d:response><d:href>${href}</d:href><d:propstat><d:prop>${props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`;

const member = (name: string): string => row(`/home/work/${name}`, '<d:getetag>"1"</d:getetag>');

const self = row(
  '/home/work/',
  '<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><cs:getctag>c1</cs:getctag>',
);

const another =
  '<d:response><d:href>/home/work/</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response>';

/** Every page promises another; its token is what `tokenOf` says of the number of the request. */
function promising(tokenOf: (nth: number) => string) {
  const url = 'https://cal.example/home/work/';
  const { http, sent } = stubHttp({
    [`PROPFIND ${url}`]: ({ headers }) => ({
      status: 207,
      text: multistatus(headers['depth'] === '1' ? self + member('a.ics') + member('b.ics') : self),
    }),
    [`REPORT ${url}`]: (_request, nth) => ({
      status: 207,
      text: multistatus(`${member('a.ics')}${another}<d:sync-token>${tokenOf(nth)}</d:sync-token>`),
    }),
  });
  const reports = (): number => sent.filter(({ method }) => method === 'REPORT').length;
  return { provider: createCalDav({ http, clock: skippingClock(), random: () => 0 }), reports };
}

const listing = { withBodies: false, inParts: false };

test('a listing that promises ever more pages is given up after so many, and made in one', async () => {
  const { provider, reports } = promising((nth) => `t${nth}`);
  const listed = await provider.list(session, 'work/', listing);
  expect(reports()).toBe(pulling.deltaPagesMax);
  expect(refsOf(listed)).toEqual(['a.ics', 'b.ics']);
  expect(listed).toMatchObject({ token: null, ctag: 'c1', more: false });
});

test('a listing that promises more and repeats its token is made in one at once', async () => {
  const { provider, reports } = promising(() => 'always the same');
  const listed = await provider.list(session, 'work/', listing);
  expect(reports()).toBe(2);
  expect(refsOf(listed)).toEqual(['a.ics', 'b.ics']);
});

test('a delta that promises more and repeats its token makes no progress', async () => {
  const { provider, reports } = promising(() => 't1');
  expect(await failure(provider.changes(session, 'work/', 't1'))).toMatchObject({
    code: 'no_progress',
    verdict: 'resync',
  });
  expect(reports()).toBe(1);
});
