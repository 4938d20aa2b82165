/** The profile supervisor: one turn chooses one piece of work, does it, and says when the next is due. */
import { quarantine, runtime } from '../../config/policies.ts';
import { profileNumbers } from '../../config/profile-numbers.ts';
import { toKalendsError, unreachable, type KalendsError, type Verdict } from '../../domain/errors.ts';
import { newRunId, slotCount, type ProfileId } from '../../domain/ids.ts';
import type { Failure } from '../../domain/machines/machine.ts';
import { mayWork, wakeAtOf } from '../../domain/machines/profile.ts';
import { nextHorizonAt } from '../../domain/projection/horizon.ts';
import type { BegunScope } from '../../domain/profile.ts';
import { nextPiece, type EventOfIntents, type Piece } from '../../domain/sync/agenda.ts';
import type { Behaviour, Lane, TurnOutcome } from '../runtime/behaviour.ts';
import { createShares, type Limit, type Shares } from '../runtime/shares.ts';
import {
  activate,
  change,
  dueHorizon,
  record,
  save,
  step,
  warn,
  type Activation,
  type ProfileDeps,
} from './activation.ts';
import { bulkDeleteTurn } from './bulk-delete.ts';
import { countDeath, noteBegun, noteEnded } from './deaths.ts';
import {
  calendarFailed,
  endsActivation,
  eventFailed,
  listFailed,
  setBehind,
  writesGoOn,
  type Scope,
} from './failure-scope.ts';
import { comeToGate, tellHostAnswered, tellHostFailed } from './host-gate.ts';
import { expireIntents, markSeen } from './intents.ts';
import { lateEffectMsOf, unknownCallsOf } from './late-calls.ts';
import { addForgottenWork, readCalendarList } from './listing.ts';
import { makeCalendarTurn } from './make-calendar.ts';
import { followIfSentOn, foundElsewhere } from './moved.ts';
import { pullCalendar } from './pull.ts';
import { carryOutRequests } from './requests.ts';
import { writeEventTurn } from './push.ts';
import { writeHere } from './write-here.ts';

type WorkPiece = Exclude<Piece, { kind: 'idle' | 'look' }>;

const isWrite = (piece: Piece): boolean =>
  piece.kind === 'write' ||
  piece.kind === 'write_here' ||
  piece.kind === 'delete_all' ||
  piece.kind === 'make_calendar' ||
  piece.kind === 'expire' ||
  piece.kind === 'requests';

/** The behaviour of profile actors. A turn that fails for a reason of the store's ends the activation; the next reads everything again. */
export function createSupervisor(deps: ProfileDeps, shares: Shares = createShares()): Behaviour<ProfileId> {
  const process = newRunId(deps.clock.now(), deps.random);
  return {
    turn: async (id, lane, signal) => {
      const activation = await activate(deps, id, signal, process);
      return activation === null
        ? { kind: 'idle', nextWakeAtMs: Number.MAX_SAFE_INTEGER }
        : takeTurn(activation, lane, shares);
    },
  };
}

async function takeTurn(activation: Activation, lane: Lane, shares: Shares): Promise<TurnOutcome> {
  if (activation.projected) await addForgottenWork(activation);
  await countDeath(activation);
  await comeToGate(activation);
  const piece = await choose(activation);
  // The write lane's places are kept for writes: other work goes on in the pull lane.
  if (lane === 'write' && piece.kind !== 'idle' && !isWrite(piece)) return { kind: 'more', lane: 'pull' };
  if (piece.kind === 'idle') return leave(activation, piece, lane);
  const taken = shares.take(limitsOf(activation, piece, lane));
  if (taken.kind === 'full') {
    if (activation.unsaved) await save(activation);
    return { kind: 'crowded', lane, share: taken.share };
  }
  try {
    await (piece.kind === 'look' ? look(activation) : doPiece(activation, piece));
  } finally {
    taken.giveBack();
  }
  noteTally(activation);
  // Other writes wait: the next turn chooses among them.
  if (piece.kind === 'write' && piece.others) return leave(activation, null, lane);
  return leave(activation, await choose(activation), lane);
}

