/** The starts of one rule inside a window of wall time, in a number of steps that is counted and bounded. */
import { spend, type StepBudget } from './limits.ts';
import { periodsOf } from './periods.ts';
import { planOf, timesCount, type Plan } from './plan.ts';
import type { Rule } from './rule.ts';

/** Half-open, wall milliseconds. */
export interface WallWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The starts of `rule` inside the window, ascending, each once; null when the budget was used up first.
 *
 * DTSTART is the first start whether or not it matches the rule, and counts towards COUNT. RFC 5545 leaves that open
 * (section 3.8.5.3) but says that DTSTART "always counts as the first occurrence" (3.3.10). Apple Calendar and Fastmail
 * do the same; Google shows it too but gives COUNT more after it; most libraries drop it.
 * A rule that is denser than a day steps through wall time as well: at a change of offset an hourly series keeps
 * the hours of the clock on the wall.
 *
 * There is an engine of our own here because the native ones cannot be bounded from outside: rrule-rust looks at UNTIL
 * only when it has found a start, so that a rule that never matches ran for four minutes. The tests compare this one
 * with two others.
 */
export function ruleStarts(rule: Rule, startMs: number, window: WallWindow, budget: StepBudget): number[] | null {
  if (!spend(budget, timesCount(rule))) return null;
  const plan = planOf(rule, startMs);
  const periods = periodsOf(plan);
  const sink = new StartSink(plan, window);
  const first = sink.needsHistory && periods.perPeriod === null ? 0 : periods.indexAt(window.fromMs);
  if (first > 0 && sink.needsHistory) {
    const opening = periods.startsOf(0, budget, -Infinity);
    if (opening === null) return null;
    sink.count(opening.filter((at) => at > startMs).length + (first - 1) * (periods.perPeriod ?? 0));
  }
  const floorMs = sink.needsHistory ? -Infinity : window.fromMs;
  for (let index = first; !sink.full; index = periods.next(index)) {
    if (!spend(budget, 1)) return null;
    if (periods.beginMs(index) >= window.toMs) break;
    const starts = periods.startsOf(index, budget, floorMs);
    if (starts === null) return null;
    for (const at of starts) sink.add(at);
  }
  return sink.starts;
}

/** Collects what lies inside the window and counts what COUNT counts. */
class StartSink {
  readonly starts: number[] = [];
  /** The number of a start can only be known from all before it. */
  readonly needsHistory: boolean;
  full = false;
  #left: number;
  readonly #plan: Plan;
  readonly #window: WallWindow;

  constructor(plan: Plan, window: WallWindow) {
    this.#plan = plan;
    this.#window = window;
    this.#left = plan.count ?? Infinity;
    this.needsHistory = plan.count !== null;
    this.#take(plan.startMs);
  }

  count(passed: number): void {
    this.#left -= passed;
    this.full = this.#left <= 0;
  }

  add(atMs: number): void {
    if (atMs <= this.#plan.startMs || this.full) return;
    this.#take(atMs);
  }

  #take(atMs: number): void {
    if (atMs >= this.#window.toMs) {
      // DTSTART itself may lie behind the window; nothing after it can lie inside.
      this.full = true;
      return;
    }
    if (atMs >= this.#window.fromMs) this.starts.push(atMs);
    this.count(1);
  }
}
