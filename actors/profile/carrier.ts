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
  /** The life of the event that the resource belongs to. */
  readonly generation: number;
}

/**
 * The one that the last write named, while it is there; else one that bears the name or the UID of this life or the
 * next (a write that landed unnoticed, or under a name of the server's choice); else the tombstone of the last.
 */
export async function carrierOf(activation: Activation, event: Carried): Promise<Carrier> {
  const { documents } = activation.deps;
  const { calendarId, eventId, applied } = event;
  const generation = applied?.generation ?? firstGeneration;
  const last = applied?.resourceId ? await documents.get('resources', applied.resourceId) : null;
  if (last?.live === 1) return { resource: last, generation };
  const late = await shownLate(activation, event);
  if (late !== null) return late;
  const lives = applied === null || applied.wanted === null ? [generation] : [generation + 1, generation];
  for (const life of lives) {
    const name = resourceName({ appId: activation.profile.appId, calendarId, eventId }, life);
    const resource = await named(activation, calendarId, name);
    if (resource !== null) return { resource, generation: life };
  }
  return { resource: last, generation };
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

async function named(activation: Activation, calendarId: CalendarId, name: string): Promise<ResourceDoc | null> {
  const { documents } = activation.deps;
  const id = resourceIdOf(calendarId, activation.provider.newResourceRef(name));
  const byName = await documents.get('resources', id);
  if (byName?.live === 1) return byName;
  const byUid = await documents.find('resourcesByUid', { calendarId, uid: uidOf(name) });
  return byUid.find((one) => one.live === 1) ?? null;
}
