/** VALARM: reminders before the start (RFC 5545 section 3.6.6). */
import { newComponent, removeNodes } from './edit.ts';
import { paramOf, propertyOf, rawLine, textLine } from './property.ts';
import { readSignedDuration, dayMs } from './clock-value.ts';
import { childrenOf, type Component } from './tree.ts';

/** What the API accepts and Apple and Google keep. */
const maxReminders = 5;
const minuteMs = 60_000;

/** Minutes before the start, ascending; alarms at a fixed time, after the start, or relative to the end are left out. */
export function readReminders(event: Component): number[] {
  const minutes = childrenOf(event.nodes, 'VALARM').flatMap((alarm) => minutesBefore(alarm) ?? []);
  return distinctSorted(minutes);
}

/** Names all alarms of the event, whoever made them: the first five stay, `[]` clears. */
export function writeReminders(event: Component, wanted: readonly number[], summary: string): void {
  const next = distinctSorted([...new Set(wanted.map(wholeMinutes))].slice(0, maxReminders));
  const alarms = childrenOf(event.nodes, 'VALARM');
  const before = readReminders(event);
  if (alarms.length === next.length && next.every((one, k) => one === before[k])) return;
  removeNodes(event.nodes, (node) => node.kind === 'component' && node.name === 'VALARM');
  event.nodes.push(...next.map((minutes) => alarmOf(minutes, summary)));
}

function minutesBefore(alarm: Component): number | null {
  const trigger = propertyOf(alarm, 'TRIGGER');
  if (trigger === null || paramOf(trigger, 'related')?.toUpperCase() === 'END') return null;
  const duration = readSignedDuration(trigger.values[0]);
  if (duration === null) return null;
  const beforeMs = -(duration.days * dayMs + duration.exactMs);
  return beforeMs >= 0 && Number.isFinite(beforeMs) ? wholeMinutes(beforeMs / minuteMs) : null;
}

/** DISPLAY needs a DESCRIPTION (RFC 5545 section 3.6.6). */
function alarmOf(minutes: number, summary: string): Component {
  return newComponent('VALARM', [
    rawLine('ACTION', 'DISPLAY'),
    textLine('DESCRIPTION', summary === '' ? 'Reminder' : summary),
    rawLine('TRIGGER', minutes === 0 ? 'PT0S' : `-PT${minutes}M`),
  ]);
}

const wholeMinutes = (minutes: number): number => Math.max(0, Math.floor(minutes));

const distinctSorted = (minutes: readonly number[]): number[] => [...new Set(minutes)].sort((a, b) => a - b);
