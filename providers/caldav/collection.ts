/** PROPFINDs: the properties of one collection, and of what lies in it. */
import { limits, timeouts } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { AnsweredMultistatus, Dav, DavRequest } from './dav.ts';
import { normalPath, withSlash } from './href.ts';
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

export const samePath = (a: string, b: string): boolean => withSlash(a) === withSlash(b);

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
  readonly answer: AnsweredMultistatus;
  readonly self: MultistatusResponse;
}

/**
 * What a collection says of itself. A status inside the answer counts as if it were the answer's own: some servers
 * put a 404 or a 403 into a 207.
 */
export async function describe(
  dav: Dav,
  path: string,
  properties: readonly PrefixedName[],
  timeoutMs?: number,
): Promise<DescribedCollection> {
  const request: DavRequest = { method: 'PROPFIND', path };
  const answer = await propfind(dav, path, 0, properties, timeoutMs);
  // A server that follows its own alias answers with another href: with depth 0 there is only one it can mean.
  const self =
    answer.responses.find((response) => refOf(answer, withSlash(path), response) === '') ?? answer.responses[0];
  if (self === undefined) {
    throw malformed(answer, 'the answer says nothing of the collection');
  }
  if (self.status !== null && self.status >= 300) {
    throw dav.failure(request, { status: self.status, headers: {}, text: errorText(self) });
  }
  return { answer, self };
}

/** Conditions inside a response, in the form in which `classify` reads them from an error body. */
export const errorText = (response: MultistatusResponse): string =>
  response.conditions.length === 0 ? '' : `<error>${response.conditions.map((name) => `<${name}/>`).join('')}</error>`;

export const isCalendar = (response: MultistatusResponse): boolean =>
  childNamed(response.props.get(names.resourceType), names.calendar) !== undefined;

export const isCollection = (response: MultistatusResponse): boolean =>
  childNamed(response.props.get(names.resourceType), names.collection) !== undefined;

/** The collection answers, with its type: enough to believe a 404 from inside it. Rejects with its failure otherwise. */
export async function proveReadable(
  dav: Dav,
  path: string,
): Promise<{ readonly status: number; readonly url: string }> {
  const { answer, self } = await describe(dav, path, ['d:resourcetype']);
  const refused = self.refused.get(names.resourceType);
  if (refused !== undefined || !isCollection(self)) {
    throw dav.failure(
      { method: 'PROPFIND', path },
      { status: refused ?? 404, headers: {}, text: 'no collection answers here' },
    );
  }
  return { status: answer.status, url: answer.url };
}
