/** DTSTART with DTEND or DURATION: when an event is, and how long (RFC 5545 sections 3.6.1 and 3.8.2). */
import type { EventTime, Recurrence } from '../event.ts';
import { localOf, dateOf, type Zone } from '../time/zone.ts';
import { dayMs, lastWallMs, readDuration, type WrittenDuration } from './clock-value.ts';
import { propertyOf, tokenOf } from './property.ts';
import { asDate, dateTime, readZoned, timeAt, type ZonedTime } from './time.ts';
import type { Component } from './tree.ts';
import type { ZoneLookup } from './zones.ts';

export interface Span {
  readonly start: EventTime;
  readonly end: EventTime;
  readonly localStart: string;
  readonly zone: Zone | null;
  readonly duration: Recurrence['duration'];
  /** All-day only by Microsoft's word: the times are midnights in the file and dates for us. */
  readonly flagged: boolean;
}

/** Both flags of Outlook and Exchange for times that mean days. */
export const allDayFlags: readonly string[] = ['X-MICROSOFT-CDO-ALLDAYEVENT', 'X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT'];

/** Null without a DTSTART that can be read; `fallback` then stands in for it (an exception's original start). */
export function readSpan(event: Component, zones: ZoneLookup, fallback: ZonedTime | null = null): Span | null {
  const written = timeOf(event, 'DTSTART', zones) ?? fallback;
  if (written === null) return null;
  const end = timeOf(event, 'DTEND', zones);
  const flagged =
    written.time.kind !== 'date' && isFlagged(event) && isMidnight(written) && (end === null || isMidnight(end));
  const start = flagged ? asDate(written) : written;
  const duration = end === null ? readDuration(tokenOf(event, 'DURATION') ?? '') : null;
  return start.time.kind === 'date'
    ? spanOfDates(start, end, duration, flagged)
    : spanOfTimes(start, end, duration ?? { days: 0, exactMs: 0 });
}

/** All-day: without an end, or with one that does not come after the start, it lasts one day. */
function spanOfDates(
  start: ZonedTime,
  end: ZonedTime | null,
  duration: WrittenDuration | null,
  flagged: boolean,
): Span {
  const length = end === null ? lengthOf(duration) : Math.ceil((end.wallMs - start.wallMs) / dayMs);
  const lastDay = lastWallMs + 1_000 - dayMs;
  const days = Math.min(Math.max(1, length), (lastDay - start.wallMs) / dayMs);
  return {
    start: start.time,
    end: dateTime(start.wallMs + days * dayMs),
    localStart: dateOf(start.wallMs),
    zone: null,
    duration: { days, exactMs: 0 },
    flagged,
  };
}

const lengthOf = (duration: WrittenDuration | null): number =>
  duration === null ? 1 : duration.days + Math.ceil(duration.exactMs / dayMs);

/** Timed: an end before the start counts as the start (zero length); days of a DURATION follow the wall clock. */
function spanOfTimes(start: ZonedTime, end: ZonedTime | null, duration: WrittenDuration): Span {
  const base = { start: start.time, localStart: localOf(start.wallMs), zone: start.zone, flagged: false };
  if (end !== null) {
    const exactMs = Math.max(0, lengthBetween(start, end));
    return { ...base, end: endAt(start, end, exactMs), duration: { days: 0, exactMs } };
  }
  const dayEnd = timeAt(Math.min(lastWallMs, start.wallMs + duration.days * dayMs), start.zone);
  return { ...base, end: later(dayEnd, duration.exactMs), duration };
}

function lengthBetween(start: ZonedTime, end: ZonedTime): number {
  const alike = conformed(start, end);
  if (start.time.kind === 'instant' && alike.kind === 'instant') return alike.ms - start.time.ms;
  return end.wallMs - start.wallMs;
}

function endAt(start: ZonedTime, end: ZonedTime, exactMs: number): EventTime {
  return exactMs === 0 ? start.time : conformed(start, end);
}

/** An end of another kind than its start is read with its digits in the start's zone. */
function conformed(start: ZonedTime, end: ZonedTime): EventTime {
  return end.time.kind === start.time.kind ? end.time : timeAt(end.wallMs, start.zone);
}

function later(time: EventTime, ms: number): EventTime {
  if (time.kind === 'instant') return { ...time, ms: Math.min(lastWallMs, time.ms + ms) };
  if (time.kind === 'floating')
    return { kind: 'floating', local: localOf(Math.min(lastWallMs, Date.parse(`${time.local}Z`) + ms)) };
  return time;
}

function timeOf(event: Component, name: string, zones: ZoneLookup): ZonedTime | null {
  const property = propertyOf(event, name);
  return property === null ? null : readZoned(property.values[0], property, zones);
}

const isMidnight = (time: ZonedTime): boolean => time.wallMs % dayMs === 0;

const isFlagged = (event: Component): boolean =>
  allDayFlags.some((name) => tokenOf(event, name)?.toUpperCase() === 'TRUE');
