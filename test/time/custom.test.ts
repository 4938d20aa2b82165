/** Zones that only a VTIMEZONE defines. */
import { describe, expect, it } from 'vitest';
import { customZone } from '../../domain/time/custom.ts';
import { ianaZone } from '../../domain/time/iana.ts';
import type { ZoneDefinition } from '../../domain/time/zone.ts';

const hour = 3_600_000;
type Observance = ZoneDefinition['observances'][number];

const observance = (
  kind: Observance['kind'],
  localStart: string,
  fromHours: number,
  toHours: number,
  rules: readonly string[] = [],
  dates: readonly string[] = [],
): Observance => ({ kind, localStart, offsetFromMs: fromHours * hour, offsetToMs: toHours * hour, rules, dates });

const define = (...observances: Observance[]): ZoneDefinition => ({ tzid: 'Our office', location: null, observances });

const berlin = define(
  observance('daylight', '1981-03-29T02:00:00', 1, 2, ['FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU']),
  observance('standard', '1996-10-27T03:00:00', 2, 1, ['FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU']),
);
/** As Outlook writes it, from 1601 on. */
const newYork = define(
  observance('standard', '1601-11-04T02:00:00', -4, -5, ['FREQ=YEARLY;BYDAY=1SU;BYMONTH=11']),
  observance('daylight', '1601-03-11T02:00:00', -5, -4, ['FREQ=YEARLY;BYDAY=2SU;BYMONTH=3']),
);

describe('a definition', () => {
  it.each([
    ['Europe/Berlin', berlin, 1997],
    ['America/New_York', newYork, 2008],
  ])('of the rules of %s gives its times', (name, definition, firstYear) => {
    const zone = customZone(definition);
    const real = ianaZone(name);
    for (let at = Date.UTC(firstYear, 0, 1); at < Date.UTC(2060, 0, 1); at += 7.25 * hour) {
      expect(zone?.offsetAt(at)).toBe(real?.offsetAt(at));
      expect(zone?.toInstant(at)).toBe(real?.toInstant(at));
    }
  });

  it('has an id that depends on its rules alone', () => {
    expect(customZone({ ...berlin, tzid: 'Other', location: 'x' })?.id).toBe(customZone(berlin)?.id);
    expect(customZone(newYork)?.id).not.toBe(customZone(berlin)?.id);
    expect(customZone(berlin)?.iana).toBeNull();
  });

  it('that changes by dates, and whose rules end by a UTC time', () => {
    const zone = customZone(
      define(
        observance('standard', '2020-10-25T03:00:00', 2, 1, [], ['2021-10-31T03:00:00', 'nonsense']),
        observance('daylight', '2020-03-29T02:00:00', 1, 2, [
          'FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20210328T010000Z',
        ]),
      ),
    );
    const offsetIn = (text: string): number => (zone?.offsetAt(Date.parse(text)) ?? NaN) / hour;
    expect(['2019-07-01', '2020-07-01', '2021-01-01', '2021-07-01', '2022-07-01'].map(offsetIn)).toEqual([
      1, 2, 1, 2, 1,
    ]);
  });

  it('without a change is one offset for all time', () => {
    const zone = customZone(define(observance('standard', '1970-01-01T00:00:00', 5.5, 5.5)));
    expect([zone?.offsetAt(-1e12), zone?.offsetAt(0), zone?.offsetAt(4e12)]).toEqual([
      5.5 * hour,
      5.5 * hour,
      5.5 * hour,
    ]);
  });

  it('whose rule is nonsense keeps its DTSTART', () => {
    const zone = customZone(
      define(
        observance('standard', '2020-01-01T00:00:00', 0, 3, ['FREQ=NEVER', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30']),
      ),
    );
    expect([zone?.offsetAt(Date.UTC(2019, 0, 1)), zone?.offsetAt(Date.UTC(2030, 0, 1))]).toEqual([0, 3 * hour]);
  });

  it.each([
    ['has no observance', define()],
    ['has no readable start', define(observance('standard', 'nonsense', 1, 1))],
    ['has no readable offset', define(observance('standard', '2020-01-01T00:00:00', NaN, 1))],
    ['changes every second', define(observance('standard', '1970-01-01T00:00:00', 1, 2, ['FREQ=SECONDLY']))],
    ['changes every day', define(observance('standard', '1970-01-01T00:00:00', 1, 2, ['FREQ=DAILY']))],
    [
      'never matches, often',
      define(
        ...Array<Observance>(500).fill(observance('standard', '1601-01-01T00:00:00', 1, 2, ['FREQ=DAILY;BYSETPOS=9'])),
      ),
    ],
  ])('that %s is none', (_, definition) => {
    expect(customZone(definition)).toBeNull();
  });
});
