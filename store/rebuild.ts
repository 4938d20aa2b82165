/** Rebuilding the projections of a profile from its log, in memory, and comparing them with what is stored (I9); writes nothing. */
import { isDeepStrictEqual } from 'node:util';
import type { CalendarDoc } from '../domain/calendar.ts';
import type { Horizon } from '../domain/commit.ts';
import type { Normalise } from '../domain/event.ts';
import type { CalendarId, ProfileId } from '../domain/ids.ts';
import type { ManagedEventDoc } from '../domain/managed-event.ts';
import type { HorizonNumbers } from '../domain/projection/horizon.ts';
import type { ProjectionWrites } from '../domain/projection/project.ts';
import type { EventDoc } from '../domain/projected-event.ts';
import type { ResourceDoc } from '../domain/resource.ts';
import type { Documents } from './documents.ts';
import { projectOne, type ProjectionTarget } from './projecting.ts';

const collections = ['calendars', 'resources', 'events', 'managed_events'] as const;

export interface Difference {
  readonly collection: (typeof collections)[number];
  readonly id: string;
  readonly difference: 'missing' | 'unexpected' | 'unlike';
  /** Fields that are unlike. */
  readonly fields: readonly string[];
}

export interface RebuildReport {
  readonly profileId: ProfileId;
  readonly commits: number;
  readonly compared: number;
  /** False: something was appended that was not projected, or not said to be, while this compared, so that it cannot tell. */
  readonly settled: boolean;
  readonly differences: readonly Difference[];
}

interface Memory {
  readonly calendars: Map<string, CalendarDoc>;
  readonly resources: Map<string, ResourceDoc>;
  readonly events: Map<string, EventDoc>;
  readonly managed: Map<string, ManagedEventDoc>;
}

export interface RebuildDeps {
  readonly documents: Documents;
  readonly normalise: Normalise;
  readonly horizon: HorizonNumbers;
}

/**
 * Compares at `projectedSeq`. A turn appends, projects and says so last of all: where the log ends there still when the
 * projections have been read, they are of no later commit.
 */
export async function compareWithRebuild(deps: RebuildDeps, profileId: ProfileId): Promise<RebuildReport> {
  const { documents } = deps;
  const seq = (await documents.get('profiles', profileId))?.projectedSeq ?? 0;
  const { memory, commits } = await rebuildInMemory(deps, profileId, seq);
  const differences = await differencesOf(documents, profileId, memory);
  const settled = (await documents.count('commitsOfProfile', { profileId, seq: { gt: seq } })) === 0;
  const compared = memory.calendars.size + memory.resources.size + memory.events.size + memory.managed.size;
  return { profileId, commits, compared, settled, differences: settled ? differences : [] };
}

/** What makes the projections equal to the log, for whoever is alone to write them; the log is projected through this seq. */
export async function correctionsOf(
  deps: RebuildDeps,
  profileId: ProfileId,
  throughSeq: number,
): Promise<{
  readonly unexpected: ReadonlyMap<Difference['collection'], readonly string[]>;
  readonly writes: ProjectionWrites;
}> {
  const { memory } = await rebuildInMemory(deps, profileId, throughSeq);
  const differences = await differencesOf(deps.documents, profileId, memory);
  const idsOf = (collection: Difference['collection'], isUnexpected: boolean): string[] =>
    differences.flatMap((one) =>
      one.collection === collection && (one.difference === 'unexpected') === isUnexpected ? [one.id] : [],
    );
  return {
    unexpected: new Map(collections.map((one) => [one, idsOf(one, true)])),
    writes: {
      calendars: pick(memory.calendars, idsOf('calendars', false)),
      resources: pick(memory.resources, idsOf('resources', false)),
      events: pick(memory.events, idsOf('events', false)),
      dropped: [],
      managed: pick(memory.managed, idsOf('managed_events', false)),
    },
  };
}

async function differencesOf(documents: Documents, profileId: ProfileId, memory: Memory): Promise<Difference[]> {
  return [
    ...compare('calendars', memory.calendars, await documents.find('calendarsOfProfile', { profileId })),
    ...compare('resources', memory.resources, await documents.find('resourcesOfProfile', { profileId })),
    ...compare('events', memory.events, await documents.find('eventsOfProfile', { profileId })),
    ...compare('managed_events', memory.managed, await documents.find('managedOfProfile', { profileId })),
  ];
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

const pick = <T>(from: ReadonlyMap<string, T>, ids: readonly string[]): T[] =>
  ids.flatMap((id) => {
    const one = from.get(id);
    return one === undefined ? [] : [one];
  });

function memoryTarget(memory: Memory): ProjectionTarget {
  const ofResource = new Map<string, Set<string>>();
  return {
    calendars: () => Promise.resolve([...memory.calendars.values()]),
    resources: (ids) => Promise.resolve(pick(memory.resources, ids)),
    reach: (_profileId, calendarIds, ofProfile) => {
      const wanted = new Set<CalendarId>(calendarIds);
      const live = [...memory.resources.values()].filter((one) => one.live === 1);
      return Promise.resolve(
        live
          .filter(
            (one) => ofProfile === 'all' || wanted.has(one.calendarId) || (ofProfile === 'series' && one.recurring),
          )
          .map((one) => one._id),
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
