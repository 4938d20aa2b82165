/** From TZIDs as files carry them to zones. */
import { describe, expect, it } from 'vitest';
import { resolveZone } from '../../domain/time/resolve.ts';
import type { ZoneDefinition } from '../../domain/time/zone.ts';

/** Says something that no real zone does, so that its use shows. */
const definition = (location: string | null): ZoneDefinition => ({
  tzid: 'x',
  location,
  observances: [
    {
      kind: 'standard',
      localStart: '1970-01-01T00:00:00',
      offsetFromMs: 4_500_000,
      offsetToMs: 4_500_000,
      rules: [],
      dates: [],
    },
  ],
});

describe('a TZID', () => {
  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    [' "Europe/Berlin" ', 'Europe/Berlin'],
    ['W. Europe Standard Time', 'Europe/Berlin'],
    ['w. europe standard time', 'Europe/Berlin'],
    ['Eastern Standard Time', 'America/New_York'],
    ['UTC', 'Etc/UTC'],
    ['(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna', 'Europe/Berlin'],
    ['(GMT+01.00) Amsterdam / Berlin / Bern / Rome / Stockholm / Vienna', 'Europe/Berlin'],
    ['(UTC-05:00) Eastern Time (US & Canada)', 'America/New_York'],
    ['(UTC-08:00) Pacific Time (US & Canada)', 'America/Los_Angeles'],
    ['(UTC) Coordinated Universal Time', 'Etc/UTC'],
    ['(UTC) Dublin, Edinburgh, Lisbon, London', 'Europe/London'],
    ['/freeassociation.sourceforge.net/Europe/Berlin', 'Europe/Berlin'],
    ['/freeassociation.sourceforge.net/Tzfile/America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['/citadel.org/20190914_1/Europe/Berlin', 'Europe/Berlin'],
    ['/mozilla.org/20050126_1/America/New_York', 'America/New_York'],
    ['tzone://Microsoft/Utc', 'Etc/UTC'],
  ])('%s is %s, whatever its definition says', (tzid, id) => {
    expect(resolveZone(tzid, null)?.iana).toBe(id);
    expect(resolveZone(tzid, definition(null))?.iana).toBe(id);
  });

  it.each(['Europe/Vienna', 'W. Europe Standard Time'])(
    'that means nothing is taken by its location %s',
    (location) => {
      expect(resolveZone('Our office', definition(location))?.iana).toBe(
        location === 'Europe/Vienna' ? location : 'Europe/Berlin',
      );
      expect(resolveZone('/example.org/Asia/Tokyo', definition(location))?.iana).not.toBe('Asia/Tokyo');
    },
  );

  it.each(['Our office', 'Customized Time Zone', '', 'GMT+0200', '(UTC+01:00) Somewhere'])(
    '%j is taken by its definition',
    (tzid) => {
      const zone = resolveZone(tzid, definition(null));
      expect(zone?.iana).toBeNull();
      expect(zone?.id).toMatch(/^custom:/);
      expect(zone?.offsetAt(0)).toBe(4_500_000);
    },
  );

  it.each([
    ['GMT+0200', 7_200_000],
    ['UTC-5', -18_000_000],
    ['+05:30', 19_800_000],
  ])('%s without a definition is an offset', (tzid, offsetMs) => {
    expect(resolveZone(tzid, null)?.offsetAt(Date.UTC(2026, 6, 1))).toBe(offsetMs);
  });

  it.each(['', 'Our office', 'GMT+99', 'Berlin/Europe', '/'])('%j without a definition is not known', (tzid) => {
    expect(resolveZone(tzid, null)).toBeNull();
  });
});
