/** What must hold after every scenario, whatever was cut: I1, I2, I3, I4, I9, and that the cache is the calendar. */
import { expect } from 'vitest';
import { horizon } from '../../../config/policies.ts';
import { createNormalise } from '../../../domain/normalise.ts';
import type { CommitDoc } from '../../../domain/commit.ts';
import type { IntentDoc } from '../../../domain/intent.ts';
import { compareWithRebuild } from '../../../store/rebuild.ts';
import { profileId, type Rig } from './rig.ts';
import type { OtherSide } from './worlds.ts';

type AnyRig = Rig<OtherSide>;

export async function commitsOf(rig: AnyRig): Promise<CommitDoc[]> {
  return rig.documents.find('commitsOfProfile', { profileId });
}

/** I3: no gap, no fork, time never backwards, everything projected. */
export async function expectWholeLog(rig: AnyRig): Promise<void> {
  const commits = await commitsOf(rig);
  expect(commits.map((one) => one.seq)).toEqual(commits.map((_, index) => index + 1));
  for (const [index, one] of commits.entries()) expect(one.atMs).toBeGreaterThanOrEqual(commits[index - 1]?.atMs ?? 0);
  expect((await rig.profile()).projectedSeq).toBe(commits.length);
}

/** I1 and I2: removals carry evidence and end something; a change differs from what was there. */
export async function expectHonestLog(rig: AnyRig): Promise<void> {
  const standing = new Map<string, string>();
  for (const commit of await commitsOf(rig)) {
    for (const change of commit.changes) {
      if (change.kind === 'resource_put') {
        expect(change.differs, `seq ${commit.seq} ${change.ref}`).toBe(
          standing.get(change.resourceId) !== change.observedHash,
        );
        standing.set(change.resourceId, change.observedHash);
      }
      if (change.kind === 'resource_removed') {
        expect(standing.has(change.resourceId), `seq ${commit.seq} removes ${change.ref}, which is not there`).toBe(
          true,
        );
        expect(['tombstone', 'direct_get', 'own_write', 'operator']).toContain(change.evidence.kind);
        standing.delete(change.resourceId);
      }
      if (change.kind === 'calendar_gone') {
        const prefix = await resourcesOf(rig, change.calendarId);
        for (const id of prefix) standing.delete(id);
      }
    }
  }
}

async function resourcesOf(rig: AnyRig, calendarId: string): Promise<string[]> {
  const all = await rig.documents.find('resourcesOfProfile', { profileId });
  return all.filter((one) => one.calendarId === calendarId).map((one) => one._id);
}

/** I9. */
export async function expectRebuildable(rig: AnyRig): Promise<void> {
  const report = await compareWithRebuild(
    { documents: rig.documents, normalise: createNormalise(), horizon },
    profileId,
  );
  expect(report).toMatchObject({ settled: true, differences: [] });
}

/** I4. */
export async function expectSettledIntents(rig: AnyRig): Promise<void> {
  for (const intent of await rig.intents()) {
    expect(intent, `intent ${intent.n}`).toMatchObject({ open: 0 });
    if (intent.state === 'rejected' || intent.state === 'expired') expect(intent.reason).not.toBeNull();
  }
}

/** Calendar → ref → hash of what is there, by the cache. */
export async function cacheOf(rig: AnyRig): Promise<Record<string, Record<string, string>>> {
  const calendars = await rig.documents.find('calendarsOfProfile', { profileId });
  const cache: Record<string, Record<string, string>> = {};
  for (const calendar of calendars.filter((one) => !one.deleted)) {
    const resources = await rig.documents.find('resourcesOfCalendar', { calendarId: calendar._id, live: 1 });
    cache[calendar.ref] = Object.fromEntries(resources.map((one) => [one.ref, one.observedHash]));
    await expectShown(
      rig,
      resources.map((one) => one._id),
      calendar._id,
    );
  }
  return cache;
}

/** Every live resource shows an event, no other does. */
async function expectShown(rig: AnyRig, live: readonly string[], calendarId: string): Promise<void> {
  const events = await rig.documents.find('eventsOfProfile', { profileId });
  const shown = events.filter((one) => one.calendarId === calendarId && one.deleted === 0);
  for (const one of shown) expect(live, one.resourceId).toContain(one.resourceId);
}

export function worldOf(rig: AnyRig): Record<string, Record<string, string>> {
  const normalise = createNormalise();
  const hashes = (bodies: ReadonlyMap<string, string>) =>
    Object.fromEntries([...bodies].map(([ref, body]) => [ref, normalise('icalendar', body).observedHash]));
  return Object.fromEntries([...rig.other.contents()].map(([calendar, bodies]) => [calendar, hashes(bodies)]));
}

export async function expectAllWell(rig: AnyRig): Promise<void> {
  await expectWholeLog(rig);
  await expectHonestLog(rig);
  await expectRebuildable(rig);
  await expectSettledIntents(rig);
  expect(await cacheOf(rig)).toEqual(worldOf(rig));
}

export const outcomesOf = (intents: readonly IntentDoc[]): string[] =>
  intents.map((one) => `${one.n} ${one.wish.kind} ${one.state} ${one.reason?.code ?? ''}`.trim());
