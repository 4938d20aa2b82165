/** What undici, node:net and node:tls throw, as errors of ours. */
import { isKalendsError, KalendsError, type ErrorCode } from '../domain/errors.ts';

/** While connecting: in all of these cases nothing was sent. */
const whileConnecting: Readonly<Record<string, ErrorCode>> = {
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  EAI_FAIL: 'name_not_found',
  EAI_NODATA: 'name_not_found',
  ENODATA: 'name_not_found',
};

/** Afterwards: the request may have reached the other side, and may have been carried out. */
const afterwards: Readonly<Record<string, ErrorCode>> = {
  ETIMEDOUT: 'timed_out',
  UND_ERR_HEADERS_TIMEOUT: 'timed_out',
  UND_ERR_BODY_TIMEOUT: 'timed_out',
  UND_ERR_CLOSED: 'shutting_down',
  UND_ERR_DESTROYED: 'shutting_down',
};

/** node:tls names some hundred codes; all are about certificates or the protocol. */
const aboutTls = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/;

const texts: Partial<Record<ErrorCode, string>> = {
  name_not_found: 'the name is not known to DNS',
  connect_failed: 'no connection could be made',
  timed_out: 'no answer came in time',
  cut_short: 'the connection ended before a whole answer had come',
  tls_failed: 'no secure connection could be made',
  shutting_down: 'this process is shutting down',
};

interface Coded {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** The error itself, what caused it, and what an AggregateError holds, outermost first. */
function* chain(error: unknown, depth = 0): Generator<Coded> {
  if (typeof error !== 'object' || error === null || depth > 5) return;
  const coded: Coded = error;
  yield coded;
  yield* chain(coded.cause, depth + 1);
  if (Array.isArray(coded.errors)) for (const inner of coded.errors) yield* chain(inner, depth + 1);
}

/** A failure to get a connection, before anything was sent; ours pass unchanged. */
export function connectError(error: unknown): KalendsError {
  let code: ErrorCode = 'connect_failed';
  for (const link of chain(error)) {
    if (isKalendsError(link)) return link;
    if (typeof link.code !== 'string' || code !== 'connect_failed') continue;
    const cutHandshake = link.code === 'ECONNRESET' && String(link.message).includes('TLS');
    code = aboutTls.test(link.code) || cutHandshake ? 'tls_failed' : (whileConnecting[link.code] ?? code);
  }
  return new KalendsError(code, texts[code] ?? 'no connection could be made', { cause: error });
}

/**
 * One of ours for anything that a request dies of. `connect_failed`, `name_not_found`, `tls_failed` and
 * `address_refused` prove that it was not sent; after `timed_out` and `cut_short`, the careful reading of everything
 * else, it may have been.
 */
export function networkError(error: unknown, request: string): KalendsError {
  let code: ErrorCode = 'cut_short';
  for (const link of chain(error)) {
    if (isKalendsError(link)) return link.evidence === null ? named(link, request) : link;
    if (typeof link.code === 'string') code = afterwards[link.code] ?? code;
  }
  return new KalendsError(code, texts[code] ?? 'the request failed', { evidence: { request }, cause: error });
}

/** What the connection died of, for the request that wanted it. */
const named = (error: KalendsError, request: string): KalendsError =>
  new KalendsError(error.code, error.message, { evidence: { request }, cause: error.cause });
