/** Pages: an opaque, tamper-proof address of the next page, and the position that it continues from. */
import { createHmac, timingSafeEqual } from 'node:crypto';

import type { Caller } from '../../domain/account.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { Selection } from './selection.ts';

/** The key of the last row told: rows are told in this order, so a change elsewhere moves no row over a seam. */
export interface Position {
  /** Start, or time of change, in epoch milliseconds. */
  readonly atMs: number;
  readonly id: string;
}

export type Listing = 'events' | 'free_busy';

export interface Cursor {
  readonly listing: Listing;
  readonly selection: Selection;
  readonly after: Position;
  /** Number of the page that this cursor names, from 2. */
  readonly page: number;
  /** As it was counted for the first page. */
  readonly total: number;
}

export interface PageCodec {
  encode(cursor: Cursor, caller: Caller): string;
  /** Rejects with `not_known` for anything that `encode` did not make for this caller's account. */
  decode(text: string, listing: Listing, caller: Caller): Cursor;
}

const macBytes = 16;

export function createPageCodec(key: Buffer): PageCodec {
  const mac = (body: string, caller: Caller): Buffer =>
    createHmac('sha256', key).update(`page|${caller.appId}|${caller.accountId}|${body}`).digest().subarray(0, macBytes);
  return {
    encode(cursor, caller) {
      const body = Buffer.from(JSON.stringify(cursor), 'utf8').toString('base64url');
      return `${body}.${mac(body, caller).toString('base64url')}`;
    },
    decode(text, listing, caller) {
      const [body = '', given = ''] = text.split('.');
      const sign = Buffer.from(given, 'base64url');
      if (sign.length !== macBytes || !timingSafeEqual(sign, mac(body, caller))) throw noSuchPage();
      const cursor = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Cursor;
      if (cursor.listing !== listing) throw noSuchPage();
      return cursor;
    },
  };
}

const noSuchPage = (): KalendsError =>
  new KalendsError('not_known', 'there is no such page; read from the first one again');

export const comparePositions = (a: Position, b: Position): number =>
  a.atMs - b.atMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
