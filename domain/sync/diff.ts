/** Diff: what responses showed, against the cache, becomes the changes and observations that are worth recording. */
import type { ChangeOf } from '../commit.ts';
import type { Normalise } from '../event.ts';
import { maxCharacters } from '../icalendar/limits.ts';
import { resourceIdOf, type CalendarId } from '../ids.ts';
import type { Observation, ResourceDoc } from '../resource.ts';

export type CachedResource = Pick<
  ResourceDoc,
  '_id' | 'ref' | 'etag' | 'scheduleTag' | 'observedHash' | 'normaliser' | 'live' | 'body' | 'format'
>;

export interface DiffInput {
  readonly calendarId: CalendarId;
  /** By ref; tombstones may be among them. */
  readonly cached: ReadonlyMap<string, CachedResource>;
  readonly observations: readonly Observation[];
  readonly normalise: Normalise;
  readonly normaliserVersion: number;
}

/**
 * One `resource_put` for each observation that tells something: `differs` where a reader would see a difference, an
 * observation only (new etag, reordered body) where not; nothing where cache and observation agree in full.
 */
export function diff(input: DiffInput): ChangeOf<'resource_put'>[] {
  const changes = new Map<string, ChangeOf<'resource_put'>>();
  for (const observation of input.observations) {
    const change = diffOne(input, storable(observation));
    if (change === null) changes.delete(observation.ref);
    else changes.set(observation.ref, change);
  }
  return [...changes.values()];
}

/**
 * With a body that every store can keep. Of one that is too large to be read only as much as shows that: MongoDB takes no
 * document above 16 MiB, and one event must not stop its calendar. Half a surrogate pair, which JSON and XML can both
 * carry, is no text.
 */
function storable(observation: Observation): Observation {
  const { body } = observation;
  if (body.length <= maxCharacters && body.isWellFormed()) return observation;
  return { ...observation, body: body.slice(0, maxCharacters + 1).toWellFormed() };
}

function diffOne(input: DiffInput, observation: Observation): ChangeOf<'resource_put'> | null {
  const cached = input.cached.get(observation.ref);
  const { observedHash } = input.normalise(observation.format, observation.body);
  const differs = cached === undefined || cached.live === 0 || hashOf(input, cached) !== observedHash;
  if (!differs && sameStamps(cached, observation) && cached.normaliser === input.normaliserVersion) return null;
  return {
    kind: 'resource_put',
    calendarId: input.calendarId,
    resourceId: cached?._id ?? resourceIdOf(input.calendarId, observation.ref),
    observedHash,
    normaliser: input.normaliserVersion,
    differs,
    ...observation,
  };
}

/** A hash of another normaliser is no ground for a change: the stored body is hashed again first. */
function hashOf(input: DiffInput, cached: CachedResource): string {
  return cached.normaliser === input.normaliserVersion
    ? cached.observedHash
    : input.normalise(cached.format, cached.body).observedHash;
}

/** With equal etags the bodies are taken for equal; without an etag they are compared. */
function sameStamps(cached: CachedResource, observation: Observation): boolean {
  if (cached.scheduleTag !== observation.scheduleTag || cached.etag !== observation.etag) return false;
  return observation.etag !== null || cached.body === observation.body;
}
