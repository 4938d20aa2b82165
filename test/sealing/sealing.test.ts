/** Sealing: rotation, binding to a place, and every kind of tampering. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isKalendsError } from '../../domain/errors.ts';
import type { Sealed } from '../../domain/profile.ts';
import { createSealing } from '../../services/sealing.ts';

const key = (id: string, fill: number) => ({ id, key: Buffer.alloc(32, fill) });
const old = key('old', 1);
const fresh = key('fresh', 2);

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return isKalendsError(error) ? error.code : String(error);
  }
  return 'nothing was thrown';
};

describe('sealing', () => {
  it('opens to what was sealed, whatever the text', () => {
    const sealing = createSealing([fresh], randomBytes);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
        expect(sealing.open(sealing.seal(plain, context), context)).toBe(plain);
      }),
      { seed: 7 },
    );
  });

  it('never shows the text, and never gives the same box twice', () => {
    const sealing = createSealing([fresh], randomBytes);
    const boxes = Array.from({ length: 50 }, () => sealing.seal('hunter2', 'profile:1'));
    expect(new Set(boxes.map((one) => one.box)).size).toBe(50);
    expect(new Set(boxes.map((one) => one.nonce)).size).toBe(50);
    expect(Buffer.from(boxes[0]?.box ?? '', 'base64url').toString('latin1')).not.toContain('hunter2');
  });

  it('rotates: new secrets under the first key, old ones still open, until the old key is taken away', () => {
    const before = createSealing([old], randomBytes).seal('secret', 'profile:1');
    const during = createSealing([fresh, old], randomBytes);
    expect(during.open(before, 'profile:1')).toBe('secret');
    const again = during.seal('secret', 'profile:1');
    expect(again.keyId).toBe('fresh');
    const after = createSealing([fresh], randomBytes);
    expect(after.open(again, 'profile:1')).toBe('secret');
    expect(codeOf(() => after.open(before, 'profile:1'))).toBe('unsealable');
  });

  it('does not open in another place', () => {
    const sealing = createSealing([fresh], randomBytes);
    const sealed = sealing.seal('secret', 'profile:1');
    expect(codeOf(() => sealing.open(sealed, 'profile:2'))).toBe('unsealable');
  });

  it('does not open when any bit of it was changed, or a part is missing', () => {
    const sealing = createSealing([fresh], randomBytes);
    const sealed = sealing.seal('secret', 'profile:1');
    const flip = (text: string, bit: number): string => {
      const bytes = Buffer.from(text, 'base64url');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return bytes.toString('base64url');
    };
    const bits = (text: string): number[] =>
      Array.from({ length: Buffer.from(text, 'base64url').length * 8 }, (_, bit) => bit);
    const { keyId, nonce, box } = sealed;
    const changed: Sealed[] = [
      ...bits(sealed.box).map((bit) => ({ keyId, nonce, box: flip(sealed.box, bit) })),
      ...bits(sealed.nonce).map((bit) => ({ keyId, box, nonce: flip(sealed.nonce, bit) })),
      { ...sealed, box: sealed.box.slice(0, 8) },
      { ...sealed, box: '' },
      { ...sealed, nonce: '' },
      { ...sealed, keyId: 'nobody' },
    ];
    for (const one of changed) expect(codeOf(() => sealing.open(one, 'profile:1'))).toBe('unsealable');
  });

  it('does not tell the secret or the box in its error', () => {
    const sealing = createSealing([fresh], randomBytes);
    const sealed = sealing.seal('hunter2', 'profile:1');
    expect(() => sealing.open({ ...sealed, box: sealed.box.replace(/^./, '_') }, 'x')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(sealed.box) }),
    );
  });

  it.each([
    ['no key at all', []],
    ['a key that is too short', [{ id: 'a', key: Buffer.alloc(16) }]],
    ['two keys of one name', [key('a', 1), key('a', 2)]],
  ])('refuses a ring with %s', (_name, keys) => {
    expect(codeOf(() => createSealing(keys, randomBytes))).toBe('configuration_invalid');
  });
});
