/** What servers say in their own way, and mean as everybody does: it is read, and written to, all the same. */
import { describe, expect, test } from 'vitest';
import { eventBody, failure, refsOf, tokenOf } from '../../contracts/provider-subject.ts';
import type { FaultName } from '../../support/caldav-model/faults.ts';
import { modelSession, type ModelSession } from '../model-session.ts';

const always = { always: true } as const;
const whole = { withBodies: true, inParts: false } as const;
const refs = ['00.ics', '01@home.ics', '02.EML'] as const;

async function filled(): Promise<ModelSession> {
  const at = await modelSession();
  for (const ref of refs) at.server.world.put(at.path, ref, eventBody(at.path, ref, `Event ${ref}`));
  return at;
}

const create = (at: ModelSession, ref: string, summary = 'New') =>
  at.provider.put(at.session, {
    calendar: at.calendar,
    ref,
    body: eventBody(at.path, ref, summary),
    format: 'icalendar',
    precondition: { kind: 'create' },
  });

describe.each<[FaultName]>([
  ['bodies_in_two_cdata'],
  ['statuses_empty'],
  ['status_before_props'],
  ['props_in_two_propstats'],
  ['content_type_wrong'],
  ['hrefs_at_escaped'],
  ['token_number'],
  ['bare_etags'],
])('%s', (fault) => {
  test.each([{}, { sync: false }])('listings, deltas and multigets say the same (abilities: %j)', async (abilities) => {
    const at = await filled();
    Object.assign(at.server.abilities, abilities);
    const plain = await at.provider.list(at.session, at.calendar, whole);
    at.server.faults.set(fault, always);
    const listing = await at.provider.list(at.session, at.calendar, whole);
    expect(refsOf(listing)).toEqual([...refs]);
    // Whoever reads XML takes CRLF for LF, unless it is escaped (XML 1.0 section 2.11).
    const bodies = (from: typeof plain) => from.resources.map((one) => one.observation?.body.replaceAll('\r\n', '\n'));
    expect(bodies(listing)).toEqual(bodies(plain));
    const fetched = await at.provider.fetch(at.session, at.calendar, [...refs, 'never.ics']);
    expect([fetched.answered.map(({ ref }) => ref), fetched.missing]).toEqual([[...refs], ['never.ics']]);
    for (const ref of refs)
      expect(await at.provider.get(at.session, at.calendar, ref)).toMatchObject({
        kind: 'found',
        observation: { ref },
      });
    if (abilities.sync !== false) {
      at.server.world.remove(at.path, refs[1]);
      at.server.world.edit(at.path, refs[2], (body) => body.replace('SUMMARY:', 'SUMMARY:other '));
      const page = await at.provider.changes(at.session, at.calendar, tokenOf(listing));
      expect([page.changed.map(({ ref }) => ref), page.removed.map(({ ref }) => ref)]).toEqual([[refs[2]], [refs[1]]]);
      expect((await at.provider.changes(at.session, at.calendar, page.token)).changed).toEqual([]);
    }
    if (fault !== 'token_number' || abilities.sync !== false) expect(at.server.faults.count(fault)).toBeGreaterThan(0);
  });

  test('what was read is replaced, and removed, under its precondition', async () => {
    const at = await filled();
    at.server.faults.set(fault, always);
    for (const { ref, etag } of (await at.provider.list(at.session, at.calendar, whole)).resources) {
      const body = eventBody(at.path, ref, 'replaced');
      const place = { calendar: at.calendar, ref };
      const precondition = { kind: 'etag', etag: etag ?? '' } as const;
      const written = await at.provider.put(at.session, { ...place, body, format: 'icalendar', precondition });
      expect(at.server.world.body(at.path, ref)).toContain('SUMMARY:replaced');
      expect((await failure(at.provider.remove(at.session, { ...place, precondition }))).verdict).toBe('conflict');
      const now = { kind: 'etag', etag: written.etag ?? '' } as const;
      expect(await at.provider.remove(at.session, { ...place, precondition: now })).toMatchObject({ kind: 'removed' });
    }
    expect(at.server.world.names(at.path)).toEqual([]);
  });
});

test('%40 is never asked for, however hrefs spell it', async () => {
  const at = await filled();
  at.server.faults.set('hrefs_at_escaped', always);
  const listing = await at.provider.list(at.session, at.calendar, whole);
  await at.provider.fetch(at.session, at.calendar, refsOf(listing));
  await at.provider.get(at.session, at.calendar, refs[1]);
  expect(at.wire.requests.filter(({ url, body }) => `${url}${body ?? ''}`.includes('%40'))).toEqual([]);
});

test('what iCloud refuses is not asked: allprop, a query without a component, an event without an end', async () => {
  const at = await filled();
  const refusals = ['allprop_500', 'query_without_component_400', 'put_without_end_403'] as const;
  for (const name of refusals) at.server.faults.set(name, always);
  for (const sync of [true, false]) {
    at.server.abilities.sync = sync;
    await at.provider.listCalendars(at.session);
    expect(refsOf(await at.provider.list(at.session, at.calendar, whole))).toEqual([...refs]);
    await at.provider.version(at.session, at.calendar);
    await at.provider.probe(at.session);
  }
  await create(at, 'new.ics');
  expect(refusals.map((name) => at.server.faults.count(name))).toEqual([0, 0, 0]);
});

describe('what is not there, named by a mangled URL (Xandikos)', () => {
  test('is missing, inside a multiget', async () => {
    const at = await filled();
    at.server.faults.set('missing_href_mangled', always);
    const fetched = await at.provider.fetch(at.session, at.calendar, [...refs, 'never.ics']);
    expect([fetched.missing, fetched.unanswered]).toEqual([['never.ics'], []]);
  });

  test('is the failure of the write that it stands in', async () => {
    const at = await modelSession();
    await create(at, 'new.ics');
    at.server.faults.set('put_failure_in_207', always);
    at.server.faults.set('missing_href_mangled', always);
    expect((await failure(create(at, 'new.ics'))).code).toBe('precondition_failed');
    expect(at.server.faults.count('missing_href_mangled')).toBe(1);
  });
});

describe('a token that leads back (rustical)', () => {
  test('a delta that replays everything says what is there, and that nothing was removed that is', async () => {
    const at = await filled();
    at.server.world.remove(at.path, refs[0]);
    const now = tokenOf(await at.provider.version(at.session, at.calendar));
    at.server.faults.set('token_zero', always);
    const nothing = await at.provider.changes(at.session, at.calendar, now);
    expect([nothing.changed, nothing.removed, nothing.more]).toEqual([[], [], false]);
    const replay = await at.provider.changes(at.session, at.calendar, nothing.token);
    expect([replay.changed.map(({ ref }) => ref), replay.removed, replay.more]).toEqual([
      [refs[1], refs[2]],
      [],
      false,
    ]);
  });
});
