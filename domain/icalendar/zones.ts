/** TZIDs of one file to zones: its VTIMEZONEs are handed to `resolveZone`, which decides whether they are needed. */
import { resolveZone } from '../time/resolve.ts';
import { localOf, type Zone, type ZoneDefinition } from '../time/zone.ts';
import { readOffset, readTime } from './clock-value.ts';
import { childrenOf, linesOf, render, type Component } from './tree.ts';
import { readProperty, tokenOf, type Property } from './property.ts';

/** Null for a TZID that nothing explains: its times are read as floating, as most clients do. */
export type ZoneLookup = (tzid: string) => Zone | null;

interface KnownDefinition {
  readonly tzid: string | null;
  readonly zone: Zone | null;
}

const maxKnown = 512;
/** Definitions with all changes since 1880 have a few thousand. */
const maxKnownCharacters = 32_768;
/** By the text of the VTIMEZONE: a calendar of thousands of resources repeats a handful. */
const known = new Map<string, KnownDefinition>();

/** `timeZones` are the VTIMEZONE components of the file. */
export function zoneLookup(timeZones: readonly Component[]): ZoneLookup {
  const definitions = timeZones.map(knownDefinition);
  const resolved = new Map<string, Zone | null>();
  return (tzid) => {
    const before = resolved.get(tzid);
    if (before !== undefined) return before;
    const plain = withoutEscapes(tzid);
    const defined = definitions.find((one) => one.tzid === tzid || one.tzid === plain);
    const zone = defined === undefined ? resolveZone(tzid, null) : defined.zone;
    resolved.set(tzid, zone);
    return zone;
  };
}

/** Some write the name in a parameter as they write it in the property: escaped. */
const withoutEscapes = (tzid: string): string => tzid.replaceAll(/\\([\\,;])/g, '$1');

function knownDefinition(timeZone: Component): KnownDefinition {
  const text = timeZone.received === '' ? render([timeZone]) : timeZone.received;
  const before = known.get(text);
  if (before !== undefined) return before;
  const definition = readDefinition(timeZone);
  if (definition === null) return { tzid: null, zone: null };
  const next = { tzid: detached(definition.tzid), zone: resolveZone(definition.tzid, definition) };
  if (known.size >= maxKnown) known.clear();
  if (text.length <= maxKnownCharacters) known.set(detached(text), next);
  return next;
}

/** A copy: a part of a body would keep the whole body in memory. */
const detached = (text: string): string => Buffer.from(text).toString();

/** Observances that cannot be read are left out; null without a TZID. */
export function readDefinition(timeZone: Component): ZoneDefinition | null {
  const written = tokenOf(timeZone, 'TZID');
  if (written === null) return null;
  // A text: Outlook's `(UTC+01:00) Amsterdam\, Berlin` is escaped here and quoted in the parameters that refer to it.
  const tzid = withoutEscapes(written);
  const location = tokenOf(timeZone, 'X-LIC-LOCATION');
  const standard = childrenOf(timeZone.nodes, 'STANDARD').map((one) => readObservance(one, 'standard'));
  const daylight = childrenOf(timeZone.nodes, 'DAYLIGHT').map((one) => readObservance(one, 'daylight'));
  return { tzid, location, observances: [...standard, ...daylight].filter((one) => one !== null) };
}

function readObservance(
  component: Component,
  kind: 'standard' | 'daylight',
): ZoneDefinition['observances'][number] | null {
  const start = readTime(tokenOf(component, 'DTSTART') ?? '');
  const offsetFromMs = readOffset(tokenOf(component, 'TZOFFSETFROM') ?? '');
  const offsetToMs = readOffset(tokenOf(component, 'TZOFFSETTO') ?? '');
  if (start === null || offsetToMs === null) return null;
  const dates = valuesOf(component, 'RDATE').flatMap((value) => readTime(value.split('/', 1)[0] ?? '') ?? []);
  return {
    kind,
    localStart: localOf(start.wallMs),
    offsetFromMs: offsetFromMs ?? offsetToMs,
    offsetToMs,
    rules: valuesOf(component, 'RRULE', null).filter((rule) => rule !== ''),
    dates: dates.map((one) => localOf(one.wallMs)),
  };
}

/** All values of all properties of this name, split at `separator`. */
function valuesOf(component: Component, name: string, separator: string | null = ','): string[] {
  const values = linesOf(component, name).flatMap((line) => readProperty(line)?.values[0] ?? []);
  return (separator === null ? values : values.flatMap((value) => value.split(separator))).map((value) => value.trim());
}

/** The TZID parameter of a time property. */
export const tzidOf = (property: Property | null): string | null => {
  const tzid = property === null ? undefined : property.params['tzid'];
  return typeof tzid === 'string' && tzid.trim() !== '' ? tzid.trim() : null;
};
