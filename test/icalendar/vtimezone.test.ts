/** Generated VTIMEZONEs: read back as definitions they say what the zone itself says. */
import { describe, expect, it } from 'vitest';
import { render } from '../../domain/icalendar/tree.ts';
import { vtimezoneFor } from '../../domain/icalendar/vtimezone.ts';
import { readDefinition } from '../../domain/icalendar/zones.ts';
import { customZone } from '../../domain/time/custom.ts';
import { ianaZone } from '../../domain/time/iana.ts';
import type { Zone } from '../../domain/time/zone.ts';

const year = (number: number): number => Date.UTC(number, 0, 1);
const zoneOf = (name: string): Zone => {
  const zone = ianaZone(name);
  if (zone === null) throw new Error(`no zone ${name}`);
  return zone;
};
const textOf = (name: string, fromMs: number, toMs: number): string =>
  render([vtimezoneFor(zoneOf(name), fromMs, toMs)]);

const names = [
  'Europe/Berlin',
  'Europe/Dublin',
  'America/New_York',
  'America/Santiago',
  'America/Sao_Paulo',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Jerusalem',
  'Asia/Gaza',
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Nuuk',
  'Europe/Istanbul',
  'Pacific/Chatham',
];
const windows = [
  [year(2026), year(2026) + 3_600_000],
  [Date.UTC(2026, 6, 1), Date.UTC(2029, 2, 1)],
  [year(2011), year(2018)],
  [year(1975), year(1976)],
] as const;

describe.each(names)('%s', (name) => {
  it.each(windows)('has the right offset throughout %i … %i', (fromMs, toMs) => {
    const component = vtimezoneFor(zoneOf(name), fromMs, toMs);
    const definition = readDefinition(component);
    const read = definition === null ? null : customZone(definition);
    expect(definition?.tzid).toBe(name);
    const wrong: string[] = [];
    for (let ms = fromMs; ms <= toMs; ms += 3_600_000) {
      if (read?.offsetAt(ms) !== zoneOf(name).offsetAt(ms)) wrong.push(new Date(ms).toISOString());
    }
    expect(wrong).toEqual([]);
  });
});

it('is as short as two yearly rules where the zone keeps them', () => {
  expect(textOf('Europe/Berlin', year(2026), year(2026))).toBe(
    [
      'BEGIN:VTIMEZONE',
      'TZID:Europe/Berlin',
      'BEGIN:DAYLIGHT',
      'DTSTART:20250330T020000',
      'TZOFFSETFROM:+0100',
      'TZOFFSETTO:+0200',
      'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
      'END:DAYLIGHT',
      'BEGIN:STANDARD',
      'DTSTART:20251026T030000',
      'TZOFFSETFROM:+0200',
      'TZOFFSETTO:+0100',
      'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
      'END:STANDARD',
      'END:VTIMEZONE',
      '',
    ].join('\r\n'),
  );
});

it('is one line of standard time where nothing changes', () => {
  expect(textOf('Asia/Kolkata', year(2026), year(2030)).match(/BEGIN:(STANDARD|DAYLIGHT)/g)).toEqual([
    'BEGIN:STANDARD',
  ]);
});

it('ends a rule that the zone gave up', () => {
  // Brazil's last summer time ended in February 2019.
  expect(textOf('America/Sao_Paulo', year(2014), year(2024))).not.toMatch(/RRULE(?!.*UNTIL)/);
});

it('stays bounded for a series without an end', () => {
  expect(textOf('Africa/Casablanca', year(2026), year(9000)).length).toBeLessThan(8_000);
});
