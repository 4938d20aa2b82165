/** ORGANIZER: who invites. */
import type { Person } from '../event.ts';
import type { RequestedPerson } from '../managed-event.ts';
import { setLines } from './edit.ts';
import { addressOf, nameParams, readPerson } from './person.ts';
import { propertyOf, rawLine } from './property.ts';
import { firstLine, type Component } from './tree.ts';

export function readOrganizer(event: Component): Person | null {
  const property = propertyOf(event, 'ORGANIZER');
  return property === null ? null : readPerson(property);
}

/** Servers deliver invitations only for events that name their organizer (RFC 6638 section 3.1); one that is there stays. */
export function ensureOrganizer(event: Component, organizer: RequestedPerson): void {
  if (firstLine(event, 'ORGANIZER') !== null) return;
  setLines(event, ['ORGANIZER'], [rawLine('ORGANIZER', addressOf(organizer), nameParams(organizer))]);
}
