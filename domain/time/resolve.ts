/** From the name that a file gives a time zone, and the definition that may come with it, to a zone. */
import { customZone } from './custom.ts';
import { ianaZone } from './iana.ts';
import { ianaOfWindows } from './windows.ts';
import type { Zone, ZoneDefinition } from './zone.ts';

/**
 * The zone that a TZID means; null when nothing says what it is, so that the caller can fall back and say so.
 *
 * Names go before definitions, against the letter of RFC 5545: files carry abbreviated definitions (one year's rules,
 * no history, rules of the time of export), while the IANA database is kept. In order:
 * an IANA name; a Windows name or Outlook display name; the definition's X-LIC-LOCATION; a prefixed name
 * (`/freeassociation.sourceforge.net/Europe/Berlin`, `tzone://Microsoft/Utc`); the definition; a bare offset (`GMT+0100`).
 */
export function resolveZone(tzid: string, definition: ZoneDefinition | null): Zone | null {
  const name = tzid.trim().replace(/^"(.*)"$/, '$1');
  return (
    named(name) ??
    named(definition?.location?.trim() ?? '') ??
    prefixed(name) ??
    (definition === null ? null : customZone(definition)) ??
    offsetZone(name)
  );
}

function named(name: string): Zone | null {
  const iana = ianaZone(name);
  if (iana !== null) return iana;
  const windows = ianaOfWindows(name);
  return windows === null ? null : ianaZone(windows);
}

/** Names have one to three parts, the longest that means something counts. */
function prefixed(name: string): Zone | null {
  const parts = name.split('/').filter((part) => part !== '');
  if (parts.length < 2) return null;
  for (const count of [3, 2, 1]) {
    if (parts.length <= count) continue;
    const zone = ianaZone(parts.slice(-count).join('/'));
    if (zone !== null) return zone;
  }
  return null;
}

/** `UTC+1`, `GMT+0100`, `+05:30`: some feeds write offsets as names. */
function offsetZone(name: string): Zone | null {
  const match = /^(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d\d))?$/i.exec(name);
  if (match === null) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  if (minutes > 14 * 60) return null;
  const offsetMs = (match[1] === '-' ? -minutes : minutes) * 60_000;
  const observance = { kind: 'standard', localStart: '1970-01-01T00:00:00', rules: [], dates: [] } as const;
  const observances = [{ ...observance, offsetFromMs: offsetMs, offsetToMs: offsetMs }];
  return customZone({ tzid: name, location: null, observances });
}
