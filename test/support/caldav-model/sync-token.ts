/** Sync tokens of the model server: revisions as URIs, or, by a fault, whole seconds. */
import type { ModelRequest } from './exchange.ts';
import type { ModelContext } from './server.ts';
import type { ChangeRow, ModelCalendar } from './state.ts';

/** RFC 6578 section 4: a token is a URI. */
const prefix = 'http://model.test/sync/';

export type ParsedToken =
  | { readonly kind: 'revision'; readonly revision: number }
  | { readonly kind: 'second'; readonly second: number };

/** The token that covers everything up to now. */
export function tokenOf(context: ModelContext, request: ModelRequest, calendar: ModelCalendar): string {
  if (context.faults.fires('token_one_second', request) !== null) return secondToken(calendar, calendar.changes.at(-1));
  if (context.faults.fires('token_number', request) !== null) return numberToken(calendar);
  return revisionToken(calendar, calendar.revision);
}

export function revisionToken(calendar: ModelCalendar, revision: number): string {
  return `${prefix}${calendar.id}/${revision}`;
}

/** Twenty digits: more than a JavaScript number keeps. */
const numberToken = ({ id, revision }: ModelCalendar): string =>
  `9${String(id).padStart(6, '0')}${String(revision).padStart(13, '0')}`;

export function secondToken(calendar: ModelCalendar, last: ChangeRow | undefined): string {
  return `${prefix}${calendar.id}/s${Math.floor((last?.atMs ?? 0) / 1000)}`;
}

/** Null for a token that this calendar never gave out or has forgotten. */
export function parseToken(calendar: ModelCalendar, token: string): ParsedToken | null {
  const rest = restOf(calendar, token);
  if (rest === null) return null;
  if (/^s\d+$/.test(rest)) return { kind: 'second', second: Number(rest.slice(1)) };
  const revision = Number(rest);
  const known = /^\d+$/.test(rest) && revision <= calendar.revision && revision >= calendar.oldestToken;
  return known ? { kind: 'revision', revision } : null;
}

/** What a token says behind the calendar that it is of. */
function restOf(calendar: ModelCalendar, token: string): string | null {
  const [, id, revision] = /^9(\d{6})(\d{13})$/.exec(token) ?? [];
  if (id !== undefined && revision !== undefined) return Number(id) === calendar.id ? String(Number(revision)) : null;
  const start = `${prefix}${calendar.id}/`;
  return token.startsWith(start) ? token.slice(start.length) : null;
}
