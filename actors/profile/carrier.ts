/** The resource that carries a managed event, wherever an earlier write of ours may have left it. */
import { resourceIdOf, type CalendarId } from '../../domain/ids.ts';
import type { ManagedEventDoc } from '../../domain/managed-event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { firstGeneration, resourceName } from '../../domain/sync/reconcile.ts';
import { uidOf } from '../../domain/sync/body.ts';
import type { Activation } from './activation.ts';

interface Carried {
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly applied: ManagedEventDoc | null;
}

export interface Carrier {
  /** Live, or a tombstone; null where there never was one. */
  readonly resource: ResourceDoc | null;
  /** The life of the event that the resource belongs to; the one that comes next where none is wanted or was ever begun. */
  readonly generation: number;
}

interface Life extends Carrier {
  readonly resource: ResourceDoc;
}

/**
 * The one that the last write named, while it is there; else one that bears the name or the UID of this life or of one
 * that follows (a write that landed unnoticed, or under a name of the server's choice). Else a tombstone: the last of
 * those that follow, since the names of what landed unnoticed are burned as well, or that of the last write.
 */
export async function carrierOf(activation: Activation, event: Carried): Promise<Carrier> {
  const { applied } = event;
  const generation = applied?.generation ?? firstGeneration;
  const last = applied?.resourceId ? await activation.deps.documents.get('resources', applied.resourceId) : null;
  if (last?.live === 1) return { resource: last, generation };
  const late = await shownLate(activation, event);
  if (late !== null) return late;
  const begun = applied !== null && applied.wanted !== null;
  const unnoticed = await lastLifeFrom(activation, event, begun ? generation + 1 : generation);
  if (unnoticed?.resource.live === 1) return unnoticed;
  const moved = begun ? await named(activation, event, generation) : null;
  if (moved?.live === 1) return { resource: moved, generation };
  if (unnoticed === null) return { resource: last, generation };
  return begun ? unnoticed : { resource: unnoticed.resource, generation: unnoticed.generation + 1 };
}

/** What a call of unknown outcome wrote after all, whichever life it was for. */
async function shownLate(activation: Activation, { calendarId, eventId }: Carried): Promise<Carrier | null> {
  for (const { calendarId: calendar, eventId: event, attempt } of activation.profile.lateCalls ?? []) {
    if (calendar !== calendarId || event !== eventId || attempt.resourceId === null) continue;
    const resource = await activation.deps.documents.get('resources', attempt.resourceId);
    if (resource?.live === 1) return { resource, generation: attempt.generation };
  }
  return null;
}

/** Of the lives from this one on, each of which has a resource of its own: the first that stands, else the last before a gap. */
async function lastLifeFrom(activation: Activation, event: Carried, first: number): Promise<Life | null> {
  let last: Life | null = null;
  for (let generation = first; last?.resource.live !== 1; generation += 1) {
    const resource = await named(activation, event, generation);
    if (resource === null || resource._id === last?.resource._id) return last;
    last = { resource, generation };
  }
  return last;
}

/** What bears the name or the UID of a life; what stands goes before a tombstone. */
async function named(
  activation: Activation,
  { calendarId, eventId }: Carried,
  generation: number,
): Promise<ResourceDoc | null> {
  const { documents } = activation.deps;
  const name = resourceName({ appId: activation.profile.appId, calendarId, eventId }, generation);
  const id = resourceIdOf(calendarId, activation.provider.newResourceRef(name));
  const byName = await documents.get('resources', id);
  if (byName?.live === 1) return byName;
  const byUid = await documents.find('resourcesByUid', { calendarId, uid: uidOf(name) });
  return byUid.find((one) => one.live === 1) ?? byName ?? byUid[0] ?? null;
}
