/** Rows of a multistatus answer and the document that they make, with the faults that change hrefs and etags. */
import { answer, type ModelAnswer, type ModelRequest } from './exchange.ts';
import { textOfStatus } from './status.ts';
import type { ModelContext } from './server.ts';
import { dav, element, escapeText, multistatusDocument } from './xml.ts';

export interface PropertyName {
  readonly namespace: string;
  readonly name: string;
}

export interface Row {
  readonly path: string;
  /** For a row about the resource as a whole: no properties. */
  readonly status?: number;
  readonly error?: string;
  /** Elements with their values. */
  readonly found?: readonly string[];
  /** Asked properties that the resource has not: 404. */
  readonly missing?: readonly PropertyName[];
}

/** How paths are written in this answer. Faults are asked once for an answer, not once for a row. */
export function hrefWriter(context: ModelContext, request: ModelRequest): (path: string) => string {
  const { faults, origins } = context;
  const onFirst = request.origin === origins[0];
  // Whoever asks the first partition for the way to the calendars is sent to the second.
  const away =
    onFirst &&
    (faults.fires('moved_hrefs', request) !== null ||
      (request.segments[0] !== 'calendars' && faults.fires('moved_gone', request) !== null));
  const escaped = faults.fires('hrefs_escaped', request) !== null;
  let escapesAt: boolean | null = null;
  const spelled = (path: string): string => {
    if (!path.includes('@')) return path;
    escapesAt ??= faults.fires('hrefs_at_escaped', request) !== null;
    return escapesAt ? path.replaceAll('@', '%40') : path;
  };
  return (path) => (away ? origins[1] : '') + (escaped ? escapeMore(path) : spelled(path));
}

/** Legal and equivalent (RFC 3986 section 2.3), and seen: dots and hyphens escaped, hex digits in lower case. */
function escapeMore(path: string): string {
  const lower = path.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  return lower.replaceAll('.', '%2E').replaceAll('-', '%2d');
}

/** 207 with these rows, their paths written by `write`; `tail` is what comes after them, e.g. a sync token. */
export function multistatus(write: (path: string) => string, rows: readonly Row[], tail = ''): ModelAnswer {
  const content = rows.map((row) => rowText(row, row.path === '' ? '' : write(row.path))).join('');
  return answer(207, { 'content-type': 'application/xml; charset=utf-8' }, multistatusDocument(content + tail));
}

function rowText(row: Row, href: string): string {
  const parts = [element({ namespace: dav, name: 'href' }, escapeText(href))];
  if (row.status !== undefined) parts.push(statusText(row.status));
  if (row.found !== undefined && row.found.length > 0) parts.push(propstat(row.found, 200));
  if (row.missing !== undefined && row.missing.length > 0) {
    parts.push(
      propstat(
        row.missing.map((property) => element(property)),
        404,
      ),
    );
  }
  if (row.error !== undefined) parts.push(element({ namespace: dav, name: 'error' }, row.error));
  return element({ namespace: dav, name: 'response' }, parts.join(''));
}

function propstat(properties: readonly string[], status: number): string {
  const inside = element({ namespace: dav, name: 'prop' }, properties.join('')) + statusText(status);
  return element({ namespace: dav, name: 'propstat' }, inside);
}

function statusText(status: number): string {
  return element({ namespace: dav, name: 'status' }, `HTTP/1.1 ${status} ${textOfStatus(status)}`);
}

/** Some of these, by a die, but at least one when there are any: a fault that fired has an effect. */
export function sample<T>(context: ModelContext, all: readonly T[], share: number): ReadonlySet<T> {
  const chosen = new Set(all.filter(() => context.faults.chance(share)));
  const [first] = all;
  if (chosen.size === 0 && first !== undefined) chosen.add(first);
  return chosen;
}
