/** A wish onto a resource: only what was asked for changes, everything else keeps its bytes. */
import { KalendsError } from '../errors.ts';
import type { RequestedFields, RequestedPerson } from '../managed-event.ts';
import { writeAttendees } from './attendees.ts';
import { writeCategories } from './categories.ts';
import { writeColor } from './color.ts';
import { writeDescription } from './description.ts';
import { newComponent, removeNodes } from './edit.ts';
import { calendarsOf, familyOf, type Family } from './family.ts';
import { writeLocation } from './location.ts';
import { ensureOrganizer } from './organizer.ts';
import { writePrivate } from './privacy.ts';
import { propertyOf, rawLine } from './property.ts';
import { readRecurrenceId } from './recurrence-id.ts';
import { readRules, sameRules, writeRules } from './recurrence.ts';
import { writeReminders } from './reminders.ts';
import { writeSchedule } from './schedule.ts';
import { dropOccurrences, isAfterEnd, realignment, shiftLines, type SeriesState } from './series.ts';
import { readSpan } from './span.ts';
import { advanceStamps, firstStamps } from './stamps.ts';
import { readSummary, writeSummary } from './summary.ts';
import { writeTransparency } from './transparency.ts';
import { childrenOf, readTree, render, type Component, type Node } from './tree.ts';
import { writeUrl } from './url.ts';
import { tzidOf, zoneLookup, type ZoneLookup } from './zones.ts';

export interface WriteInput {
  /** The resource as received; null creates one. */
  readonly base: string | null;
  readonly fields: RequestedFields;
  /** For a new resource; an existing one keeps its own. */
  readonly uid: string;
  readonly nowMs: number;
  /** Who invites, where attendees are invited and the event names nobody yet. */
  readonly organizer?: RequestedPerson | null;
}

interface Draft {
  readonly root: Node[];
  /** The nodes that hold the event: the VCALENDAR's. */
  readonly calendar: Node[];
  readonly master: Component;
  readonly family: Family;
  readonly zones: ZoneLookup;
}

const productId = '-//Kalends//Kalends//EN';

/**
 * The body to send, CRLF and folded. With a base that already says all that is wanted, the base itself. A wanted field
 * that the event already has is not touched; what a field replaces goes with its copies (Outlook's HTML description,
 * Apple's structured place, Microsoft's busy status), all else stays. Exceptions keep their own texts; what becomes
 * of them when times change says `series.ts`.
 *
 * Throws KalendsError: `resource_unparsable` for a base that cannot be read or has no master, `invalid_input` for
 * wishes that make no event (no start, a zone that nobody knows, a date beside a time).
 */
export function writeEvent(input: WriteInput): string {
  const draft = input.base === null ? newDraft(input) : openDraft(input.base);
  const before = render(draft.root);
  const rescheduled = writeTimes(draft, input.fields, input.base === null);
  writeFields(draft.master, input);
  if (input.base === null) return render(draft.root);
  if (render(draft.root) === before) return input.base;
  advanceStamps(draft.master, input.nowMs, rescheduled);
  return render(draft.root);
}

function newDraft({ uid, nowMs, fields }: WriteInput): Draft {
  // As the API promises: days are free, times are busy, unless somebody says otherwise. Always written, since some
  // servers have defaults of their own for days.
  const transparency = rawLine('TRANSP', fields.start?.kind === 'date' ? 'TRANSPARENT' : 'OPAQUE');
  const master = newComponent('VEVENT', [...firstStamps(uid, nowMs), transparency]);
  const calendar = newComponent('VCALENDAR', [rawLine('VERSION', '2.0'), rawLine('PRODID', productId), master]);
  const family = { uid, master, exceptions: [] };
  return { root: [calendar], calendar: calendar.nodes, master, family, zones: zoneLookup([]) };
}

