/** Reading from servers that leave out, repeat, cut, redirect and forget: nothing is lost, invented or taken for a removal. */
import { describe, expect, test } from 'vitest';
import type { ErrorCode, Verdict } from '../../../domain/errors.ts';
import { eventBody, failure, refsOf, tokenOf } from '../../contracts/provider-subject.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { modelSession, type ModelSession } from '../model-session.ts';

const always = { always: true } as const;

/** `count` events, `00.ics` and so on. */
function fill({ server, path }: ModelSession, count: number): string[] {
  const refs = Array.from({ length: count }, (_, index) => `${String(index).padStart(2, '0')}.ics`);
  for (const ref of refs) server.world.put(path, ref, eventBody(path, ref, `Event ${ref}`));
  return refs;
}

const accounted = (fetched: {
  answered: readonly { ref: string }[];
  missing: readonly string[];
  unanswered: readonly string[];
}) => [...fetched.answered.map(({ ref }) => ref), ...fetched.missing, ...fetched.unanswered].sort();

describe('multigets that cannot be trusted', () => {
  test('stops at the first missing resource: the rest is unanswered, nothing is gone (February 2020)', async () => {
    const at = await modelSession();
    const refs = fill(at, 10);
    at.server.world.remove(at.path, '04.ics');
    at.server.faults.set('multiget_stops_at_missing', always);
    const fetched = await at.provider.fetch(at.session, at.calendar, refs);
    expect(fetched.answered.map(({ ref }) => ref)).toEqual(refs.slice(0, 4));
    expect(fetched.missing).toEqual([]);
    expect([...fetched.unanswered].sort()).toEqual(refs.slice(4));
  });

  test.each<[FaultName]>([
    ['multiget_omits'],
    ['multiget_404_all'],
    ['multiget_404_listed'],
    ['multiget_empty_href'],
    ['body_as_propstat_404'],
    ['hrefs_escaped'],
    ['moved_hrefs'],
  ])('%s: every ref is accounted for exactly once, and all are still found one by one', async (fault) => {
    const at = await modelSession();
    const refs = fill(at, 20);
    at.server.faults.set(fault, always);
    const fetched = await at.provider.fetch(at.session, at.calendar, refs);
    expect(at.server.faults.count(fault)).toBeGreaterThan(0);
    expect(accounted(fetched)).toEqual(refs);
    for (const ref of [...fetched.missing, ...fetched.unanswered]) {
      expect(await at.provider.get(at.session, at.calendar, ref)).toMatchObject({ kind: 'found' });
    }
    for (const { ref, body } of fetched.answered) expect(body).toContain(`Event ${ref}`);
  });

  test('a property that is not there does not make the resource missing', async () => {
    const at = await modelSession();
    fill(at, 1);
    at.server.faults.set('body_as_propstat_404', always);
    expect(await at.provider.fetch(at.session, at.calendar, ['00.ics'])).toEqual({
      answered: [],
      missing: [],
      unanswered: ['00.ics'],
    });
  });

  test('hrefs in other clothes and on another host are the refs that were asked', async () => {
    for (const fault of ['hrefs_escaped', 'moved_hrefs'] as const) {
      const at = await modelSession();
      const refs = fill(at, 3);
      at.server.faults.set(fault, always);
      expect((await at.provider.fetch(at.session, at.calendar, refs)).answered.map(({ ref }) => ref).sort()).toEqual(
        refs,
      );
      expect(refsOf(await at.provider.list(at.session, at.calendar, { withBodies: false, inParts: false }))).toEqual(
        refs,
      );
    }
  });

  test('more refs than one request may name are the caller’s mistake', async () => {
    const at = await modelSession();
    const refs = Array.from({ length: at.provider.capabilities.fetchBatch + 1 }, (_, index) => `${index}.ics`);
    expect((await failure(at.provider.fetch(at.session, at.calendar, refs))).code).toBe('invalid_input');
  });
});

