/** Who a request of the model server comes from: Basic, or Digest as RFC 7616 has it. */
import { createHash } from 'node:crypto';
import { answer, type ModelAnswer, type ModelRequest } from './exchange.ts';
import type { ModelContext } from './server.ts';

export type AuthKind = 'basic' | 'digest-md5' | 'digest-sha-256';

const realm = 'Kalends model';
/** Digest servers may keep one nonce; replay protection is not what clients are tested for. */
const nonce = 'a-nonce-of-the-model-server';

/** The login whose secret was proved, or null. */
export function authenticate(context: ModelContext, request: ModelRequest): string | null {
  const header = request.headers['authorization'] ?? '';
  return context.auth === 'basic' ? basic(context, header) : digest(context, request, header);
}

/** 401 with what the client must answer. */
export function challenge(context: ModelContext): ModelAnswer {
  const algorithm = context.auth === 'digest-md5' ? 'MD5' : 'SHA-256';
  const how =
    context.auth === 'basic'
      ? `Basic realm="${realm}", charset="UTF-8"`
      : `Digest realm="${realm}", qop="auth", algorithm=${algorithm}, nonce="${nonce}", opaque="model"`;
  return answer(401, { 'www-authenticate': how });
}

function basic(context: ModelContext, header: string): string | null {
  const encoded = /^Basic (.+)$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const [, name = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return context.state.users.get(name)?.password === password ? name : null;
}

function digest(context: ModelContext, request: ModelRequest, header: string): string | null {
  if (!/^Digest /i.test(header)) return null;
  const given = parametersOf(header.slice('Digest '.length));
  const user = context.state.users.get(given['username'] ?? '');
  if (user === undefined || given['nonce'] !== nonce || given['realm'] !== realm) return null;
  const name = context.auth === 'digest-md5' ? 'md5' : 'sha256';
  const hash = (text: string): string => createHash(name).update(text).digest('hex');
  const secret = hash(`${user.name}:${realm}:${user.password}`);
  const asked = hash(`${request.method}:${given['uri'] ?? ''}`);
  const parts = [secret, nonce, given['nc'], given['cnonce'], given['qop'], asked];
  const sameTarget = new URL(given['uri'] ?? '', request.origin).pathname === request.path;
  return sameTarget && hash(parts.join(':')) === given['response'] ? user.name : null;
}

function parametersOf(list: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, bare] of list.matchAll(/([a-z0-9*-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/gi)) {
    found[name.toLowerCase()] = quoted ?? bare ?? '';
  }
  return found;
}
