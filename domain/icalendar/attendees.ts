/** ATTENDEE: who is invited, and what they answered. */
import type { Attendee, ParticipationStatus } from '../event.ts';
import type { RequestedPerson } from '../managed-event.ts';
import { removeNodes, setLines } from './edit.ts';
import { addressOf, nameParams, readPerson } from './person.ts';
import { paramOf, rawLine, readProperty } from './property.ts';
import { linesOf, type Component, type Line } from './tree.ts';

const answers: Readonly<Record<string, ParticipationStatus>> = {
  'NEEDS-ACTION': 'needs_action',
  ACCEPTED: 'accepted',
  DECLINED: 'declined',
  TENTATIVE: 'tentative',
};

/** In file order, each address once: where it stands twice, the first counts. */
export function readAttendees(event: Component): Attendee[] {
  const attendees = new Map<string, Attendee>();
  for (const line of linesOf(event, 'ATTENDEE')) {
    const attendee = readAttendee(line);
    if (attendee !== null && !attendees.has(attendee.email)) attendees.set(attendee.email, attendee);
  }
  return [...attendees.values()];
}

function readAttendee(line: Line): Attendee | null {
  const property = readProperty(line);
  const person = property === null ? null : readPerson(property);
  if (property === null || person === null) return null;
  // RFC 5545 section 3.2.12: NEEDS-ACTION is the default; delegated and unheard-of answers are `unknown`.
  const status = (paramOf(property, 'partstat') ?? 'NEEDS-ACTION').trim().toUpperCase();
  return { ...person, status: answers[status] ?? 'unknown' };
}

/** A delta: whoever is neither invited nor removed stays as they are; so does the answer of one who is invited again. */
export function writeAttendees(
  event: Component,
  invited: readonly RequestedPerson[],
  removed: readonly string[],
): void {
  const gone = new Set(removed.map((email) => email.trim().toLowerCase()));
  removeNodes(event.nodes, (node) => {
    if (node.kind !== 'line' || node.name !== 'ATTENDEE') return false;
    const attendee = readAttendee(node);
    return attendee !== null && gone.has(attendee.email);
  });
  const present = new Set(readAttendees(event).map((attendee) => attendee.email));
  const added = invited.filter((person) => {
    const email = person.email.trim().toLowerCase();
    if (present.has(email)) return false;
    present.add(email);
    return true;
  });
  if (added.length > 0) setLines(event, ['ATTENDEE'], [...linesOf(event, 'ATTENDEE'), ...added.map(attendeeLine)]);
}

function attendeeLine(person: RequestedPerson): Line {
  const params = { ...nameParams(person), partstat: 'NEEDS-ACTION', rsvp: 'TRUE' };
  return rawLine('ATTENDEE', addressOf(person), params);
}
