/** Conditional writes: one PUT or DELETE that only happens onto the version that the caller knows. */
import { timeouts } from '../../config/policies.ts';
import { isKalendsError, KalendsError, type ErrorCode } from '../../domain/errors.ts';
import type { Observation } from '../../domain/resource.ts';
import { conditionsIn } from '../preconditions.ts';
import type { Precondition, PutRequest, Removed, RemoveRequest } from '../provider.ts';
import { isCalendar, proveReadable } from './collection.ts';
import type { Dav, DavRequest, DavResponse } from './dav.ts';
import { getOne } from './fetch.ts';
import { absoluteFrom, checkRef, normalPath, relativeTo } from './href.ts';
import { innerFailure } from './quirks/inner-failure.ts';
import { uidInTrash } from './quirks/trash-bin.ts';
import { isWeak, strongCondition } from './quirks/weak-etags.ts';

/** The headers that make a write happen onto one version only. */
async function conditionOf(
  dav: Dav,
  path: string,
  precondition: Precondition | null,
): Promise<Readonly<Record<string, string>>> {
  if (precondition === null) return {};
  if (precondition.kind === 'create') return { 'if-none-match': '*' };
  // RFC 6638 8.3: holds while only attendees' answers changed, which the server merges by itself.
  if (precondition.kind === 'schedule_tag') return { 'if-schedule-tag-match': precondition.scheduleTag };
  const { etag } = precondition;
  return { 'if-match': isWeak(etag) ? await strongCondition(dav, path, etag) : etag };
}

/** What is left for the write itself, in milliseconds: its condition may have had to be asked for. */
function leftMs(dav: Dav, startedAtMs: number, request: DavRequest): number {
  const left = timeouts.writeMs - (dav.clock.monotonic() - startedAtMs);
  if (left > 0) return left;
  throw new KalendsError('timed_out', 'the version was told too late for a write; nothing was sent', {
    evidence: { request: dav.label(request) },
  });
}

const succeeded = (status: number): boolean => status >= 200 && status < 300;

/** Resolves with what the provider now holds; a strong etag in the answer promises that it is what was sent. */
export async function put(dav: Dav, request: PutRequest): Promise<Observation> {
  const startedAtMs = dav.clock.monotonic();
  const path = absoluteFrom(request.calendar, checkRef(request.ref));
  const condition = await conditionOf(dav, path, request.precondition);
  const outgoing: DavRequest = { method: 'PUT', path, kind: 'put', onto: request.precondition.kind !== 'create' };
  const response = await dav.send({
    ...outgoing,
    headers: { 'content-type': 'text/calendar; charset=utf-8', ...condition },
    body: request.body,
    timeoutMs: leftMs(dav, startedAtMs, outgoing),
  });
  refusePage(dav, outgoing, response);
  if (!succeeded(response.status))
    throw uidInTrash(dav, outgoing, response) ?? (await refusalOf(dav, request.calendar, outgoing, response));
  const failure = response.status === 207 ? await innerFailure(dav, outgoing, response) : null;
  if (failure !== null) throw failure;
  const ref = storedRef(request, response);
  const etag = response.headers['etag']?.[0] ?? null;
  const asSent = etag !== null && !isWeak(etag) && response.status !== 202 && response.status !== 207;
  if (!asSent) return readBack(dav, request.calendar, ref);
  return {
    ref,
    etag,
    scheduleTag: response.headers['schedule-tag']?.[0] ?? null,
    body: request.body,
    format: request.format,
  };
}

/**
 * A calendar that is not there is refused with a bare 409 by Radicale (RFC 4918 9.7.1), with a bare 403 by Cyrus, with 404
 * by others. A status without a reason may mean the resource as well, so the calendar is looked at before it is blamed.
 */
async function refusalOf(
  dav: Dav,
  calendar: string,
  outgoing: DavRequest,
  response: DavResponse,
): Promise<KalendsError> {
  const failure = dav.failure(outgoing, response);
  const hasReason = ![403, 409].includes(response.status) || conditionsIn(response.text).length > 0;
  if (hasReason) return failure;
  const seen = await proveReadable(dav, calendar, isCalendar).then(
    () => null,
    (error: unknown) => error,
  );
  if (!isKalendsError(seen) || seen.verdict !== 'gone') return failure;
  const { evidence } = failure;
  const message = `${failure.message}: the calendar is not there`;
  return new KalendsError('parent_missing', message, { cause: seen, ...(evidence === null ? {} : { evidence }) });
}

