/** Sealing: secrets at rest under AES-256-GCM with a key ring, each bound to the place that it belongs to. */
import { createCipheriv, createDecipheriv } from 'node:crypto';

import { KalendsError } from '../domain/errors.ts';
import type { ProfileId } from '../domain/ids.ts';
import type { Sealed } from '../domain/profile.ts';

/** `key` has 32 bytes; `id` is stored beside whatever the key sealed. */
export interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

/** Cryptographically strong bytes; `randomBytes` of node:crypto outside of tests. */
export type RandomBytes = (count: number) => Buffer;

export interface Sealing {
  /** Seals with the first key. `context` names the place, e.g. `profile:pro_…`: a box moved elsewhere does not open. */
  seal(plain: string, context: string): Sealed;
  /** Opens with whichever key sealed it; throws `unsealable` for an unknown key, another context or a changed box. */
  open(sealed: Sealed, context: string): string;
  /** The first key of the ring sealed it: no older one is needed for it. */
  isCurrent(sealed: Sealed): boolean;
}

/** The place of a profile's credentials. */
export const credentialsContext = (profileId: ProfileId): string => `profile:${profileId}:credentials`;

const cipher = 'aes-256-gcm';
/** NIST SP 800-38D: 96 bits is the nonce length that GCM uses as it is. */
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Rotation: put the new key first and keep the old ones behind it until nothing is sealed with them any more, which is
 * what `ops reseal` sees to.
 * Throws `configuration_invalid` for an empty ring, a repeated id or a key that has not 32 bytes.
 */
export function createSealing(keys: readonly SealingKey[], randomBytes: RandomBytes): Sealing {
  const [first] = keys;
  if (first === undefined)
    throw new KalendsError('configuration_invalid', 'the key ring is empty: give at least one sealing key');
  const ring = new Map(keys.map((one) => [one.id, one.key]));
  if (ring.size !== keys.length) throw new KalendsError('configuration_invalid', 'two sealing keys have the same id');
  for (const { id, key } of keys) {
    if (key.length !== 32)
      throw new KalendsError('configuration_invalid', `sealing key ${id} has ${key.length} bytes, 32 are needed`);
  }
  return {
    seal: (plain, context) => seal(first, randomBytes(nonceBytes), plain, context),
    open: (sealed, context) => {
      const key = ring.get(sealed.keyId);
      if (key === undefined) throw unsealable(`no key ${sealed.keyId} in the ring`, context);
      return open(key, sealed, context);
    },
    isCurrent: (sealed) => sealed.keyId === first.id,
  };
}

function seal({ id, key }: SealingKey, nonce: Buffer, plain: string, context: string): Sealed {
  const box = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  box.setAAD(Buffer.from(context, 'utf8'));
  const sealed = Buffer.concat([box.update(plain, 'utf8'), box.final(), box.getAuthTag()]);
  return { keyId: id, nonce: nonce.toString('base64url'), box: sealed.toString('base64url') };
}

function open(key: Buffer, sealed: Sealed, context: string): string {
  const nonce = Buffer.from(sealed.nonce, 'base64url');
  const bytes = Buffer.from(sealed.box, 'base64url');
  if (nonce.length !== nonceBytes || bytes.length < tagBytes) throw unsealable('the box is cut', context);
  try {
    const box = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
    box.setAAD(Buffer.from(context, 'utf8'));
    box.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    return Buffer.concat([box.update(bytes.subarray(0, bytes.length - tagBytes)), box.final()]).toString('utf8');
  } catch {
    // What OpenSSL says here tells nothing and may vary: wrong key, wrong context and a changed box look the same.
    throw unsealable('the box was changed, or sealed for another place or with another key of this id', context);
  }
}

const unsealable = (why: string, context: string): KalendsError =>
  // In the message: it is met by actors, whose words reach operators through the log and `ops inspect`.
  new KalendsError(
    'unsealable',
    `a sealed secret cannot be opened: ${why}; put its key back into KALENDS_KEYS or the file sealing-keys`,
    { ids: { context } },
  );
