/** The profile supervisor: one turn chooses one piece of work, does it, and says when the next is due. */
import { profileNumbers } from '../../config/profile-numbers.ts';
import { toKalendsError, unreachable, type KalendsError } from '../../domain/errors.ts';
import { slotCount, type CalendarId, type ProfileId } from '../../domain/ids.ts';
import { mayWork, wakeAtOf } from '../../domain/machines/profile.ts';
import { nextHorizonAt } from '../../domain/projection/horizon.ts';
import { nextPiece, type Piece } from '../../domain/sync/agenda.ts';
import type { Behaviour, Lane, TurnOutcome } from '../runtime/behaviour.ts';
import { activate, change, dueHorizon, record, save, step, type Activation, type ProfileDeps } from './activation.ts';
import { bulkDeleteTurn } from './bulk-delete.ts';
import { calendarFailed, eventFailed } from './calendar-failure.ts';
import { expireIntents } from './intents.ts';
import { readCalendarList } from './listing.ts';
import { makeCalendarTurn } from './make-calendar.ts';
import { pullCalendar } from './pull.ts';
import { carryOutRequests } from './requests.ts';
import { writeEventTurn } from './push.ts';

type WorkPiece = Exclude<Piece, { kind: 'idle' | 'look' }>;

const isWrite = (piece: Piece): boolean =>
  piece.kind === 'write' ||
  piece.kind === 'delete_all' ||
  piece.kind === 'make_calendar' ||
  piece.kind === 'expire' ||
  piece.kind === 'requests';

/** The behaviour of profile actors. A turn that fails for a reason of the store's ends the activation; the next reads everything again. */
export function createSupervisor(deps: ProfileDeps): Behaviour<ProfileId> {
  const active = new Map<ProfileId, Activation>();
  return {
    turn: async (id, lane, signal) => {
      const activation = active.get(id) ?? (await activate(deps, id, signal));
      if (activation === null) return { kind: 'idle', nextWakeAtMs: Number.MAX_SAFE_INTEGER };
      active.set(id, activation);
      try {
        const outcome = await takeTurn(activation, lane);
        if (outcome.kind === 'idle') active.delete(id);
        return outcome;
      } catch (error) {
        active.delete(id);
        throw error;
      }
    },
  };
}

async function takeTurn(activation: Activation, lane: Lane): Promise<TurnOutcome> {
  const piece = await choose(activation, mayWork(activation.profile.state));
  if (piece.kind === 'idle') return passivate(activation, piece.untilMs);
  // The write lane's places are kept for writes: other work goes on in the pull lane.
  if (lane === 'write' && !isWrite(piece)) return { kind: 'more', lane: 'pull' };
  if (piece.kind === 'look') await look(activation);
  else await doPiece(activation, piece);
  if (activation.unsaved) await save(activation);
  const next = await choose(activation, mayWork(activation.profile.state));
  if (next.kind === 'idle') return passivate(activation, next.untilMs);
  return { kind: 'more', lane: isWrite(next) ? 'write' : 'pull' };
}

/** Disarms: what was projected and when to wake next, last of all and in one document. */
async function passivate(activation: Activation, untilMs: number): Promise<TurnOutcome> {
  if (activation.unsaved || activation.profile.nextWakeAtMs !== untilMs) {
    change(activation, { nextWakeAtMs: untilMs });
    await save(activation);
  }
  return { kind: 'idle', nextWakeAtMs: untilMs };
}

async function choose(activation: Activation, allowed: boolean): Promise<Piece> {
  const { deps, profile, provider, horizon } = activation;
  const nowMs = deps.clock.now();
  const openIntents = await deps.documents.find('openIntentsOfProfile', { profileId: profile._id, open: 1 });
  return nextPiece({
    profile,
    openIntents,
    horizon,
    dueHorizon: dueHorizon(deps, profile),
    nextHorizonAtMs: nextHorizonAt(nowMs, profile.slot, slotCount),
    mayWork: allowed,
    lookAtMs: wakeAtOf(profile.state, profileNumbers),
    pulls: provider.capabilities.pull,
    nowMs,
  });
}

