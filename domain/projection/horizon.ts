/** The horizon: the window that series are laid out in, by day. */
import type { Horizon } from '../commit.ts';
import type { TimeWindow } from '../occurrence.ts';
import { dateOf, dayOf } from '../time/zone.ts';

export interface HorizonNumbers {
  readonly pastDays: number;
  readonly futureDays: number;
}

const dayMs = 86_400_000;

export function windowOf(day: string, numbers: HorizonNumbers): TimeWindow {
  const middle = dayOf(day);
  return { fromMs: middle - numbers.pastDays * dayMs, toMs: middle + (numbers.futureDays + 1) * dayMs };
}

/** The UTC day that a profile's horizon is due to stand on; spread over the day by the profile's slot. */
export function horizonDayOf(nowMs: number, slot: number, slots: number): string {
  return dateOf(nowMs - Math.floor((slot / slots) * dayMs));
}

/** When `horizonDayOf` will answer the day after. */
export function nextHorizonAt(nowMs: number, slot: number, slots: number): number {
  const offsetMs = Math.floor((slot / slots) * dayMs);
  return (Math.floor((nowMs - offsetMs) / dayMs) + 1) * dayMs + offsetMs;
}

export const sameHorizon = (a: Horizon, b: Horizon): boolean =>
  a.day === b.day && a.zoneData === b.zoneData && a.projector === b.projector;
