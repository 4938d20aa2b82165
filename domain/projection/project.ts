/** Projecting: one commit, against the documents that it touches as they were, becomes the documents as they are. */
import type { CalendarDoc } from '../calendar.ts';
import type { Change, ChangeOf, CommitDoc, Horizon } from '../commit.ts';
import type { Normalise } from '../event.ts';
import type { CalendarId, ResourceId } from '../ids.ts';
import { managedKey, type ManagedEventDoc } from '../managed-event.ts';
import type { TimeWindow } from '../occurrence.ts';
import type { EventDoc } from '../projected-event.ts';
import type { ResourceDoc } from '../resource.ts';
import { ianaZone, utc } from '../time/iana.ts';
import { bury, layOut, type Standing } from './lay-out.ts';

/** Advance when projected documents would look different: the actor then appends a horizon change. */
export const projectorVersion = 3;

/** The documents that a commit touches, as they are before it. */
export interface Projected {
  readonly calendars: ReadonlyMap<CalendarId, CalendarDoc>;
  readonly resources: ReadonlyMap<ResourceId, ResourceDoc>;
  readonly events: ReadonlyMap<ResourceId, readonly EventDoc[]>;
  readonly managed: ReadonlyMap<string, ManagedEventDoc>;
}

/** The documents that it leaves; what is not named stays as it is. */
export interface ProjectionWrites {
  readonly calendars: readonly CalendarDoc[];
  readonly resources: readonly ResourceDoc[];
  readonly events: readonly EventDoc[];
  /** Occurrences that left the horizon: no removal, they are only kept no longer. */
  readonly dropped: readonly string[];
  readonly managed: readonly ManagedEventDoc[];
}

export interface ProjectionContext {
  readonly normalise: Normalise;
  /** The horizon that is in force after this commit. */
  readonly window: TimeWindow;
}

/** The resources that a commit concerns beyond those that its changes name: all of these calendars, or all. */
export interface Reach {
  readonly resourceIds: readonly ResourceId[];
  /** Every resource of these calendars is laid out again (a changed zone) or buried (a calendar that is gone). */
  readonly calendarIds: readonly CalendarId[];
  readonly ofProfile: ReachOfProfile;
}

/** What of a whole profile is laid out again: its series when the horizon moves, all that it has when the way to lay out changes. */
export type ReachOfProfile = 'none' | 'series' | 'all';

/** Which documents `project` needs to see; `calendars` and `horizon` are those before the commit. */
export function reachOf(
  commit: CommitDoc,
  calendars: ReadonlyMap<CalendarId, CalendarDoc>,
  horizon: Horizon | null,
): Reach {
  const resourceIds = new Set<ResourceId>();
  const calendarIds = new Set<CalendarId>();
  let ofProfile: ReachOfProfile = 'none';
  for (const change of commit.changes) {
    if (change.kind === 'resource_put' || change.kind === 'resource_removed') resourceIds.add(change.resourceId);
    if (change.kind === 'managed' && change.resourceId !== null) resourceIds.add(change.resourceId);
    if (change.kind === 'calendar_gone') calendarIds.add(change.calendarId);
    if (change.kind === 'calendar_put') {
      const before = calendars.get(change.calendarId);
      if (before !== undefined && before.timeZone !== change.calendar.timeZone) calendarIds.add(change.calendarId);
    }
    if (change.kind === 'horizon' && ofProfile !== 'all')
      ofProfile = laidOutAlike(change.horizon, horizon) ? 'series' : 'all';
  }
  return { resourceIds: [...resourceIds], calendarIds: [...calendarIds], ofProfile };
}

/** Single events stand where zone data and projector put them, too. */
const laidOutAlike = (horizon: Horizon, before: Horizon | null): boolean =>
  before === null || (before.zoneData === horizon.zoneData && before.projector === horizon.projector);

/** Which managed events `project` needs to see beside these resources, by key. */
export function managedReachOf(commit: CommitDoc, resources: ReadonlyMap<ResourceId, ResourceDoc>): readonly string[] {
  return commit.changes.flatMap((change) => {
    if (change.kind === 'managed') return [managedKey(change.calendarId, change.eventId)];
    const known = change.kind === 'resource_put' ? hashedAnew(change, resources) : null;
    return known === null || known.eventId === null ? [] : [managedKey(known.calendarId, known.eventId)];
  });
}

/** The resource as it was before a normaliser of another version saw the same in it; null for any other change. */
function hashedAnew(
  { differs, normaliser, resourceId }: ChangeOf<'resource_put'>,
  resources: ReadonlyMap<ResourceId, ResourceDoc>,
): ResourceDoc | null {
  const known = resources.get(resourceId);
  return differs || known === undefined || known.normaliser === normaliser ? null : known;
}

/**
 * Pure and repeatable: a document that already carries this commit's seq or a later one is left alone, so a commit
 * that was projected in part can be projected again. `before.resources` holds everything in the commit's reach.
 */
export function project(commit: CommitDoc, before: Projected, context: ProjectionContext): ProjectionWrites {
  const calendars = projectCalendars(commit, before);
  const managed = projectManaged(commit, before);
  const seen = new Map([...before.calendars, ...calendars.map((one) => [one._id, one] as const)]);
  const resources: ResourceDoc[] = [];
  const events: EventDoc[] = [];
  const dropped: string[] = [];
  for (const [id, next] of resourcesAfter(commit, before)) {
    const known = before.resources.get(id);
    if ((known?.seq ?? 0) >= commit.seq) continue;
    const shown = before.events.get(id) ?? [];
    const laid =
      next.live === 1 ? layOut(next, shown, commit, placeOf(seen, next, context)) : bury(next, shown, commit);
    if (next !== known || !sameStanding(laid.standing, next)) resources.push({ ...next, ...laid.standing });
    events.push(...laid.events);
    dropped.push(...laid.dropped);
  }
  return { calendars, resources, events, dropped, managed };
}

