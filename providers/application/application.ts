/** Application calendars: nothing is on the other side, so a write is true as soon as it is made. */
import { createHash } from 'node:crypto';
import type { ObservedCalendar } from '../../domain/calendar.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { Provider, PutRequest } from '../provider.ts';
import { icsRef } from '../resource-ref.ts';

const calendarRef = 'calendar/';

const calendar: ObservedCalendar = {
  ref: calendarRef,
  name: 'Calendar',
  color: null,
  timeZone: null,
  readOnly: false,
  primary: true,
  privileges: [],
};

/** There is nobody to ask: what the log says is all there is. */
const nothingThere = (): Promise<never> =>
  Promise.reject(new KalendsError('method_unsupported', 'an application calendar has no other side to ask'));

/** Deterministic, so that the same write made twice after a crash is the same resource. */
const etagOf = (body: string): string => `"${createHash('sha256').update(body).digest('hex')}"`;

function known(ref: string): void {
  if (ref !== calendarRef) throw new KalendsError('not_found', 'an application has one calendar', { ids: { ref } });
}

/**
 * One calendar, no pull. Stateless: `put` and `remove` trust the precondition as the caller checked it against its
 * cache, which is all the truth there is and has one writer.
 */
export function createApplication(): Provider {
  return {
    name: 'cronofy',
    capabilities: {
      pull: false,
      makeCalendar: false,
      rediscover: false,
      attendees: false,
      fetchBatch: 0,
    },
    // The name tells one application calendar from another of the same application.
    connect: ({ address }) =>
      Promise.resolve({ root: {}, address, name: address.trim() || 'Application calendar', email: null, aliases: [] }),
    rediscover: nothingThere,
    listCalendars: () => Promise.resolve([calendar]),
    getCalendar: (_session, ref) => (ref === calendarRef ? Promise.resolve({ kind: 'found' }) : nothingThere()),
    version: nothingThere,
    list: nothingThere,
    changes: nothingThere,
    fetch: nothingThere,
    get: nothingThere,
    put: async (session, request: PutRequest) => {
      stopIfAborted(session.signal);
      known(request.calendar);
      return {
        ref: request.ref,
        etag: etagOf(request.body),
        scheduleTag: null,
        body: request.body,
        format: request.format,
      };
    },
    remove: async (session, request) => {
      stopIfAborted(session.signal);
      known(request.calendar);
      return { kind: 'removed', status: 204 };
    },
    makeCalendar: nothingThere,
    newCalendarRef: () => calendarRef,
    newResourceRef: icsRef,
    probe: () => Promise.resolve(),
    software: () => 'kalends',
    hostOf: () => null,
  };
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new KalendsError('shutting_down', 'the caller gave up', { cause: signal.reason });
}
