/** A VTIMEZONE for a zone of ours (RFC 5545 section 3.6.5): as short as the zone's changes in the event's years allow. */
import type { Zone } from '../time/zone.ts';
import { dayMs, localText, offsetText, utcText } from './clock-value.ts';
import { newComponent } from './edit.ts';
import { rawLine } from './property.ts';
import type { Component, Line } from './tree.ts';

interface Transition {
  readonly atMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;
/** A rule must be seen this many years running before it is believed to go on. */
const yearsSeen = 3;
/** Series without an end: what comes later is up to the reader's own zone data. */
const yearsMax = 20;

/**
 * Right for every instant in [fromMs, toMs] (epoch milliseconds). Changes that fall on the same weekday of the month
 * each year become one yearly rule, open-ended where the zone still follows it; irregular ones are listed.
 * The TZID is the zone's `id`.
 */
export function vtimezoneFor(zone: Zone, fromMs: number, toMs: number): Component {
  // The year before holds the change that is in force at `fromMs`, wherever changes are yearly.
  const firstYear = yearOf(fromMs) - 1;
  const lastYear = Math.min(Math.max(yearOf(toMs) + 1, firstYear + yearsSeen - 1), firstYear + yearsMax);
  const transitions = transitionsOf(zone, newYear(firstYear), newYear(lastYear + 1));
  const observances = [...initialOf(zone, transitions, fromMs), ...regular(transitions, lastYear)];
  return newComponent('VTIMEZONE', [rawLine('TZID', zone.id), ...observances]);
}

/** `Date.UTC` takes years below 100 for those of the last century. */
const newYear = (year: number): number => new Date(0).setUTCFullYear(year, 0, 1);

/** What applies before the first change; left out where a change before `fromMs` says it. */
function initialOf(zone: Zone, transitions: readonly Transition[], fromMs: number): Component[] {
  const [first] = transitions;
  if (first !== undefined && first.atMs <= fromMs) return [];
  const offsetMs = first === undefined ? zone.offsetAt(fromMs) : first.fromMs;
  const daylight = first !== undefined && first.toMs < first.fromMs;
  return [observance(daylight, '19700101T000000', offsetMs, offsetMs, [])];
}

function regular(transitions: readonly Transition[], lastYear: number): Component[] {
  const components: Component[] = [];
  const irregular = new Map<string, Transition[]>();
  for (const group of grouped(transitions, patternKey).values()) {
    const rule = yearlyRule(group, lastYear);
    if (rule === null) for (const one of group) push(irregular, offsetsKey(one), one);
    else components.push(...observancesOf(group.slice(0, 1), [rawLine('RRULE', rule)]));
  }
  for (const group of irregular.values()) components.push(...observancesOf(group, []));
  return components;
}

/** One observance for a first change, and further ones as RDATE. */
function observancesOf(group: readonly Transition[], lines: readonly Line[]): Component[] {
  const [first, ...others] = group;
  if (first === undefined) return [];
  const dates = others.map((one) => rawLine('RDATE', onset(one)));
  return [observance(first.toMs > first.fromMs, onset(first), first.fromMs, first.toMs, [...lines, ...dates])];
}

function observance(daylight: boolean, start: string, fromMs: number, toMs: number, lines: readonly Line[]): Component {
  return newComponent(daylight ? 'DAYLIGHT' : 'STANDARD', [
    rawLine('DTSTART', start),
    rawLine('TZOFFSETFROM', offsetText(fromMs)),
    rawLine('TZOFFSETTO', offsetText(toMs)),
    ...lines,
  ]);
}

/** Null where the changes are not yearly, or too few to tell. */
function yearlyRule(group: readonly Transition[], lastYear: number): string | null {
  const walls = group.map((one) => new Date(one.atMs + one.fromMs));
  const [first] = walls;
  const last = group.at(-1);
  if (first === undefined || last === undefined || group.length < yearsSeen) return null;
  const yearly = walls.every((wall, k) => wall.getUTCFullYear() === first.getUTCFullYear() + k);
  const nth = Math.ceil(first.getUTCDate() / 7);
  const ordinal = walls.every(isLastOfMonth)
    ? -1
    : walls.every((wall) => Math.ceil(wall.getUTCDate() / 7) === nth)
      ? nth
      : null;
  if (!yearly || ordinal === null) return null;
  const rule = `FREQ=YEARLY;BYMONTH=${first.getUTCMonth() + 1};BYDAY=${ordinal}${weekdays[first.getUTCDay()] ?? 'SU'}`;
  return yearOf(last.atMs + last.fromMs) === lastYear ? rule : `${rule};UNTIL=${utcText(last.atMs)}`;
}

const isLastOfMonth = (wall: Date): boolean =>
  new Date(wall.getTime() + 7 * dayMs).getUTCMonth() !== wall.getUTCMonth();

/** Changes that a yearly rule could join: same offsets, month, weekday and time of day. */
function patternKey(one: Transition): string {
  const wall = new Date(one.atMs + one.fromMs);
  return [offsetsKey(one), wall.getUTCMonth(), wall.getUTCDay(), wall.getTime() % dayMs].join(' ');
}

const offsetsKey = (one: Transition): string => `${one.fromMs} ${one.toMs}`;

/** The wall time before the change, as RFC 5545 wants an observance to start. */
const onset = (one: Transition): string => localText(one.atMs + one.fromMs);

/** Found by looking at each day and halving the days that differ; no zone changes twice within one. */
function transitionsOf(zone: Zone, fromMs: number, toMs: number): Transition[] {
  const transitions: Transition[] = [];
  for (let dayStart = fromMs; dayStart < toMs; dayStart += dayMs) {
    const before = zone.offsetAt(dayStart);
    const after = zone.offsetAt(dayStart + dayMs);
    if (before !== after)
      transitions.push({ atMs: changeIn(zone, dayStart, dayStart + dayMs), fromMs: before, toMs: after });
  }
  return transitions;
}

function changeIn(zone: Zone, fromMs: number, toMs: number): number {
  const before = zone.offsetAt(fromMs);
  let [low, high] = [fromMs, toMs];
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (zone.offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function grouped(transitions: readonly Transition[], keyOf: (one: Transition) => string): Map<string, Transition[]> {
  const groups = new Map<string, Transition[]>();
  for (const one of transitions) push(groups, keyOf(one), one);
  return groups;
}

function push(groups: Map<string, Transition[]>, key: string, one: Transition): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [one]);
  else group.push(one);
}

const yearOf = (ms: number): number => new Date(ms).getUTCFullYear();
