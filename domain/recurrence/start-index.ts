/** The starts of a series, found again by the times that exclusions and exceptions name them with. */
import type { EventTime } from '../event.ts';
import type { TimeWindow } from '../time/window.ts';
import { dayOf, type Zone } from '../time/zone.ts';
import { dayMs } from './days.ts';
import { writtenWall, type SeriesStart } from './place.ts';

export class StartIndex {
  readonly #byInstant = new Map<number, SeriesStart>();
  readonly #byWall = new Map<number, SeriesStart>();
  /** By day of the wall. */
  readonly #byDay = new Map<number, SeriesStart[]>();

  /** Of two starts at one instant the first counts; one that brings its own end goes before one that does not. */
  constructor(starts: readonly SeriesStart[]) {
    for (const start of starts) {
      const known = this.#byInstant.get(start.startMs);
      if (known === undefined || (known.endMs === null && start.endMs !== null)) this.#put(start, known);
    }
  }

  all(): readonly SeriesStart[] {
    return [...this.#byInstant.values()].sort((a, b) => a.startMs - b.startMs);
  }

  countInside(window: TimeWindow): number {
    let count = 0;
    for (const at of this.#byInstant.keys()) if (at >= window.fromMs && at < window.toMs) count += 1;
    return count;
  }

  /**
   * The starts that this time means in a series of `kind`: by instant; else by its digits, since files name a start in
   * the wrong zone or in none; else, for a date, all starts of that day. Real EXDATE and RECURRENCE-ID values have
   * other value types than DTSTART (Outlook and Exchange exports, old Google exports).
   */
  find(time: EventTime, kind: EventTime['kind'], zone: Zone, fallback: Zone): readonly SeriesStart[] {
    const dayOfWall = (wallMs: number): readonly SeriesStart[] => this.#byDay.get(Math.floor(wallMs / dayMs)) ?? [];
    if (time.kind === 'date') return [...dayOfWall(dayOf(time.date))];
    const written = writtenWall(time, fallback);
    if (kind === 'date') {
      const byDigits = dayOfWall(written);
      if (byDigits.length > 0 || time.kind !== 'instant') return [...byDigits];
      return [...dayOfWall(time.ms + fallback.offsetAt(time.ms))];
    }
    const found = this.#byInstant.get(time.kind === 'instant' ? time.ms : zone.toInstant(written));
    const match = found ?? this.#byWall.get(written);
    return match === undefined ? [] : [match];
  }

  remove(start: SeriesStart): void {
    this.#byInstant.delete(start.startMs);
    if (this.#byWall.get(start.wallMs) === start) this.#byWall.delete(start.wallMs);
    const day = Math.floor(start.wallMs / dayMs);
    this.#byDay.set(
      day,
      (this.#byDay.get(day) ?? []).filter((other) => other !== start),
    );
  }

  #put(start: SeriesStart, instead: SeriesStart | undefined): void {
    if (instead !== undefined) this.remove(instead);
    this.#byInstant.set(start.startMs, start);
    this.#byWall.set(start.wallMs, start);
    const day = Math.floor(start.wallMs / dayMs);
    const sameDay = this.#byDay.get(day);
    if (sameDay === undefined) this.#byDay.set(day, [start]);
    else sameDay.push(start);
  }
}