describe('listings', () => {
  for (const withBodies of [false, true]) {
    test(`507 pages are read to their end in one call (withBodies: ${withBodies})`, async () => {
      const at = await modelSession();
      const refs = fill(at, 10);
      at.server.faults.set('pages_507', { always: true, value: 3 });
      const listing = await at.provider.list(at.session, at.calendar, { withBodies, inParts: false });
      expect(refsOf(listing)).toEqual(refs);
      expect(at.wire.methods.filter((method) => method === 'REPORT').length).toBeGreaterThanOrEqual(4);
      at.server.faults.clearAll();
      expect(await at.provider.changes(at.session, at.calendar, tokenOf(listing))).toMatchObject({
        changed: [],
        removed: [],
      });
    });

    test(`of 507 pages the first is a part, where parts are asked for (withBodies: ${withBodies})`, async () => {
      const at = await modelSession();
      const refs = fill(at, 10);
      at.server.faults.set('pages_507', { always: true, value: 3 });
      const part = await at.provider.list(at.session, at.calendar, { withBodies, inParts: true });
      expect([part.more, part.resources.length]).toEqual([true, 3]);
      expect(at.wire.methods.filter((method) => method === 'REPORT')).toHaveLength(1);
      const seen = new Set(refsOf(part));
      for (let token = tokenOf(part), more = true; more;) {
        const page = await at.provider.changes(at.session, at.calendar, token);
        for (const { ref } of page.changed) seen.add(ref);
        ({ token, more } = page);
      }
      expect([...seen].sort()).toEqual(refs);
    });

    test(`what was removed before is not listed though the server names it (withBodies: ${withBodies})`, async () => {
      const at = await modelSession();
      const refs = fill(at, 4);
      at.server.world.remove(at.path, '01.ics');
      at.server.faults.set('initial_tells_removals', always);
      const listing = await at.provider.list(at.session, at.calendar, { withBodies, inParts: false });
      expect(refsOf(listing)).toEqual(refs.filter((ref) => ref !== '01.ics'));
    });

    test(`without sync-collection the collection is listed by PROPFIND, with a ctag (withBodies: ${withBodies})`, async () => {
      const at = await modelSession({ abilities: { sync: false } });
      const refs = fill(at, 5);
      const listing = await at.provider.list(at.session, at.calendar, { withBodies, inParts: false });
      expect(refsOf(listing)).toEqual(refs);
      expect(listing.token).toBeNull();
      expect(listing.ctag).not.toBeNull();
      expect(listing.resources.every(({ observation }) => (observation !== null) === withBodies)).toBe(true);
      expect(await at.provider.version(at.session, at.calendar)).toEqual({ token: null, ctag: listing.ctag });
    });
  }

  test('withBodies brings the bodies along, in one answer where the server can', async () => {
    const at = await modelSession();
    fill(at, 5);
    const { resources } = await at.provider.list(at.session, at.calendar, { withBodies: true, inParts: false });
    for (const { ref, observation } of resources) expect(observation?.body).toContain(`Event ${ref}`);
    expect(at.wire.methods).toEqual(['PROPFIND', 'REPORT']);
  });

  test('withBodies is only a hint: what cannot bring them brings the listing', async () => {
    const at = await modelSession({ abilities: { sync: false, calendarQuery: false } });
    const refs = fill(at, 5);
    const listing = await at.provider.list(at.session, at.calendar, { withBodies: true, inParts: false });
    expect(refsOf(listing)).toEqual(refs);
    expect(listing.resources.every(({ observation }) => observation === null)).toBe(true);
  });

  test.each<[FaultName, ErrorCode]>([
    ['second_root', 'malformed_multistatus'],
    ['body_cut', 'cut_short'],
    ['body_cut_clean', 'malformed_multistatus'],
    ['html_200', 'not_multistatus'],
    ['unauthorized_anyway', 'unauthorized'],
    ['status_503', 'unavailable'],
    ['throttled_429', 'rate_limited'],
    ['throttled_503_seconds', 'rate_limited'],
    ['hangs', 'timed_out'],
    ['host_down', 'connect_failed'],
    ['dropped_before_effect', 'cut_short'],
    ['status_502', 'gateway_failed'],
  ])('%s is %s, never an empty or a partial listing', async (fault, code) => {
    for (const abilities of [{}, { sync: false }]) {
      const at = await modelSession({ abilities });
      fill(at, 10);
      for (const withBodies of [false, true]) {
        at.server.faults.set(fault, { always: true, only: { pathPrefix: at.path } });
        expect((await failure(at.provider.list(at.session, at.calendar, { withBodies, inParts: false }))).code).toBe(
          code,
        );
        at.server.faults.clearAll();
      }
    }
  });

  test('a fault in the second of several pages spoils the whole', async () => {
    const at = await modelSession();
    fill(at, 10);
    at.server.faults.set('pages_507', { always: true, value: 4 });
    let reports = 0;
    const only = { matches: (request: { method: string }) => request.method === 'REPORT' && (reports += 1) === 2 };
    at.server.faults.set('body_cut', { always: true, only });
    expect((await failure(at.provider.list(at.session, at.calendar, { withBodies: false, inParts: false }))).code).toBe(
      'cut_short',
    );
  });
});

