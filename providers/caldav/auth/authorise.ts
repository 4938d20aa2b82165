/** Which Authorization header goes with a request: Basic at once, Digest once a server has asked for it. */
import type { Random } from '../../../domain/clock.ts';
import type { Credentials } from '../../provider.ts';
import { challengesOf, type Challenge } from './challenge.ts';
import { bestDigest, digestHeader } from './digest.ts';

/** What is remembered of one origin and login; may vanish at any time at the cost of one more 401. */
interface Remembered {
  readonly challenge: Challenge;
  uses: number;
}

const rememberedMax = 10_000;

export class Authoriser {
  readonly #random: Random;
  readonly #digests = new Map<string, Remembered>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Headers for one request, `{}` without credentials. */
  headers(credentials: Credentials, method: string, url: URL): Readonly<Record<string, string>> {
    if (credentials.kind === 'none') return {};
    const { username, password } = credentials;
    const digest = this.#digests.get(keyOf(url, username));
    if (digest === undefined) {
      // RFC 7617 2: UTF-8 is what every calendar server of today reads.
      return { authorization: `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}` };
    }
    digest.uses += 1;
    return {
      authorization: digestHeader(digest.challenge, {
        username,
        password,
        method,
        uri: url.pathname + url.search,
        clientNonce: this.#nonce(),
        nonceCount: digest.uses,
      }),
    };
  }

  /**
   * Learns from a 401. True: the same request may succeed now and is worth exactly one more try, because the server
   * asked for Digest where Basic was sent, or because a nonce had run out. A wrong password is neither.
   */
  learn(credentials: Credentials, url: URL, challenges: readonly string[]): boolean {
    if (credentials.kind === 'none') return false;
    const digest = bestDigest(challengesOf(challenges));
    const key = keyOf(url, credentials.username);
    const before = this.#digests.get(key);
    if (digest === null) {
      // The server changed its mind; Basic goes out with the next request.
      return this.#digests.delete(key);
    }
    const stale = digest.parameters['stale']?.toLowerCase() === 'true';
    const fresh = before !== undefined && before.challenge.parameters['nonce'] !== digest.parameters['nonce'];
    if (this.#digests.size >= rememberedMax) this.#digests.clear();
    this.#digests.set(key, { challenge: digest, uses: 0 });
    // Servers that hand out nonces for a few minutes do not all say `stale`: a nonce that had worked gets one renewal.
    return before === undefined || stale || (fresh && before.uses > 1);
  }

  #nonce(): string {
    return Array.from({ length: 16 }, () =>
      Math.floor(this.#random() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('');
  }
}

const keyOf = (url: URL, username: string): string => `${url.origin} ${username}`;