/** The wake-up of a profile that is backing off or quarantined: the machine says whether to probe, to try, or to wait. */
async function look(activation: Activation): Promise<void> {
  const effects = await step(activation, { kind: 'probe_due' });
  // Counted durably before it is made: a process that dies of the try finds it counted.
  await save(activation);
  if (effects.some((one) => one.kind === 'probe')) {
    await attempt(activation, profileScope, () => activation.provider.probe(activation.session));
  } else if (effects.some((one) => one.kind === 'retry')) {
    const piece = await choose(activation, true);
    if (piece.kind !== 'idle' && piece.kind !== 'look') await doPiece(activation, piece);
    else await attempt(activation, profileScope, () => activation.provider.probe(activation.session));
  }
}

async function doPiece(activation: Activation, piece: WorkPiece): Promise<void> {
  switch (piece.kind) {
    case 'requests':
      return carryOutRequests(activation);
    case 'expire':
      return expireIntents(activation, piece.intents);
    case 'horizon':
      return moveHorizon(activation, piece.horizon);
    case 'list':
      return attempt(activation, profileScope, () => readCalendarList(activation));
    case 'pull':
      return attempt(activation, { calendarId: piece.calendarId, event: false }, () =>
        pullCalendar(activation, piece.calendarId),
      );
    case 'write': {
      const scope = { calendarId: piece.calendarId, event: true };
      return attempt(activation, scope, () => writeEventTurn(activation, { ...piece, closes: true }));
    }
    case 'delete_all':
      return attempt(activation, { calendarId: null, event: true }, () => bulkDeleteTurn(activation, piece.intent));
    case 'make_calendar':
      return attempt(activation, { calendarId: null, event: true }, () => makeCalendarTurn(activation, piece.intent));
    default:
      return unreachable(piece);
  }
}

async function moveHorizon(
  activation: Activation,
  horizon: Extract<Piece, { kind: 'horizon' }>['horizon'],
): Promise<void> {
  const before = activation.horizon;
  const cause = before !== null && before.zoneData !== horizon.zoneData ? 'zone' : 'horizon';
  await record(activation, { cause, operations: [], changes: [{ kind: 'horizon', horizon }] });
}

/** What a piece of work concerns: the scope that a failure in it may be confined to. */
interface Scope {
  readonly calendarId: CalendarId | null;
  readonly event: boolean;
}

const profileScope: Scope = { calendarId: null, event: false };

/** Runs what asks the provider, and feeds the machines with how that went. */
async function attempt(activation: Activation, scope: Scope, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    const { name } = activation.profile.state;
    if (name !== 'live' && name !== 'connecting') await step(activation, { kind: 'answered_well' });
    await completeInitialSync(activation);
  } catch (error) {
    await failed(activation, scope, toKalendsError(error));
  }
}

async function completeInitialSync(activation: Activation): Promise<void> {
  const { profile, provider } = activation;
  const works = Object.values(profile.calendars);
  const listed = !provider.capabilities.pull || works.every((one) => one.state.name !== 'initial');
  if (profile.state.name !== 'connecting' || works.length === 0 || !listed) return;
  await step(activation, { kind: 'initial_sync_done' });
}

/** Failures of the store and of our own end the activation; the next turn reads everything again. */
const endsActivation = (error: KalendsError): boolean =>
  error.code.startsWith('store_') ||
  ['second_owner', 'not_owner', 'duplicate_key', 'internal', 'shutting_down'].includes(error.code);

/** A provider's failure is a matter of the smallest scope that isolates it. */
async function failed(activation: Activation, scope: Scope, error: KalendsError): Promise<void> {
  if (endsActivation(error)) throw error;
  const { code, verdict, message, evidence } = error;
  activation.deps.report('a turn failed', {
    profile: activation.profile._id,
    calendar: scope.calendarId,
    code,
    verdict,
    message,
    evidence,
  });
  const remaining = scope.event
    ? await eventFailed(activation, error)
    : scope.calendarId === null
      ? error
      : await calendarFailed(activation, scope.calendarId, error);
  if (remaining !== null) await step(activation, { kind: 'failed', error: remaining });
}