function sameStanding(standing: Standing, resource: ResourceDoc): boolean {
  return (
    standing.uid === resource.uid &&
    standing.recurring === resource.recurring &&
    standing.problem?.code === resource.problem?.code
  );
}

function placeOf(calendars: ReadonlyMap<CalendarId, CalendarDoc>, resource: ResourceDoc, context: ProjectionContext) {
  const name = calendars.get(resource.calendarId)?.timeZone ?? null;
  return { ...context, zone: (name === null ? null : ianaZone(name)) ?? utc };
}

function projectCalendars(commit: CommitDoc, before: Projected): CalendarDoc[] {
  const after = new Map<CalendarId, CalendarDoc>();
  for (const change of commit.changes) {
    if (change.kind !== 'calendar_put' && change.kind !== 'calendar_gone') continue;
    const known = after.get(change.calendarId) ?? before.calendars.get(change.calendarId);
    if (known !== undefined && known.seq >= commit.seq && !after.has(change.calendarId)) continue;
    if (change.kind === 'calendar_put') {
      after.set(change.calendarId, {
        _id: change.calendarId,
        profileId: commit.profileId,
        accountId: commit.accountId,
        ...change.calendar,
        deleted: false,
        seq: commit.seq,
      });
    } else if (known !== undefined) {
      after.set(change.calendarId, { ...known, deleted: true, seq: commit.seq });
    }
  }
  return [...after.values()];
}

function projectManaged(commit: CommitDoc, before: Projected): ManagedEventDoc[] {
  const after = new Map<string, ManagedEventDoc>();
  for (const change of commit.changes) {
    const next = change.kind === 'managed' ? outcomeOf(change, commit) : rehashed(change, before, commit.seq);
    if (next === null || (before.managed.get(next._id)?.seq ?? 0) >= commit.seq) continue;
    after.set(next._id, next);
  }
  return [...after.values()];
}

function outcomeOf(change: ChangeOf<'managed'>, { profileId, seq }: CommitDoc): ManagedEventDoc {
  const { kind: _kind, operations: _operations, ...outcome } = change;
  return { _id: managedKey(change.calendarId, change.eventId), profileId, seq, ...outcome };
}

/** What our write returned is still what stands there: it gets the hash that this has from now on. */
function rehashed(change: Change, before: Projected, seq: number): ManagedEventDoc | null {
  const known = change.kind === 'resource_put' ? hashedAnew(change, before.resources) : null;
  if (change.kind !== 'resource_put' || known === null || known.eventId === null) return null;
  const managed = before.managed.get(managedKey(known.calendarId, known.eventId));
  if (managed?.resourceId !== known._id || managed.writtenHash !== known.observedHash) return null;
  return { ...managed, writtenHash: change.observedHash, seq };
}

/** Every resource in the commit's reach as it stands after it; `before.resources` holds all that are in reach. */
function resourcesAfter(commit: CommitDoc, before: Projected): Map<ResourceId, ResourceDoc> {
  const after = new Map<ResourceId, ResourceDoc>();
  const at = (id: ResourceId) => after.get(id) ?? before.resources.get(id);
  const gone = new Map(
    commit.changes.filter((one) => one.kind === 'calendar_gone').map((one) => [one.calendarId, one]),
  );
  for (const [id, known] of before.resources) {
    const end = gone.get(known.calendarId);
    const ends = end !== undefined && known.live === 1;
    after.set(id, ends ? { ...known, live: 0, evidence: end.evidence, seq: commit.seq } : known);
  }
  for (const change of commit.changes) {
    if (change.kind === 'resource_put')
      after.set(change.resourceId, putResource(change, at(change.resourceId), commit));
    if (change.kind === 'resource_removed') {
      const known = at(change.resourceId);
      if (known !== undefined) after.set(known._id, { ...known, live: 0, evidence: change.evidence, seq: commit.seq });
    }
  }
  for (const change of commit.changes) markManaged(change, after, commit.seq);
  return after;
}

function markManaged(change: Change, after: Map<ResourceId, ResourceDoc>, seq: number): void {
  if (change.kind !== 'managed' || change.resourceId === null) return;
  const known = after.get(change.resourceId);
  if (known === undefined || known.eventId === change.eventId) return;
  after.set(known._id, { ...known, eventId: change.eventId, seq: Math.max(known.seq, seq) });
}

function putResource(change: ChangeOf<'resource_put'>, known: ResourceDoc | undefined, commit: CommitDoc): ResourceDoc {
  return {
    _id: change.resourceId,
    profileId: commit.profileId,
    calendarId: change.calendarId,
    ref: change.ref,
    uid: known?.uid ?? null,
    etag: change.etag,
    scheduleTag: change.scheduleTag,
    body: change.body,
    format: change.format,
    observedHash: change.observedHash,
    normaliser: change.normaliser,
    problem: null,
    recurring: known?.recurring ?? false,
    live: 1,
    evidence: null,
    eventId: known?.eventId ?? null,
    createdMs: known?.createdMs ?? commit.atMs,
    seq: commit.seq,
  };
}
