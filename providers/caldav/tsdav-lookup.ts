/**
 * The three questions of discovery, asked by tsdav through our own `fetch`: every answer passes our limits, redirects,
 * classification and strict parser before tsdav may believe it, because tsdav reads half a document as a whole one
 * and forgets why something failed.
 */
import { fetchHomeUrl, fetchPrincipalUrl, serviceDiscovery, type DAVAccount } from 'tsdav';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { sameSite } from '../redirects.ts';
import type { Dav, DavRequest } from './dav.ts';
import { childNamed } from './xml/element.ts';
import type { Multistatus } from './xml/multistatus.ts';
import { names } from './xml/names.ts';

const noBody: ReadonlySet<number> = new Set([204, 205, 304]);

export class TsdavLookup {
  readonly #dav: Dav;
  readonly #entry: URL;
  /** What our `fetch` rejected with last: tsdav wraps or swallows it. */
  #failure: KalendsError | null = null;
  #last: Multistatus | null = null;

  constructor(dav: Dav, entry: URL) {
    this.#dav = dav;
    this.#entry = entry;
  }

  /** Where `/.well-known/caldav` (RFC 6764 5) points; null where it points nowhere; why it could not be asked. */
  async service(): Promise<URL | null | KalendsError> {
    this.#failure = null;
    const found = await serviceDiscovery({ account: this.#account(), fetch: this.#fetch(false) });
    if (this.#failure !== null) return this.#failure;
    const url = new URL(found, this.#entry);
    return url.href === this.#entry.href ? null : url;
  }

  /** Null where the server answers but knows no principal. Rejects with what the answer means. */
  async principal(start: URL): Promise<URL | null> {
    const account = { ...this.#account(), rootUrl: start.href };
    const found = await this.#ask(() => fetchPrincipalUrl({ account, fetch: this.#fetch(true) }));
    if (found === null && this.#anonymous()) {
      throw new KalendsError('unauthorized', 'the server takes us for nobody in particular');
    }
    return found;
  }

  /** Null where the principal names no calendar home. A principal on another host means that host by a relative href. */
  async home(principal: URL): Promise<URL | null> {
    const account = { ...this.#account(), rootUrl: principal.href, principalUrl: principal.href };
    return this.#ask(() => fetchHomeUrl({ account, fetch: this.#fetch(true) }));
  }

  #account(): DAVAccount {
    return { accountType: 'caldav', serverUrl: this.#entry.href };
  }

  /** RFC 5397 3: `unauthenticated` in place of a principal. */
  #anonymous(): boolean {
    return (this.#last?.responses ?? []).some(
      ({ props }) => childNamed(props.get(names.principal), names.unauthenticated) !== undefined,
    );
  }

  async #ask(question: () => Promise<string>): Promise<URL | null> {
    this.#failure = null;
    this.#last = null;
    try {
      return this.#trusted(new URL(await question()));
    } catch (error) {
      if (isKalendsError(error)) throw error;
      if (this.#failure !== null) throw this.#failure;
      return null;
    }
  }

  /** A principal or home on a stranger's host would be sent our password. */
  #trusted(url: URL): URL {
    const downgrade = this.#entry.protocol === 'https:' && url.protocol !== 'https:';
    if (sameSite(this.#entry, url) && !downgrade) return url;
    throw new KalendsError('redirect_refused', `the server sends us from ${this.#entry.host} to ${url.host}`);
  }

  #fetch(strict: boolean): typeof globalThis.fetch {
    return async (input, init) => {
      try {
        return await this.#answer(String(input instanceof Request ? input.url : input), init ?? {}, strict);
      } catch (error) {
        if (isKalendsError(error)) this.#failure = error;
        throw error;
      }
    };
  }

  async #answer(url: string, init: RequestInit, strict: boolean): Promise<Response> {
    const headers = Object.fromEntries(
      [...new Headers(init.headers).entries()].map(([name, value]) => [name.toLowerCase(), value]),
    );
    const request: DavRequest = {
      method: init.method ?? 'GET',
      path: new URL(url).pathname,
      headers,
      ...(typeof init.body === 'string' ? { body: init.body } : {}),
    };
    const response = await this.#dav.sendUrl(url, request, strict);
    if (strict) {
      if (response.status !== 207 && response.status !== 200) throw this.#dav.failure(request, response);
      this.#last = await this.#dav.parse(request, response);
    }
    return new Response(noBody.has(response.status) ? null : response.text, {
      status: response.status,
      headers: Object.entries(response.headers).flatMap(([name, values]) =>
        values.map((value): [string, string] => [name, value]),
      ),
    });
  }
}
