/** What is compared with a secret is compared in full: how long that takes tells nothing of how much agrees. */
import { timingSafeEqual } from 'node:crypto';
import { beforeEach, expect, it, vi } from 'vitest';
import type { Caller } from '../../domain/account.ts';
import { createPageCodec, type Cursor } from '../../services/api/pages.ts';
import { hashToken, sameHash } from '../../services/auth/tokens.ts';

vi.mock('node:crypto', { spy: true });
const compared = vi.mocked(timingSafeEqual);
beforeEach(() => void compared.mockClear());

it('the hash of a token, whole against whole', () => {
  const [one, other] = [hashToken('one'), hashToken('other')];
  expect([sameHash(one, one), sameHash(one, other), sameHash(one, one.slice(1))]).toEqual([true, false, false]);
  expect(compared.mock.calls.map(([left, right]) => [left.byteLength, right.byteLength])).toEqual([
    [64, 64],
    [64, 64],
  ]);
});

it('the signature of a page address', () => {
  const codec = createPageCodec(Buffer.alloc(32, 7));
  const caller = { appId: 'app_1', accountId: 'acc_1' } as Caller;
  const cursor = { listing: 'events', after: { atMs: 1, id: 'x' }, page: 2, total: 9 } as Cursor;
  const address = codec.encode(cursor, caller);
  expect(codec.decode(address, 'events', caller)).toEqual(cursor);
  const [body = '', sign = ''] = address.split('.');
  const forged = Buffer.from(sign, 'base64url');
  forged[15] = (forged[15] ?? 0) ^ 1;
  const refused = [
    `${body}.${forged.toString('base64url')}`,
    `${Buffer.from(JSON.stringify({ ...cursor, page: 3 })).toString('base64url')}.${sign}`,
    `${body}.${sign.slice(2)}`,
    body,
  ];
  for (const one of refused) expect(() => codec.decode(one, 'events', caller)).toThrow(/no such page/);
  expect(() => codec.decode(address, 'events', { ...caller, accountId: 'acc_2' } as Caller)).toThrow(/no such page/);
  expect(compared).toHaveBeenCalledTimes(4);
});
