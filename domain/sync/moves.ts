/** Moves: calendar programs give an event another name as they please; a managed event found again by its UID is the same one. */
import type { Change, ChangeOf } from '../commit.ts';
import type { ResourceId } from '../ids.ts';
import type { ManagedEventDoc } from '../managed-event.ts';
import type { ResourceDoc } from '../resource.ts';

export interface MovesInput {
  /** About to be recorded, of one calendar. */
  readonly changes: readonly Change[];
  /** As the cache has them before: every resource, tombstones among them, of the UIDs that the changes concern. */
  readonly cached: readonly Pick<ResourceDoc, '_id' | 'uid' | 'live'>[];
  /** Those that the cached resources carry or carried. */
  readonly managed: readonly ManagedEventDoc[];
  readonly uidOf: (change: ChangeOf<'resource_put'>) => string | null;
}

/**
 * An event that an application still wants, whose resource is gone, follows its UID to the one resource that bears it
 * now. Where several do, nobody knows which of them it is: it stays where it was.
 */
export function movesIn(input: MovesInput): ChangeOf<'managed'>[] {
  const uids = new Map(input.cached.map((one) => [one._id, one.uid]));
  const live = new Set(input.cached.flatMap((one) => (one.live === 1 ? [one._id] : [])));
  for (const change of input.changes) {
    if (change.kind === 'resource_removed') live.delete(change.resourceId);
    if (change.kind !== 'resource_put') continue;
    uids.set(change.resourceId, input.uidOf(change));
    live.add(change.resourceId);
  }
  return input.managed.flatMap((event) => {
    const { resourceId, wanted } = event;
    const uid = resourceId === null ? null : (uids.get(resourceId) ?? null);
    if (resourceId === null || wanted === null || uid === null || live.has(resourceId)) return [];
    const [found, ...others] = [...live].filter((id) => uids.get(id) === uid);
    return found === undefined || others.length > 0 ? [] : [movedTo(event, found)];
  });
}

function movedTo(event: ManagedEventDoc, resourceId: ResourceId): ChangeOf<'managed'> {
  const { _id, profileId: _profileId, seq: _seq, ...outcome } = event;
  return { kind: 'managed', ...outcome, resourceId };
}
