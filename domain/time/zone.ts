/** What a time zone is to the rest of Kalends: offsets by instant, and instants by wall time under RFC 5545's rules. */

/** Wall times are numbers too: the epoch milliseconds that the same digits would have in UTC. */
export interface Zone {
  /** IANA name, or a name that starts with `custom:` for a zone that only a VTIMEZONE defines. */
  readonly id: string;
  /** IANA name to show to people; null for a custom zone. */
  readonly iana: string | null;
  /** Milliseconds to add to an instant to get its wall time. */
  offsetAt(instantMs: number): number;
  /** In a gap the offset before it applies (the result lies after the gap); in an overlap the first reading counts. */
  toInstant(wallMs: number): number;
}

/** `wallMs` of an instant in a zone. */
export const toWall = (zone: Zone, instantMs: number): number => instantMs + zone.offsetAt(instantMs);

/** `YYYY-MM-DDTHH:MM:SS` to wall milliseconds. */
export const wallOf = (local: string): number => Date.parse(`${local}Z`);

/** Wall milliseconds to `YYYY-MM-DDTHH:MM:SS`. */
export const localOf = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 19);

/** `YYYY-MM-DD` to the wall milliseconds of its midnight. */
export const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`);

/** Wall milliseconds to `YYYY-MM-DD`. */
export const dateOf = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 10);

/** A VTIMEZONE as its file gives it; `resolveZone` decides whether it is needed at all. */
export interface ZoneDefinition {
  readonly tzid: string;
  /** X-LIC-LOCATION, an IANA name that some clients add. */
  readonly location: string | null;
  readonly observances: readonly {
    readonly kind: 'standard' | 'daylight';
    /** DTSTART, `YYYY-MM-DDTHH:MM:SS` in the wall time before the change. */
    readonly localStart: string;
    readonly offsetFromMs: number;
    readonly offsetToMs: number;
    /** RRULE values. */
    readonly rules: readonly string[];
    /** RDATE values, `YYYY-MM-DDTHH:MM:SS`. */
    readonly dates: readonly string[];
  }[];
}
