/** Times on the wire: what is read, what is written, and that both agree. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { localizedTime, parseWireTime, wireInstant } from '../../domain/wire/times.ts';

const instant = (text: string) => ({ kind: 'instant', ms: Date.parse(text) });

describe('times on the wire', () => {
  it.each([
    ['2026-11-21', { kind: 'date', date: '2026-11-21' }],
    ['2026-11-21T09:00:00Z', instant('2026-11-21T09:00:00Z')],
    ['2026-11-21 09:00:00Z', instant('2026-11-21T09:00:00Z')],
    ['2026-11-21T09:00Z', instant('2026-11-21T09:00:00Z')],
    ['2026-11-21T09:00:00.999Z', instant('2026-11-21T09:00:00Z')],
    ['2026-11-21T09:00:00+05:45', instant('2026-11-21T03:15:00Z')],
    ['2026-11-21T09:00:00 05:45', instant('2026-11-21T03:15:00Z')],
    ['2026-11-21T09:00:00-0330', instant('2026-11-21T12:30:00Z')],
    ['2026-11-21 09:00:00 UTC', instant('2026-11-21T09:00:00Z')],
    ['2024-02-29', { kind: 'date', date: '2024-02-29' }],
  ])('%s is understood', (text, expected) => {
    expect(parseWireTime(text)).toEqual(expected);
  });

  it.each([
    '',
    'today',
    '2026-11-21T09:00:00',
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-11-21T24:00:00Z',
    '2026-11-21T09:60:00Z',
    '2026-11-21T09:00:60Z',
    '2026-11-21T09:00:00+24:00',
    '20261121',
    '1795000000',
    '2026-11-21T09:00:00Z; DROP',
    '+12026-11-21',
  ])('%s is not', (text) => {
    expect(parseWireTime(text)).toBeNull();
  });

  it('are read back as they were written, to the second', () => {
    const seconds = fc.integer({ min: Date.UTC(1900, 0) / 1_000, max: Date.UTC(2200, 0) / 1_000 });
    const zones = fc.constantFrom('Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia', 'Etc/UTC');
    fc.assert(
      fc.property(seconds, zones, (second, tzid) => {
        const ms = second * 1_000;
        expect(wireInstant(ms)).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
        expect(parseWireTime(wireInstant(ms))).toEqual({ kind: 'instant', ms });
        // Before zones had whole minutes the offset is cut: the wall time is right, the sum is off by less than one.
        const { time } = localizedTime({ kind: 'instant', ms, tzid }, ms, 'Etc/UTC');
        const back = parseWireTime(time);
        expect(back?.kind === 'instant' ? Math.abs(back.ms - ms) : Infinity).toBeLessThan(60_000);
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('show the zone that the event has, else that of its calendar, else UTC', () => {
    const ms = Date.parse('2026-07-01T10:00:00Z');
    const berlin = { time: '2026-07-01T12:00:00+02:00', tzid: 'Europe/Berlin' };
    expect(localizedTime({ kind: 'instant', ms, tzid: 'Europe/Berlin' }, ms, 'Etc/UTC')).toEqual(berlin);
    expect(localizedTime({ kind: 'floating', local: '2026-07-01T12:00:00' }, ms, 'Europe/Berlin')).toEqual(berlin);
    const utc = { time: '2026-07-01T10:00:00Z', tzid: 'Etc/UTC' };
    expect(localizedTime({ kind: 'instant', ms, tzid: 'Not/AZone' }, ms, 'Europe/Berlin')).toEqual(utc);
    expect(
      localizedTime({ kind: 'instant', ms, tzid: 'Europe/London' }, Date.parse('2026-12-01T10:00:00Z'), 'x'),
    ).toEqual({
      time: '2026-12-01T10:00:00Z',
      tzid: 'Europe/London',
    });
    expect(localizedTime({ kind: 'date', date: '2026-07-01' }, ms, 'Asia/Tokyo')).toEqual({
      time: '2026-07-01',
      tzid: 'Asia/Tokyo',
    });
  });
});
