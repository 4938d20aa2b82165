/** The zone of a calendar, out of the VTIMEZONE that CalDAV keeps in a property (RFC 4791 5.2.2). */
import { resolveZone } from '../../domain/time/resolve.ts';

/** Unfolded value of a property inside the text; null where it is missing. */
function valueOf(lines: readonly string[], name: string): string | null {
  const line = lines.find((candidate) => new RegExp(`^${name}[;:]`, 'i').test(candidate));
  const value = line?.slice(line.indexOf(':') + 1).trim() ?? '';
  return value === '' ? null : value;
}

/** The names that the definition goes by, the most trustworthy first. */
function zoneNames(definition: string): string[] {
  const lines = definition.replaceAll(/\r?\n[ \t]/g, '').split(/\r?\n/);
  const names = [valueOf(lines, 'X-LIC-LOCATION'), valueOf(lines, 'TZID')];
  return names.filter((name) => name !== null);
}

/** The IANA name that the definition means; null where no name in it means anything. */
export function zoneOf(definition: string): string | null {
  for (const name of zoneNames(definition)) {
    const iana = resolveZone(name, null)?.iana;
    if (iana !== undefined && iana !== null) return iana;
  }
  return null;
}
