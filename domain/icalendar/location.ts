/** LOCATION and GEO: where the event is, in words and in degrees. */
import type { EventLocation } from '../event.ts';
import { removeLines, setLines } from './edit.ts';
import { legalText, propertyOf, rawLine, textLine, tokenOf } from './property.ts';
import { firstLine, type Component } from './tree.ts';

/** Apple's and Microsoft's own copies of the place: stale ones would hide our change. */
const appleLocation = 'X-APPLE-STRUCTURED-LOCATION';
const copies: readonly string[] = [appleLocation, 'X-MICROSOFT-LOCATIONS'];

const geoPattern = /^([+-]?\d+(?:\.\d*)?)[;,]([+-]?\d+(?:\.\d*)?)$/;
const geoUriPattern = /^geo:([+-]?\d+(?:\.\d*)?),([+-]?\d+(?:\.\d*)?)/i;

const nowhere: EventLocation = { description: null, lat: null, long: null };

export function readLocation(event: Component): EventLocation | null {
  const words = propertyOf(event, 'LOCATION')?.values[0] ?? '';
  const found = geoPattern.exec(tokenOf(event, 'GEO') ?? '') ?? geoUriPattern.exec(tokenOf(event, appleLocation) ?? '');
  const description = words.trim() === '' ? null : words;
  if (description === null && found === null) return null;
  return { description, lat: found?.[1] ?? null, long: found?.[2] ?? null };
}

/** Null removes the place in every form. */
export function writeLocation(event: Component, wanted: EventLocation | null): void {
  const before = readLocation(event) ?? nowhere;
  const next = legalLocation(wanted);
  const sameDegrees = before.lat === next.lat && before.long === next.long;
  if (before.description === next.description && sameDegrees) return;
  if (before.description !== next.description) {
    setLines(event, ['LOCATION'], next.description === null ? [] : [textLine('LOCATION', next.description)]);
  }
  if (!sameDegrees || firstLine(event, 'GEO') === null) {
    setLines(event, ['GEO'], next.lat === null ? [] : [rawLine('GEO', `${next.lat};${next.long}`)]);
  }
  removeLines(event, copies);
}

/** As it will be read again; one half of a position is none. */
function legalLocation(wanted: EventLocation | null): EventLocation {
  const words = legalText(wanted?.description ?? '');
  const found = geoPattern.exec(`${wanted?.lat};${wanted?.long}`);
  return { description: words.trim() === '' ? null : words, lat: found?.[1] ?? null, long: found?.[2] ?? null };
}
