/** Creates a calendar (RFC 4791 5.3.1) under a name that a repeat finds again. */
import { createHash } from 'node:crypto';
import { timeouts } from '../../config/policies.ts';
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { observeCalendar } from './calendars.ts';
import { describe } from './collection.ts';
import type { Dav, DavRequest } from './dav.ts';
import { absoluteFrom, checkRef, withSlash } from './href.ts';
import { innerFailure } from './quirks/inner-failure.ts';
import { makeCalendarBody } from './xml/bodies.ts';

/** Readable, and different for names that only differ in what is not readable. */
export function newCalendarRef(name: string): string {
  const readable = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${readable === '' ? '' : `${readable}-`}${hash}/`;
}

export interface NewCalendar {
  readonly ref: string;
  readonly name: string;
  readonly color: string | null;
}

export async function makeCalendar(dav: Dav, home: string, calendar: NewCalendar): Promise<ObservedCalendar> {
  const path = withSlash(absoluteFrom(home, checkRef(calendar.ref)));
  const request: DavRequest = { method: 'MKCALENDAR', path, kind: 'make' };
  const response = await dav.send({
    ...request,
    headers: { 'content-type': 'application/xml; charset=utf-8' },
    body: makeCalendarBody(calendar.name, calendar.color),
    timeoutMs: timeouts.writeMs,
  });
  const failure =
    response.status === 207
      ? await innerFailure(dav, request, response)
      : response.status >= 300
        ? dav.failure(request, response)
        : null;
  if (failure !== null) throw await occupied(dav, path, failure);
  const made = await observeCalendar(dav, home, path);
  // Servers may keep the properties to themselves at creation; what was asked for is in the next list anyway.
  return { ...made, name: calendar.name };
}

/** 403, 405 and 409 all mean "something is there" on one server or another: looking tells. */
async function occupied(dav: Dav, path: string, failure: KalendsError): Promise<KalendsError> {
  if (!['forbidden', 'method_unsupported', 'parent_missing', 'privilege_missing'].includes(failure.code))
    return failure;
  try {
    await describe(dav, path, ['d:resourcetype']);
  } catch (error) {
    if (!isKalendsError(error)) throw error;
    return failure;
  }
  return new KalendsError(
    'conflicting_state',
    'a collection is there already',
    failure.evidence === null ? {} : { evidence: failure.evidence },
  );
}
