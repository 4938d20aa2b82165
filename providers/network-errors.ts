/** What undici, node:net and node:tls throw, as errors of ours. */
import { isKalendsError, KalendsError, type ErrorCode } from '../domain/errors.ts';

/** A code that says whether the request may have reached the other side: `connect_failed` and its like say no. */
const codes: Readonly<Record<string, ErrorCode>> = {
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  EAI_FAIL: 'name_not_found',
  EAI_NODATA: 'name_not_found',
  ENODATA: 'name_not_found',
  ECONNREFUSED: 'connect_failed',
  EHOSTUNREACH: 'connect_failed',
  ENETUNREACH: 'connect_failed',
  EHOSTDOWN: 'connect_failed',
  EADDRNOTAVAIL: 'connect_failed',
  EACCES: 'connect_failed',
  ETIMEDOUT: 'timed_out',
  UND_ERR_CONNECT_TIMEOUT: 'timed_out',
  UND_ERR_HEADERS_TIMEOUT: 'timed_out',
  UND_ERR_BODY_TIMEOUT: 'timed_out',
  ECONNRESET: 'cut_short',
  EPIPE: 'cut_short',
  UND_ERR_SOCKET: 'cut_short',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'cut_short',
  UND_ERR_CLOSED: 'shutting_down',
  UND_ERR_DESTROYED: 'shutting_down',
};

const texts: Partial<Record<ErrorCode, string>> = {
  name_not_found: 'the name is not known to DNS',
  connect_failed: 'no connection could be made',
  timed_out: 'no answer came in time',
  cut_short: 'the connection ended in the middle of an answer',
  tls_failed: 'no secure connection could be made: check the certificate',
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

function codeOf(error: unknown): ErrorCode {
  for (const { code, message } of chain(error)) {
    if (typeof code !== 'string') continue;
    const known = codes[code];
    if (code === 'ECONNRESET' && String(message).includes('TLS')) return 'tls_failed';
    if (known !== undefined) return known;
    // node:tls names some hundred codes; all that are not about the network are about certificates or the protocol.
    if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/.test(code))
      return 'tls_failed';
    if (code.startsWith('HPE_') || code === 'Z_BUF_ERROR' || code === 'Z_DATA_ERROR') return 'cut_short';
  }
  // What nobody knows may have happened after the request was sent: the careful reading.
  return 'cut_short';
}

/**
 * One of ours for anything that the network throws; ours pass unchanged. `connect_failed`, `name_not_found`,
 * `tls_failed` and `address_refused` prove that no request was sent; after `timed_out` and `cut_short` it may have been.
 */
export function networkError(error: unknown, request: string): KalendsError {
  for (const link of chain(error)) if (isKalendsError(link)) return link;
  const code = codeOf(error);
  return new KalendsError(code, texts[code] ?? 'the request failed', { evidence: { request }, cause: error });
}
