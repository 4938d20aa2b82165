/** The two hashes that decide: what a reader would see differently, and what an application asked for. */
import { hash } from 'node:crypto';
import type { EventComponent, EventTime, NormalisedResource, Recurrence } from './event.ts';
import type { RequestedFields } from './managed-event.ts';
import { ianaZone } from './time/iana.ts';
import { localOf, toWall } from './time/zone.ts';

/** JSON with sorted keys and without absent ones: equal values have equal text. Null stays, so absent ≠ null. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  // Loops and one string: this runs for every field of every event and occurrence.
  let text = '';
  if (Array.isArray(value)) {
    for (const one of value) text += `${text === '' ? '' : ','}${canonicalJson(one)}`;
    return `[${text}]`;
  }
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record).sort()) {
    const one = record[key];
    if (one !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(one)}`;
  }
  return `{${text}}`;
}

/** Hex SHA-256 of the text in UTF-8. */
export const hashOfText = (text: string): string => hash('sha256', text, 'hex');

/**
 * Hex SHA-256 over everything of a resource that a reader of the API can see: the normalised event, its repetition and
 * its exceptions, whatever their order in the file. Not in it, so never a change: alarms (servers add and drop them
 * on their own), DTSTAMP, SEQUENCE, LAST-MODIFIED, CREATED, PRODID, order and folding of properties and parameters,
 * and every property that Kalends does not understand (X-… and others: their volatile kinds cannot be listed, and
 * none is visible). Whoever makes another property visible advances the normaliser's version.
 *
 * Times count as they were written (wall time and zone): new zone data alone does not make a different resource.
 */
export function observedHash(resource: Omit<NormalisedResource, 'observedHash'>): string {
  return hashOfText(
    canonicalJson({
      uid: resource.uid,
      master: resource.master === null ? null : shownComponent(resource.master),
      recurrence: resource.recurrence === null ? null : shownRecurrence(resource.recurrence),
      exceptions: resource.exceptions.map((one) => canonicalJson(shownComponent(one))).sort(),
      problem: resource.problem,
    }),
  );
}

/** Hex SHA-256 over every field that a caller may set; a field that was never set differs from one set to null. */
export const requestedHash = (fields: RequestedFields): string => hashOfText(canonicalJson(fields));

function shownComponent(component: EventComponent): object {
  const { reminders: _reminders, ...shown } = component;
  return {
    ...shown,
    start: shownTime(component.start),
    end: shownTime(component.end),
    recurrenceId: component.recurrenceId === null ? null : shownTime(component.recurrenceId),
    attendees: component.attendees.map(canonicalJson).sort(),
    categories: [...component.categories].sort(),
  };
}

function shownRecurrence(recurrence: Recurrence): object {
  const dates = recurrence.dates.map(({ start, end }) =>
    [shownTime(start), end === null ? '' : shownTime(end)].join('/'),
  );
  return {
    localStart: recurrence.localStart,
    duration: recurrence.duration,
    rules: recurrence.rules.map(canonicalRule).sort(),
    dates: [...new Set(dates)].sort(),
    excluded: [...new Set(recurrence.excluded.map(shownTime))].sort(),
    zone: recurrence.zone?.id ?? null,
  };
}

/** The wall time and its zone, as the file has them. */
function shownTime(time: EventTime): string {
  if (time.kind === 'date') return time.date;
  if (time.kind === 'floating') return time.local;
  const zone = ianaZone(time.tzid);
  return zone === null ? `${time.ms} ${time.tzid}` : `${localOf(toWall(zone, time.ms))} ${time.tzid}`;
}

/** A rule with its parts and their lists in a fixed order: servers reorder both when they write a rule back. */
export function canonicalRule(rule: string): string {
  const parts = rule.toUpperCase().split(';');
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', list = ''] = part.split('=', 2);
      return `${name}=${list.split(',').sort().join(',')}`;
    })
    .sort()
    .join(';');
}
