/** Zones of the IANA database: names, and agreement with native Temporal at every kind of edge. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ianaZone, utc, zoneDataVersion } from '../../domain/time/iana.ts';
import type { Zone } from '../../domain/time/zone.ts';

const zoneNamed = (name: string): Zone => {
  const zone = ianaZone(name);
  if (zone === null) throw new Error(`the runtime has no zone ${name}`);
  return zone;
};

const names = Intl.supportedValuesOf('timeZone');
/** Odd ones: half an hour of summer time, a day skipped, negative summer time, changes by seconds, no change at all. */
const odd = [
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Europe/Dublin',
  'Africa/Monrovia',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Etc/GMT+12',
  'EST5EDT',
];

const temporalOffset = (name: string, ms: number): number =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(name).offsetNanoseconds / 1_000_000;

const temporalInstant = (name: string, wallMs: number): number =>
  Temporal.Instant.fromEpochMilliseconds(wallMs)
    .toZonedDateTimeISO('UTC')
    .toPlainDateTime()
    .toZonedDateTime(name, { disambiguation: 'compatible' }).epochMilliseconds;

function changesOf(name: string): number[] {
  const changes: number[] = [];
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.from('1900-01-01T00:00Z').toZonedDateTimeISO(name);
  for (at = at.getTimeZoneTransition('next'); at !== null; at = at.getTimeZoneTransition('next')) {
    if (at.epochMilliseconds > Date.UTC(2105, 0, 1)) break;
    changes.push(at.epochMilliseconds);
  }
  return changes;
}

describe('names', () => {
  it.each(['UTC', 'Z', 'GMT', 'Etc/UTC', 'utc', 'Etc/GMT'])('%s is UTC', (name) => {
    expect(ianaZone(name)).toBe(utc);
    expect(utc).toMatchObject({ id: 'Etc/UTC', iana: 'Etc/UTC' });
  });

  it.each([
    ['europe/berlin', 'Europe/Berlin'],
    ['AMERICA/NEW_YORK', 'America/New_York'],
    ['US/Eastern', 'US/Eastern'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('%s is %s', (name, id) => {
    expect(ianaZone(name)).toMatchObject({ id, iana: id });
    expect(ianaZone(name)).toBe(ianaZone(id));
  });

  it.each([
    '',
    'Berlin',
    'W. Europe Standard Time',
    '+01:00',
    'Europe/Berlin\u0000',
    '../etc/passwd',
    'constructor',
    '__proto__',
  ])('%j is no zone', (name) => {
    expect(ianaZone(name)).toBeNull();
  });

  it('come with the version of their data', () => {
    expect(zoneDataVersion()).toMatch(/^20\d\d[a-z]/);
  });
});

describe('offsets and instants are those of Temporal', () => {
  it('for any zone and time', () => {
    const time = fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(2400, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...names, ...odd), time, (name, ms) => {
        const zone = zoneNamed(name);
        expect(zone.offsetAt(ms)).toBe(temporalOffset(name, ms));
        expect(zone.toInstant(ms)).toBe(temporalInstant(name, ms));
      }),
      { seed: 20_261_121, numRuns: 3_000 },
    );
  });

  it('around every kind of change, to the millisecond', () => {
    const second = 1_000;
    const distance = fc.oneof(
      fc.constantFrom(-1, 0, 1, -second, second),
      fc.integer({ min: -26 * 3_600 * second, max: 26 * 3_600 * second }),
    );
    const zones = [...names.filter((_, index) => index % 4 === 0), ...odd].filter((name) => changesOf(name).length > 0);
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.nat(), distance, (name, pick, away) => {
        const zone = zoneNamed(name);
        const changes = changesOf(name);
        const at = (changes[pick % changes.length] ?? 0) + away;
        expect(zone.offsetAt(at)).toBe(temporalOffset(name, at));
        for (const offset of [temporalOffset(name, at - 100_000_000), temporalOffset(name, at + 100_000_000)]) {
          expect(zone.toInstant(at + offset)).toBe(temporalInstant(name, at + offset));
        }
      }),
      { seed: 20_261_122, numRuns: 3_000 },
    );
  });

  it('and a wall time in a gap lies after it, one in an overlap is the first', () => {
    const berlin = zoneNamed('Europe/Berlin');
    expect(berlin.toInstant(Date.parse('2026-03-29T02:30:00Z'))).toBe(Date.parse('2026-03-29T01:30:00Z'));
    expect(berlin.toInstant(Date.parse('2026-10-25T02:30:00Z'))).toBe(Date.parse('2026-10-25T00:30:00Z'));
  });
});
