/** RECURRENCE-ID: which occurrence an exception replaces (RFC 5545 section 3.8.4.4). */
import { paramOf, propertyOf } from './property.ts';
import { asDate, readZoned, type ZonedTime } from './time.ts';
import { firstLine, type Component } from './tree.ts';
import type { ZoneLookup } from './zones.ts';

export interface RecurrenceId {
  readonly original: ZonedTime;
  readonly thisAndFuture: boolean;
}

export const isException = (event: Component): boolean => firstLine(event, 'RECURRENCE-ID') !== null;

/** Null for an id that cannot be read. `asDay`: the master's times are days, whatever the id is written as. */
export function readRecurrenceId(event: Component, zones: ZoneLookup, asDay: boolean): RecurrenceId | null {
  const property = propertyOf(event, 'RECURRENCE-ID');
  const original = property === null ? null : readZoned(property.values[0], property, zones);
  if (property === null || original === null) return null;
  const thisAndFuture = paramOf(property, 'range')?.toUpperCase() === 'THISANDFUTURE';
  return { original: asDay ? asDate(original) : original, thisAndFuture };
}
