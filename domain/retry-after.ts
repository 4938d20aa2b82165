/** Retry-After (RFC 9110 10.2.3) in both forms, clamped: a server that says a year is as wrong as one that says zero. */
import { clamp } from './backoff.ts';

/** `Sun, 06 Nov 1994 08:49:37 GMT` and the two obsolete forms of RFC 9110 5.6.7. */
const dateForm = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/**
 * Epoch milliseconds before which no request should be made, or null where the header is missing or means nothing.
 * Clamped to `bounds`. `nowMs` is our own clock; a date form is taken relative to the server's `Date` header where
 * there is one, because the clocks may be hours apart.
 */
export function retryAtMs(
  headers: Readonly<Record<string, readonly string[]>>,
  nowMs: number,
  bounds: { readonly minMs: number; readonly maxMs: number },
): number | null {
  const value = headers['retry-after']?.[0]?.trim() ?? '';
  const delayMs = /^\d+$/.test(value) ? Number(value) * 1_000 : delayUntil(value, headers['date']?.[0], nowMs);
  if (delayMs === null) return null;
  return nowMs + clamp(delayMs, bounds.minMs, bounds.maxMs);
}

function delayUntil(value: string, serverDate: string | undefined, nowMs: number): number | null {
  const until = dateForm.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(until)) return null;
  const serverNow = serverDate === undefined ? Number.NaN : Date.parse(serverDate);
  return until - (Number.isNaN(serverNow) ? nowMs : serverNow);
}
