/** What changed in a calendar since a token: versions and sync-collection reports (RFC 6578). */
import { limits, timeouts } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { CollectionVersion, DeltaPage, ListedResource } from '../provider.ts';
import { demandKind, describe, isCalendar, isCollection, malformed, refOf } from './collection.ts';
import type { AnsweredMultistatus, Dav, DavRequest } from './dav.ts';
import { isOnServer } from './href.ts';
import { observationOf } from './observe.ts';
import { tokenIsAtFault } from './quirks/token-500.ts';
import { syncCollectionBody } from './xml/bodies.ts';
import { childNamed } from './xml/element.ts';
import { textOf, type MultistatusResponse } from './xml/multistatus.ts';
import { names, type PrefixedName } from './xml/names.ts';

/** Which reports a collection offers, and what else is asked; `offersDelta` is null where it does not say. */
export async function describeVersion(
  dav: Dav,
  calendar: string,
  extra: readonly PrefixedName[],
): Promise<CollectionVersion & { readonly offersDelta: boolean | null }> {
  // Radicale builds its index of a calendar when it is first asked for a token: 30 s for 5,000 resources.
  const properties: readonly PrefixedName[] = ['d:resourcetype', 'd:supported-report-set', ...extra];
  const found = await describe(dav, calendar, properties, timeouts.reportMs);
  demandKind(dav, found, isCalendar);
  const { self } = found;
  const reports = self.props.get(names.reports);
  const offers = (reports?.children ?? []).some((supported) =>
    // Xandikos leaves out the element in between.
    [supported, ...supported.children].some((element) => childNamed(element, names.syncCollection) !== undefined),
  );
  return {
    token: textOf(self, names.syncToken),
    ctag: textOf(self, names.ctag),
    offersDelta: reports === undefined ? null : offers,
  };
}

/** A token is worth something only where sync-collection takes it. */
export async function version(dav: Dav, calendar: string): Promise<CollectionVersion> {
  const { token, ctag, offersDelta } = await describeVersion(dav, calendar, ['cs:getctag', 'd:sync-token']);
  return { token: offersDelta === false ? null : token, ctag };
}

interface Tombstone {
  readonly status: number;
  /** The calendar itself said so, of what it names as its own; anybody else's word is only a reason to ask. */
  readonly isProof: boolean;
}

/** One sync-collection answer, sorted out. */
export interface Page {
  readonly changed: Map<string, ListedResource>;
  readonly removed: Map<string, Tombstone>;
  readonly token: string;
  readonly more: boolean;
  readonly request: string;
}

export async function syncPage(
  dav: Dav,
  calendar: string,
  token: string,
  properties: readonly PrefixedName[],
): Promise<Page> {
  const request: DavRequest = {
    method: 'REPORT',
    report: 'sync-collection',
    path: calendar,
    // RFC 6578 3.2: the depth is in the body; anything but 0 here is an error.
    headers: { depth: '0' },
    body: syncCollectionBody(token, properties),
    withToken: token !== '',
    timeoutMs: timeouts.reportMs,
    maxBytes: limits.reportBytes,
  };
  const answer = await dav.multistatus(request);
  const changed = new Map<string, ListedResource>();
  const removed = new Map<string, Tombstone>();
  let more = false;
  for (const response of answer.responses) {
    const ref = refOf(answer, calendar, response);
    if (ref === null) throw malformed(answer, 'a change has no usable href');
    if (ref === '') {
      more ||= aboutCollection(dav, request, answer, response);
    } else if (response.status === 404 || response.status === 410) {
      removed.set(ref, {
        status: response.status,
        isProof: !answer.elsewhere && isOnServer(response.href, answer.url),
      });
      changed.delete(ref);
    } else if (!isMemberCollection(response, ref)) {
      // Also for rows that say 403 or 500, or 404 of a property: something is there to be asked for by itself.
      changed.set(ref, listed(ref, response));
      removed.delete(ref);
    }
  }
  if (answer.syncToken === null) throw malformed(answer, 'the answer has no sync token');
  return { changed, removed, token: answer.syncToken, more, request: answer.request };
}

/** A row about the collection itself: 507 says that there is more (RFC 6578 3.6), other failures are the answer's own. */
function aboutCollection(
  dav: Dav,
  request: DavRequest,
  answer: AnsweredMultistatus,
  { status }: MultistatusResponse,
): boolean {
  if (status === 507) return true;
  if (status !== null && status >= 300) throw dav.failureInside(request, answer, status);
  return false;
}

export const isMemberCollection = (response: MultistatusResponse, ref: string): boolean =>
  isCollection(response) || ref.endsWith('/');

export const listed = (ref: string, response: MultistatusResponse): ListedResource => ({
  ref,
  etag: textOf(response, names.etag),
  observation: observationOf(ref, response),
});

/** One page of what changed. Rejects with verdict `resync` where the token is no good or leads nowhere. */
export async function changes(dav: Dav, calendar: string, token: string): Promise<DeltaPage> {
  let page: Page;
  try {
    page = await syncPage(dav, calendar, token, ['d:getetag', 'd:resourcetype']);
  } catch (error) {
    throw (await tokenIsAtFault(dav, calendar, token, error, { version, syncPage })) ?? error;
  }
  if (page.more && page.token === token) throw noProgress(page);
  const atMs = dav.clock.now();
  const removed = [...page.removed];
  const doubtful = removed.flatMap(([ref, { isProof }]) => (isProof ? [] : [{ ref, etag: null, observation: null }]));
  return {
    changed: [...page.changed.values(), ...doubtful],
    removed: removed.flatMap(([ref, { status, isProof }]) =>
      isProof ? [{ ref, evidence: { kind: 'tombstone', request: page.request, status, atMs } }] : [],
    ),
    token: page.token,
    more: page.more,
  };
}

export const noProgress = (page: Page): KalendsError =>
  new KalendsError('no_progress', `${page.request}: the server promises more and repeats its token`, {
    evidence: { request: page.request, status: 207 },
  });
