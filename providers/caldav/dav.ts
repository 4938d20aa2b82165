/** One login at one server: sends a request with credentials, redirects and limits, and reads multistatus answers. */
import { limits, timeouts } from '../../config/policies.ts';
import type { Clock } from '../../domain/clock.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { classify, type Asked } from '../classify.ts';
import type { Http, HttpRequest } from '../http.ts';
import type { Credentials, Session } from '../provider.ts';
import { followRedirects, type FollowedResponse } from '../redirects.ts';
import { redact, secretsOf } from '../redact.ts';
import type { Authorisation, Authoriser } from './auth/authorise.ts';
import { encodePath, normalPath, samePath } from './href.ts';
import type { Multistatus } from './xml/multistatus.ts';
import { parseMultistatus } from './xml/parse.ts';

export interface DavDeps {
  readonly http: Http;
  readonly clock: Clock;
  readonly authoriser: Authoriser;
}

export interface DavRequest {
  readonly method: string;
  /** A normal path, see `href.ts`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  /** The name of a REPORT, for evidence. */
  readonly report?: string;
  readonly kind?: Asked['kind'];
  readonly withToken?: boolean;
  readonly onto?: boolean;
}

/** An answer, and whether it is about what was asked. */
export interface DavResponse extends FollowedResponse {
  /**
   * Redirects led to another server or to another path. What is there can be read; what is not there says nothing of the
   * place that was asked: sites that moved send every path to one front page, and partitions are filled by and by.
   */
  readonly elsewhere: boolean;
}

/** A multistatus document and what asked for it. */
export interface AnsweredMultistatus extends Multistatus {
  readonly request: string;
  readonly status: number;
  /** Of the server that answered in the end, for resolving hrefs. */
  readonly url: string;
  /** As in `DavResponse`. */
  readonly elsewhere: boolean;
}

const xmlHeaders = { 'content-type': 'application/xml; charset=utf-8' };

export class Dav {
  readonly clock: Clock;
  readonly deps: DavDeps;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
  readonly #server: string;

  /** `server` is an origin, e.g. `https://p42-caldav.icloud.com`. */
  constructor(deps: DavDeps, server: string, credentials: Credentials, signal: AbortSignal) {
    this.clock = deps.clock;
    this.deps = deps;
    this.credentials = credentials;
    this.signal = signal;
    this.#server = server;
  }

  static of(deps: DavDeps, session: Session): Dav {
    return new Dav(deps, session.root['server'] ?? '', session.credentials, session.signal);
  }

  get secrets(): string[] {
    return this.credentials.kind === 'none' ? [] : secretsOf(this.credentials.username, this.credentials.password);
  }

  label(request: DavRequest): string {
    return [request.method, request.report, request.path].filter((part) => part !== undefined).join(' ');
  }

  /** Any status is an answer; rejects only where there is none. */
  send(request: DavRequest): Promise<DavResponse> {
    return this.sendUrl(this.#server + encodePath(request.path), request);
  }

  /** The same for a whole URL, which discovery needs; `redirects: false` hands redirects back. */
  async sendUrl(url: string, request: DavRequest, redirects = true): Promise<DavResponse> {
    const outgoing: HttpRequest = {
      method: request.method,
      url,
      headers: request.headers ?? {},
      ...(request.body === undefined ? {} : { body: request.body }),
      timeoutMs: request.timeoutMs ?? timeouts.requestMs,
      maxBytes: request.maxBytes ?? limits.resourceBytes,
      signal: this.signal,
    };
    const endsAtMs = this.clock.monotonic() + outgoing.timeoutMs;
    const response = await this.#authorised(outgoing, redirects, endsAtMs);
    return { ...response, elsewhere: isElsewhere(url, response.url) };
  }

  async #authorised(request: HttpRequest, redirects: boolean, endsAtMs: number): Promise<FollowedResponse> {
    const { response, sent } = await this.#once(request, redirects, endsAtMs);
    if (response.status !== 401) return response;
    const challenges = response.headers['www-authenticate'] ?? [];
    const worthIt = this.deps.authoriser.learn(this.credentials, new URL(response.url), sent, challenges);
    return worthIt ? (await this.#once(request, redirects, endsAtMs)).response : response;
  }

  /** One deadline over all hops and the repeat with credentials: a write must not outlive the lease it was started under. */
  async #once(request: HttpRequest, redirects: boolean, endsAtMs: number): Promise<Exchange> {
    const { authoriser } = this.deps;
    // Of the last hop: it is the one that is answered.
    let sent: Authorisation = { headers: {}, answers: null };
    const authorise = (url: URL): Authorisation['headers'] => {
      sent = authoriser.authorise(this.credentials, request.method, url);
      return sent.headers;
    };
    const http: Http = (one) =>
      this.deps.http({ ...one, timeoutMs: Math.max(1, Math.ceil(endsAtMs - this.clock.monotonic())) });
    const response = await (redirects
      ? followRedirects(http, request, authorise)
      : unfollowed(http, request, authorise));
    if (response.status !== 401) authoriser.letIn(sent);
    return { response, sent };
  }

