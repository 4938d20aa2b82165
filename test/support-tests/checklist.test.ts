/** Every fault that was asked for, in the words in which it was asked for, with the switch that makes it and a request that shows it. */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { FaultName } from '../support/caldav-model/faults.ts';
import { startModelServer } from '../support/caldav-model/mount.ts';
import { startFaultProxy, type ProxyFault } from '../support/fault-proxy.ts';
import { calendar, faultKit } from './fault-kit.ts';
import { otherFaults } from './other-faults.ts';
import { readingFaults, type Scenario } from './reading-faults.ts';
import { event } from './sequences.ts';

const scenarios: Record<FaultName, Scenario> = { ...readingFaults, ...otherFaults };

const wanted: Readonly<Record<string, readonly [FaultName, ...FaultName[]]>> = {
  'multiget that stops at the first missing resource': ['multiget_stops_at_missing'],
  'silently omits': ['multiget_omits', 'listing_omits', 'delta_omits', 'home_omits'],
  'answers 404 for all': ['multiget_404_all'],
  'answers an empty href': ['multiget_empty_href'],
  'empties a listing': ['listing_empty', 'home_empty'],
  'repeats a delta': ['delta_repeats', 'token_stuck'],
  'forgets tokens: 403': ['token_forgotten_403'],
  'forgets tokens: 410': ['token_forgotten_410'],
  'forgets tokens: 418': ['token_forgotten_418'],
  'forgets tokens: 500': ['token_forgotten_500'],
  'forgets tokens: full list': ['token_forgotten_full_list'],
  '507 pages': ['pages_507', 'limit_refused_507'],
  'a second root': ['second_root'],
  'a cut body': ['body_cut', 'body_cut_clean'],
  'wrong content type': ['html_200', 'content_type_wrong'],
  '401 with correct credentials': ['unauthorized_anyway'],
  'moved partition': ['moved_redirect', 'moved_hrefs', 'moved_gone'],
  'one-second tokens': ['token_one_second'],
  'preconditions ignored': ['preconditions_ignored'],
  '207 around a failed PUT': ['put_failure_in_207'],
  'PUT that rewrites the body': ['put_rewrites_body', 'put_drops_location', 'put_without_etag'],
  'duplicate UIDs': ['duplicate_uids_accepted'],
  'clock skew': ['clock_skew'],
  'throttling with Retry-After': ['throttled_429_seconds', 'throttled_429_date', 'throttled_503_seconds'],
  'throttling without Retry-After': ['throttled_429', 'status_503'],
  'slow drip': ['slow_drip'],
  'iCloud: `%40` in href must be re-sent as `@`': ['hrefs_at_escaped'],
  'iCloud: sync token is not a URI': ['token_number'],
  'iCloud: status line may be empty; props in two propstats': ['statuses_empty', 'props_in_two_propstats'],
  'iCloud: calendar-query needs an inner filter, allprop fails': ['query_without_component_400', 'allprop_500'],
  'iCloud: events without end are rejected': ['put_without_end_403'],
  'iCloud: default alarms come and go': ['put_adds_alarm', 'put_drops_alarms', 'reads_add_alarm'],
  '403 on write while reads work': ['write_forbidden_403'],
  'Xandikos: status precedes prop; a mangled href': ['status_before_props', 'missing_href_mangled'],
  'Nextcloud: trashbin, third delete': ['put_deleted_uid_400', 'delete_third_403'],
  'SOGo: 501 under connection exhaustion': ['status_501'],
  'Fastmail: a duplicate UID across calendars is rejected': ['put_uid_elsewhere_409'],
  'Zimbra: the same UID across calendars aliases one event': ['uid_aliased_changes', 'uid_aliased_moves'],
  'DavMail: etags without quotes': ['bare_etags'],
  'GMX: 500 for a valid password with a wrong principal': ['principal_wrong_500'],
  'rustical: a token that leads back': ['token_zero', 'token_stuck'],
  'Google: numeric or absent etags': ['bare_etags', 'etags_unlisted', 'etags_absent'],
  'Google: no MKCALENDAR': ['mkcalendar_405'],
  'tsdav: calendar-data in two CDATA sections': ['bodies_in_two_cdata'],
  'tsdav: deletion as propstat-404': ['removals_as_propstat_404'],
  'a wrong content type on a valid document': ['content_type_wrong'],
  '413 of a multiget that is too large: shrink it': ['multiget_413'],
  '423 Locked': ['write_locked_423'],
};

