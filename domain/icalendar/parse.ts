/** An iCalendar body to its meaning: one master, its repetition and its exceptions, or the reason why not. */
import type { EventComponent, NormalisedResource, Recurrence, ResourceProblem } from '../event.ts';
import { hashOfText, observedHash } from '../hashes.ts';
import { readEvent } from './event-fields.ts';
import { calendarsOf, familyOf, supersedes, uidOf, type Family } from './family.ts';
import { maxDates, maxEvents } from './limits.ts';
import { readRecurrenceId } from './recurrence-id.ts';
import { readRecurrence, TooManyDates } from './recurrence.ts';
import { readSpan } from './span.ts';
import { childrenOf, readTree, type Component, type Node } from './tree.ts';
import { zoneLookup, type ZoneLookup } from './zones.ts';

/**
 * Never throws. What cannot be read gives a `problem` and the hash of the body; single lines that cannot be read are
 * passed over. A resource without a VEVENT (a task, a journal) has no master, no exceptions and no problem.
 */
export function parseResource(body: string): NormalisedResource {
  const tree = readTree(body);
  if (tree.nodes === null) return unreadable(body, null, tree.problem);
  const calendars = calendarsOf(tree.nodes);
  const events = calendars.flatMap((nodes) => childrenOf(nodes, 'VEVENT'));
  const family = familyOf(events);
  if (family === null) return withoutEvent(body, tree.nodes, calendars);
  if (events.length > maxEvents) return unreadable(body, family.uid, tooLarge(`${events.length} VEVENTs`));
  try {
    return normalised(body, family, zoneLookup(calendars.flatMap((nodes) => childrenOf(nodes, 'VTIMEZONE'))));
  } catch (error) {
    if (error instanceof TooManyDates) return unreadable(body, family.uid, tooLarge(`more than ${maxDates} dates`));
    return unreadable(body, family.uid, unparsable(error instanceof Error ? error.message : String(error)));
  }
}

function normalised(body: string, family: Family, zones: ZoneLookup): NormalisedResource {
  const { uid } = family;
  let master: EventComponent | null = null;
  let recurrence: Recurrence | null = null;
  if (family.master !== null) {
    const span = readSpan(family.master, zones);
    if (span === null) return unreadable(body, uid, unparsable('the event has no DTSTART that can be read'));
    master = readEvent(family.master, span, { recurrenceId: null, thisAndFuture: false });
    recurrence = readRecurrence(family.master, span, zones);
  }
  const exceptions = readExceptions(family.exceptions, zones, master?.start.kind === 'date');
  if (exceptions === null)
    return unreadable(body, uid, unparsable('an exception has no RECURRENCE-ID that can be read'));
  const resource = { uid, master, recurrence, exceptions, problem: null };
  return { ...resource, observedHash: observedHash(resource) };
}

/** Each original start once; null where one cannot be read, since the exception could not be put in its place. */
function readExceptions(components: readonly Component[], zones: ZoneLookup, asDay: boolean): EventComponent[] | null {
  const chosen = new Map<string, { readonly component: Component; readonly event: EventComponent }>();
  for (const component of components) {
    const id = readRecurrenceId(component, zones, asDay);
    if (id === null) return null;
    const span = readSpan(component, zones, id.original);
    if (span === null) return null;
    const place = JSON.stringify(id.original.time);
    const known = chosen.get(place);
    if (known !== undefined && !supersedes(component, known.component)) continue;
    const mark = { recurrenceId: id.original.time, thisAndFuture: id.thisAndFuture };
    chosen.set(place, { component, event: readEvent(component, span, mark) });
  }
  return [...chosen.values()].map((one) => one.event);
}

/** Tasks and journals are no events; a body without any known component is no calendar at all. */
function withoutEvent(
  body: string,
  root: readonly Node[],
  calendars: readonly (readonly Node[])[],
): NormalisedResource {
  if (childrenOf(root, 'VCALENDAR').length === 0)
    return unreadable(body, null, unparsable('the body holds no VCALENDAR'));
  const first = calendars
    .flat()
    .find((node): node is Component => node.kind === 'component' && node.name !== 'VTIMEZONE');
  const uid = first === undefined ? null : uidOf(first);
  const resource = { uid, master: null, recurrence: null, exceptions: [], problem: null };
  return { ...resource, observedHash: observedHash(resource) };
}

/** Nothing is known of it but its text; an XML parser takes CRLF for LF where it is not escaped, and a GET does not. */
function unreadable(body: string, uid: string | null, problem: ResourceProblem): NormalisedResource {
  const observed = hashOfText(body.replaceAll('\r\n', '\n'));
  return { uid, master: null, recurrence: null, exceptions: [], observedHash: observed, problem };
}

const unparsable = (detail: string): ResourceProblem => ({ code: 'resource_unparsable', detail });
const tooLarge = (what: string): ResourceProblem => ({
  code: 'resource_too_large',
  detail: `the resource holds ${what}`,
});
