/** The Digest scheme (RFC 7616, and RFC 2617 where a server knows no better): one header from one challenge. */
import { createHash } from 'node:crypto';
import type { Challenge } from './challenge.ts';

export interface DigestRequest {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  /** Path and query, as they go into the request line. */
  readonly uri: string;
  /** Hex. */
  readonly clientNonce: string;
  /** From 1; counts the uses of one nonce. */
  readonly nonceCount: number;
}

/** What we can compute, the best first. */
const algorithms = [
  { name: 'SHA-512-256', hash: 'sha512-256' },
  { name: 'SHA-256', hash: 'sha256' },
  { name: 'MD5', hash: 'md5' },
] as const;

interface Method {
  readonly hash: string;
  readonly session: boolean;
}

function methodOf(challenge: Challenge): Method | null {
  const wanted = (challenge.parameters['algorithm'] ?? 'MD5').toUpperCase();
  const session = wanted.endsWith('-SESS');
  const known = algorithms.find(({ name }) => name === (session ? wanted.slice(0, -5) : wanted));
  return known === undefined ? null : { hash: known.hash, session };
}

/** `qop=auth` is offered, or nothing is (RFC 2617's predecessor). `auth-int` alone is more than anybody asks for. */
function qopOf(challenge: Challenge): 'auth' | 'none' | null {
  const offered = challenge.parameters['qop'];
  if (offered === undefined) return 'none';
  return offered.split(',').some((qop) => qop.trim().toLowerCase() === 'auth') ? 'auth' : null;
}

/** The strongest Digest challenge that can be answered; null where there is none. */
export function bestDigest(challenges: readonly Challenge[]): Challenge | null {
  const usable = challenges.filter(
    (challenge) =>
      challenge.scheme === 'digest' &&
      challenge.parameters['nonce'] !== undefined &&
      methodOf(challenge) !== null &&
      qopOf(challenge) !== null,
  );
  const rank = (challenge: Challenge): number => algorithms.findIndex(({ hash }) => hash === methodOf(challenge)?.hash);
  return usable.sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

/** RFC 5987 3.2.1. */
const extended = (text: string): string =>
  `UTF-8''${encodeURIComponent(text.toWellFormed()).replaceAll(/[*'()]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)}`;

/**
 * RFC 7616 3.4: what a quoted string cannot hold goes as `username*` to servers that announce UTF-8. The others know RFC
 * 2617 alone, and are sent what browsers send them: the same bytes, quoted.
 */
const named = (username: string, charset: string | undefined): string =>
  charset?.toUpperCase() === 'UTF-8' && /[^ -~]/.test(username)
    ? `username*=${extended(username)}`
    : `username=${quoted(username)}`;

/** Header values go out byte by byte: each character stands for one byte of the text in UTF-8. */
const inBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** The value of the Authorization header. The challenge must be one that `bestDigest` returned. */
export function digestHeader(challenge: Challenge, request: DigestRequest): string {
  const method = methodOf(challenge) ?? { hash: 'md5', session: false };
  const { realm = '', nonce = '', opaque, algorithm, userhash, charset } = challenge.parameters;
  const h = (text: string): string => createHash(method.hash).update(text).digest('hex');
  const count = request.nonceCount.toString(16).padStart(8, '0');
  const secret = h(`${request.username}:${realm}:${request.password}`);
  const ha1 = method.session ? h(`${secret}:${nonce}:${request.clientNonce}`) : secret;
  const ha2 = h(`${request.method}:${request.uri}`);
  const qop = qopOf(challenge);
  const response =
    qop === 'auth' ? h(`${ha1}:${nonce}:${count}:${request.clientNonce}:auth:${ha2}`) : h(`${ha1}:${nonce}:${ha2}`);
  const hashed = userhash?.toLowerCase() === 'true';
  const username = hashed ? h(`${request.username}:${realm}`) : request.username;
  const parameters = [
    named(username, charset),
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(request.uri)}`,
    `response="${response}"`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ...(qop === 'auth' || method.session ? [`cnonce="${request.clientNonce}"`] : []),
    ...(qop === 'auth' ? ['qop=auth', `nc=${count}`] : []),
    ...(hashed ? ['userhash=true'] : []),
  ];
  return inBytes(`Digest ${parameters.join(', ')}`);
}
