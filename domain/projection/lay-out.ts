/** Laying a resource out: its occurrences inside the horizon become event documents, with the stamps readers rely on. */
import type { CommitDoc } from '../commit.ts';
import type { NormalisedResource, Normalise, ResourceProblem } from '../event.ts';
import { canonicalJson } from '../hashes.ts';
import { digestName, eventUidOf } from '../ids.ts';
import { occurrencesOf, type Occurrence, type OccurrenceList, type TimeWindow } from '../occurrence.ts';
import { isLong, type EventDoc } from '../projected-event.ts';
import type { ResourceDoc } from '../resource.ts';
import type { Zone } from '../time/zone.ts';

/** What laying out learns about the resource itself. */
export interface Standing {
  readonly uid: string | null;
  readonly recurring: boolean;
  readonly problem: ResourceProblem | null;
}

export interface LaidOut {
  readonly events: readonly EventDoc[];
  /** Ids of occurrences that left the horizon. */
  readonly dropped: readonly string[];
  readonly standing: Standing;
}

export interface Place {
  readonly normalise: Normalise;
  readonly window: TimeWindow;
  /** The calendar's zone: where floating times lie. */
  readonly zone: Zone;
}

/** Only what a reader would see differently is written; an occurrence that stays the same keeps its stamps. */
export function layOut(resource: ResourceDoc, before: readonly EventDoc[], commit: CommitDoc, place: Place): LaidOut {
  const normalised = place.normalise(resource.format, resource.body);
  const { occurrences, problem } = occurrencesOrProblem(normalised, place);
  const known = new Map(before.map((one) => [one._id, one]));
  const events: EventDoc[] = [];
  for (const occurrence of occurrences) {
    const next = eventDoc(resource, normalised, occurrence, commit);
    const last = known.get(next._id);
    known.delete(next._id);
    if (last === undefined) events.push(next);
    else if (last.shownHash !== next.shownHash || last.deleted === 1)
      events.push({ ...next, createdMs: last.createdMs });
  }
  const left = [...known.values()];
  // Only a horizon that moves leaves occurrences behind; whatever else is missing now was taken out of its resource.
  const moving = commit.changes.some((one) => one.kind === 'horizon');
  const outside = moving ? left.filter((one) => one.recurring && !inside(one, place.window)) : [];
  // What cannot be read, or laid out in full, proves nothing about what it showed before: that stays as it was.
  const unread = normalised.problem !== null || problem !== null;
  const vanished = unread ? [] : left.filter((one) => one.deleted === 0 && !outside.includes(one));
  return {
    events: [...events, ...vanished.map((one) => tombstone(one, resource, commit))],
    dropped: outside.map((one) => one._id),
    standing: { uid: normalised.uid, recurring: isRecurring(normalised), problem: normalised.problem ?? problem },
  };
}

/** Whatever a rule does to its expansion, it affects its own resource alone: a projection that throws would stop a log for good. */
function occurrencesOrProblem(resource: NormalisedResource, { window, zone }: Place): OccurrenceList {
  try {
    return occurrencesOf(resource, window, zone);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { occurrences: [], problem: { code: 'recurrence_invalid', detail } };
  }
}

/**
 * The resource is gone: everything that a reader could see of it becomes a tombstone. So it does anew when it turns out
 * later whose it was: until then its application was shown what it had asked for in its place.
 */
export function bury(resource: ResourceDoc, before: readonly EventDoc[], commit: CommitDoc): LaidOut {
  const { uid, recurring, problem } = resource;
  const events = before
    .filter((one) => one.deleted === 0 || one.eventId !== resource.eventId)
    .map((one) => tombstone(one, resource, commit));
  return { events, dropped: [], standing: { uid, recurring, problem } };
}

/** Its application may have taken it for its own in this very commit: reads of its own events have to find the end of it. */
const tombstone = (event: EventDoc, { eventId }: ResourceDoc, commit: CommitDoc): EventDoc => ({
  ...event,
  eventId,
  managed: eventId === null ? 0 : 1,
  deleted: 1,
  updatedMs: commit.atMs,
  seq: commit.seq,
});

const inside = (event: EventDoc, window: TimeWindow): boolean =>
  event.endMs > window.fromMs && event.startMs < window.toMs;

const isRecurring = (resource: NormalisedResource): boolean =>
  resource.recurrence !== null || resource.exceptions.length > 0;

function eventDoc(
  resource: ResourceDoc,
  normalised: NormalisedResource,
  occurrence: Occurrence,
  commit: CommitDoc,
): EventDoc {
  const { reminders: _reminders, ...fields } = occurrence.fields;
  const shown = {
    ...fields,
    recurrenceKey: occurrence.recurrenceKey,
    uid: normalised.uid,
    recurring: occurrence.recurring,
    eventId: resource.eventId,
    startMs: occurrence.startMs,
    endMs: occurrence.endMs,
  };
  return {
    _id: occurrence.recurrenceKey === null ? resource._id : `${resource._id}|${occurrence.recurrenceKey}`,
    eventUid: eventUidOf(resource._id, occurrence.recurrenceKey),
    accountId: commit.accountId,
    profileId: resource.profileId,
    calendarId: resource.calendarId,
    resourceId: resource._id,
    ...shown,
    long: isLong(occurrence.startMs, occurrence.endMs),
    managed: resource.eventId === null ? 0 : 1,
    deleted: 0,
    createdMs: commit.atMs,
    updatedMs: commit.atMs,
    shownHash: digestName([canonicalJson(shown)], 32),
    seq: commit.seq,
  };
}