/** Some gateways store under a name of their own and say so in Location. */
function storedRef(request: PutRequest, response: DavResponse): string {
  const location = response.headers['location']?.[0];
  const path = response.status === 201 && location !== undefined ? normalPath(location, response.url) : null;
  return path?.startsWith(request.calendar) === true && path !== request.calendar
    ? relativeTo(request.calendar, path)
    : request.ref;
}

async function readBack(dav: Dav, calendar: string, ref: string): Promise<Observation> {
  const got = await getOne(dav, calendar, ref).catch((error: unknown) => Promise.reject(asAfterEffect(error)));
  if (got.kind === 'found') return got.observation;
  // Written and gone again within a moment: somebody else removed it, and the caller must look again.
  throw new KalendsError('precondition_failed', 'the resource was removed just after it was written', {
    evidence: {
      request: `PUT ${calendar}${ref}`,
      status: got.evidence.kind === 'direct_get' ? got.evidence.status : 404,
    },
  });
}

/** The write succeeded; that its reading was refused, or reached nobody, must not be taken for the fate of the write. */
function asAfterEffect(error: unknown): unknown {
  if (!isKalendsError(error) || saysNothing.has(error.code)) return error;
  const { evidence } = error;
  return new KalendsError('cut_short', `answered, but what is there now could not be read: ${error.message}`, {
    cause: error,
    ...(evidence === null ? {} : { evidence }),
    ...(error.retryAtMs === null ? {} : { retryAtMs: error.retryAtMs }),
  });
}

/** Of what happened to a request that failed so. */
const saysNothing: ReadonlySet<ErrorCode> = new Set(['cut_short', 'timed_out', 'gateway_failed', 'shutting_down']);

/** Resolves as gone for a resource that is gone already, while its collection is readable. */
export async function remove(dav: Dav, request: RemoveRequest): Promise<Removed> {
  const startedAtMs = dav.clock.monotonic();
  const path = absoluteFrom(request.calendar, checkRef(request.ref));
  const outgoing: DavRequest = { method: 'DELETE', path, kind: 'remove' };
  let headers: Readonly<Record<string, string>>;
  try {
    headers = await conditionOf(dav, path, request.precondition);
  } catch (error) {
    // The version could not be asked for because nothing is there any more.
    if (!isKalendsError(error) || error.code !== 'not_found') throw error;
    return goneOr(dav, request, error);
  }
  const response = await dav.send({ ...outgoing, headers, timeoutMs: leftMs(dav, startedAtMs, outgoing) });
  if (response.status === 404 || response.status === 410) {
    return goneOr(dav, request, dav.failure(outgoing, response));
  }
  refusePage(dav, outgoing, response);
  if (!succeeded(response.status)) {
    const failure = dav.failure(outgoing, response);
    // RFC 9110 13.1.1: If-Match does not hold where there is nothing, so "already gone" may look like a conflict.
    return failure.code === 'precondition_failed' ? goneOr(dav, request, failure) : Promise.reject(failure);
  }
  const failure = response.status === 207 ? await innerFailure(dav, outgoing, response) : null;
  if (failure !== null) throw failure;
  return { kind: 'removed', status: response.status };
}

/** A login or maintenance page with status 200 says nothing of the resource: whether the write happened is to be found out. */
function refusePage(dav: Dav, request: DavRequest, { status, headers }: DavResponse): void {
  if (!succeeded(status) || !/^text\/html/i.test(headers['content-type']?.[0] ?? '')) return;
  throw new KalendsError(
    'not_multistatus',
    `${dav.label(request)}: a page was answered, which no calendar server does`,
    {
      evidence: { request: dav.label(request), status },
    },
  );
}

async function goneOr(dav: Dav, request: RemoveRequest, failure: KalendsError): Promise<Removed> {
  const got = await getOne(dav, request.calendar, request.ref).catch((error: unknown) =>
    Promise.reject(isKalendsError(error) && error.verdict === 'transient' ? asAfterEffect(error) : error),
  );
  if (got.kind === 'gone') return got;
  throw failure;
}
