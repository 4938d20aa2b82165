/** Tokens: how bearer tokens are made, named in the store, and read from a request. */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { RandomBytes } from '../sealing.ts';

/** 24 bytes are 32 characters of base64url: the length that existing clients store. */
const tokenBytes = 24;

/** Hex SHA-256: the only form in which a token is stored. Tokens carry 192 random bits, so no salt is needed. */
export const hashToken = (token: string): string => createHash('sha256').update(token, 'utf8').digest('hex');

/** A token that an operator issues: random, valid until it is revoked. */
export const newToken = (randomBytes: RandomBytes): string => randomBytes(tokenBytes).toString('base64url');

/** `Bearer x` → `x`. Null where there is none; python's client sends `Bearer None` when it holds no token. */
export function bearerOf(header: string | undefined): string | null {
  if (header === undefined || header.length > 2_000) return null;
  const found = /^Bearer +([\x21-\x7e]+) *$/i.exec(header);
  const token = found?.[1] ?? null;
  return token === 'None' || token === 'null' || token === 'undefined' ? null : token;
}

/** Compares two hex hashes without telling by its time how much of them agrees. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8');
  const right = Buffer.from(b, 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}