describe('deltas', () => {
  const tokenFaults = (['400', '403', '409', '410', '412', '415', '418', '500'] as const).map(
    (status) => `token_forgotten_${status}` as const,
  );

  test.each(tokenFaults)('%s ends in a resync', async (fault) => {
    const at = await modelSession();
    fill(at, 3);
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    at.server.world.remove(at.path, '01.ics');
    at.server.faults.set(fault, { nextN: 1 });
    const error = await failure(at.provider.changes(at.session, at.calendar, token));
    expect(error).toMatchObject({ code: 'sync_token_invalid', verdict: 'resync' });
    expect(at.wire.requests.length).toBeLessThanOrEqual(4);
  });

  test('a 500 for every token, or for a token that is still current, is an outage and no resync', async () => {
    const at = await modelSession();
    fill(at, 3);
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    at.server.faults.set('status_500', { always: true, only: { method: 'REPORT' } });
    expect((await failure(at.provider.changes(at.session, at.calendar, token))).code).toBe('server_error');
    at.server.world.remove(at.path, '01.ics');
    expect((await failure(at.provider.changes(at.session, at.calendar, token))).code).toBe('server_error');
    at.server.faults.set('status_500', always);
    expect((await failure(at.provider.changes(at.session, at.calendar, token))).code).toBe('server_error');
  });

  test('pages: each has its token, and the next goes on from there', async () => {
    const at = await modelSession();
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    const refs = fill(at, 8);
    at.server.faults.set('pages_507', { always: true, value: 3 });
    const seen: string[] = [];
    const pages: boolean[] = [];
    for (let next = token, more = true; more;) {
      const page = await at.provider.changes(at.session, at.calendar, next);
      seen.push(...page.changed.map(({ ref }) => ref));
      pages.push(page.more);
      ({ token: next, more } = page);
    }
    expect(seen.sort()).toEqual(refs);
    expect(pages).toEqual([true, true, false]);
  });

  test('a removal that is told as a property’s 404 is only a reason to ask', async () => {
    const at = await modelSession();
    fill(at, 3);
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    at.server.world.remove(at.path, '01.ics');
    at.server.faults.set('removals_as_propstat_404', always);
    const page = await at.provider.changes(at.session, at.calendar, token);
    expect(page.removed).toEqual([]);
    expect(page.changed).toEqual([{ ref: '01.ics', etag: null, observation: null }]);
  });

  test('a tombstone is evidence with the request that showed it', async () => {
    const at = await modelSession();
    fill(at, 2);
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    at.server.world.remove(at.path, '01.ics');
    const { removed } = await at.provider.changes(at.session, at.calendar, token);
    const request = 'REPORT sync-collection /calendars/alice/work/';
    expect(removed).toEqual([
      { ref: '01.ics', evidence: { kind: 'tombstone', request, status: 404, atMs: at.clock.now() } },
    ]);
  });

  test('an answer without a token is no delta', async () => {
    const at = await modelSession();
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    at.wire.tamper((response) => ({
      ...response,
      text: response.text.replace(/<(\w+:)?sync-token>[^<]*<\/(\w+:)?sync-token>/, ''),
    }));
    expect((await failure(at.provider.changes(at.session, at.calendar, token))).code).toBe('malformed_multistatus');
  });

  test('a calendar that went is not a delta full of removals', async () => {
    const at = await modelSession();
    fill(at, 5);
    const token = tokenOf(await at.provider.version(at.session, at.calendar));
    at.server.world.removeCalendar(at.path);
    expect((await failure(at.provider.changes(at.session, at.calendar, token))).code).toBe('not_found');
  });
});

