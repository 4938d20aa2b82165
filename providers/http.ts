/** The one way out of this process over HTTP: time-outs, byte caps, redirect and address policy, typed failures. */

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