/** Answers that could not be understood say something of a server whatever was asked. */
function noteTally({ deps, provider, profile, calls, tally }: Activation): void {
  tally.read += calls.answered + calls.unreadable;
  tally.unreadable += calls.unreadable;
  deps.sentinel?.note(provider.name, provider.software(profile.root), profile._id, tally);
}

/**
 * What a piece of work needs of its host and its provider; nothing where nobody is asked. The narrowest comes first:
 * whoever waits there is in nobody's way further on.
 */
function limitsOf({ provider, profile, hostState }: Activation, piece: Piece, lane: Lane): readonly Limit[] {
  const host = provider.hostOf(profile.root);
  if (host === null || asksNobody.has(piece.kind)) return [];
  const suspected = hostState !== 'well';
  const doubted = suspected || !mayWork(profile.state);
  const { name } = provider;
  if (isWrite(piece)) {
    return [
      { name: `writes of ${host}`, atMost: suspected ? runtime.suspectedWrites : runtime.hostWrites },
      ...(doubted ? [{ name: `doubted writes of ${name}`, atMost: runtime.doubtedWrites }] : []),
      { name: `writes of ${name}`, atMost: runtime.providerWrites },
    ];
  }
  return [
    { name: `pulls of ${host}`, atMost: suspected ? runtime.suspectedPulls : runtime.hostPulls },
    ...(doubted ? [{ name: `doubted pulls of ${name}`, atMost: runtime.doubtedPulls }] : []),
    ...(lane === 'sweep' ? [{ name: `sweeps of ${name}`, atMost: runtime.providerSweeps }] : []),
    { name: `pulls of ${name}`, atMost: runtime.providerPulls },
  ];
}

const asksNobody: ReadonlySet<Piece['kind']> = new Set(['requests', 'expire', 'horizon', 'tell', 'idle']);

/** Disarms, or stays due while there is more to do (`next` null: writes): what was projected and when to wake next, last of all and in one document. */
async function leave(activation: Activation, next: Piece | null, lane: Lane): Promise<TurnOutcome> {
  const { clock } = activation.deps;
  const { nextWakeAtMs } = activation.profile;
  const wakeAtMs = next?.kind === 'idle' ? next.untilMs : Math.min(nextWakeAtMs, clock.now());
  if (nextWakeAtMs !== wakeAtMs) change(activation, { nextWakeAtMs: wakeAtMs });
  noteEnded(activation);
  if (activation.unsaved) await save(activation);
  if (next?.kind === 'idle') {
    await markSeen(activation);
    return { kind: 'idle', nextWakeAtMs: wakeAtMs };
  }
  if (next === null || isWrite(next)) return { kind: 'more', lane: 'write' };
  // What fell due by itself does not overtake what somebody asked for.
  return { kind: 'more', lane: lane === 'sweep' ? 'sweep' : 'pull' };
}

/** Open intents read for one choice: an application may have left thousands, of which the first are due. */
const intentsAtOnce = 40;

/** `trying`: a profile that may not work otherwise is to be tried with its ordinary work. */
async function choose(activation: Activation, trying = false): Promise<Piece> {
  const { documents } = activation.deps;
  const open = { profileId: activation.profile._id, open: 1 } as const;
  activation.openIntents = await documents.find('openIntentsOfProfile', open, { limit: intentsAtOnce });
  const piece = chooseAmong(activation, trying);
  // An event with an attempt beyond these is carried out together with it, or not yet.
  const { attemptedThroughN } = activation.profile;
  const whole = activation.openIntents.length < intentsAtOnce;
  const enough = isWrite(piece) && attemptedThroughN <= (activation.openIntents.at(-1)?.n ?? 0);
  if (whole || enough || piece.kind === 'horizon') return piece;
  activation.openIntents = await documents.find('openIntentsOfProfile', open);
  return chooseAmong(activation, trying);
}

