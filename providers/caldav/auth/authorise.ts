/** Which Authorization header goes with a request: Basic at once, Digest once a server has asked for it. */
import type { Random } from '../../../domain/clock.ts';
import type { Credentials } from '../../provider.ts';
import { challengesOf, type Challenge } from './challenge.ts';
import { bestDigest, digestHeader } from './digest.ts';

/** A challenge of one origin to one login; may be forgotten at any time at the cost of one more 401. */
interface Remembered {
  readonly challenge: Challenge;
  uses: number;
  /** An answer to it was let in. */
  worked: boolean;
}

/** What goes with one request. */
export interface Authorisation {
  /** `{}` without credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** The challenge that it answers; null: Basic, or nothing at all. */
  readonly answers: Remembered | null;
}

const rememberedMax = 10_000;

export class Authoriser {
  readonly #random: Random;
  readonly #digests = new Map<string, Remembered>();

  constructor(random: Random) {
    this.#random = random;
  }

  authorise(credentials: Credentials, method: string, url: URL): Authorisation {
    if (credentials.kind === 'none') return { headers: {}, answers: null };
    const { username, password } = credentials;
    const answers = this.#digests.get(keyOf(url, username)) ?? null;
    if (answers === null) {
      // RFC 7617 2: UTF-8 is what every calendar server of today reads.
      const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
      return { headers: { authorization: `Basic ${basic}` }, answers };
    }
    answers.uses += 1;
    const authorization = digestHeader(answers.challenge, {
      username,
      password,
      method,
      uri: url.pathname + url.search,
      clientNonce: this.#nonce(),
      nonceCount: answers.uses,
    });
    return { headers: { authorization }, answers };
  }

  /** Anything but a 401 came back. */
  letIn({ answers }: Authorisation): void {
    if (answers !== null) answers.worked = true;
  }

  /**
   * Learns from a 401 to a request that went with `sent`. True: the same request may succeed now and is worth exactly
   * one more try, because the server asked for Digest where Basic was sent, or because a nonce had run out. A wrong
   * password is neither. It is `sent` that counts, not what was learned since: several requests of a login may find the
   * same nonce run out, and each of them is as right as the first.
   */
  learn(credentials: Credentials, url: URL, sent: Authorisation, challenges: readonly string[]): boolean {
    if (credentials.kind === 'none') return false;
    const challenge = bestDigest(challengesOf(challenges));
    const key = keyOf(url, credentials.username);
    // Basic goes out with the next request. Where Digest was sent, the server changed its mind.
    if (challenge === null) this.#digests.delete(key);
    if (challenge === null) return sent.answers !== null;
    // Servers that hand out nonces for a few minutes do not all say `stale`: a nonce that had worked gets one renewal.
    const ranOut =
      sent.answers?.worked === true && sent.answers.challenge.parameters['nonce'] !== challenge.parameters['nonce'];
    const worthIt = sent.answers === null || ranOut || challenge.parameters['stale']?.toLowerCase() === 'true';
    if (this.#digests.size >= rememberedMax) this.#digests.clear();
    // The nonce of a refusal will have run out before the next try: that one begins anew.
    if (worthIt) this.#digests.set(key, { challenge, uses: 0, worked: false });
    else this.#digests.delete(key);
    return worthIt;
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
