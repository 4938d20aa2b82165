/** Rebuilding the projections of a profile from its log, in memory, and comparing them with what is stored (I9). */
import { isDeepStrictEqual } from 'node:util';
import type { CalendarDoc } from '../domain/calendar.ts';
import type { Horizon } from '../domain/commit.ts';
import type { CalendarId, ProfileId } from '../domain/ids.ts';
import type { ManagedEventDoc } from '../domain/managed-event.ts';
import type { ProjectionWrites } from '../domain/projection/project.ts';
import type { EventDoc } from '../domain/projected-event.ts';
import type { ResourceDoc } from '../domain/resource.ts';
import { projectOne, type CommitLogDeps } from './commit.ts';
import type { ProjectionTarget } from './projecting.ts';
import { storeTarget } from './projection-target.ts';

export interface Difference {
  readonly collection: 'calendars' | 'resources' | 'events' | 'managed_events';
  readonly id: string;
  readonly difference: 'missing' | 'unexpected' | 'unlike';
  /** Fields that are unlike. */
  readonly fields: readonly string[];
}

export interface RebuildReport {
  readonly profileId: ProfileId;
  readonly commits: number;
  readonly compared: number;
  readonly differences: readonly Difference[];
}

interface Memory {
  readonly calendars: Map<string, CalendarDoc>;
  readonly resources: Map<string, ResourceDoc>;
  readonly events: Map<string, EventDoc>;
  readonly managed: Map<string, ManagedEventDoc>;
}

type RebuildDeps = Pick<CommitLogDeps, 'documents' | 'normalise' | 'horizon'>;

/** Compares up to `projectedSeq`: what is appended but not projected yet is not expected in the projections. */
export async function compareWithRebuild(deps: RebuildDeps, profileId: ProfileId): Promise<RebuildReport> {
  const { documents } = deps;
  const profile = await documents.get('profiles', profileId);
  const { memory, commits } = await rebuildInMemory(deps, profileId, profile?.projectedSeq ?? 0);
  const differences = [
    ...compare('calendars', memory.calendars, await documents.find('calendarsOfProfile', { profileId })),
    ...compare('resources', memory.resources, await documents.find('resourcesOfProfile', { profileId })),
    ...compare('events', memory.events, await documents.find('eventsOfProfile', { profileId })),
    ...compare('managed_events', memory.managed, await documents.find('managedOfProfile', { profileId })),
  ];
  const compared = memory.calendars.size + memory.resources.size + memory.events.size + memory.managed.size;
  return { profileId, commits, compared, differences };
}

/** Puts the projections right where they differ from the log; answers what was wrong before. */
export async function rebuildProjections(deps: RebuildDeps, profileId: ProfileId): Promise<RebuildReport> {
  const report = await compareWithRebuild(deps, profileId);
  if (report.differences.length === 0) return report;
  const profile = await deps.documents.get('profiles', profileId);
  const { memory } = await rebuildInMemory(deps, profileId, profile?.projectedSeq ?? 0);
  for (const collection of ['calendars', 'resources', 'events', 'managed_events'] as const) {
    const extra = report.differences.filter((one) => one.collection === collection && one.difference === 'unexpected');
    if (extra.length > 0)
      await deps.documents.remove(
        collection,
        extra.map((one) => one.id),
      );
  }
  await storeTarget(deps.documents).write({
    calendars: [...memory.calendars.values()],
    resources: [...memory.resources.values()],
    events: [...memory.events.values()],
    dropped: [],
    managed: [...memory.managed.values()],
  });
  return report;
}

async function rebuildInMemory(deps: RebuildDeps, profileId: ProfileId, throughSeq: number) {
  const memory: Memory = { calendars: new Map(), resources: new Map(), events: new Map(), managed: new Map() };
  const target = memoryTarget(memory);
  let horizon: Horizon | null = null;
  let seq = 0;
  while (seq < throughSeq) {
    const page = await deps.documents.find(
      'commitsOfProfile',
      { profileId, seq: { gt: seq, lte: throughSeq } },
      { limit: 20 },
    );
    if (page.length === 0) break;
    for (const commit of page) horizon = await projectOne(target, commit, horizon, deps);
    seq = page.at(-1)?.seq ?? throughSeq;
  }
  return { memory, commits: seq };
}

function memoryTarget(memory: Memory): ProjectionTarget {
  const pick = <T>(from: ReadonlyMap<string, T>, ids: readonly string[]): T[] =>
    ids.flatMap((id) => {
      const one = from.get(id);
      return one === undefined ? [] : [one];
    });
  const ofResource = new Map<string, Set<string>>();
  return {
    calendars: () => Promise.resolve([...memory.calendars.values()]),
    resources: (ids) => Promise.resolve(pick(memory.resources, ids)),
    reach: (_profileId, calendarIds, series) => {
      const wanted = new Set<CalendarId>(calendarIds);
      const live = [...memory.resources.values()].filter((one) => one.live === 1);
      return Promise.resolve(
        live.filter((one) => wanted.has(one.calendarId) || (series && one.recurring)).map((one) => one._id),
      );
    },
    events: (resourceIds) =>
      Promise.resolve(resourceIds.flatMap((id) => pick(memory.events, [...(ofResource.get(id) ?? [])]))),
    managed: (keys) => Promise.resolve(pick(memory.managed, keys)),
    write: (writes) => Promise.resolve(writeInto(memory, ofResource, writes)),
  };
}

function writeInto(memory: Memory, ofResource: Map<string, Set<string>>, writes: ProjectionWrites): void {
  for (const one of writes.calendars) memory.calendars.set(one._id, one);
  for (const one of writes.resources) memory.resources.set(one._id, one);
  for (const one of writes.managed) memory.managed.set(one._id, one);
  for (const one of writes.events) {
    memory.events.set(one._id, one);
    ofResource.set(one.resourceId, (ofResource.get(one.resourceId) ?? new Set()).add(one._id));
  }
  for (const id of writes.dropped) {
    const known = memory.events.get(id);
    if (known !== undefined) ofResource.get(known.resourceId)?.delete(id);
    memory.events.delete(id);
  }
}

function compare<T extends { readonly _id: string }>(
  collection: Difference['collection'],
  expected: ReadonlyMap<string, T>,
  stored: readonly T[],
): Difference[] {
  const differences: Difference[] = [];
  const present = new Map(stored.map((one) => [one._id, one]));
  for (const [id, one] of expected) {
    const other = present.get(id);
    if (other === undefined) differences.push({ collection, id, difference: 'missing', fields: [] });
    else if (!isDeepStrictEqual(plain(one), plain(other)))
      differences.push({ collection, id, difference: 'unlike', fields: unlike(one, other) });
  }
  for (const id of present.keys())
    if (!expected.has(id)) differences.push({ collection, id, difference: 'unexpected', fields: [] });
  return differences;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function unlike(a: object, b: object): string[] {
  const left = plain(a) as Record<string, unknown>;
  const right = plain(b) as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].filter(
    (key) => !isDeepStrictEqual(left[key], right[key]),
  );
}