function chooseAmong(activation: Activation, trying: boolean): Piece {
  const { deps, profile, provider, horizon } = activation;
  const nowMs = deps.clock.now();
  return nextPiece({
    profile,
    openIntents: activation.openIntents,
    horizon,
    dueHorizon: dueHorizon(deps, profile),
    nextHorizonAtMs: nextHorizonAt(nowMs, profile.slot, slotCount),
    mayWork: trying || mayWork(profile.state),
    gate: activation.gate,
    numbers: quarantine,
    lateCalls: unknownCallsOf(activation),
    lateEffectMs: lateEffectMsOf(activation),
    lookAtMs: wakeAtOf(profile.state, profileNumbers),
    pulls: provider.capabilities.pull,
    nowMs,
  });
}

/** The wake-up of a profile that is backing off or quarantined: the machine says whether to probe, to try, or to wait. */
async function look(activation: Activation): Promise<void> {
  const effects = await step(activation, { kind: 'probe_due' });
  if (effects.some((one) => one.kind === 'probe')) await probe(activation);
  if (!effects.some((one) => one.kind === 'retry')) return;
  const piece = await choose(activation, true);
  if (piece.kind !== 'idle' && piece.kind !== 'look') await doPiece(activation, piece);
  // What could be done without asking proves nothing of a provider that failed.
  if (activation.calls.asked === 0) await probe(activation);
}

const probe = (activation: Activation): Promise<void> => attempt(activation, profileScope, () => proveWell(activation));

/** Where no calendar is known, the list is what the profile suffered from: a probe alone would prove nothing of it. */
async function proveWell(activation: Activation): Promise<void> {
  await activation.provider.probe(activation.session);
  const works = Object.values(activation.profile.calendars);
  if (works.every((one) => one.state.name === 'gone')) await readCalendarList(activation);
}

async function doPiece(activation: Activation, piece: WorkPiece): Promise<void> {
  switch (piece.kind) {
    case 'requests':
      await carryOutRequests(activation);
      return comeToGate(activation);
    case 'tell':
      return tell(activation, piece);
    case 'prove':
      return probe(activation);
    case 'expire':
      return expireIntents(activation, piece.intents);
    case 'horizon':
      return moveHorizon(activation, piece.horizon);
    case 'list':
      return attempt(activation, { kind: 'list' }, () => readCalendarList(activation));
    case 'pull': {
      const { calendarId } = piece;
      return attempt(activation, { kind: 'calendar', calendarId }, () => pullCalendar(activation, calendarId));
    }
    case 'write':
      return attempt(activation, { kind: 'event', intents: piece.intents }, () =>
        writeEventTurn(activation, { ...piece, closes: true }),
      );
    case 'write_here':
      return writeAllHere(activation, piece.events);
    case 'delete_all':
      return attempt(activation, { kind: 'event', intents: [piece.intent] }, () =>
        bulkDeleteTurn(activation, piece.intent, piece.calendarIds),
      );
    case 'make_calendar':
      return attempt(activation, { kind: 'event', intents: [piece.intent] }, () =>
        makeCalendarTurn(activation, piece.intent),
      );
    default:
      return unreachable(piece);
  }
}

/** One that is not plain goes through the turn of a single event; the next turn chooses among the others. */
async function writeAllHere(activation: Activation, events: readonly EventOfIntents[]): Promise<void> {
  const [event] = await writeHere(activation, events);
  if (event === undefined) return;
  const { intents } = event;
  await attempt(activation, { kind: 'event', intents }, () => writeEventTurn(activation, { ...event, closes: true }));
}

/** In the log before it counts as told: told twice after a crash, never forgotten. */
async function tell(activation: Activation, { notice, detail }: Extract<Piece, { kind: 'tell' }>): Promise<void> {
  await record(activation, { cause: 'state', operations: [], changes: [{ kind: 'notice', notice, detail }] });
  change(activation, { outageToldAtMs: notice === 'quarantined' ? activation.deps.clock.now() : null });
}

