/** An `Http` that answers from a table, for tests of what stands on it. */
import { KalendsError } from '../../domain/errors.ts';
import type { Http, HttpRequest } from '../../providers/http.ts';

export interface StubAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly text?: string;
}

type Route = StubAnswer | ((request: HttpRequest, nth: number) => StubAnswer);

/** Routes by URL, or by method and URL (`PUT https://…`), which go first; other hosts are unknown names, other paths 404. */
export function stubHttp(routes: Readonly<Record<string, Route>>): {
  readonly http: Http;
  readonly sent: HttpRequest[];
} {
  const sent: HttpRequest[] = [];
  const hosts = new Set(Object.keys(routes).map((key) => new URL(key.replace(/^[A-Z]+ /, '')).host));
  const http: Http = (asked) => {
    sent.push(asked);
    const url = new URL(asked.url);
    if (!hosts.has(url.host)) {
      return Promise.reject(new KalendsError('name_not_found', `the name ${url.host} is not known to DNS`));
    }
    const route = routes[`${asked.method} ${asked.url}`] ?? routes[asked.url] ?? { status: 404 };
    const answer = typeof route === 'function' ? route(asked, sent.length) : route;
    const headers = Object.entries(answer.headers ?? {}).map(([name, value]): [string, readonly string[]] => [
      name,
      typeof value === 'string' ? [value] : value,
    ]);
    return Promise.resolve({
      status: answer.status,
      headers: Object.fromEntries(headers),
      text: answer.text ?? '',
      tookMs: 0,
    });
  };
  return { http, sent };
}

export const request = (method: string, url: string, body?: string): HttpRequest => ({
  method,
  url,
  headers: {},
  ...(body === undefined ? {} : { body }),
  timeoutMs: 1_000,
  maxBytes: 1_000_000,
});
