/** The VEVENTs of one UID in a body: which one is the master, which are exceptions. */
import { isException } from './recurrence-id.ts';
import { propertyOf, tokenOf } from './property.ts';
import { childrenOf, type Component, type Node } from './tree.ts';

export interface Family {
  readonly uid: string | null;
  readonly master: Component | null;
  readonly exceptions: readonly Component[];
}

/** The VCALENDARs of a body; where there is none, the body itself is taken for one (some exports are bare VEVENTs). */
export function calendarsOf(nodes: Node[]): Node[][] {
  const calendars = childrenOf(nodes, 'VCALENDAR').map((calendar) => calendar.nodes);
  return calendars.length > 0 ? calendars : [nodes];
}

export const uidOf = (component: Component): string | null => {
  const uid = propertyOf(component, 'UID')?.values[0].trim() ?? '';
  return uid === '' ? null : uid;
};

/**
 * The family of the first VEVENT's UID; null without a VEVENT. A resource holds one UID (RFC 4791 section 4.1), so
 * VEVENTs of other UIDs are left alone: neither read nor reported nor touched by an edit. Of several masters the one
 * with the highest SEQUENCE counts, the last of equals.
 */
export function familyOf(events: readonly Component[]): Family | null {
  const [first] = events;
  if (first === undefined) return null;
  const uid = uidOf(first);
  const members = events.filter((event) => event === first || uidOf(event) === uid);
  const masters = members.filter((event) => !isException(event));
  const master = masters.reduce<Component | null>(
    (best, one) => (best === null || supersedes(one, best) ? one : best),
    null,
  );
  return { uid, master, exceptions: members.filter(isException) };
}

/** Whether `later`, which comes later in the file, counts where both claim the same place. */
export const supersedes = (later: Component, earlier: Component): boolean => sequenceOf(later) >= sequenceOf(earlier);

export function sequenceOf(event: Component): number {
  const sequence = Number(tokenOf(event, 'SEQUENCE') ?? 0);
  return Number.isSafeInteger(sequence) && sequence > 0 ? sequence : 0;
}
