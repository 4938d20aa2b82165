/** Whether each document that is written to a projection says what the log says at its seq (I9, after every step). */
import { isDeepStrictEqual } from 'node:util';
import type { CalendarDoc, ObservedCalendar } from '../../domain/calendar.ts';
import type { ChangeOf, CommitDoc } from '../../domain/commit.ts';
import { managedKey, type ManagedEventDoc } from '../../domain/managed-event.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { occurrencesIn } from './reader.ts';

type ResourceChange = ChangeOf<'resource_put'> | ChangeOf<'resource_removed'>;

interface Said<T> {
  readonly seq: number;
  readonly change: T;
}

interface CalendarSaid {
  readonly calendar: ObservedCalendar;
  readonly deleted: boolean;
}

export interface ProjectedWatch {
  appended(commit: CommitDoc): void;
  /** Why it contradicts the log, for people; null: it does not, or is none of a projection that is looked at. */
  contradiction(collection: unknown, document: unknown): string | null;
}

export function createProjectedWatch(): ProjectedWatch {
  const heads = new Map<string, number>();
  const resources = new Map<string, Said<ResourceChange>[]>();
  const managed = new Map<string, Said<ChangeOf<'managed'>>[]>();
  const calendars = new Map<string, Said<CalendarSaid>[]>();

  const differences: Readonly<Record<string, (document: never) => string | null>> = {
    resources: (document: ResourceDoc) => unlikeResource(document, lastOf(resources, document._id, document.seq)),
    events: (document: EventDoc) => unlikeEvent(document, lastOf(resources, document.resourceId, document.seq)),
    managed_events: (document: ManagedEventDoc) => unlikeManaged(document, lastOf(managed, document._id, document.seq)),
    calendars: (document: CalendarDoc) => unlikeCalendar(document, lastOf(calendars, document._id, document.seq)),
  };

  return {
    appended({ profileId, seq, changes }) {
      heads.set(profileId, seq);
      for (const change of changes) {
        if (change.kind === 'resource_put' || change.kind === 'resource_removed')
          add(resources, change.resourceId, { seq, change });
        if (change.kind === 'calendar_gone')
          for (const one of standingIn(resources, change.calendarId))
            add(resources, one.resourceId, {
              seq,
              change: { ...one, kind: 'resource_removed', evidence: change.evidence },
            });
        if (change.kind === 'calendar_put')
          add(calendars, change.calendarId, { seq, change: { calendar: change.calendar, deleted: false } });
        const gone = change.kind === 'calendar_gone' ? calendars.get(change.calendarId)?.at(-1)?.change : undefined;
        if (change.kind === 'calendar_gone' && gone !== undefined)
          add(calendars, change.calendarId, { seq, change: { ...gone, deleted: true } });
        if (change.kind === 'managed') add(managed, managedKey(change.calendarId, change.eventId), { seq, change });
      }
    },
    contradiction(collection, document) {
      const difference = differences[String(collection)];
      if (difference === undefined) return null;
      const { _id, profileId, seq } = document as { _id: string; profileId: string; seq: number };
      const head = heads.get(profileId) ?? 0;
      const why = seq > head ? `the log ends at ${head}` : difference(document as never);
      return why === null ? null : `${String(collection)} ${_id} of seq ${seq}: ${why}`;
    },
  };
}

function add<T>(all: Map<string, Said<T>[]>, key: string, said: Said<T>): void {
  const known = all.get(key);
  if (known === undefined) all.set(key, [said]);
  else known.push(said);
}

/** With a calendar goes what stands in it. */
const standingIn = (
  all: ReadonlyMap<string, readonly Said<ResourceChange>[]>,
  calendarId: string,
): readonly ChangeOf<'resource_put'>[] =>
  [...all.values()].flatMap((said) => {
    const change = said.at(-1)?.change;
    return change?.kind === 'resource_put' && change.calendarId === calendarId ? [change] : [];
  });

const lastOf = <T>(all: ReadonlyMap<string, readonly Said<T>[]>, key: string, seq: number): T | null =>
  all.get(key)?.findLast((one) => one.seq <= seq)?.change ?? null;

function unlikeResource(document: ResourceDoc, change: ResourceChange | null): string | null {
  if (change === null) return 'the log knows nothing of it';
  if (change.kind === 'resource_removed') {
    if (document.live === 1) return 'the log says that it was removed';
    return isDeepStrictEqual(document.evidence, change.evidence) ? null : 'its removal has other evidence';
  }
  if (document.live === 0) return 'the log says that it is there';
  const { ref, etag, scheduleTag, body } = change;
  const same = isDeepStrictEqual(
    [document.ref, document.etag, document.scheduleTag, document.body, document.evidence],
    [ref, etag, scheduleTag, body, null],
  );
  return same ? null : 'it is not as the log says';
}

function unlikeCalendar(document: CalendarDoc, said: CalendarSaid | null): string | null {
  if (said === null) return 'the log knows nothing of it';
  const { _id, profileId: _profileId, accountId: _accountId, seq: _seq, deleted, ...calendar } = document;
  return isDeepStrictEqual({ calendar, deleted }, said) ? null : 'it is not as the log says';
}

/** One that is deleted is of a resource that is gone, or an occurrence that its resource has no more. */
function unlikeEvent(document: EventDoc, change: ResourceChange | null): string | null {
  if (change === null) return 'the log knows nothing of its resource';
  if (change.kind === 'resource_removed')
    return document.deleted === 1 ? null : 'the log says that its resource was removed';
  const shown = occurrencesIn(change.body);
  if (document.deleted === 1)
    return shown.some((one) => one.key === document.recurrenceKey) ? 'the log says that it is there' : null;
  const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
  const { startMs, endMs, summary, location, description } = document;
  const line = [iso(startMs), iso(endMs), summary, location?.description ?? '', description].join(' | ');
  return shown.some((one) => one.key === document.recurrenceKey && one.line === line)
    ? null
    : `the log does not show ${line}`;
}

function unlikeManaged(document: ManagedEventDoc, change: ChangeOf<'managed'> | null): string | null {
  if (change === null) return 'the log knows nothing of it';
  const outcome = Object.entries(change).filter(([name]) => name in document);
  const same = outcome.every(([name, value]) => isDeepStrictEqual(document[name as keyof ManagedEventDoc], value));
  return same ? null : 'it is not as the log says';
}
