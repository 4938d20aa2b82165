/** What each fault of reports, listings, deltas and documents must do to an answer. */
import { expect } from 'vitest';
import { calendar, names, type FaultKit } from './fault-kit.ts';
import { xmlNamespaces } from '../support/caldav-server.ts';
import { event, multigetBody, tokenIn } from './sequences.ts';

export type Scenario = (kit: FaultKit) => Promise<void>;

const full = 'props with-etag with-body';

/** A token, then three changes: one new, one edited, one removed. */
async function tokenThenChanges(kit: FaultKit): Promise<string> {
  const token = tokenIn((await kit.sync('')).body);
  kit.server.world.put(calendar, 'new.ics', event('u-new', 'new'));
  kit.server.world.edit(calendar, 'e1.ics', (body) => body.replace('SUMMARY:', 'SUMMARY:edited '));
  kit.server.world.remove(calendar, 'e2.ics');
  return token;
}

const changes = ['./e1.ics props with-etag', './e2.ics 404', './new.ics props with-etag'];

function refusesToken(status: number): Scenario {
  return async (kit) => {
    const answer = await kit.sync(await tokenThenChanges(kit));
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('multistatus');
  };
}

export const readingFaults = {
  multiget_stops_at_missing: async (kit) => {
    expect(await kit.multiget()).toEqual(['./e1.ics', './e2.ics', './e3.ics'].map((name) => `${name} ${full}`));
  },
  multiget_omits: async (kit) => {
    const rows = await kit.multiget();
    expect(rows.length).toBeLessThan(7);
    expect(rows).toContain('./never.ics 404');
  },
  multiget_404_all: async (kit) => {
    const rows = await kit.multiget();
    expect(rows).toHaveLength(7);
    expect(rows.every((row) => row.endsWith(' 404'))).toBe(true);
  },
  multiget_404_listed: async (kit) => {
    const rows = await kit.multiget();
    expect(rows).toHaveLength(7);
    const gone = rows.filter((row) => row.endsWith(' 404')).length;
    expect(gone).toBeGreaterThan(1);
    expect(gone).toBeLessThan(7);
  },
  multiget_empty_href: async (kit) => {
    const rows = await kit.multiget();
    expect(rows).toContain(` ${full}`);
    expect(rows).not.toContain(`./e1.ics ${full}`);
  },
  body_as_propstat_404: async (kit) => {
    expect(await kit.multiget()).toContain('./e1.ics props with-etag');
  },
  multiget_413: async (kit) => {
    const asked = async (some: readonly string[]) =>
      kit.ask('REPORT', calendar, { body: multigetBody(some.map((name) => calendar + name)) });
    expect((await asked(names)).status).toBe(413);
    expect((await asked(names.slice(0, 1))).status).toBe(207);
  },
  bodies_in_two_cdata: async (kit) => {
    const { body } = await kit.ask('REPORT', calendar, { body: multigetBody([`${calendar}e1.ics`]) });
    expect(body).toMatch(
      /<C:calendar-data><!\[CDATA\[BEGIN:VCALENDAR[^\]]*\]\]><!\[CDATA\[[^\]]*END:VCALENDAR\s*\]\]>/,
    );
    expect(kit.rows({ ...(await kit.propfind(calendar, 1)), body })).toEqual([`./e1.ics ${full}`]);
  },
  listing_empty: async (kit) => {
    expect(kit.rows(await kit.propfind(calendar, 1))).toEqual(['./ props with-etag']);
  },
  listing_omits: async (kit) => {
    expect(kit.rows(await kit.propfind(calendar, 1)).length).toBeLessThan(1 + names.length);
  },
  home_empty: async (kit) => {
    expect(kit.rows(await kit.propfind('/calendars/alice/', 1))).toEqual(['/calendars/alice/ props']);
  },
  home_omits: async (kit) => {
    expect(kit.rows(await kit.propfind('/calendars/alice/', 1))).toEqual(['/calendars/alice/ props']);
  },
  initial_tells_removals: async (kit) => {
    kit.server.world.remove(calendar, 'e2.ics');
    expect(kit.rows(await kit.sync(''))).toContain('./e2.ics 404');
  },
  delta_repeats: async (kit) => {
    const rows = kit.rows(await kit.sync(await tokenThenChanges(kit)));
    expect(rows).toEqual(expect.arrayContaining(changes));
    expect(rows.length).toBeGreaterThan(changes.length);
  },
  delta_omits: async (kit) => {
    const answer = await kit.sync(await tokenThenChanges(kit));
    expect(kit.rows(answer).length).toBeLessThan(changes.length);
    expect(kit.rows(await kit.sync(tokenIn(answer.body)))).toEqual([]);
  },
  token_stuck: async (kit) => {
    const token = await tokenThenChanges(kit);
    const answer = await kit.sync(token);
    expect(kit.rows(answer)).toEqual(changes);
    expect(tokenIn(answer.body)).toBe(token);
  },
  token_zero: async (kit) => {
    const first = tokenIn((await kit.sync('')).body);
    const next = tokenIn((await kit.sync(first)).body);
    expect(next).not.toBe(first);
    expect(kit.rows(await kit.sync(next))).toHaveLength(names.length);
  },
  token_number: async (kit) => {
    const answer = await kit.sync(await tokenThenChanges(kit));
    expect(tokenIn(answer.body)).toMatch(/^\d{20}$/);
    expect(kit.rows(answer)).toEqual(changes);
    expect(kit.rows(await kit.sync(tokenIn(answer.body)))).toEqual([]);
  },
  token_one_second: async (kit) => {
    const answer = await kit.sync(await tokenThenChanges(kit));
    const again = await kit.sync(tokenIn(answer.body));
    expect(kit.rows(again)).toEqual(changes);
    expect(tokenIn(again.body)).toBe(tokenIn(answer.body));
  },
  token_forgotten_400: refusesToken(400),
  token_forgotten_403: async (kit) => {
    const answer = await kit.sync(await tokenThenChanges(kit));
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('valid-sync-token');
  },
  token_forgotten_409: refusesToken(409),
  token_forgotten_410: refusesToken(410),
  token_forgotten_412: refusesToken(412),
  token_forgotten_415: refusesToken(415),
  token_forgotten_418: refusesToken(418),
  token_forgotten_500: refusesToken(500),
  token_forgotten_full_list: async (kit) => {
    const rows = kit.rows(await kit.sync(await tokenThenChanges(kit)));
    expect(rows).toHaveLength(names.length);
    expect(rows).not.toContain('./e2.ics 404');
  },
  pages_507: async (kit) => {
    const first = await kit.sync('');
    expect(kit.rows(first)).toContain('./ 507');
    const second = await kit.sync(tokenIn(first.body));
    const all = [...kit.rows(first), ...kit.rows(second)].filter((row) => row !== './ 507');
    expect(all.sort()).toEqual(names.map((name) => `./${name} props with-etag`));
  },
  limit_refused_507: async (kit) => {
    expect((await kit.sync('', 2)).status).toBe(507);
  },
  removals_as_propstat_404: async (kit) => {
    expect(kit.rows(await kit.sync(await tokenThenChanges(kit)))).toContain('./e2.ics props');
  },
  second_root: async (kit) => {
    const { body } = await kit.propfind(calendar, 1);
    expect(body.match(/<D:multistatus/g)).toHaveLength(2);
  },
  body_cut: async (kit) => {
    const { body, wire } = await kit.propfind(calendar, 1);
    expect(wire).toEqual({ kind: 'cut', afterBytes: Math.floor(Buffer.byteLength(body) / 2) });
  },
  body_cut_clean: async (kit) => {
    const { body, wire } = await kit.propfind(calendar, 1);
    expect(wire.kind).toBe('whole');
    expect(body).not.toContain('</D:multistatus>');
  },
  html_200: async (kit) => {
    const { status, headers, body } = await kit.propfind(calendar, 1);
    expect([status, headers['content-type']]).toEqual([200, ['text/html; charset=utf-8']]);
    expect(body).toContain('<html>');
  },
  statuses_empty: async (kit) => {
    const { body } = await kit.propfind(calendar, 1);
    expect(body).toContain('<D:status/>');
    expect(body).not.toContain('200 OK');
    expect(body).toContain('404 Not Found');
  },
  status_before_props: async (kit) => {
    expect((await kit.propfind(calendar, 1)).body).toContain(
      '<D:propstat><D:status>HTTP/1.1 200 OK</D:status><D:prop>',
    );
  },
  props_in_two_propstats: async (kit) => {
    const { body } = await kit.propfind(calendar, 1);
    expect(
      body
        .split('<D:response>')
        .at(-1)
        ?.match(/200 OK/g),
    ).toHaveLength(2);
  },
  content_type_wrong: async (kit) => {
    const { headers, body } = await kit.propfind(calendar, 1);
    expect(headers['content-type']).toEqual(['text/html; charset=utf-8']);
    expect(body).toContain('</D:multistatus>');
  },
  missing_href_mangled: async (kit) => {
    const rows = await kit.multiget();
    expect(rows).toContain(`http%3A//caldav.model.test${calendar}never.ics 404`);
  },
  hrefs_at_escaped: async (kit) => {
    kit.server.world.put(calendar, 'at@home.ics', event('u-at', 'at'));
    expect((await kit.propfind(calendar, 1)).body).toContain('at%40home.ics');
    const asked = async (name: string) => (await kit.ask('GET', calendar + name)).status;
    expect([await asked('at%40home.ics'), await asked('at@home.ics')]).toEqual([404, 200]);
    const { body } = await kit.ask('REPORT', calendar, { body: multigetBody([`${calendar}at%40home.ics`]) });
    expect(body).toContain('404 Not Found');
  },
  allprop_500: async (kit) => {
    expect((await kit.ask('PROPFIND', calendar, { headers: { depth: '0' } })).status).toBe(500);
    expect((await kit.propfind(calendar, 0)).status).toBe(207);
  },
  query_without_component_400: async (kit) => {
    const query = (filter: string) =>
      kit.ask('REPORT', calendar, {
        body: `<c:calendar-query ${xmlNamespaces}><d:prop><d:getetag/></d:prop><c:filter><c:comp-filter name="VCALENDAR">${filter}</c:comp-filter></c:filter></c:calendar-query>`,
      });
    expect((await query('')).status).toBe(400);
    expect((await query('<c:comp-filter name="VEVENT"/>')).status).toBe(207);
  },
  hrefs_escaped: async (kit) => {
    expect((await kit.propfind(calendar, 1)).body).toContain(`${calendar}e1%2Eics`);
  },
} satisfies Record<string, Scenario>;
