/** The calendars of an account: name, colour, zone, privileges; and whether one of them is still there. */
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { isKalendsError, type KalendsError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/resource.ts';
import {
  demandKind,
  describe,
  errorText,
  isCalendar,
  isCollection,
  malformed,
  pathOf,
  propfind,
  proveReadable,
  refOf,
} from './collection.ts';
import type { AnsweredMultistatus, Dav } from './dav.ts';
import { normalPath, relativeTo, samePath, withSlash } from './href.ts';
import { childNamed, localName } from './xml/element.ts';
import { textOf, type MultistatusResponse } from './xml/multistatus.ts';
import { names, type PrefixedName } from './xml/names.ts';
import { zoneOf } from './zone-property.ts';

export const calendarProperties: readonly PrefixedName[] = [
  'd:resourcetype',
  'd:displayname',
  'd:current-user-privilege-set',
  'c:supported-calendar-component-set',
  'c:calendar-timezone',
  'a:calendar-color',
];

/** Every calendar that holds events; a child that could not tell what it is makes the whole list unusable. */
export async function listCalendars(dav: Dav, home: string): Promise<readonly ObservedCalendar[]> {
  const answer = await propfind(dav, home, 1, [...calendarProperties, 'c:schedule-default-calendar-URL']);
  const primary = defaultCalendar(answer);
  const calendars: ObservedCalendar[] = [];
  let selfSeen = false;
  for (const response of answer.responses) {
    const ref = refOf(answer, home, response);
    if (ref === null) throw malformed(answer, 'a member has no usable href');
    selfSeen ||= ref === '';
    const failure = unreadable(dav, home, answer, response, ref);
    if (failure !== null) throw failure;
    if (!holdsEvents(response)) continue;
    const path = pathOf(answer, response) ?? '';
    // A home may be a calendar itself: then its ref is its whole path.
    const own = withSlash(ref === '' ? path : ref);
    calendars.push(observed(own, response, primary !== null && samePath(primary, path)));
  }
  // RFC 4918 9.1: a home that is not in its own listing was not listed.
  if (!selfSeen) throw malformed(answer, 'the home is missing from its own listing');
  return calendars;
}

/** What keeps the list from being whole: the home's own failure, or a child that fails on what it is. */
function unreadable(
  dav: Dav,
  home: string,
  answer: AnsweredMultistatus,
  response: MultistatusResponse,
  ref: string,
): KalendsError | null {
  const status = response.status ?? response.refused.get(names.resourceType) ?? 200;
  // A child that is 404 or forbidden is no calendar of this person's (now); its absence is confirmed before it counts.
  if (status < 300 || (ref !== '' && status < 500)) return null;
  return dav.failureInside({ method: 'PROPFIND', path: home }, answer, status, errorText(response));
}

function holdsEvents(response: MultistatusResponse): boolean {
  if (!isCalendar(response)) return false;
  const components = response.props.get(names.components)?.children ?? [];
  // RFC 4791 5.2.3: without the property, or with an empty one, every component is supported.
  return components.length === 0 || components.some(({ attributes }) => attributes['name']?.toUpperCase() === 'VEVENT');
}

/** RFC 6638 9.2: the scheduling inbox names the calendar where invitations land. */
function defaultCalendar(answer: AnsweredMultistatus): string | null {
  for (const response of answer.responses) {
    const href = childNamed(response.props.get(names.defaultCalendar), names.href)?.text;
    if (href !== undefined) return normalPath(href, answer.url);
  }
  return null;
}

const writePrivileges = new Set(['all', 'write', 'write-content', 'bind']);

function observed(ref: string, response: MultistatusResponse, primary: boolean): ObservedCalendar {
  const set = response.props.get(names.privileges);
  const privileges = (set?.children ?? []).flatMap((privilege) =>
    privilege.children.map(({ name }) => localName(name)),
  );
  const definition = textOf(response, names.timeZone);
  return {
    ref,
    name: textOf(response, names.displayName) ?? ref.replace(/\/$/, '').split('/').at(-1) ?? ref,
    color: colorOf(textOf(response, names.color)),
    timeZone: definition === null ? null : zoneOf(definition),
    // A server that does not tell privileges (RFC 3744) lets everybody write whom it lets in.
    readOnly: set !== undefined && !privileges.some((name) => writePrivileges.has(name)),
    primary,
    privileges: [...new Set(privileges)].sort(),
  };
}

/** Apple writes `#rrggbbaa`; the API knows no transparency. */
function colorOf(text: string | null): string | null {
  const hex = /^#([0-9a-f]{6})(?:[0-9a-f]{2})?$/i.exec(text ?? '')?.[1] ?? null;
  if (hex !== null) return `#${hex.toLowerCase()}`;
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text ?? '');
  return short === null ? null : `#${[1, 2, 3].map((part) => (short[part] ?? '').repeat(2)).join('')}`.toLowerCase();
}

/** One calendar as it describes itself. */
export async function observeCalendar(dav: Dav, home: string, path: string): Promise<ObservedCalendar> {
  const { self } = await describe(dav, path, calendarProperties);
  return observed(relativeTo(home, path), self, false);
}

/** `gone` needs a 404 or 410 of the calendar, then the home readable beside it, and then the same of the calendar again. */
export async function getCalendar(
  dav: Dav,
  home: string,
  path: string,
): Promise<{ readonly kind: 'found' } | { readonly kind: 'gone'; readonly evidence: Evidence }> {
  if ((await missing(dav, path)) === null) return { kind: 'found' };
  const collectionStatus = await proveReadable(dav, home, isCollection);
  const gone = await missing(dav, path);
  if (gone === null) return { kind: 'found' };
  return {
    kind: 'gone',
    evidence: {
      kind: 'direct_get',
      request: gone.evidence?.request ?? `PROPFIND ${path}`,
      status: gone.evidence?.status ?? 404,
      collectionStatus,
      atMs: dav.clock.now(),
    },
  };
}

/** Null while a calendar is there; how it is said not to be otherwise. Rejects with any other failure. */
async function missing(dav: Dav, path: string): Promise<KalendsError | null> {
  try {
    demandKind(dav, await describe(dav, path, ['d:resourcetype']), isCalendar);
    return null;
  } catch (error) {
    if (isKalendsError(error) && error.code === 'not_found') return error;
    throw error;
  }
}
