/** Profiles that have been synced once, and what tests ask of them. */
import { afterEach } from 'vitest';
import type { CommitDoc } from '../../../domain/commit.ts';
import type { EventDoc } from '../../../domain/projected-event.ts';
import type { CheckpointDoc } from '../../../domain/sync/checkpoint.ts';
import { ics } from './bodies.ts';
import { commitsOf } from './invariants.ts';
import { createRig, hour, minute, profileId, type Rig, type RigOptions } from './rig.ts';
import { memorySide, modelSide, type MemorySide, type ModelSide, type OtherSide } from './worlds.ts';

export const work = 'work/';

/** Nothing is polled by itself. */
export const still = { baseMs: 400 * hour, activeMs: 400 * hour, quietMs: 400 * hour, listMs: 400 * hour };

const open: Rig<OtherSide>[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close();
});

/** `events` single events `e0.ics` … in the calendar `work/`, all in the cache. */
export async function synced<Side extends OtherSide>(
  options: RigOptions<Side> & { readonly events?: number },
): Promise<Rig<Side>> {
  const rig = await createRig<Side>({ polling: still, ...options });
  open.push(rig);
  rig.other.addCalendar('work');
  for (let k = 0; k < (options.events ?? 1); k += 1) rig.other.put(work, `e${k}.ics`, ics(`e${k}`, `Event ${k}`));
  await rig.pass(minute);
  return rig;
}

type Options = Omit<RigOptions<OtherSide>, 'side' | 'whileDead'> & { readonly events?: number };

export const syncedInMemory = (options: Options = {}): Promise<Rig<MemorySide>> =>
  synced<MemorySide>({ ...options, side: (clock) => memorySide(clock) });

export const syncedOverCalDav = (options: Options = {}): Promise<Rig<ModelSide>> =>
  synced<ModelSide>({ ...options, side: (clock, random) => modelSide(clock, random) });

/** Pulls now, and lets what follows from that settle. */
export async function pull(rig: Rig<OtherSide>, settleMs = minute): Promise<void> {
  await rig.request('pull');
  await rig.pass(settleMs);
}

/** `pull resource_put e0.ics`, one line for each change after `seq`. */
export async function logOf(rig: Rig<OtherSide>, afterSeq = 0): Promise<string[]> {
  const commits = (await commitsOf(rig)).filter((one) => one.seq > afterSeq);
  return commits.flatMap((commit) => commit.changes.map((change) => lineOf(commit, change)));
}

function lineOf({ cause }: CommitDoc, change: CommitDoc['changes'][number]): string {
  if (change.kind === 'resource_put') return `${cause} put ${nameOf(change.ref)}${change.differs ? '' : ' (seen)'}`;
  if (change.kind === 'resource_removed') return `${cause} removed ${nameOf(change.ref)} by ${change.evidence.kind}`;
  if (change.kind === 'managed') return `${cause} managed ${change.eventId} g${change.generation}`;
  if (change.kind === 'notice') return `${cause} notice ${change.notice}`;
  return `${cause} ${change.kind}`;
}

/** Our own names without their digest: `own-g1.ics`. */
export const nameOf = (ref: string): string => ref.replace(/^kalends-[a-z0-9]+-/, 'own-');

export const seqOf = async (rig: Rig<OtherSide>): Promise<number> => (await rig.profile()).projectedSeq;

export async function checkpointOf(rig: Rig<OtherSide>, calendar: string = work): Promise<CheckpointDoc> {
  const found = await rig.documents.get('checkpoints', rig.calendarId(calendar));
  if (found === null) throw new Error(`no checkpoint of ${calendar}`);
  return found;
}

/** Refs of what the cache holds, own names shortened. */
export async function cached(rig: Rig<OtherSide>, calendar: string = work): Promise<string[]> {
  const live = await rig.documents.find('resourcesOfCalendar', { calendarId: rig.calendarId(calendar), live: 1 });
  return live.map((one) => nameOf(one.ref)).sort();
}

/** What a reader sees, by summary. */
export async function shown(rig: Rig<OtherSide>): Promise<EventDoc[]> {
  const events = await rig.documents.find('eventsOfProfile', { profileId });
  return events
    .filter((one) => one.deleted === 0)
    .sort((a, b) => a.startMs - b.startMs || (a.summary < b.summary ? -1 : 1));
}

export const summaries = async (rig: Rig<OtherSide>): Promise<string[]> => (await shown(rig)).map((one) => one.summary);

export async function calendarState(rig: Rig<OtherSide>, calendar: string = work): Promise<string> {
  return (await rig.profile()).calendars[rig.calendarId(calendar)]?.state.name ?? 'unknown';
}
