/** UNTIL: the end of a rule as it is written, and as a bound for the starts of a series. */
import type { EventTime } from '../event.ts';
import { dayMs } from './days.ts';
import { dayOf, wallOf, type Zone } from '../time/zone.ts';

export type Until =
  /** The midnight that begins the last day, as wall milliseconds. */
  | { readonly kind: 'date'; readonly wallMs: number }
  /** Digits without a zone. */
  | { readonly kind: 'local'; readonly wallMs: number }
  | { readonly kind: 'utc'; readonly ms: number };

/** Basic form as the standard has it, extended form as some servers write it; null when it is no date. */
export function readUntil(text: string): Until | null {
  const match = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d):?(\d\d)?(Z?))?$/.exec(text.toUpperCase());
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, zulu] = match;
  const date = `${year}-${month}-${day}`;
  if (hour === undefined || minute === undefined) return checked({ kind: 'date', wallMs: dayOf(date) });
  const wallMs = wallOf(`${date}T${hour}:${minute}:${second ?? '00'}`);
  return checked(zulu === 'Z' ? { kind: 'utc', ms: wallMs } : { kind: 'local', wallMs });
}

const checked = (until: Until): Until | null =>
  Number.isNaN(until.kind === 'utc' ? until.ms : until.wallMs) ? null : until;

/** Whether a start is still inside the rule; the end itself is. */
export type WithinUntil = (wallMs: number, instantMs: number) => boolean;

/**
 * Section 3.3.10 wants UNTIL to have the value type of DTSTART, and UTC where DTSTART has a zone; real files mix all.
 * A date keeps its whole last day. Digits without a zone are in the zone of DTSTART. For an all-day series only the
 * date as written counts (Google writes `…T000000Z` or `…T235959Z`). For a floating series a Z is ignored.
 *
 * @returns the test, and a wall time after which no start passes it.
 */
export function untilBound(
  until: Until | null,
  start: EventTime['kind'],
  zone: Zone,
): { readonly within: WithinUntil; readonly endWallMs: number } {
  if (until === null) return { within: () => true, endWallMs: Infinity };
  if (until.kind === 'utc' && start === 'instant') {
    const wallMs = until.ms + zone.offsetAt(until.ms);
    return { within: (_, instantMs) => instantMs <= until.ms, endWallMs: wallMs + dayMs };
  }
  const written = until.kind === 'utc' ? until.ms : until.wallMs;
  const wholeDay = until.kind === 'date' || start === 'date';
  const last = wholeDay ? Math.floor(written / dayMs) * dayMs + dayMs - 1 : written;
  return { within: (wallMs) => wallMs <= last, endWallMs: last + 1 };
}
