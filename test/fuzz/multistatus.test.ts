/** The multistatus entrance: whatever a calendar server answers, the provider gives what was said or a typed failure. */
import { expect, test } from 'vitest';
import { limits } from '../../config/policies.ts';
import { isKalendsError, verdicts } from '../../domain/errors.ts';
import { createCalDav } from '../../providers/caldav/caldav.ts';
import { escapeXml } from '../../providers/caldav/xml/bodies.ts';
import type { Http } from '../../providers/http.ts';
import type { Provider, Session } from '../../providers/provider.ts';
import { redact } from '../../providers/redact.ts';
import { below, pick, seeded, type Seeded } from '../support/seeded.ts';
import { skippingClock } from '../providers/model-session.ts';
import { fuzz } from './kit.ts';

const origin = 'https://cal.example';
const refs = ['a.ics', 'b.ics', 'ü c.ics', 'd%2Fe.ics'];
const credentials = { kind: 'password', username: 'ada', password: 'hunter2-and-more' } as const;

const answers = [
  '<D:href>/cal/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Work</D:displayname><D:sync-token>http://x/7</D:sync-token><CS:getctag>7</CS:getctag><D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report></D:supported-report-set><C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set><D:current-user-privilege-set><D:privilege><D:all/></D:privilege></D:current-user-privilege-set></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>',
  '<D:href>/cal/a.ics</D:href><D:propstat><D:prop><D:getetag>"1"</D:getetag><C:calendar-data>BEGIN:VCALENDAR&#13;\nEND:VCALENDAR</C:calendar-data></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>',
  '<D:href>/cal/b.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>',
  '<D:href>https://cal.example/cal/%C3%BC%20c.ics</D:href><D:propstat><D:status/><D:prop><D:getetag>W/"2"</D:getetag><C:schedule-tag>"s"</C:schedule-tag></D:prop></D:propstat>',
  '<D:href></D:href><D:propstat><D:prop><D:getetag/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>',
  '<D:href>/cal/</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status><D:error><D:number-of-matches-within-limits/></D:error>',
  '<D:href>/cal/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Work</D:displayname><D:sync-token>http://x/8</D:sync-token><CS:getctag>"8"</CS:getctag><D:current-user-privilege-set><D:privilege><D:write/></D:privilege></D:current-user-privilege-set></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>',
  '<D:href>/</D:href><D:propstat><D:prop><D:current-user-principal><D:href>/p/</D:href></D:current-user-principal><C:calendar-home-set><D:href>/home/</D:href></C:calendar-home-set></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>',
];

