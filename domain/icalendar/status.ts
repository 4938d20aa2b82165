/** STATUS: whether the event takes place. */
import type { EventStatus } from '../event.ts';
import { tokenOf } from './property.ts';
import type { Component } from './tree.ts';

const statuses: Readonly<Record<string, EventStatus>> = {
  TENTATIVE: 'tentative',
  CONFIRMED: 'confirmed',
  CANCELLED: 'cancelled',
  // Written by Zimbra and by English speakers elsewhere.
  CANCELED: 'cancelled',
};

/** Most clients write none; RFC 5545 names no default, its successor (RFC 8984 section 5.1.3) says `confirmed`. */
export function readStatus(event: Component): EventStatus {
  const token = tokenOf(event, 'STATUS');
  return token === null ? 'confirmed' : (statuses[token.toUpperCase()] ?? 'unknown');
}
