/** The one way out of this process over HTTP: time-outs, byte caps, redirect and address policy, typed failures. */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import { Agent, buildConnector } from 'undici';
import { timeouts } from '../config/policies.ts';
import type { Clock } from '../domain/clock.ts';
import { KalendsError } from '../domain/errors.ts';
import { addressRefused, createAddressCheck, type AddressPolicy } from './addresses.ts';
import { connectError, networkError } from './network-errors.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  /** Any status: judging it is the caller's business. */
  readonly status: number;
  /** Names in lower case; repeated headers are kept apart. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly text: string;
  readonly tookMs: number;
}

/**
 * Sends exactly one request and follows no redirect. Rejects with a KalendsError: `connect_failed`, `name_not_found`,
 * `tls_failed`, `timed_out`, `cut_short` (the body ended before its announced end), `body_too_large`,
 * `address_refused` (the address, after DNS and at connect time, is not allowed).
 */
export type Http = (request: HttpRequest) => Promise<HttpResponse>;

/** An `Http` that owns connections. */
export interface ClosableHttp extends Http {
  /** Ends idle connections at once and waits for none: requests under way reject with `shutting_down`. */
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly clock: Clock;
  readonly addresses: AddressPolicy;
  /** e.g. `Kalends/0.1`. */
  readonly userAgent: string;
  /** Default: the system's resolver. Its answers are checked, whichever it is. */
  readonly lookup?: LookupFunction;
  /** To one origin at once; more wait. Default 16. */
  readonly connectionsPerOrigin?: number;
}

/** Keep-alive connections, checked addresses, HTTP/1.1 alone (HTTP/2 is broken in front of several calendar servers). */
export function createHttp(options: HttpOptions): ClosableHttp {
  const agent = new Agent({
    connect: checkedConnector(options),
    connections: options.connectionsPerOrigin ?? 16,
    allowH2: false,
    pipelining: 1,
    // Shorter than what servers keep without saying so: a connection that they close just as we write costs an answer.
    keepAliveTimeout: 4_000,
    // The whole request has one deadline below; these two would only fire at their own coarse resolution.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 64 * 1024,
  });
  const http = async (request: HttpRequest): Promise<HttpResponse> => {
    const startedMs = options.clock.monotonic();
    const answer = await withDeadline(options.clock, request, (signal) =>
      exchange(agent, options.userAgent, request, signal),
    );
    return { ...answer, tookMs: options.clock.monotonic() - startedMs };
  };
  const shutDown = new KalendsError('shutting_down', 'this process is shutting down');
  return Object.assign(http, { close: () => agent.destroy(shutDown) });
}

/** Resolves a name, keeps the allowed addresses, and connects to one of exactly those: no second question to DNS. */
function checkedConnector(options: HttpOptions): buildConnector.connector {
  const allowed = createAddressCheck(options.addresses);
  const resolve = options.lookup ?? dnsLookup;
  const lookup: LookupFunction = (hostname, wanted: LookupOptions, answer) => {
    resolve(hostname, { ...wanted, all: true }, (error, found) => {
      if (error) return answer(error, '', 0);
      const usable = addressesOf(found).filter(({ address }) => allowed(hostname, address));
      const [first] = usable;
      if (first === undefined) return answer(addressRefused(hostname), '', 0);
      if (wanted.all === true) return answer(null, usable);
      return answer(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ lookup, timeout: timeouts.connectMs, allowH2: false, autoSelectFamily: true });
  return (target, callback) => {
    const literal = target.hostname.replace(/^\[|\]$/g, '');
    // node:net asks no resolver for a literal address, so the check above would never see it.
    if (isIP(literal) !== 0 && !allowed(literal, literal)) return callback(addressRefused(literal), null);
    // What fails here fails before anything is sent, which a caller who writes wants to know.
    return connect(target, (...[error, socket]) =>
      error === null ? callback(null, socket) : callback(connectError(error), null),
    );
  };
}

const addressesOf = (found: string | LookupAddress[]): LookupAddress[] =>
  typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;

/** One deadline over connecting, waiting and reading; the caller's own signal counts as well. */
async function withDeadline<T>(
  clock: Clock,
  request: HttpRequest,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const label = requestLabel(request);
  const late = new KalendsError('timed_out', `no complete answer within ${request.timeoutMs} ms`, {
    evidence: { request: label },
  });
  const finished = new AbortController();
  const stop = new AbortController();
  clock.sleep(request.timeoutMs, finished.signal).then(
    () => stop.abort(late),
    () => undefined,
  );
  const onAbort = (): void => stop.abort(abortError(request.signal, label));
  if (request.signal?.aborted === true) onAbort();
  request.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    stop.signal.throwIfAborted();
    return await send(stop.signal);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : networkError(error, label);
  } finally {
    request.signal?.removeEventListener('abort', onAbort);
    finished.abort();
  }
}

const abortError = (signal: AbortSignal | undefined, request: string): KalendsError =>
  new KalendsError('shutting_down', 'the caller gave up', { evidence: { request }, cause: signal?.reason });

/** `METHOD /path`: never the query, which may carry secrets. */
export function requestLabel(request: Pick<HttpRequest, 'method' | 'url'>): string {
  const { pathname } = new URL(request.url);
  return `${request.method} ${pathname}`;
}

async function exchange(
  agent: Agent,
  userAgent: string,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<Omit<HttpResponse, 'tookMs'>> {
  const url = new URL(request.url);
  const answer = await agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: request.method,
    headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...request.headers },
    body: request.body ?? null,
    signal,
  });
  const headers = headersOf(answer.headers);
  const received = await readCapped(answer.body, request);
  const packed = (headers['content-encoding'] ?? []).some((coding) => /^(x-)?gzip$/i.test(coding.trim()));
  const bytes = packed && received.length > 0 ? await unpack(received, request) : received;
  return { status: answer.statusCode, headers, text: decode(bytes, headers['content-type']?.[0]) };
}

function headersOf(raw: Record<string, string | string[] | undefined>): Record<string, readonly string[]> {
  const headers: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value : [value];
  }
  return headers;
}

async function readCapped(body: Readable, request: HttpRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += (chunk as Buffer).length;
      if (size > request.maxBytes) throw tooLarge(request);
      chunks.push(chunk as Buffer);
    }
  } finally {
    // The rest of a body that nobody reads may still fail; that is nobody's business any more.
    body.on('error', () => undefined);
    body.destroy();
  }
  return Buffer.concat(chunks, size);
}

const gunzipped = promisify(gunzip);

/** The cap holds for what it unpacks to as well, so that a small answer cannot become a large one. */
async function unpack(received: Buffer, request: HttpRequest): Promise<Buffer> {
  try {
    return await gunzipped(received, { maxOutputLength: request.maxBytes });
  } catch (error) {
    throw (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(request) : error;
  }
}

const tooLarge = (request: HttpRequest): KalendsError =>
  new KalendsError('body_too_large', `the answer has more than ${request.maxBytes} bytes`, {
    evidence: { request: requestLabel(request) },
  });

/** UTF-8 unless the server names something else that can be read. */
function decode(bytes: Buffer, contentType = ''): string {
  const charset = /charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
