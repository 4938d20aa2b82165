/** Reads resources by name: many at once with an account of every one, or one alone with evidence. */
import { limits, timeouts } from '../../config/policies.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import type { Observation } from '../../domain/resource.ts';
import type { Fetched, Got } from '../provider.ts';
import { isCalendar, proveReadable, refOf } from './collection.ts';
import type { AnsweredMultistatus, Dav, DavRequest, DavResponse } from './dav.ts';
import { absoluteFrom, checkRef, encodePath } from './href.ts';
import { observationOf, resourceProperties } from './observe.ts';
import { multigetBody } from './xml/bodies.ts';

/** How many hrefs one multiget may name; Xandikos needs 34 ms for each. */
export const fetchBatch = 500;

/** asked = answered + missing + unanswered, whatever the server leaves out, repeats, or adds. */
export async function fetchMany(dav: Dav, calendar: string, refs: readonly string[]): Promise<Fetched> {
  if (refs.length === 0) return { answered: [], missing: [], unanswered: [] };
  if (refs.length > fetchBatch) throw new KalendsError('invalid_input', `more than ${fetchBatch} refs in one fetch`);
  const asked = new Set(refs.map((ref) => checkRef(ref)));
  const answer = await multiget(dav, calendar, [...asked]);
  if (answer === null) return { answered: [], missing: [], unanswered: [...asked] };
  const answered = new Map<string, Observation>();
  const missing = new Set<string>();
  for (const response of answer.responses) {
    const ref = refOf(answer, calendar, response);
    if (ref === null || !asked.has(ref)) continue;
    const observation = observationOf(ref, response);
    if (observation !== null) answered.set(ref, observation);
    // Only the status of the whole response says so; a 404 of one property says nothing about the resource.
    else if (!answer.elsewhere && (response.status === 404 || response.status === 410)) missing.add(ref);
  }
  for (const ref of answered.keys()) missing.delete(ref);
  const unanswered = [...asked].filter((ref) => !answered.has(ref) && !missing.has(ref));
  return { answered: [...answered.values()], missing: [...missing], unanswered };
}

/** Null where the server has no multiget: then nothing was answered, and the caller asks one by one. */
export async function multiget(
  dav: Dav,
  calendar: string,
  refs: readonly string[],
): Promise<AnsweredMultistatus | null> {
  const hrefs = refs.map((ref) => encodePath(absoluteFrom(calendar, ref)));
  try {
    return await dav.multistatus({
      method: 'REPORT',
      report: 'calendar-multiget',
      path: calendar,
      // RFC 4791 7.9 ignores it; some servers insist on a depth all the same.
      headers: { depth: '1' },
      body: multigetBody(hrefs, resourceProperties),
      timeoutMs: timeouts.reportMs,
      maxBytes: limits.reportBytes,
    });
  } catch (error) {
    if (isKalendsError(error) && error.code === 'method_unsupported') return null;
    throw error;
  }
}

/**
 * One resource alone. `gone` needs a 404 or 410, then the calendar itself answering where it always was, and then the
 * same again: an account that was away for the first question alone would lose what was asked for.
 */
export async function getOne(dav: Dav, calendar: string, ref: string): Promise<Got> {
  const request: DavRequest = { method: 'GET', path: absoluteFrom(calendar, checkRef(ref)) };
  const ask = (): Promise<DavResponse> => dav.send({ ...request, headers: { accept: 'text/calendar' } });
  const first = await ask();
  if (isFound(dav, request, first)) return { kind: 'found', observation: observe(dav, request, ref, first) };
  const collectionStatus = await proveReadable(dav, calendar, isCalendar);
  const response = await ask();
  if (isFound(dav, request, response)) return { kind: 'found', observation: observe(dav, request, ref, response) };
  return {
    kind: 'gone',
    evidence: {
      kind: 'direct_get',
      request: dav.label(request),
      status: response.status,
      collectionStatus,
      atMs: dav.clock.now(),
    },
  };
}

/** False for "not there", said by whom was asked; rejects for everything else. */
function isFound(dav: Dav, request: DavRequest, response: DavResponse): boolean {
  if (response.status === 200) return true;
  if (!response.elsewhere && (response.status === 404 || response.status === 410)) return false;
  throw dav.failure(request, response);
}

function observe(dav: Dav, request: DavRequest, ref: string, response: DavResponse): Observation {
  const type = response.headers['content-type']?.[0] ?? '';
  // A login or maintenance page with status 200 is not somebody's appointment.
  const calendar = /^text\/calendar/i.test(type) || /^\s*BEGIN:VCALENDAR/i.test(response.text);
  if (!calendar) {
    throw new KalendsError('not_multistatus', `${dav.label(request)}: the answer is no calendar resource`, {
      evidence: { request: dav.label(request), status: response.status, excerpt: `content-type: ${type}` },
    });
  }
  // Without a length or chunks the end of the connection is the end of the body, and may be too early.
  const framed = 'content-length' in response.headers || 'transfer-encoding' in response.headers;
  if (!framed && !/END:VCALENDAR\s*$/i.test(response.text)) {
    throw new KalendsError('cut_short', `${dav.label(request)}: the body ended early`, {
      evidence: { request: dav.label(request), status: response.status },
    });
  }
  return {
    ref,
    etag: response.headers['etag']?.[0] ?? null,
    scheduleTag: response.headers['schedule-tag']?.[0] ?? null,
    body: response.text,
    format: 'icalendar',
  };
}
