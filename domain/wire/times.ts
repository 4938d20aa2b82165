/** Times on the wire: what existing clients send, and the exact forms that they can read back. */
import type { EventTime } from '../event.ts';
import { ianaZone } from '../time/iana.ts';
import { localOf, toWall } from '../time/zone.ts';

/** A date, or an instant in epoch milliseconds. */
export type WireTime =
  | { readonly kind: 'date'; readonly date: string }
  | { readonly kind: 'instant'; readonly ms: number };

/**
 * `2026-11-21`, `2026-11-21T09:00:00Z`, with an offset, with fractions (dropped: the wire has none), with a space in
 * place of the T (c#), or with a space in place of the plus of an offset (a query value that was not escaped).
 */
const form = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)? ?(Z|UTC|[+\- ]\d{2}:?\d{2}))?$/i;

/** Null for anything else: a time without a zone too, because every guess at its zone would be wrong for somebody. */
export function parseWireTime(text: string): WireTime | null {
  const [, date = '', hours, minutes = '', seconds = '0', zone = 'Z'] = form.exec(text.trim()) ?? [];
  const dayMs = Date.parse(`${date}T00:00:00Z`);
  // Date.parse lets the 30th of February through in some engines and forms: the way back must give the same day.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== date) return null;
  if (hours === undefined) return { kind: 'date', date };
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
  const offsetMs = offsetOf(zone);
  if (offsetMs === null) return null;
  const wallMs = dayMs + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return { kind: 'instant', ms: wallMs - offsetMs };
}

function offsetOf(zone: string): number | null {
  if (/^(z|utc)$/i.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

const daySize = 86_400_000;
const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
/** Dates by day number: rows of one answer lie on few days, and `toISOString` costs ten times the rest of a time. */
const dates = new Map<number, string>();
const datesMax = 4_096;

function dateOfDay(day: number): string {
  const found = dates.get(day);
  if (found !== undefined) return found;
  const date = new Date(day * daySize).toISOString().slice(0, -14);
  if (dates.size >= datesMax) dates.clear();
  dates.set(day, date);
  return date;
}

/** `YYYY-MM-DDTHH:MM:SSZ`, never with fractions: existing clients parse exactly this. */
export function wireInstant(ms: number): string {
  const day = Math.floor(ms / daySize);
  const seconds = Math.floor((ms - day * daySize) / 1_000);
  const [hour, minute, second] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${dateOfDay(day)}T${twoDigits[hour] ?? ''}:${twoDigits[minute] ?? ''}:${twoDigits[second] ?? ''}Z`;
}

/** A start or end as a plain string; `ms` is where a floating time lies. */
export const wireTime = (time: EventTime, ms: number): string => (time.kind === 'date' ? time.date : wireInstant(ms));

/** `{time, tzid}`: the time with its zone's offset; `fallback` is shown where the event names no zone itself. */
export function localizedTime(
  time: EventTime,
  ms: number,
  fallback: string,
): { readonly time: string; readonly tzid: string } {
  if (time.kind === 'date') return { time: time.date, tzid: fallback };
  const tzid = time.kind === 'instant' ? time.tzid : fallback;
  const zone = ianaZone(tzid);
  const offsetMs = zone?.offsetAt(ms) ?? 0;
  if (zone === null || offsetMs === 0) return { time: wireInstant(ms), tzid: zone === null ? 'Etc/UTC' : tzid };
  return { time: localOf(toWall(zone, ms)) + wireOffset(offsetMs), tzid };
}

/** `+05:45`; offsets of local mean time, which have seconds, are cut to minutes. */
function wireOffset(offsetMs: number): string {
  const minutes = Math.trunc(Math.abs(offsetMs) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
