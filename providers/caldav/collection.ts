/** PROPFINDs: the properties of one collection, and of what lies in it. */
import { limits, timeouts } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import { besideThePoint, type AnsweredMultistatus, type Dav } from './dav.ts';
import { normalPath, samePath, withSlash } from './href.ts';
import { propfindBody } from './xml/bodies.ts';
import { childNamed } from './xml/element.ts';
import type { MultistatusResponse } from './xml/multistatus.ts';
import { names, type PrefixedName } from './xml/names.ts';

export async function propfind(
  dav: Dav,
  path: string,
  depth: 0 | 1,
  properties: readonly PrefixedName[],
  timeoutMs: number = depth === 0 ? timeouts.requestMs : timeouts.reportMs,
): Promise<AnsweredMultistatus> {
  return dav.multistatus({
    method: 'PROPFIND',
    path,
    headers: { depth: String(depth) },
    body: propfindBody(properties),
    timeoutMs,
    maxBytes: depth === 0 ? limits.resourceBytes : limits.reportBytes,
  });
}

/** A document that is well-formed and still cannot be the answer. */
export const malformed = (answer: AnsweredMultistatus, why: string): KalendsError =>
  new KalendsError('malformed_multistatus', `${answer.request}: ${why}`, {
    evidence: { request: answer.request, status: answer.status },
  });

/** The normal path of a response's href; null for one that names nothing. */
export const pathOf = (answer: AnsweredMultistatus, response: MultistatusResponse): string | null =>
  normalPath(response.href, answer.url);

/**
 * The ref of a response: empty for the collection itself, null where the href names nothing, the whole path for what
 * lies elsewhere. A redirect moves a collection, not the refs in it: hrefs under its old and its new path are the same.
 */
export function refOf(answer: AnsweredMultistatus, collection: string, response: MultistatusResponse): string | null {
  const path = pathOf(answer, response);
  if (path === null) return null;
  for (const base of [collection, withSlash(normalPath(answer.url, answer.url) ?? collection)]) {
    if (samePath(path, base)) return '';
    if (path.startsWith(base)) return path.slice(base.length);
  }
  return path;
}

/** An answer about one collection, and the response that is about it. */
export interface DescribedCollection {
  /** As it was asked for. */
  readonly path: string;
  readonly answer: AnsweredMultistatus;
  readonly self: MultistatusResponse;
}

/**
 * What a collection says of itself, under its own name or that of where a redirect led. A status inside the answer
 * counts as if it were the answer's own: some servers put a 404 or a 403 into a 207.
 */
export async function describe(
  dav: Dav,
  path: string,
  properties: readonly PrefixedName[],
  timeoutMs?: number,
): Promise<DescribedCollection> {
  const answer = await propfind(dav, path, 0, properties, timeoutMs);
  const self = answer.responses.find((response) => refOf(answer, withSlash(path), response) === '');
  if (self === undefined) {
    if (answer.responses.length === 0) throw malformed(answer, 'the answer says nothing of the collection');
    throw besideThePoint(answer.request, answer.status, 'the answer is about something else');
  }
  return described(dav, path, answer, self);
}

/**
 * The same before its own name is known: a server that follows its own alias answers with another href, and with depth
 * 0 there is only one it can mean.
 */
export async function describeAlias(
  dav: Dav,
  path: string,
  properties: readonly PrefixedName[],
): Promise<DescribedCollection> {
  const answer = await propfind(dav, path, 0, properties);
  const [self] = answer.responses;
  if (self === undefined) throw malformed(answer, 'the answer says nothing of the collection');
  return described(dav, path, answer, self);
}

function described(
  dav: Dav,
  path: string,
  answer: AnsweredMultistatus,
  self: MultistatusResponse,
): DescribedCollection {
  if (self.status === null || self.status < 300) return { path, answer, self };
  throw dav.failureInside({ method: 'PROPFIND', path }, answer, self.status, errorText(self));
}

/** Conditions inside a response, in the form in which `classify` reads them from an error body. */
export const errorText = (response: MultistatusResponse): string =>
  response.conditions.length === 0 ? '' : `<error>${response.conditions.map((name) => `<${name}/>`).join('')}</error>`;

export const isCalendar = (response: MultistatusResponse): boolean =>
  childNamed(response.props.get(names.resourceType), names.calendar) !== undefined;

export const isCollection = (response: MultistatusResponse): boolean =>
  childNamed(response.props.get(names.resourceType), names.collection) !== undefined;

/** Rejects unless it is of the kind that was asked for: a front page is a collection, too. */
export function demandKind(
  dav: Dav,
  { path, answer, self }: DescribedCollection,
  isOfKind: (response: MultistatusResponse) => boolean,
): void {
  const refused = self.refused.get(names.resourceType);
  if (refused !== undefined) throw dav.failureInside({ method: 'PROPFIND', path }, answer, refused);
  if (!isOfKind(self)) throw besideThePoint(answer.request, answer.status, 'what answers is of another kind');
}

/**
 * The collection itself answers, where it was asked: enough to believe a 404 from inside it. Answers with the status;
 * rejects with its failure otherwise.
 */
export async function proveReadable(
  dav: Dav,
  path: string,
  isOfKind: (response: MultistatusResponse) => boolean,
): Promise<number> {
  const found = await describe(dav, path, ['d:resourcetype']);
  demandKind(dav, found, isOfKind);
  const { request, status, elsewhere } = found.answer;
  if (elsewhere) throw besideThePoint(request, status, 'a redirect led elsewhere');
  return status;
}
