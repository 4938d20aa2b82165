/** One page of a pull: what was seen goes through diff and guard into the log; nothing else records changes of a calendar. */
import { guard } from '../../config/policies.ts';
import { profileNumbers } from '../../config/profile-numbers.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import type { Change } from '../../domain/commit.ts';
import { normaliserVersion } from '../../domain/icalendar/version.ts';
import { resourceIdOf } from '../../domain/ids.ts';
import type { ResourceContext, ResourceInput } from '../../domain/machines/item.ts';
import type { Observation, ResourceDoc } from '../../domain/resource.ts';
import { advance, each, type CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import { diff } from '../../domain/sync/diff.ts';
import { countTaken } from '../../domain/sync/sentinel/count.ts';
import { guardRemovals, type Nomination } from '../../domain/sync/guard.ts';
import { removalsHeld, warn, type Activation } from './activation.ts';
import { replaceCheckpoint } from './checkpoint-store.ts';
import { lateCallsOf, repairOverwritten } from './late-calls.ts';
import { recordShown } from './moves.ts';
import { withOurs } from './own-echo.ts';

/** One calendar's turn: its document, its checkpoint as it is and as it will be stored. */
export interface PullTurn {
  readonly activation: Activation;
  readonly calendar: CalendarDoc;
  /** The checkpoint as it is stored. */
  stored: CheckpointDoc;
  checkpoint: CheckpointDoc;
  /** Before anything was asked. */
  readonly beganAtMs: number;
  /** A delta or a listing was read to its end. */
  read: boolean;
  /** What was named as new was gone when it was asked for: it may stand under a name that nothing has shown yet. */
  vanished: boolean;
  /** Something differed from the cache. */
  changed: boolean;
  /** Held removals that were proved by direct requests. */
  proved: number;
}

/** Resources compared and committed at once: bounds memory and the time without a breath. */
export const chunkSize = 500;

export async function cachedByRef(turn: PullTurn, refs: readonly string[]): Promise<ReadonlyMap<string, ResourceDoc>> {
  if (refs.length === 0) return new Map();
  const ids = refs.map((ref) => resourceIdOf(turn.calendar._id, ref));
  const found = await turn.activation.deps.documents.getMany('resources', ids);
  return new Map(found.map((one) => [one.ref, one]));
}

export const resourceContext = (turn: PullTurn): ResourceContext => ({
  nowMs: turn.activation.deps.clock.now(),
  random: turn.activation.deps.random,
  numbers: profileNumbers,
});

/** What was learned of resources; removals that it proves are recorded before the checkpoint forgets them. */
export async function learn(turn: PullTurn, inputs: ReadonlyMap<string, ResourceInput>): Promise<void> {
  const { checkpoint, removals } = advance(turn.checkpoint, inputs, resourceContext(turn));
  const cached = await cachedByRef(
    turn,
    removals.map((one) => one.ref),
  );
  const changes = removals.flatMap(({ ref, evidence }): Change[] => {
    const known = cached.get(ref);
    if (known?.live !== 1) return [];
    return [{ kind: 'resource_removed', calendarId: turn.calendar._id, resourceId: known._id, ref, evidence }];
  });
  await recordChanges(turn, changes);
  turn.checkpoint = checkpoint;
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
    const refs = part.map((one) => one.ref);
    const cached = known ?? (await cachedByRef(turn, refs));
    const changes = diff({ calendarId: turn.calendar._id, cached, observations: part, normalise, normaliserVersion });
    countTaken(turn.activation.tally, refs, cached, changes, normalise);
    await recordChanges(turn, changes);
    await learn(turn, each(refs, { kind: 'answered' }));
    await clock.breathe();
  }
}

