/** Gathering what a commit touches, from wherever the projections are kept, and projecting it in bounded batches. */
import type { CalendarDoc } from '../domain/calendar.ts';
import type { CommitDoc, Horizon } from '../domain/commit.ts';
import type { Normalise } from '../domain/event.ts';
import type { CalendarId, ProfileId, ResourceId } from '../domain/ids.ts';
import type { ManagedEventDoc } from '../domain/managed-event.ts';
import { windowOf, type HorizonNumbers } from '../domain/projection/horizon.ts';
import {
  managedReachOf,
  project,
  reachOf,
  type ProjectionContext,
  type ProjectionWrites,
  type ReachOfProfile,
} from '../domain/projection/project.ts';
import type { EventDoc } from '../domain/projected-event.ts';
import type { ResourceDoc } from '../domain/resource.ts';

/** Where projected documents are read from and written to: the store, or a rebuild's memory. */
export interface ProjectionTarget {
  calendars(profileId: ProfileId): Promise<readonly CalendarDoc[]>;
  resources(ids: readonly ResourceId[]): Promise<readonly ResourceDoc[]>;
  /** Ids of live resources of these calendars, and of the profile as far as it is reached. */
  reach(
    profileId: ProfileId,
    calendarIds: readonly CalendarId[],
    ofProfile: ReachOfProfile,
  ): Promise<readonly ResourceId[]>;
  events(resourceIds: readonly ResourceId[]): Promise<readonly EventDoc[]>;
  managed(keys: readonly string[]): Promise<readonly ManagedEventDoc[]>;
  write(writes: ProjectionWrites): Promise<void>;
}

/** Resources laid out at once when a commit reaches beyond those it names. */
const batchSize = 200;

const nothing: ProjectionWrites = { calendars: [], resources: [], events: [], dropped: [], managed: [] };

/**
 * Projects one commit; may be repeated, also after a crash in the middle. Calendars come last: while a calendar shows
 * its old zone, a repeat still knows that its resources are to be laid out again.
 */
async function projectCommit(
  target: ProjectionTarget,
  commit: CommitDoc,
  horizon: Horizon | null,
  context: ProjectionContext,
): Promise<void> {
  const calendars = new Map((await target.calendars(commit.profileId)).map((one) => [one._id, one]));
  const reach = reachOf(commit, calendars, horizon);
  const named = new Set(reach.resourceIds);
  const wider =
    reach.calendarIds.length > 0 || reach.ofProfile !== 'none'
      ? await target.reach(commit.profileId, reach.calendarIds, reach.ofProfile)
      : [];
  const after = await step(commit, reach.resourceIds);
  const others = wider.filter((id) => !named.has(id));
  const whole = {
    ...commit,
    changes: commit.changes.filter((one) => one.kind.startsWith('calendar_') || one.kind === 'horizon'),
  };
  for (let at = 0; at < others.length; at += batchSize) await step(whole, others.slice(at, at + batchSize));
  if (after.length > 0) await target.write({ ...nothing, calendars: after });

  async function step(part: CommitDoc, ids: readonly ResourceId[]): Promise<readonly CalendarDoc[]> {
    const resources = new Map((await target.resources(ids)).map((one) => [one._id, one]));
    const events = Map.groupBy(await target.events([...resources.keys()]), (one) => one.resourceId);
    const managed = new Map((await target.managed(managedReachOf(part, resources))).map((one) => [one._id, one]));
    const writes = project(part, { calendars, resources, events, managed }, context);
    await target.write({ ...writes, calendars: [] });
    return writes.calendars;
  }
}

/** Projects one commit under the horizon that is in force after it; answers that horizon. */
export async function projectOne(
  target: ProjectionTarget,
  commit: CommitDoc,
  horizon: Horizon | null,
  deps: { readonly normalise: Normalise; readonly horizon: HorizonNumbers },
): Promise<Horizon | null> {
  const moved = commit.changes.findLast((one) => one.kind === 'horizon');
  const current = moved?.horizon ?? horizon;
  // Before its first horizon a profile has no series laid out; single events are kept whatever the window.
  const window = current === null ? { fromMs: 0, toMs: 0 } : windowOf(current.day, deps.horizon);
  await projectCommit(target, commit, horizon, { normalise: deps.normalise, window });
  return current;
}
