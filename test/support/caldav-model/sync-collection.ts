/** REPORT sync-collection (RFC 6578): deltas, removals, pages, and the ways in which servers forget. */
import { answer, refusal, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { multistatus, sample, type PropertyName, type Row } from './multistatus.ts';
import { askingOf, listing } from './propfind.ts';
import { pathOfTarget, rowOf, usualProperties, type Asking, type Target } from './properties.ts';
import type { ModelContext } from './server.ts';
import { pathOf, type ChangeRow, type ModelCalendar, type Mount } from './state.ts';
import { parseToken, revisionToken, secondToken, tokenOf, type ParsedToken } from './sync-token.ts';
import { child, dav, element, escapeText, type XmlElement } from './xml.ts';

const forgetting = [
  'token_forgotten_400',
  'token_forgotten_403',
  'token_forgotten_409',
  'token_forgotten_410',
  'token_forgotten_412',
  'token_forgotten_415',
  'token_forgotten_418',
  'token_forgotten_500',
] as const;

const invalidToken = '<D:valid-sync-token/>';

export function syncCollection(
  context: ModelContext,
  request: ModelRequest,
  mount: Mount,
  root: XmlElement,
): ModelAnswer {
  const { calendar } = mount;
  const asked = child(root, dav, 'prop')?.children ?? usualProperties;
  const asking = askingOf(context, request);
  const limit = limitOf(root);
  if (limit !== null && context.faults.fires('limit_refused_507', request) !== null) {
    return refusal(507, '<D:number-of-matches-within-limits/>');
  }
  const text = child(root, dav, 'sync-token')?.text.trim() ?? '';
  if (text === '') return initial(asking, mount, asked, limit);
  const since = parseToken(calendar, text);
  if (since === null) return refusal(403, invalidToken);
  const forgot = context.faults.first(forgetting, request);
  if (forgot !== null) return forgotten(Number(forgot.name.split('_').at(-1)));
  if (context.faults.fires('token_forgotten_full_list', request) !== null) return initial(asking, mount, asked, null);
  return delta(asking, mount, asked, { since, limit, token: text });
}

/** Only some of the servers that refuse a token say why in a way that RFC 6578 knows. */
function forgotten(status: number): ModelAnswer {
  if (status === 403 || status === 409) return refusal(status, invalidToken);
  return answer(status, { 'content-type': 'text/plain' }, 'unknown synchronisation token\n');
}

function limitOf(root: XmlElement): number | null {
  const text = child(child(root, dav, 'limit'), dav, 'nresults')?.text.trim();
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
}

/** Everything that is there, in the order of its last change, so that a page's token means something. */
function initial(asking: Asking, mount: Mount, asked: readonly PropertyName[], limit: number | null): ModelAnswer {
  const { context, request } = asking;
  const all = [...mount.calendar.resources.values()].sort((a, b) => a.revision - b.revision);
  const told = listing(context, request, all);
  const rows = told.map((resource): Told => {
    const target: Target = { kind: 'resource', mount, resource };
    return { row: rowOf(asking, target, asked), revision: resource.revision };
  });
  const removed = lastOfEach(mount.calendar.changes).filter((change) => change.kind === 'removed');
  if (removed.length > 0 && context.faults.fires('initial_tells_removals', request) !== null) {
    for (const { name, revision } of removed) {
      rows.push({ row: { path: pathOf(mount.user, mount.segment, name), status: 404 }, revision });
    }
    rows.sort((a, b) => a.revision - b.revision);
  }
  return page(asking, mount, rows, { limit, token: tokenOf(context, request, mount.calendar) });
}

interface Told {
  readonly row: Row;
  readonly revision: number;
}

interface DeltaAsked {
  readonly since: ParsedToken;
  readonly limit: number | null;
  readonly token: string;
}

function delta(asking: Asking, mount: Mount, asked: readonly PropertyName[], from: DeltaAsked): ModelAnswer {
  const { context, request } = asking;
  const changes = changesSince(asking, mount.calendar, from.since);
  const asPropstat = changes.some((one) => one.kind === 'removed')
    ? context.faults.fires('removals_as_propstat_404', request) !== null
    : false;
  let rows = changes.map((change): Told => {
    const resource = mount.calendar.resources.get(change.name);
    const row =
      resource === undefined
        ? removalRow(pathOf(mount.user, mount.segment, change.name), asked, asPropstat)
        : rowOf(asking, { kind: 'resource', mount, resource }, asked);
    return { row, revision: change.revision };
  });
  if (rows.length > 0) {
    const omits = context.faults.fires('delta_omits', request);
    const left = omits === null ? null : sample(context, rows, omits.value);
    if (left !== null) rows = rows.filter((row) => !left.has(row));
    if (context.faults.fires('token_stuck', request) !== null) {
      return page(asking, mount, rows, { limit: null, token: from.token });
    }
  }
  if (rows.length === 0 && context.faults.fires('token_zero', request) !== null) {
    return page(asking, mount, rows, { limit: null, token: revisionToken(mount.calendar, mount.calendar.oldestToken) });
  }
  return page(asking, mount, rows, { limit: from.limit, token: nextToken(asking, mount.calendar, from) });
}

/** The last change of each name, in order; what came and went since the token is not told (RFC 6578 section 3.5.2). */
function changesSince(asking: Asking, calendar: ModelCalendar, since: ParsedToken): readonly ChangeRow[] {
  if (since.kind === 'second') return lastOfEach(calendar.changes.filter((row) => row.atMs >= since.second * 1000));
  let from = since.revision;
  if (from > calendar.oldestToken && calendar.changes.length > 0) {
    const repeats = asking.context.faults.fires('delta_repeats', asking.request);
    from = Math.max(calendar.oldestToken, from - (repeats?.value ?? 0));
  }
  // From the end: tokens are mostly recent and the log may be long.
  const rows = calendar.changes.slice(calendar.changes.findLastIndex((row) => row.revision <= from) + 1);
  const fresh = new Set<string>();
  const seen = new Set<string>();
  for (const row of rows) {
    // A delta that repeats itself still owes the removals since the token that was asked with.
    if (row.revision <= since.revision) continue;
    if (!seen.has(row.name) && row.kind === 'created') fresh.add(row.name);
    seen.add(row.name);
  }
  return lastOfEach(rows).filter((row) => row.kind !== 'removed' || !fresh.has(row.name));
}

function lastOfEach(rows: readonly ChangeRow[]): readonly ChangeRow[] {
  const last = new Map<string, ChangeRow>();
  for (const row of rows) {
    last.delete(row.name);
    last.set(row.name, row);
  }
  return [...last.values()];
}

function removalRow(path: string, asked: readonly PropertyName[], asPropstat: boolean): Row {
  return asPropstat ? { path, missing: asked } : { path, status: 404 };
}

function nextToken(asking: Asking, calendar: ModelCalendar, from: DeltaAsked): string {
  if (from.since.kind === 'revision') return tokenOf(asking.context, asking.request, calendar);
  // A server with such tokens has no others.
  return secondToken(calendar, calendar.changes.at(-1));
}

/** As many rows as allowed; the token covers what is told, and 507 says that there is more (RFC 6578 section 3.6). */
function page(
  asking: Asking,
  mount: Mount,
  rows: readonly Told[],
  end: { readonly limit: number | null; readonly token: string },
): ModelAnswer {
  const { context, request } = asking;
  const serversOwn = context.faults.fires('pages_507', request, (size) => rows.length > size);
  const most = Math.min(end.limit ?? Infinity, serversOwn?.value ?? Infinity);
  const told = rows.slice(0, most);
  const last = told.at(-1);
  const cut = told.length < rows.length && last !== undefined;
  const token = cut ? revisionToken(mount.calendar, last.revision) : end.token;
  const more: Row = {
    path: pathOfTarget({ kind: 'calendar', mount }),
    status: 507,
    error: '<D:number-of-matches-within-limits/>',
  };
  const all = told.map((one) => one.row);
  const tail = element({ namespace: dav, name: 'sync-token' }, escapeText(token));
  return multistatus(asking.href, cut ? [...all, more] : all, tail);
}
