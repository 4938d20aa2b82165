/** A peer: tsdav, the usual CalDAV library of JavaScript, fetching and synchronising the same calendar. */
import {
  calendarMultiGet,
  fetchCalendarObjects,
  getBasicAuthHeaders,
  smartCollectionSyncDetailed,
  type DAVCalendar,
} from 'tsdav';
import type { SubjectActions } from '../kit/subject.ts';
import type { CalendarAccess } from './raw.ts';

interface Kept {
  calendar: DAVCalendar;
  readonly headers: Record<string, string>;
}

let kept: Kept | null = null;

const timed = async <T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> => {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
};

function began(): Kept {
  if (kept === null) throw new Error('first comes first');
  return kept;
}

export const subject = {
  /** Everything, the first time with cold code, then warm; nothing is parsed and nothing is stored. */
  first: async (access: CalendarAccess) => {
    const headers = getBasicAuthHeaders(access) as Record<string, string>;
    const calendar: DAVCalendar = { url: access.calendarUrl };
    const cold = await timed(() => fetchCalendarObjects({ calendar, headers }));
    const warm = await timed(() => fetchCalendarObjects({ calendar, headers }));
    kept = { calendar: { ...calendar, objects: warm.result }, headers };
    return { cold: cold.ms, warm: warm.ms, resources: warm.result.length };
  },
  /** From where a sync starts: `token` was true when the objects were fetched. */
  startFrom: async ({ token }: { readonly token: string }) => {
    const { calendar, headers } = began();
    kept = { calendar: { ...calendar, syncToken: token, objectMultiGet: calendarMultiGet }, headers };
  },
  sync: async () => {
    const { calendar, headers } = began();
    const account = {
      accountType: 'caldav' as const,
      serverUrl: calendar.url,
      homeUrl: calendar.url,
      rootUrl: calendar.url,
    };
    const { ms, result } = await timed(() =>
      smartCollectionSyncDetailed({ collection: calendar, method: 'webdav', headers, account }),
    );
    const { created, updated, deleted } = result.objects;
    return { ms, created: created.length, updated: updated.length, deleted: deleted.length };
  },
} satisfies SubjectActions;
