/** Zones of the IANA database as the runtime carries it, with their changes of offset cached. */
import { offsetTable, tableZone, type OffsetTable, type Transition } from './table.ts';
import type { Zone } from './zone.ts';

/** The table covers what calendars hold; Temporal itself, which is slower, answers for the rest. */
const tableFromMs = Date.UTC(1850, 0, 1);
const tableToMs = Date.UTC(2100, 0, 1);
/** No wall time is further from its instant than this, so nothing near an edge is asked of the table. */
const edgeMs = 48 * 60 * 60 * 1_000;

export const utc: Zone = tableZone('Etc/UTC', 'Etc/UTC', offsetTable(0, []));

/** Names of UTC that files carry; all mean `Etc/UTC`. */
const utcNames = new Set([
  'utc',
  'z',
  'gmt',
  'etc/utc',
  'etc/gmt',
  'etc/uct',
  'etc/universal',
  'etc/zulu',
  'etc/greenwich',
]);

/** By lower-cased name; names that mean nothing are not kept, so files can't grow it. */
const known = new Map<string, Zone>([...utcNames].map((name) => [name, utc]));

/**
 * The zone that the IANA database has under this name, whatever the case it is written in; null when it has none.
 * Aliases (`US/Eastern`, `Europe/Kiev`) keep their own name as `id`. Offsets (`+01:00`) are not names.
 */
export function ianaZone(name: string): Zone | null {
  const key = name.toLowerCase();
  const found = known.get(key);
  if (found !== undefined) return found;
  const id = canonicalName(name);
  if (id === null) return null;
  const zone = readZone(id);
  known.set(key, zone);
  return zone;
}

/** The version of the zone data in the runtime, e.g. `2026c`: occurrences derived with another one may lie elsewhere. */
export const zoneDataVersion = (): string => process.versions['tz'] ?? 'unknown';

function canonicalName(name: string): string | null {
  if (!/^[a-z][a-z0-9_+\-/]*$/i.test(name)) return null;
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId;
  } catch {
    return null;
  }
}

function readZone(id: string): Zone {
  const table = readTable(id);
  const inside = (ms: number): boolean => ms >= tableFromMs + edgeMs && ms < tableToMs - edgeMs;
  return {
    id,
    iana: id,
    offsetAt: (instantMs) => (inside(instantMs) ? table.offsetAt(instantMs) : temporalOffset(id, instantMs)),
    toInstant: (wallMs) => (inside(wallMs) ? table.toInstant(wallMs) : temporalInstant(id, wallMs)),
  };
}

function readTable(id: string): OffsetTable {
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(tableFromMs).toZonedDateTimeISO(id);
  const first = offsetOf(at);
  const transitions: Transition[] = [];
  for (at = at.getTimeZoneTransition('next'); at !== null; at = at.getTimeZoneTransition('next')) {
    if (at.epochMilliseconds >= tableToMs) break;
    transitions.push({ atMs: at.epochMilliseconds, offsetMs: offsetOf(at) });
  }
  return offsetTable(first, transitions);
}

const offsetOf = (at: Temporal.ZonedDateTime): number => at.offsetNanoseconds / 1_000_000;

const temporalOffset = (id: string, instantMs: number): number =>
  offsetOf(Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(id));

function temporalInstant(id: string, wallMs: number): number {
  const wall = Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO('UTC').toPlainDateTime();
  return wall.toZonedDateTime(id, { disambiguation: 'compatible' }).epochMilliseconds;
}