async function recordChanges(turn: PullTurn, changes: readonly Change[]): Promise<void> {
  const { activation } = turn;
  const sought = new Set(turn.checkpoint.repairing);
  const isReinstated = (one: Change): boolean => one.kind === 'resource_put' && one.differs && sought.has(one.ref);
  const reinstated = sought.size === 0 ? [] : changes.filter(isReinstated);
  const others = reinstated.length === 0 ? changes : changes.filter((one) => !isReinstated(one));
  await recordShown(activation, turn.calendar._id, { cause: 'repair', operations: [], changes: reinstated });
  const lateCalls = lateCallsOf(activation);
  await repairOverwritten(activation, lateCalls, others);
  for (const batch of withOurs(activation.openIntents, lateCalls, others))
    await recordShown(activation, turn.calendar._id, batch);
  if (changes.some((one) => one.kind !== 'resource_put' || one.differs)) turn.changed = true;
}

/** Removals go through the guard: believed ones are recorded with their evidence, the others wait for a direct request. */
export async function nominate(turn: PullTurn, nominations: readonly Omit<Nomination, 'resourceId'>[]): Promise<void> {
  if (nominations.length === 0) return;
  const refs = nominations.map((one) => one.ref);
  const cached = await cachedByRef(turn, refs);
  const held = new Set(turn.checkpoint.held.map((one) => one.ref));
  const alive = nominations.flatMap((one) => {
    const resource = cached.get(one.ref);
    return resource?.live === 1 && !held.has(one.ref) ? [{ ...one, resourceId: resource._id }] : [];
  });
  // Reported as removed and never seen: there is nothing to remove, and nothing to ask for.
  const unknown = refs.filter((ref) => cached.get(ref)?.live !== 1);
  await learn(turn, each(unknown, { kind: 'answered' }));
  turn.activation.tally.removals += alive.length;
  if (alive.length > 0) await guardAndRecord(turn, alive);
}

async function guardAndRecord(turn: PullTurn, nominations: readonly Nomination[]): Promise<void> {
  const { documents, clock } = turn.activation.deps;
  const calendar = turn.calendar._id;
  const liveCount = await documents.count('resourcesOfCalendar', { calendarId: calendar, live: 1 });
  const { removals24h: tally } = turn.checkpoint;
  const breakerHolds = removalsHeld(turn.activation);
  const decision = guardRemovals({ nominations, liveCount, tally, breakerHolds, nowMs: clock.now(), numbers: guard });
  const { believed, held, suspicious } = decision;
  if (suspicious) {
    const facts = { calendar, removals: nominations.length, live: liveCount };
    warn(turn.activation, 'suspicious delta: removals are held until each is verified', facts);
  }
  const removed = believed.map(({ resourceId, ref, evidence }): Change => {
    return { kind: 'resource_removed', calendarId: calendar, resourceId, ref, evidence };
  });
  turn.checkpoint = { ...turn.checkpoint, removals24h: decision.tally };
  // Counted durably before they are recorded: a crash in between must not leave room for as many again.
  if (removed.length > 0) await storeCheckpoint(turn);
  await recordChanges(turn, removed);
  const refs = believed.map((one) => one.ref);
  const inputs = held.map(({ ref, reason }) => [ref, { kind: 'nominated', reason, suspicious } as const] as const);
  await learn(turn, new Map<string, ResourceInput>([...each(refs, { kind: 'answered' }), ...inputs]));
}

/** A delta that is silent about resources claims nothing of them: each is asked for, and being there is no contradiction. */
export async function holdQuietly(turn: PullTurn, refs: readonly string[]): Promise<void> {
  const cached = await cachedByRef(turn, refs);
  const alive = refs.filter((ref) => cached.get(ref)?.live === 1);
  await learn(turn, each(alive, { kind: 'nominated', reason: 'absent', suspicious: false }));
}

/** Projected first, then the checkpoint: a crash between repeats the page, which then differs in nothing. */
export async function storeCheckpoint(turn: PullTurn): Promise<void> {
  turn.stored = await replaceCheckpoint(turn.activation, turn.stored, turn.checkpoint);
  turn.checkpoint = turn.stored;
}