/** These would also spoil the request that their scenario needs first, or the one that shows the end. */
const once: ReadonlySet<FaultName> = new Set(['delta_omits', 'pages_507']);

describe.each(Object.entries(wanted))('%s', (_phrase, names) => {
  test.each(names)('%s', async (name) => {
    const kit = faultKit();
    // Without the switch the same requests are answered as they should be.
    await expect(scenarios[name](kit)).rejects.toThrow();
    const fresh = faultKit();
    fresh.server.faults.set(name, once.has(name) ? { nextN: 1 } : { always: true });
    await scenarios[name](fresh);
    expect(fresh.server.faults.count(name)).toBeGreaterThan(0);
  });
});

test('DavMail: `.EML` hrefs are names like any other', async () => {
  const kit = faultKit();
  kit.server.world.put(calendar, 'AAMkAD.EML', event('u-eml', 'theirs'));
  expect(kit.rows(await kit.propfind(calendar, 1))).toContain('./AAMkAD.EML props with-etag');
});

test('people edit behind our back, and the next answer shows it', async () => {
  const kit = faultKit();
  const before = await kit.propfind(calendar, 1);
  kit.server.world.put(calendar, 'new.ics', event('u-new', 'theirs'));
  kit.server.world.remove(calendar, 'e1.ics');
  const after = await kit.propfind(calendar, 1);
  expect(before.body).toContain('e1.ics');
  expect(after.body).toContain('new.ics');
  expect(after.body).not.toContain('e1.ics');
});

interface Seen {
  /** Requests that the server answered. */
  readonly reached: number;
  /** What the client got of the answer. */
  readonly got: 'all' | 'part' | 'nothing';
}

/** In front of a real port: what of one request gets to the server, and what of its answer comes back. */
const ofTheProxy: readonly (readonly [ProxyFault, Seen])[] = [
  [{ kind: 'none' }, { reached: 1, got: 'all' }],
  [
    { kind: 'delay', ms: 50 },
    { reached: 1, got: 'all' },
  ],
  [
    { kind: 'cut', afterBytes: 10, direction: 'to_client' },
    { reached: 1, got: 'part' },
  ],
  [
    { kind: 'cut', afterBytes: 10, direction: 'to_server' },
    { reached: 0, got: 'nothing' },
  ],
  [{ kind: 'black_hole' }, { reached: 0, got: 'nothing' }],
  [{ kind: 'half_open' }, { reached: 1, got: 'nothing' }],
  [
    { kind: 'bandwidth', bytesPerSecond: 4_000, direction: 'to_client' },
    { reached: 1, got: 'all' },
  ],
];

describe('the proxy in front of a calendar server', () => {
  test.each(ofTheProxy)('%j', async (fault, wants) => {
    const server = await startModelServer();
    const proxy = await startFaultProxy(server.url);
    await proxy.set(fault);
    let text = '';
    let over = false;
    const socket = connect(proxy.port, '127.0.0.1', () => {
      socket.write('OPTIONS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    });
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => (over = true));
    // Over, or kept for ever: then the proxy has swallowed what there was.
    await expect.poll(() => over || proxy.counts.swallowed > 0, { timeout: 20_000 }).toBe(true);
    const got = text === '' ? 'nothing' : text.endsWith('\r\n\r\n') ? 'all' : 'part';
    expect({ reached: server.log.length, got }).toEqual(wants);
    socket.destroy();
    await proxy.stop();
    await server.stop();
  });
});
