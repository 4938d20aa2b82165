/** Repairing deletions: what servers said was gone is looked for again in a full listing, and reinstated where it stands. */
import type { CalendarId, ResourceId } from '../../domain/ids.ts';
import type { RepairRequest } from '../../domain/profile.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { removalsOf } from '../../domain/sync/repair.ts';
import { change, changeCalendar, type Activation } from './activation.ts';
import { readCheckpoint, replaceCheckpoint } from './checkpoint-store.ts';

/** Commits read at once, newest first. */
const page = 20;

/**
 * Marks what is to be looked for in each affected calendar's checkpoint, and has it listed in full. Whatever crashes,
 * the mark stays until the listing and what it names have been read; done twice, it finds nothing to record.
 */
export async function beginRepair(activation: Activation, { sinceMs }: RepairRequest): Promise<void> {
  const { clock } = activation.deps;
  for (const [calendarId, refs] of await removedSince(activation, sinceMs)) {
    const work = activation.profile.calendars[calendarId];
    if (work === undefined || work.state.name === 'gone') continue;
    const stored = await readCheckpoint(activation, calendarId);
    const repairing = [...new Set([...(stored.repairing ?? []), ...refs])];
    await replaceCheckpoint(activation, stored, { ...stored, token: null, ctag: null, listedAtMs: null, repairing });
    changeCalendar(activation, calendarId, { ...work, nextPollAtMs: clock.now() });
  }
  change(activation, { nextListAtMs: Math.min(activation.profile.nextListAtMs, clock.now()) });
}

/** Calendar → refs that are tombstones in the cache still. */
async function removedSince(activation: Activation, sinceMs: number): Promise<ReadonlyMap<CalendarId, string[]>> {
  const removed = new Set<ResourceId>();
  let seq = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const commits = await activation.deps.documents.find(
      'commitsOfProfile',
      { profileId: activation.profile._id, seq: { lt: seq } },
      { limit: page, descending: true },
    );
    const within = commits.filter((one) => one.atMs >= sinceMs);
    for (const commit of within) for (const one of removalsOf(commit)) removed.add(one.resourceId);
    const last = commits.at(-1);
    if (last === undefined || commits.length < page || within.length < commits.length) break;
    seq = last.seq;
    await activation.deps.clock.breathe();
  }
  const gone = (await activation.deps.documents.getMany('resources', [...removed])).filter((one) => one.live === 0);
  return byCalendar(gone);
}

function byCalendar(resources: readonly ResourceDoc[]): ReadonlyMap<CalendarId, string[]> {
  const refs = new Map<CalendarId, string[]>();
  for (const one of resources) {
    const known = refs.get(one.calendarId);
    if (known === undefined) refs.set(one.calendarId, [one.ref]);
    else known.push(one.ref);
  }
  return refs;
}
