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
  return revisionToken(calendar, calendar.revision);
}

export function revisionToken(calendar: ModelCalendar, revision: number): string {
  return `${prefix}${calendar.id}/${revision}`;
}

export function secondToken(calendar: ModelCalendar, last: ChangeRow | undefined): string {
  return `${prefix}${calendar.id}/s${Math.floor((last?.atMs ?? 0) / 1000)}`;
}

/** Null for a token that this calendar never gave out or has forgotten. */
export function parseToken(calendar: ModelCalendar, token: string): ParsedToken | null {
  const start = `${prefix}${calendar.id}/`;
  if (!token.startsWith(start)) return null;
  const rest = token.slice(start.length);
  if (/^s\d+$/.test(rest)) return { kind: 'second', second: Number(rest.slice(1)) };
  const revision = Number(rest);
  const known = /^\d+$/.test(rest) && revision <= calendar.revision && revision >= calendar.oldestToken;
  return known ? { kind: 'revision', revision } : null;
}
