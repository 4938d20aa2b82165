/** One request and one answer of the model server, as its parts pass them to each other, and the log that is kept. */
import type { FaultName } from './faults.ts';

export interface ModelRequest {
  readonly method: string;
  /** `http://host:port` that the client asked. */
  readonly origin: string;
  /** Escaped as received, no query. */
  readonly path: string;
  /** Decoded parts of the path, without empty ones. */
  readonly segments: readonly string[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Who signed in, once that is known. */
  user: string | null;
  /** How far the server's clock is ahead, milliseconds. */
  skewMs: number;
  /** Which faults changed the answer. */
  readonly faults: FaultName[];
  /** What the request did to the world. */
  effect: ModelEffect;
}

/** `etag` is that of the resource after the effect. */
export type ModelEffect =
  | { readonly kind: 'none' }
  | { readonly kind: 'created' | 'updated'; readonly path: string; readonly etag: string }
  | { readonly kind: 'removed'; readonly path: string }
  | { readonly kind: 'calendar_made'; readonly path: string }
  | { readonly kind: 'calendar_removed'; readonly path: string };

/** How the bytes reach the client. */
export type Wire =
  | { readonly kind: 'whole' }
  /** No connection is made at all. */
  | { readonly kind: 'refuse' }
  /** The connection ends without an answer. */
  | { readonly kind: 'drop' }
  /** Announced in full, ended after this many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'drip'; readonly bytesPerSecond: number }
  /** Nothing comes, the connection stays. */
  | { readonly kind: 'hang' };

export interface ModelAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly wire: Wire;
}

/** One line of the server's request log. */
export interface LogEntry {
  readonly n: number;
  /** By the server's clock, milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  /** For a REPORT its name: `calendar-multiget`, `calendar-query`, `sync-collection`. */
  readonly report: string | null;
  readonly user: string | null;
  /** What was or would have been answered; 0 when the client was told nothing. */
  readonly status: number;
  readonly effect: ModelEffect;
  readonly faults: readonly FaultName[];
}

export const whole: Wire = { kind: 'whole' };

/** An answer with a plain body. */
export function answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): ModelAnswer {
  const lists: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) lists[name] = [value];
  return { status, headers: lists, body, wire: whole };
}

/** A failure with the precondition elements of RFC 4918 section 16. */
export function refusal(status: number, ...conditions: readonly string[]): ModelAnswer {
  const body = `<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${conditions.join('')}</D:error>`;
  return answer(status, { 'content-type': 'application/xml; charset=utf-8' }, conditions.length === 0 ? '' : body);
}

/** An answer with another wire. */
export function over(wire: Wire, base: ModelAnswer): ModelAnswer {
  return { ...base, wire };
}