const multistatus = (inner: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/">${inner}</D:multistatus>`;
const response = (inner: string): string => `<D:response>${inner}</D:response>`;

const samples = [
  multistatus(answers.map(response).join('') + '<D:sync-token>http://x/8</D:sync-token>'),
  ...answers.map((one) => multistatus(response(one) + '<D:sync-token>t</D:sync-token>')),
  '<html><head><title>Login</title></head><body>hunter2-and-more</body></html>',
  '<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>',
  '{"error":"invalid_grant"}',
];

const tags = [
  'href',
  'status',
  'propstat',
  'prop',
  'error',
  'response',
  'sync-token',
  'getetag',
  'resourcetype',
  'collection',
];
const words = [
  ...tags.flatMap((tag) => [`<D:${tag}>`, `</D:${tag}>`, `<D:${tag}/>`]),
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<?xml version="1.1"?>',
  '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
  '&e;',
  '&#x110000;',
  '&#0;',
  'xmlns:D="other"',
  'HTTP/1.1 507 x',
  'HTTP/1.1 404 x',
  '/cal/../etc/',
  '/cal/%00.ics',
  '/cal/%',
  'https://evil.example/cal/a.ics',
  '//evil.example/',
  'javascript:1',
  'http://[::1',
  'constructor',
  '__proto__',
];

/** A tree of known names in places that no server would think of. */
function element(random: Seeded, depth: number): string {
  if (depth === 0 || random() < 0.2) return escapeXml(pick(random, [...refs, ...words, '', ' ']));
  const tag = `D:${pick(random, tags)}`;
  const inner = Array.from({ length: below(random, 4) }, () => element(random, depth - 1)).join('');
  return random() < 0.1 ? `<${tag}/>` : `<${tag}>${inner}</${tag}>`;
}

const grow = (random: Seeded): string =>
  multistatus(
    Array.from({ length: below(random, 8) }, () =>
      random() < 0.7 ? response(pick(random, answers)) : element(random, below(random, pick(random, [4, 4, 40]))),
    ).join('') + pick(random, ['', '<D:sync-token>http://x/9</D:sync-token>']),
  );

const statuses = [200, 207, 207, 207, 207, 400, 401, 403, 404, 409, 412, 418, 429, 500, 503, 507, 301, 999];
const headerSets: readonly Readonly<Record<string, readonly string[]>>[] = [
  {},
  { 'content-type': ['application/xml'] },
  { 'content-type': ['text/calendar'], etag: ['"1"'], 'content-length': ['1'] },
  { 'www-authenticate': ['Digest realm="x", nonce="\\"', 'Basic'], 'retry-after': ['-1'] },
  { location: ['/elsewhere/'], 'retry-after': ['Sun, 06 Nov 1994 08:49:37 GMT'], date: ['x'] },
  { location: ['http://['], dav: ['1, calendar-access'], server: ['x'.repeat(100)] },
];

/** What a server answers that did what it was asked. */
const xml = { 'content-type': ['application/xml; charset=utf-8'] };
const properStatus: Readonly<Record<string, number>> = { GET: 200, PUT: 201, DELETE: 204, MKCALENDAR: 201 };

/** A server that answers everything with one text: properly in some runs, else with whatever is rolled for each request. */
function answering(text: string, random: Seeded): Http {
  const proper = random() < 0.6;
  return ({ method }) => {
    const [status, headers] = [pick(random, statuses), pick(random, headerSets)];
    const answer = proper ? { status: properStatus[method] ?? 207, headers: xml } : { status, headers };
    return Promise.resolve({ ...answer, text, tookMs: 0 });
  };
}

type Question = (provider: Provider, session: Session) => Promise<unknown>;

const put = { calendar: '/cal/', ref: 'a.ics', body: 'BEGIN:VCALENDAR', format: 'icalendar' } as const;

const questions: readonly Question[] = [
  (provider, session) => provider.changes(session, '/cal/', 'http://x/7'),
  (provider, session) => provider.list(session, '/cal/', { withBodies: true, inParts: true }),
  (provider, session) => provider.list(session, '/cal/', { withBodies: false, inParts: false }),
  async (provider, session) => {
    const { answered, missing, unanswered } = await provider.fetch(session, '/cal/', refs);
    const accounted = [...answered.map((one) => one.ref), ...missing, ...unanswered].sort();
    expect(accounted).toEqual([...refs].sort());
  },
  (provider, session) => provider.get(session, '/cal/', 'a.ics'),
  (provider, session) => provider.version(session, '/cal/'),
  (provider, session) => provider.listCalendars(session),
  (provider, session) => provider.getCalendar(session, '/cal/'),
  (provider, session) => provider.put(session, { ...put, precondition: { kind: 'create' } }),
  (provider, session) => provider.put(session, { ...put, precondition: { kind: 'etag', etag: 'W/"1"' } }),
  (provider, session) => provider.remove(session, { ...put, precondition: { kind: 'etag', etag: '"1"' } }),
  (provider, session) => provider.makeCalendar(session, { ref: '/home/new/', name: 'new', color: null }),
  (provider, session) => provider.probe(session),
  (provider, { signal }) => provider.connect({ address: `${origin}/`, credentials }, signal),
];

/** Says too much, or nothing that anybody could act on. */
function expectTyped(error: unknown): void {
  if (!isKalendsError(error)) throw error;
  expect(verdicts[error.code], error.code).toBe(error.verdict);
  const { excerpt = '', request = '' } = error.evidence ?? {};
  expect(error.message.length, error.message.slice(0, 200)).toBeLessThan(1_000);
  expect(excerpt.length).toBeLessThanOrEqual(limits.excerptCharacters);
  expect(request.length).toBeLessThan(2_000);
  expect(error.message + excerpt + request).not.toContain(credentials.password);
  expect(redact(excerpt)).not.toMatch(/BEGIN:VEVENT/);
}

test('any answer is what it says or a typed failure, every asked resource is accounted for, and nothing is told on', async () => {
  const root = { server: origin, home: '/home/', principal: '/p/', entry: `${origin}/` };
  const { shareOfMeaning } = await fuzz({
    name: 'multistatus',
    runs: 1_500,
    samples,
    words,
    grow,
    asGrown: 0.5,
    attempt: async (input, random) => {
      const clock = skippingClock();
      const question = pick(random, questions);
      const provider = createCalDav({ http: answering(input, seeded(below(random, 1e9))), clock, random });
      const session = { root, credentials, signal: new AbortController().signal };
      try {
        await question(provider, session);
        return 'meaning';
      } catch (error) {
        expectTyped(error);
        return 'refusal';
      }
    },
  });
  expect(shareOfMeaning).toBeGreaterThan(0.1);
  expect(shareOfMeaning).toBeLessThan(0.9);
}, 86_400_000);
