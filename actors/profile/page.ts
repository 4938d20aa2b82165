/** One page of a pull: what was seen goes through diff and guard into the log; nothing else records changes of a calendar. */
import { guard } from '../../config/policies.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import type { Change } from '../../domain/commit.ts';
import { normaliserVersion } from '../../domain/icalendar/version.ts';
import { resourceIdOf } from '../../domain/ids.ts';
import type { Observation, ResourceDoc } from '../../domain/resource.ts';
import { hold, settleHeld, settleOwed, type CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import { diff } from '../../domain/sync/diff.ts';
import { guardRemovals, type Nomination } from '../../domain/sync/guard.ts';
import { record, type Activation } from './activation.ts';

/** One calendar's turn: its document, its checkpoint as read and as it will be stored. */
export interface PullTurn {
  readonly activation: Activation;
  readonly calendar: CalendarDoc;
  readonly before: CheckpointDoc;
  checkpoint: CheckpointDoc;
  /** Something differed from the cache. */
  changed: boolean;
}

/** Resources compared and committed at once: bounds memory and the time without a breath. */
export const chunkSize = 500;

export async function cachedByRef(turn: PullTurn, refs: readonly string[]): Promise<ReadonlyMap<string, ResourceDoc>> {
  if (refs.length === 0) return new Map();
  const ids = refs.map((ref) => resourceIdOf(turn.calendar._id, ref));
  const found = await turn.activation.deps.documents.getMany('resources', ids);
  return new Map(found.map((one) => [one.ref, one]));
}

/** Compares, records and projects; whatever is seen alive is owed and held no longer. */
export async function take(
  turn: PullTurn,
  observations: readonly Observation[],
  known?: ReadonlyMap<string, ResourceDoc>,
): Promise<void> {
  const { normalise, clock } = turn.activation.deps;
  for (let at = 0; at < observations.length; at += chunkSize) {
    const part = observations.slice(at, at + chunkSize);
    const cached =
      known ??
      (await cachedByRef(
        turn,
        part.map((one) => one.ref),
      ));
    const changes = diff({ calendarId: turn.calendar._id, cached, observations: part, normalise, normaliserVersion });
    await recordChanges(turn, changes);
    const refs = new Set(part.map((one) => one.ref));
    turn.checkpoint = settleHeld(settleOwed(turn.checkpoint, refs), refs);
    await clock.breathe();
  }
}

export async function recordChanges(turn: PullTurn, changes: readonly Change[]): Promise<void> {
  await record(turn.activation, { cause: 'pull', operations: [], changes });
  if (changes.some((one) => one.kind !== 'resource_put' || one.differs)) turn.changed = true;
}

/** Removals go through the guard: believed ones are recorded with their evidence, the others wait for a direct request. */
export async function nominate(turn: PullTurn, nominations: readonly Omit<Nomination, 'resourceId'>[]): Promise<void> {
  const { documents, clock, report } = turn.activation.deps;
  const cached = await cachedByRef(
    turn,
    nominations.map((one) => one.ref),
  );
  const alive = nominations.flatMap((one) => {
    const resource = cached.get(one.ref);
    return resource?.live === 1 ? [{ ...one, resourceId: resource._id }] : [];
  });
  const refs = new Set(nominations.map((one) => one.ref));
  turn.checkpoint = settleOwed(turn.checkpoint, refs);
  if (alive.length === 0) return;
  const liveCount = await documents.count('resourcesOfCalendar', { calendarId: turn.calendar._id, live: 1 });
  const nowMs = clock.now();
  const decision = guardRemovals({
    nominations: alive,
    liveCount,
    tally: turn.checkpoint.removals24h,
    nowMs,
    numbers: guard,
  });
  if (decision.suspicious) {
    report('suspicious delta: removals are held until each is verified', {
      calendar: turn.calendar._id,
      removals: alive.length,
      live: liveCount,
    });
  }
  await recordChanges(
    turn,
    decision.believed.map((one) => removal(turn, one)),
  );
  turn.checkpoint = hold({ ...turn.checkpoint, removals24h: decision.tally }, decision.held);
}

const removal = (turn: PullTurn, one: Nomination & { evidence: NonNullable<Nomination['evidence']> }): Change => ({
  kind: 'resource_removed',
  calendarId: turn.calendar._id,
  resourceId: one.resourceId,
  ref: one.ref,
  evidence: one.evidence,
});
