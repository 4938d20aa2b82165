/** An activation: one profile's state in memory while a turn runs, and the only ways in which the turn changes it. */
import { timeouts } from '../../config/policies.ts';
import { profileNumbers } from '../../config/profile-numbers.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import type { CommitDoc, Horizon } from '../../domain/commit.ts';
import { isKalendsError, KalendsError, toKalendsError } from '../../domain/errors.ts';
import type { Normalise } from '../../domain/event.ts';
import { newRunId, slotCount, type CalendarId, type ProfileId, type RunId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { HostState } from '../../domain/machines/host.ts';
import { transition } from '../../domain/machines/profile.ts';
import type { ProfileEffect, ProfileInput } from '../../domain/machines/profile-states.ts';
import type { CalendarWork, ProfileDoc } from '../../domain/profile.ts';
import { projectorVersion } from '../../domain/projection/project.ts';
import { horizonDayOf } from '../../domain/projection/horizon.ts';
import type { Gate } from '../../domain/sync/agenda.ts';
import type { PollingNumbers } from '../../domain/sync/polling.ts';
import { zoneDataVersion } from '../../domain/time/iana.ts';
import type { Credentials, Provider, Session } from '../../providers/provider.ts';
import type { Batch, CommitLog, LogHead } from '../../store/commit.ts';
import type { Documents } from '../../store/documents.ts';
import { noTally, type Tally } from '../../domain/sync/sentinel/tally.ts';
import type { TurnSentinel } from '../sentinel/sentinel.ts';
import { counted, refusing, type Asked } from './answers.ts';
import type { Hosts } from './hosts.ts';

/** What every profile actor of this process shares. */
export interface ProfileDeps {
  readonly documents: Documents;
  readonly log: CommitLog;
  readonly providers: (name: ProfileDoc['provider']) => Provider;
  readonly credentials: (profile: ProfileDoc) => Credentials;
  readonly hosts: Hosts;
  readonly normalise: Normalise;
  readonly clock: Clock;
  readonly random: Random;
  readonly polling: PollingNumbers & { readonly listMs: number; readonly reconcileMs: number };
  /** How long after it was given up a call may have its effect, milliseconds; default `writing.lateEffectMs`. */
  readonly lateEffectMs?: number;
  /** False near the end of a lease: no provider write is started that could outlive it. */
  readonly mayWrite: (slot: number, timeoutMs: number) => boolean;
  /** Something was projected: whoever tells applications may look. */
  readonly projected: (profileId: ProfileId) => void;
  readonly report: (what: string, facts: Readonly<Record<string, unknown>>) => void;
  /** Absent: nothing is counted, and nothing held but by the guard. */
  readonly sentinel?: TurnSentinel;
}

/** Made anew for each turn: nothing of a profile stays in memory between turns, and nobody's stale copy is acted on. */
export interface Activation {
  readonly deps: ProfileDeps;
  readonly provider: Provider;
  session: Session;
  /** The run of this process. */
  readonly process: RunId;
  readonly runId: RunId;
  profile: ProfileDoc;
  /** As it was when the turn began. */
  readonly stateBefore: ProfileDoc['state'];
  /** Between the profile and its host. */
  gate: Gate;
  /** How its host was when the turn began. */
  hostState: HostState['name'];
  head: LogHead;
  horizon: Horizon | null;
  /** As they were when the turn's work was chosen. */
  openIntents: readonly IntentDoc[];
  /** Calls of the provider in this turn. */
  readonly calls: Asked;
  /** What the sentinel is told of this turn. */
  readonly tally: Tally;
  /** The profile document differs from what is stored. */
  unsaved: boolean;
  /** Something was projected that `save` has yet to make known. */
  projected: boolean;
}

/** Loads the profile and projects what an earlier owner appended but did not project. Null: there is no such profile. */
export async function activate(
  deps: ProfileDeps,
  profileId: ProfileId,
  signal: AbortSignal,
  process: RunId,
): Promise<Activation | null> {
  const profile = await deps.documents.get('profiles', profileId);
  if (profile === null) return null;
  const projected = { seq: profile.projectedSeq, atMs: profile.projectedAtMs };
  const replayed = await deps.log.replay(profileId, projected, horizonOf(profile));
  const calls = { asked: 0, answered: 0, unreadable: 0, elsewhere: 0 };
  const opened = openCredentials(deps, profile);
  const provider = deps.providers(profile.provider);
  const activation: Activation = {
    deps,
    provider: counted(isKalendsError(opened) ? refusing(provider, opened) : provider, calls),
    session: { root: profile.root, credentials: isKalendsError(opened) ? { kind: 'none' } : opened, signal },
    process,
    runId: newRunId(deps.clock.now(), deps.random),
    profile,
    stateBefore: profile.state,
    gate: { kind: 'open' },
    hostState: 'well',
    head: replayed.head,
    horizon: replayed.horizon,
    openIntents: [],
    calls,
    tally: noTally(),
    unsaved: false,
    projected: false,
  };
  if (replayed.head.seq > profile.projectedSeq) noteProjected(activation);
  return activation;
}

/** A secret that cannot be opened is the profile's trouble, for its operator to see, like a provider that refuses it. */
function openCredentials(deps: ProfileDeps, profile: ProfileDoc): Credentials | KalendsError {
  try {
    return deps.credentials(profile);
  } catch (error) {
    return toKalendsError(error);
  }
}

export function horizonOf(profile: ProfileDoc): Horizon | null {
  const { horizonDay, zoneData, projector } = profile;
  return horizonDay === null || zoneData === null ? null : { day: horizonDay, zoneData, projector };
}

/**
 * While the sentinel's breaker holds, no removal of this kind of server is believed, whatever proves it; but for a delete
 * of our own that it says it carried out: that claims no absence.
 */
export const removalsHeld = ({ deps, provider, profile }: Activation): boolean =>
  deps.sentinel?.holds(provider.name, provider.software(profile.root)) ?? false;

/** Rejects with `not_owner` near the end of a lease: a write started now could outlive it, and meet that of the next owner. */
export function assertMayWrite({ deps, profile }: Activation): void {
  if (deps.mayWrite(profile.slot, timeouts.writeMs)) return;
  throw new KalendsError('not_owner', 'this node may no longer start provider writes; the next owner carries it out');
}

/** The horizon that now asks for, spread over the day by slot. */
export function dueHorizon(deps: ProfileDeps, profile: ProfileDoc): Horizon {
  return {
    day: horizonDayOf(deps.clock.now(), profile.slot, slotCount),
    zoneData: zoneDataVersion(),
    projector: projectorVersion,
  };
}

/** Appends and projects; first makes the profile due, so that whoever takes over after a crash finds it and replays. */
export async function record(activation: Activation, batch: Batch): Promise<readonly CommitDoc[]> {
  if (batch.changes.length === 0) return [];
  await arm(activation);
  const { deps, profile, runId } = activation;
  const owner = { profileId: profile._id, accountId: profile.accountId, appId: profile.appId, runId };
  const commits = await deps.log.append(owner, activation.head, batch);
  activation.head = commits.at(-1) ?? activation.head;
  activation.horizon = await deps.log.project(commits, activation.horizon);
  noteProjected(activation);
  return commits;
}

function noteProjected(activation: Activation): void {
  const { horizon, head } = activation;
  activation.projected = true;
  change(activation, {
    projectedSeq: head.seq,
    // Never before the last commit, whatever the clock did: the next one is stamped no earlier than this.
    projectedAtMs: Math.max(activation.deps.clock.now(), head.atMs),
    ...(horizon === null ? {} : { horizonDay: horizon.day, zoneData: horizon.zoneData, projector: horizon.projector }),
  });
}

/** Told to operators, with whose calendars it is about and the machine that they are on. */
export function warn({ deps, provider, profile }: Activation, what: string, facts: object): void {
  deps.report(what, { profile: profile._id, host: provider.hostOf(profile.root), ...facts });
}

/** Changes the document in memory; `save` makes it durable. */
export function change(activation: Activation, fields: Partial<Omit<ProfileDoc, '_id' | 'rev'>>): void {
  activation.profile = { ...activation.profile, ...fields };
  activation.unsaved = true;
}

export function changeCalendar(activation: Activation, calendarId: CalendarId, work: CalendarWork): void {
  change(activation, { calendars: { ...activation.profile.calendars, [calendarId]: work } });
}

/**
 * Durable no later than whatever is appended, marked or written next: what the power takes with it is done again.
 * Rejects with `second_owner` when somebody else stored a newer revision.
 */
export async function save(activation: Activation): Promise<void> {
  const { profile, deps } = activation;
  const next = { ...profile, rev: profile.rev + 1 };
  if (!(await deps.documents.replace('profiles', next, profile.rev, 'with_next'))) {
    throw new KalendsError(
      'second_owner',
      `the profile ${profile._id} was changed by somebody else; this activation stops and reads it again`,
      {
        ids: { profile: profile._id },
      },
    );
  }
  const told = activation.projected;
  activation.profile = next;
  activation.unsaved = false;
  activation.projected = false;
  if (told) deps.projected(profile._id);
}

async function arm(activation: Activation): Promise<void> {
  const nowMs = activation.deps.clock.now();
  if (activation.profile.nextWakeAtMs <= nowMs) return;
  change(activation, { nextWakeAtMs: nowMs });
  await save(activation);
}

/**
 * Feeds the profile machine and carries out what it says, but for `probe` and `retry`, which the caller asked for, and
 * for wake-ups, which the end of the turn takes from the state.
 * Notices are in the log before the state changes: told twice after a crash, never forgotten.
 */
export async function step(activation: Activation, input: ProfileInput): Promise<readonly ProfileEffect[]> {
  const { deps, profile } = activation;
  const context = { nowMs: deps.clock.now(), random: deps.random, numbers: profileNumbers };
  const { state, effects } = transition(profile.state, input, context);
  for (const effect of effects) {
    if (effect.kind !== 'notice') continue;
    const { notice, detail } = effect;
    const told = (activation.profile.outageToldAtMs ?? null) !== null;
    // Applications know already; and whatever else they hear of the profile ends what they know.
    if (told && notice === 'quarantined') continue;
    if (told) change(activation, { outageToldAtMs: null });
    await record(activation, { cause: 'state', operations: [], changes: [{ kind: 'notice', notice, detail }] });
  }
  for (const effect of effects) {
    if (effect.kind === 'initial_sync_completed') change(activation, { initialSyncAtMs: effect.atMs });
  }
  if (state !== profile.state) change(activation, { state });
  return effects;
}