describe('one resource alone', () => {
  test.each<[FaultName, ErrorCode, Verdict]>([
    ['html_200', 'not_multistatus', 'transient'],
    ['unauthorized_anyway', 'unauthorized', 'auth_suspect'],
    ['forbidden_anyway', 'forbidden', 'ambiguous'],
    ['status_500', 'server_error', 'ambiguous'],
    ['dropped_before_effect', 'cut_short', 'transient'],
    ['moved_gone', 'not_found', 'gone'],
  ])('%s rejects with %s; nothing but a 404 beside a readable calendar says gone', async (fault, code, verdict) => {
    const at = await modelSession();
    fill(at, 1);
    at.server.faults.set(fault, always);
    expect(await failure(at.provider.get(at.session, at.calendar, '00.ics'))).toMatchObject({ code, verdict });
  });

  test('a share that was withdrawn takes no event with it', async () => {
    const at = await modelSession();
    at.server.world.addUser('bob', 'what-bob-typed');
    const theirs = at.server.world.addCalendar('bob', 'theirs');
    at.server.world.put(theirs, 'one.ics', eventBody(theirs, 'one', 'One'));
    const share = at.server.world.share(theirs, 'alice', 'read');
    const calendar = share.slice('/calendars/alice/'.length);
    expect(await at.provider.get(at.session, calendar, 'one.ics')).toMatchObject({ kind: 'found' });
    expect((await at.provider.listCalendars(at.session)).find(({ ref }) => ref === calendar)).toMatchObject({
      readOnly: true,
    });
    at.server.world.withdrawShare(share);
    expect((await failure(at.provider.get(at.session, calendar, 'one.ics'))).code).toBe('not_found');
    expect(await at.provider.getCalendar(at.session, calendar)).toMatchObject({
      kind: 'gone',
      evidence: { status: 404, collectionStatus: 207 },
    });
  });

  test('a calendar is not gone while its home is not readable', async () => {
    const at = await modelSession();
    at.server.faults.set('moved_gone', always);
    expect((await failure(at.provider.getCalendar(at.session, at.calendar))).code).toBe('not_found');
  });
});

describe('redirects of a moved partition', () => {
  test.each([301, 302, 307, 308])(
    '%s inside one domain is followed with credentials, reading and writing',
    async (status) => {
      const at = await modelSession();
      const refs = fill(at, 3);
      at.server.faults.set('moved_redirect', { always: true, value: status });
      expect(refsOf(await at.provider.list(at.session, at.calendar, { withBodies: true, inParts: false }))).toEqual(
        refs,
      );
      expect(await at.provider.get(at.session, at.calendar, '00.ics')).toMatchObject({ kind: 'found' });
      const written = await at.provider.put(at.session, {
        calendar: at.calendar,
        ref: 'new.ics',
        body: eventBody(at.path, 'new', 'New'),
        format: 'icalendar',
        precondition: { kind: 'create' },
      });
      expect(written.etag).toBe(at.server.world.etag(at.path, 'new.ics'));
    },
  );

  test('connecting finds the partition, and the same refs as before', async () => {
    const at = await modelSession();
    fill(at, 1);
    at.server.faults.set('moved_redirect', { always: true, value: 301 });
    const { credentials, signal } = at.session;
    const { root } = await at.provider.connect({ address: at.server.origins[0], credentials }, signal);
    at.server.faults.clearAll();
    const calendars = await at.provider.listCalendars({ ...at.session, root });
    expect(calendars).toEqual(await at.provider.listCalendars(at.session));
  });
});

describe('the calendar list', () => {
  test.each<[FaultName, ErrorCode]>([
    ['body_cut_clean', 'malformed_multistatus'],
    ['html_200', 'not_multistatus'],
    ['unauthorized_anyway', 'unauthorized'],
    ['status_500', 'server_error'],
  ])('%s is %s, never a shorter list', async (fault, code) => {
    const at = await modelSession();
    at.server.faults.set(fault, always);
    expect((await failure(at.provider.listCalendars(at.session))).code).toBe(code);
  });
});