  /** A PROPFIND or REPORT. Rejects with what the answer means unless it is one whole multistatus document. */
  async multistatus(request: DavRequest): Promise<AnsweredMultistatus> {
    const response = await this.send({ ...request, headers: this.#xmlHeaders(request) });
    // Some servers forget the number and answer 200 with a multistatus; the parser tells it from a login page.
    if (response.status !== 207 && response.status !== 200) throw this.failure(request, response);
    return this.parse(request, response);
  }

  async parse(request: DavRequest, response: DavResponse): Promise<AnsweredMultistatus> {
    try {
      const parsed = await parseMultistatus(response.text, this.clock);
      const { status, url, elsewhere } = response;
      return { ...parsed, request: this.label(request), status, url, elsewhere };
    } catch (error) {
      if (!isKalendsError(error)) throw error;
      throw new KalendsError(error.code, redact(error.message, this.secrets), {
        evidence: {
          request: this.label(request),
          status: response.status,
          excerpt: redact(error.evidence?.excerpt ?? response.text, this.secrets),
        },
        cause: error,
      });
    }
  }

  /** What an answer with an unhoped-for status means. "Not there" means nothing where something else was asked. */
  failure(request: DavRequest, answer: Pick<DavResponse, 'status' | 'headers' | 'text' | 'elsewhere'>): KalendsError {
    const absent = answer.status === 404 || answer.status === 410;
    if (absent && answer.elsewhere)
      return besideThePoint(this.label(request), answer.status, 'a redirect led elsewhere');
    return classify(answer, {
      request: this.label(request),
      kind: request.kind ?? (request.method === 'REPORT' ? 'report' : 'read'),
      ...(request.withToken === undefined ? {} : { withToken: request.withToken }),
      ...(request.onto === undefined ? {} : { onto: request.onto }),
      nowMs: this.clock.now(),
      secrets: this.secrets,
    });
  }

  /** The same for a status that stands inside a multistatus document. */
  failureInside(request: DavRequest, { elsewhere }: AnsweredMultistatus, status: number, text = ''): KalendsError {
    return this.failure(request, { status, headers: {}, text, elsewhere });
  }

  #xmlHeaders(request: DavRequest): Readonly<Record<string, string>> {
    return { ...xmlHeaders, ...codings(this.#server), ...request.headers };
  }
}

/** An answer, and what went with the request that was answered. */
interface Exchange {
  readonly response: FollowedResponse;
  readonly sent: Authorisation;
}

async function unfollowed(
  http: Http,
  request: HttpRequest,
  authorise: (url: URL) => Authorisation['headers'],
): Promise<FollowedResponse> {
  const headers = { ...request.headers, ...authorise(new URL(request.url)) };
  return { ...(await http({ ...request, headers })), url: request.url };
}

function isElsewhere(asked: string, answered: string): boolean {
  if (new URL(asked).origin !== new URL(answered).origin) return true;
  return !samePath(normalPath(asked, asked) ?? asked, normalPath(answered, answered) ?? answered);
}

/** Something answered that is not what was asked: nothing follows from it, least of all that something is gone. */
export const besideThePoint = (request: string, status: number, why: string): KalendsError =>
  new KalendsError('answered_elsewhere', `${request}: ${why}`, { evidence: { request, status } });

/**
 * Listings shrink to a tenth; on one machine packing costs more than it saves. Never for single resources: proxies turn
 * the etag of what they pack into a weak one, which no condition may carry.
 */
function codings(server: string): Readonly<Record<string, string>> {
  const { hostname } = new URL(server);
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname) ? {} : { 'accept-encoding': 'gzip' };
}