async function moveHorizon(
  activation: Activation,
  horizon: Extract<Piece, { kind: 'horizon' }>['horizon'],
): Promise<void> {
  const before = activation.horizon;
  const cause = before !== null && before.zoneData !== horizon.zoneData ? 'zone' : 'horizon';
  await record(activation, { cause, operations: [], changes: [{ kind: 'horizon', horizon }] });
}

const profileScope: Scope = { kind: 'profile' };

function begunScopeOf(scope: Scope): BegunScope {
  if (scope.kind !== 'event') return scope;
  const last = scope.intents.at(-1);
  return { kind: 'event', n: last?.n ?? 0, attempts: last?.attempts ?? 0 };
}

/** Runs what asks the provider, and feeds the machines with how that went. */
async function attempt(activation: Activation, scope: Scope, work: () => Promise<unknown>): Promise<void> {
  await noteBegun(activation, begunScopeOf(scope));
  let met: KalendsError | null = null;
  let failure: KalendsError | null = null;
  try {
    await work();
  } catch (error) {
    met = toKalendsError(error);
    failure = await widest(activation, scope, met);
  }
  if (failure === null) await followIfSentOn(activation);
  else if (await foundElsewhere(activation, failure)) failure = null;
  if (failure !== null) await failed(activation, failure);
  else if (activation.calls.answered > 0) await recover(activation);
  if (failure !== null && met !== null) await setBehind(activation, scope, met);
  if (met === null && scope.kind === 'event' && activation.calls.answered > 0) writesGoOn(activation, scope.intents);
  await completeInitialSync(activation);
}

/** A host that fails for many is not held against each of them. */
async function failed(activation: Activation, error: KalendsError): Promise<void> {
  const host = await tellHostFailed(activation, error);
  if (host === 'broken') return;
  await step(activation, { kind: 'failed', error: asOfTheProfile(error), host });
}

/** What a resource or a calendar could not do, the whole account cannot: nobody knows why, so it is looked at by probes. */
function asOfTheProfile({ code, verdict, retryAtMs, evidence }: KalendsError): Failure {
  return { code, verdict: ofOneThing.has(verdict) ? 'ambiguous' : verdict, retryAtMs, evidence };
}

const ofOneThing: ReadonlySet<Verdict> = new Set([
  'resync',
  'conflict',
  'gone',
  'item_permanent',
  'calendar_permanent',
  'refused',
]);

async function recover(activation: Activation): Promise<void> {
  await tellHostAnswered(activation);
  const { name } = activation.profile.state;
  if (name === 'live' || name === 'connecting') return;
  await step(activation, { kind: 'answered_well' });
}

/** Once the list was read, and each of its calendars was listed in full or set aside; also when there are none. */
async function completeInitialSync(activation: Activation): Promise<void> {
  const { profile, provider, deps } = activation;
  if (profile.state.name !== 'connecting' || profile.nextListAtMs <= deps.clock.now()) return;
  const works = Object.values(profile.calendars);
  if (provider.capabilities.pull && works.some((one) => one.state.name === 'initial')) return;
  await step(activation, { kind: 'initial_sync_done' });
}

/** A provider's failure is a matter of the smallest scope that isolates it; answers what is left for the profile. */
async function widest(activation: Activation, scope: Scope, error: KalendsError): Promise<KalendsError | null> {
  if (endsActivation(error)) throw error;
  const { code, verdict, message, evidence } = error;
  const calendar = scope.kind === 'calendar' ? scope.calendarId : null;
  warn(activation, 'a turn failed', { calendar, scope: scope.kind, code, verdict, message, evidence });
  switch (scope.kind) {
    case 'profile':
      return error;
    case 'list':
      return listFailed(activation, error);
    case 'event':
      return eventFailed(activation, scope.intents, error);
    case 'calendar':
      return calendarFailed(activation, scope.calendarId, error);
    default:
      return unreachable(scope);
  }
}
