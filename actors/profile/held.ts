/** An operator's word about held removals: believed and recorded with it as evidence, or forgotten as if never claimed. */
import { profileNumbers } from '../../config/profile-numbers.ts';
import type { Change } from '../../domain/commit.ts';
import type { CalendarId, ResourceId } from '../../domain/ids.ts';
import type { ResourceInput } from '../../domain/machines/item.ts';
import type { HeldRequest } from '../../domain/profile.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { advance, each, type HeldRemoval } from '../../domain/sync/checkpoint.ts';
import type { Activation } from './activation.ts';
import { readCheckpoint, replaceCheckpoint } from './checkpoint-store.ts';
import { recordShown } from './moves.ts';

/** Recorded before the checkpoint forgets them, so that a crash between repeats it, and finds nothing left to record. */
export async function settleHeld(activation: Activation, request: HeldRequest): Promise<void> {
  const named = new Set(request.resourceIds);
  for (const calendarId of Object.keys(activation.profile.calendars) as CalendarId[]) {
    const stored = await readCheckpoint(activation, calendarId);
    const held = stored.held.filter((one) => named.has(one.resourceId));
    if (held.length === 0) continue;
    const { clock, random } = activation.deps;
    const context = { nowMs: clock.now(), random, numbers: profileNumbers };
    const refs = held.map((one) => one.ref);
    const { checkpoint } = advance(stored, each(refs, inputOf(request, context.nowMs)), context);
    const changes = await changesOf(activation, calendarId, request, held);
    await recordShown(activation, calendarId, { cause: 'operator', operations: [], changes });
    await replaceCheckpoint(activation, stored, checkpoint);
  }
}

const evidenceOf = ({ note }: HeldRequest, atMs: number) => ({ kind: 'operator', note, atMs }) as const;

const inputOf = (request: HeldRequest, nowMs: number): ResourceInput =>
  request.kind === 'release_held' ? { kind: 'released', evidence: evidenceOf(request, nowMs) } : { kind: 'discarded' };

async function changesOf(
  { deps }: Activation,
  calendarId: CalendarId,
  request: HeldRequest,
  held: readonly HeldRemoval[],
): Promise<Change[]> {
  const ids: ResourceId[] = held.map((one) => one.resourceId);
  const live = (await deps.documents.getMany('resources', ids)).filter((one) => one.live === 1);
  const evidence = evidenceOf(request, deps.clock.now());
  return live.map((one) =>
    request.kind === 'release_held'
      ? { kind: 'resource_removed', calendarId, resourceId: one._id, ref: one.ref, evidence }
      : seenAgain(calendarId, one),
  );
}

/** A trace in the log that tells nobody: what the cache shows stands, on an operator's word. */
function seenAgain(calendarId: CalendarId, resource: ResourceDoc): Change {
  const { _id: resourceId, ref, etag, scheduleTag, body, format, observedHash, normaliser } = resource;
  const stamps = { etag, scheduleTag, body, format, observedHash, normaliser };
  return { kind: 'resource_put', calendarId, resourceId, ref, ...stamps, differs: false };
}
