/** The starts of a series: its rules and extra dates without its exclusions, from wall time to instants. */
import type { EventTime, Recurrence, ResourceProblem } from '../event.ts';
import type { TimeWindow } from '../time/window.ts';
import type { Zone } from '../time/zone.ts';
import { dayMs } from './days.ts';
import { ruleStarts, type WallWindow } from './generate.ts';
import { defaultRecurrenceLimits, type RecurrenceLimits, type StepBudget } from './limits.ts';
import { isSubDaily } from './periods.ts';
import { placeInSeries, wallOfStart, zoneOfSeries, type SeriesStart } from './place.ts';
import { parseRule, type Rule } from './rule.ts';
import { StartIndex } from './start-index.ts';
import { untilBound } from './until.ts';

export interface ExpandedSeries {
  /** Ascending by `startMs`, each instant once. */
  readonly starts: readonly SeriesStart[];
  /** The first thing that was refused; the series then shows DTSTART, its extra dates and what its other rules give. */
  readonly problem: ResourceProblem | null;
  /** What it took of `stepsMax`. */
  readonly steps: number;
}

/**
 * All starts with `window.fromMs <= startMs < window.toMs`. `start` is DTSTART; `fallback` places floating times.
 *
 * Rules are stepped through in wall time, and each start becomes an instant by `Zone.toInstant`; starts that a gap
 * moves onto each other become one. Never throws and never runs longer than `limits` allow.
 */
export function expandSeries(
  recurrence: Recurrence,
  start: EventTime,
  window: TimeWindow,
  fallback: Zone,
  limits: RecurrenceLimits = defaultRecurrenceLimits,
): ExpandedSeries {
  const expansion: Expansion = {
    recurrence,
    start,
    zone: zoneOfSeries(recurrence, start, fallback),
    fallback,
    window,
    budget: { left: limits.stepsMax },
  };
  const first = firstStart(expansion);
  const parts = recurrence.rules.length + recurrence.dates.length + recurrence.excluded.length;
  if (parts > limits.partsMax) {
    const problem = tooExpensive(`${parts} rules, extra dates and exclusions`);
    return { starts: inside(new StartIndex([first]), window), problem, steps: 0 };
  }
  const extra = [first, ...recurrence.dates.map((date) => extraStart(expansion, date))];
  const { starts, problem } = startsOfRules(expansion, limits);
  const index = new StartIndex([...extra, ...starts]);
  const tooMany = index.countInside(window) > limits.occurrencesMax;
  const shown = tooMany ? new StartIndex(extra) : index;
  for (const excluded of recurrence.excluded) {
    for (const match of shown.find(excluded, start.kind, expansion.zone, fallback)) shown.remove(match);
  }
  return {
    starts: inside(shown, window),
    problem: tooMany ? tooExpensive(`more than ${limits.occurrencesMax} occurrences in the window`) : problem,
    steps: limits.stepsMax - expansion.budget.left,
  };
}

interface Expansion {
  readonly recurrence: Recurrence;
  readonly start: EventTime;
  readonly zone: Zone;
  readonly fallback: Zone;
  readonly window: TimeWindow;
  readonly budget: StepBudget;
}

const inside = (index: StartIndex, window: TimeWindow): readonly SeriesStart[] =>
  index.all().filter((start) => start.startMs >= window.fromMs && start.startMs < window.toMs);

const tooExpensive = (detail: string): ResourceProblem => ({ code: 'recurrence_too_expensive', detail });

/** DTSTART's own instant comes as the file has it: it may be the second reading of an overlap. */
function firstStart({ recurrence, start, zone }: Expansion): SeriesStart {
  const wallMs = wallOfStart(recurrence);
  return { wallMs, startMs: start.kind === 'instant' ? start.ms : zone.toInstant(wallMs), endMs: null };
}

/** A day more on both sides: exclusions that match by local time, and zones' offsets, reach over the window's edges. */
const slackMs = 2 * dayMs;

function startsOfRules(
  expansion: Expansion,
  limits: RecurrenceLimits,
): { readonly starts: readonly SeriesStart[]; readonly problem: ResourceProblem | null } {
  const starts: SeriesStart[] = [];
  let problem: ResourceProblem | null = null;
  for (const text of expansion.recurrence.rules) {
    const parsed = parseRule(text);
    const found = parsed.rule === null ? parsed.problem : startsOfRule(expansion, parsed.rule, limits);
    if ('code' in found) problem ??= found;
    else for (const start of found) starts.push(start);
  }
  return { starts, problem };
}

function startsOfRule(
  { recurrence, start, zone, window, budget }: Expansion,
  rule: Rule,
  limits: RecurrenceLimits,
): readonly SeriesStart[] | ResourceProblem {
  const allDay = start.kind === 'date';
  if (allDay && isSubDaily(rule.frequency)) {
    return { code: 'recurrence_invalid', detail: `FREQ=${rule.frequency.toUpperCase()} with an all-day start` };
  }
  const { within, endWallMs } = untilBound(rule.until, start.kind, zone);
  const wallWindow: WallWindow = {
    fromMs: window.fromMs - slackMs,
    toMs: Math.min(window.toMs + slackMs, endWallMs),
  };
  // Section 3.3.10: BYHOUR, BYMINUTE and BYSECOND must be ignored with an all-day start.
  const effective: Rule = allDay ? { ...rule, hours: [], minutes: [], seconds: [] } : rule;
  const walls = ruleStarts(effective, wallOfStart(recurrence), wallWindow, budget);
  if (walls === null) return tooExpensive(`a rule needs more than ${limits.stepsMax} steps`);
  // DTSTART is in the set already, with its instant as written.
  return walls
    .filter((wallMs) => wallMs !== wallOfStart(recurrence))
    .map((wallMs) => ({ wallMs, startMs: zone.toInstant(wallMs), endMs: null }))
    .filter((made) => within(made.wallMs, made.startMs));
}

/** An RDATE in the terms of its series, whatever its value type: a date stands for DTSTART's time on that day. */
function extraStart({ recurrence, start, zone, fallback }: Expansion, date: Recurrence['dates'][number]): SeriesStart {
  const place = placeInSeries(date.start, start.kind, wallOfStart(recurrence), zone, fallback);
  const end = date.end === null ? null : placeInSeries(date.end, start.kind, wallOfStart(recurrence), zone, fallback);
  return { ...place, endMs: end === null || end.startMs < place.startMs ? null : end.startMs };
}