function openDraft(base: string): Draft {
  const tree = readTree(base);
  if (tree.nodes === null) throw new KalendsError(tree.problem.code, tree.problem.detail);
  const root = tree.nodes;
  const calendars = calendarsOf(root);
  const family = familyOf(calendars.flatMap((nodes) => childrenOf(nodes, 'VEVENT')));
  const master = family?.master ?? null;
  const calendar = calendars.find((nodes) => master !== null && nodes.includes(master));
  if (family === null || master === null || calendar === undefined) {
    throw new KalendsError(
      'resource_unparsable',
      'the resource has no event of its own, only exceptions or none at all',
    );
  }
  const zones = zoneLookup(calendars.flatMap((nodes) => childrenOf(nodes, 'VTIMEZONE')));
  return { root, calendar, master, family, zones };
}

/** True where times or repetition changed. */
function writeTimes(draft: Draft, fields: RequestedFields, isNew: boolean): boolean {
  const { master, calendar, zones } = draft;
  const span = readSpan(master, zones);
  if (span === null && !isNew)
    throw new KalendsError('resource_unparsable', 'the event has no DTSTART that can be read');
  const rules = readRules(master);
  const wantedRules = fields.recurrence ?? rules;
  const moved = writeSchedule({ calendar, event: master, span, repeats: wantedRules.length > 0 }, fields);
  const repeats = fields.recurrence === undefined ? false : writeRules(master, fields.recurrence);
  if (span !== null && (moved || repeats)) realign(draft, { rules, span });
  return moved || repeats;
}

/** Keeps what names single occurrences true to the series as it is now. */
function realign(draft: Draft, before: SeriesState): void {
  const { master, family, calendar } = draft;
  const zones = zoneLookup(childrenOf(calendar, 'VTIMEZONE'));
  const span = readSpan(master, zones);
  if (span === null) return;
  const rules = readRules(master);
  const change = realignment(before, { rules, span });
  if (change.kind === 'shift') {
    const series = { before: before.span, after: span, tzid: tzidOf(propertyOf(master, 'DTSTART')), zones };
    shiftLines(master, ['EXDATE', 'RDATE'], change, series);
    for (const exception of family.exceptions) shiftLines(exception, ['RECURRENCE-ID'], change, series);
  }
  if (change.kind === 'drop') dropOccurrences(master);
  const shortened = !sameRules(before.rules, rules);
  const gone = (exception: Component): boolean => {
    const id = shortened ? readRecurrenceId(exception, zones, span.start.kind === 'date') : null;
    return change.kind === 'drop' || (id !== null && isAfterEnd(id.original.time, rules, span.zone));
  };
  const dropped = new Set<Node>(family.exceptions.filter(gone));
  removeNodes(calendar, (node) => dropped.has(node));
  keepFirst(draft);
}

/** The first VEVENT names the event: where an exception was that one, the master must not stand behind strangers now. */
function keepFirst({ calendar, master, family }: Draft): void {
  if (familyOf(childrenOf(calendar, 'VEVENT'))?.uid === family.uid) return;
  removeNodes(calendar, (node) => node === master);
  const first = calendar.findIndex((node) => node.kind === 'component' && node.name === 'VEVENT');
  calendar.splice(first === -1 ? calendar.length : first, 0, master);
}

/** Every field that is no time. */
function writeFields(event: Component, input: WriteInput): void {
  const { fields } = input;
  if (fields.summary !== undefined) writeSummary(event, fields.summary);
  if (fields.description !== undefined) writeDescription(event, fields.description);
  if (fields.location !== undefined) writeLocation(event, fields.location);
  if (fields.transparency !== undefined) writeTransparency(event, fields.transparency);
  if (fields.private !== undefined) writePrivate(event, fields.private);
  if (fields.categories !== undefined) writeCategories(event, fields.categories);
  if (fields.url !== undefined) writeUrl(event, fields.url);
  if (fields.color !== undefined) writeColor(event, fields.color);
  const { invited = [], removed = [], reminders } = fields;
  writeAttendees(event, invited, removed);
  if (invited.length > 0 && input.organizer) ensureOrganizer(event, input.organizer);
  if (reminders !== undefined) writeReminders(event, reminders, readSummary(event));
}
