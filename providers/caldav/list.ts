/** Everything that is in a calendar, by the cheapest way that its server knows, and whole or not at all. */
import { limits, pulling, timeouts } from '../../config/policies.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import type { CollectionVersion, ListedResource, Listing, ListOptions } from '../provider.ts';
import { demandKind, isCalendar, malformed, propfind, refOf } from './collection.ts';
import type { AnsweredMultistatus, Dav, DavRequest } from './dav.ts';
import { observationOf, resourceProperties } from './observe.ts';
import { describeVersion, isMemberCollection, listed, noProgress, syncPage } from './sync.ts';
import { eventQueryBody } from './xml/bodies.ts';
import type { MultistatusResponse } from './xml/multistatus.ts';
import type { PrefixedName } from './xml/names.ts';

/**
 * Everything, with the token that was true before. Sync-collection with an empty token where it is offered: Radicale
 * lists 5,000 resources in 0.3 s that way and in 4 s by PROPFIND; otherwise, or where that fails, PROPFIND.
 */
export async function list(dav: Dav, calendar: string, options: ListOptions): Promise<Listing> {
  // The token comes with the listing itself, or not at all, and a ctag is of use only without one: to compute either
  // takes Radicale 0.2 s with 5,000 resources.
  const { offersDelta } = await describeVersion(dav, calendar, []);
  const delta = offersDelta === false ? null : await listByDelta(dav, calendar, options);
  // A server whose sync-collection does not work for everything will not do better with a token.
  const { token, ctag, more, resources } = delta ?? (await listWithCtag(dav, calendar));
  // What pages its listing would page the bodies, too.
  const complete = options.withBodies && !more ? await addBodies(dav, calendar, resources) : resources;
  return { token, ctag, more, resources: [...complete.values()] };
}

interface Listed extends CollectionVersion {
  readonly more: boolean;
  readonly resources: Map<string, ListedResource>;
}

/** The ctag is read first, so that what changes meanwhile is seen again. */
async function listWithCtag(dav: Dav, calendar: string): Promise<Listed> {
  const { ctag } = await describeVersion(dav, calendar, ['cs:getctag']);
  return { token: null, ctag, more: false, resources: await listByPropfind(dav, calendar) };
}

/** Verdicts of a failure that says "not this way" rather than "not now". */
const fallsBack = new Set(['permanent', 'item_permanent', 'calendar_permanent', 'resync', 'ambiguous', 'conflict']);

/** Null where another way should be tried. */
async function listByDelta(dav: Dav, calendar: string, options: ListOptions): Promise<Listed | null> {
  const { withBodies, inParts } = options;
  try {
    // Radicale and Cyrus bring the bodies along in this one answer; Xandikos says 404 of them, which costs nothing.
    return await pages(dav, calendar, withBodies ? resourceProperties : ['d:getetag', 'd:resourcetype'], inParts);
  } catch (error) {
    if (!isKalendsError(error) || !fallsBack.has(error.verdict)) throw error;
    return withBodies ? listByDelta(dav, calendar, { withBodies: false, inParts }) : null;
  }
}

/** All of them, or the first alone. */
async function pages(dav: Dav, calendar: string, properties: readonly PrefixedName[], first: boolean): Promise<Listed> {
  const resources = new Map<string, ListedResource>();
  let token = '';
  for (let read = 0; read < pulling.deltaPagesMax; read += 1) {
    const page = await syncPage(dav, calendar, token, properties);
    for (const [ref, resource] of page.changed) resources.set(ref, resource);
    for (const ref of page.removed.keys()) resources.delete(ref);
    if (!page.more) return { token: page.token, ctag: null, more: false, resources };
    if (page.token === token) throw noProgress(page);
    if (first) return { token: page.token, ctag: null, more: true, resources };
    token = page.token;
  }
  throw new KalendsError('no_progress', `the listing has more than ${pulling.deltaPagesMax} pages`);
}

async function listByPropfind(dav: Dav, calendar: string): Promise<Map<string, ListedResource>> {
  const answer = await propfind(dav, calendar, 1, ['d:getetag', 'd:resourcetype']);
  const resources = new Map<string, ListedResource>();
  let selfSeen = false;
  for (const response of answer.responses) {
    const ref = refOf(answer, calendar, response);
    if (ref === null) throw malformed(answer, 'a member has no usable href');
    if (ref === '') {
      selfSeen = true;
      aboutCollectionListing(dav, calendar, answer, response);
      continue;
    }
    if (response.status === 404 || response.status === 410 || isMemberCollection(response, ref)) continue;
    resources.set(ref, listed(ref, response));
  }
  // RFC 4918 9.1: the collection is a member of its own listing. An answer without it is about something else.
  if (!selfSeen) throw malformed(answer, 'the collection is missing from its own listing');
  return resources;
}

/** A 507 or any other failure of the collection means that the rows beside it are not all; no calendar has none at all. */
function aboutCollectionListing(
  dav: Dav,
  calendar: string,
  answer: AnsweredMultistatus,
  response: MultistatusResponse,
): void {
  const request: DavRequest = { method: 'PROPFIND', path: calendar, kind: 'report' };
  const { status } = response;
  if (status !== null && status >= 300) throw dav.failureInside(request, answer, status);
  demandKind(dav, { path: calendar, answer, self: response }, isCalendar);
}

/** Bodies by one query, where that is no more than a report may bring; without them otherwise. */
async function addBodies(
  dav: Dav,
  calendar: string,
  resources: Map<string, ListedResource>,
): Promise<Map<string, ListedResource>> {
  if ([...resources.values()].some(({ observation }) => observation !== null) || resources.size === 0) return resources;
  try {
    const answer = await dav.multistatus({
      method: 'REPORT',
      report: 'calendar-query',
      path: calendar,
      headers: { depth: '1' },
      body: eventQueryBody(resourceProperties),
      timeoutMs: timeouts.reportMs,
      maxBytes: limits.reportBytes,
    });
    return mergeBodies(calendar, resources, answer);
  } catch (error) {
    // Bodies are a hint: whatever the query died of, the listing stands and the caller fetches what it needs.
    if (!isKalendsError(error) || error.verdict === 'auth_suspect' || error.code === 'shutting_down') throw error;
    return resources;
  }
}

/** A query decides nothing about what exists: a row that the listing lacks came later and will be in the next delta. */
function mergeBodies(
  calendar: string,
  resources: Map<string, ListedResource>,
  answer: AnsweredMultistatus,
): Map<string, ListedResource> {
  const merged = new Map(resources);
  for (const response of answer.responses) {
    const ref = refOf(answer, calendar, response);
    const observation = ref === null ? null : observationOf(ref, response);
    if (observation === null || !merged.has(observation.ref)) continue;
    merged.set(observation.ref, { ref: observation.ref, etag: observation.etag, observation });
  }
  return merged;
}
