/** Zones that only a VTIMEZONE defines: its observances laid out as a table of changes of offset. */
import { ruleStarts } from '../recurrence/generate.ts';
import { spend, type StepBudget } from '../recurrence/limits.ts';
import { parseRule, type Rule } from '../recurrence/rule.ts';
import { untilBound } from '../recurrence/until.ts';
import { digestName } from '../ids.ts';
import { offsetTable, tableZone, type Transition } from './table.ts';
import { wallOf, type Zone, type ZoneDefinition } from './zone.ts';

/**
 * A yearly rule looks at the days of one month: 43 steps a year, 8,600 from 1900 to 2100; the longest real definitions
 * hold a dozen rules. ical.js hangs on some bad definitions: here they come to nothing.
 */
const stepsMax = 200_000;
/** Two a year would be four hundred. */
const transitionsMax = 5_000;
/** The last year in which rules still change the offset. */
const lastMs = Date.UTC(2100, 0, 1);
/** DTSTARTs before this are placeholders; rules are followed from here on. */
const firstMs = Date.UTC(1900, 0, 1);

/** A calendar repeats one definition in each of its resources; a table takes a millisecond to lay out. */
const remembered = new Map<string, Zone | null>();
const rememberedMax = 256;

type Observance = ZoneDefinition['observances'][number];

/**
 * The zone that a definition describes; its id is `custom:` and a hash of the rules, so that equal definitions are one
 * zone. Null when it has no usable observance or costs too much. A rule that cannot be read is left out, its DTSTART
 * counts. Before the first change, that change's TZOFFSETFROM applies (RFC 5545, section 3.6.5).
 */
export function customZone(definition: ZoneDefinition): Zone | null {
  const id = `custom:${digestName([JSON.stringify(definition.observances)], 16)}`;
  const found = remembered.get(id);
  if (found !== undefined) return found;
  if (remembered.size >= rememberedMax) remembered.clear();
  const zone = layOutZone(id, definition);
  remembered.set(id, zone);
  return zone;
}

function layOutZone(id: string, definition: ZoneDefinition): Zone | null {
  const budget: StepBudget = { left: stepsMax };
  const changes: Change[] = [];
  for (const observance of definition.observances) {
    const found = changesOf(observance, budget);
    if (found === null || changes.length + found.length > transitionsMax) return null;
    changes.push(...found);
  }
  changes.sort((a, b) => a.atMs - b.atMs);
  const [first] = changes;
  return first === undefined ? null : tableZone(id, null, offsetTable(first.offsetFromMs, changes));
}

interface Change extends Transition {
  readonly offsetFromMs: number;
}

function changesOf(observance: Observance, budget: StepBudget): readonly Change[] | null {
  const { offsetFromMs, offsetToMs } = observance;
  const startMs = wallOf(observance.localStart);
  if (![startMs, offsetFromMs, offsetToMs].every(Number.isFinite)) return [];
  const walls = new Set([startMs]);
  for (const text of observance.dates) if (Number.isFinite(wallOf(text))) walls.add(wallOf(text));
  for (const text of observance.rules) {
    const { rule } = parseRule(text);
    const found = rule === null ? [] : wallsOfRule(rule, observance, startMs, budget);
    if (found === null) return null;
    for (const wallMs of found) walls.add(wallMs);
  }
  if (!spend(budget, walls.size)) return null;
  return [...walls].map((wallMs) => ({ atMs: wallMs - offsetFromMs, offsetMs: offsetToMs, offsetFromMs }));
}

/** The wall times of an observance are in the offset before the change, UNTIL is in UTC (section 3.6.5). */
function wallsOfRule(rule: Rule, observance: Observance, startMs: number, budget: StepBudget): number[] | null {
  const before = tableZone('', null, offsetTable(observance.offsetFromMs, []));
  const { within, endWallMs } = untilBound(rule.until, 'instant', before);
  const window = { fromMs: firstMs, toMs: Math.min(lastMs, endWallMs) };
  const walls = ruleStarts(rule, startMs, window, budget);
  return walls?.filter((wallMs) => within(wallMs, wallMs - observance.offsetFromMs)) ?? null;
}
