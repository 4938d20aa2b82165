/** Carrying out what operators asked of a profile: relinked credentials, disconnection, reinstatement, resyncs, their word about what is held, repairs, rebuilds. */
import { quarantine } from '../../config/policies.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/ids.ts';
import { transition } from '../../domain/machines/calendar.ts';
import type { ProfileRequest } from '../../domain/profile.ts';
import { profileNumbers } from '../../config/profile-numbers.ts';
import { change, changeCalendar, step, type Activation } from './activation.ts';
import { noteBegun } from './deaths.ts';
import { settleHeld } from './held.ts';
import { beginRepair } from './repair.ts';
import { askHostSoon, leaveGate } from './host-gate.ts';

/**
 * All of them, in order; each is struck off in the same document that carries its effects, and can be repeated. Counted
 * before it is begun: one that never ends must not come before everything else for ever.
 */
export async function carryOutRequests(activation: Activation): Promise<void> {
  const { deps } = activation;
  for (const request of activation.profile.requests) {
    const { _id: profile, requestTries = 0 } = activation.profile;
    if (requestTries < quarantine.requestTriesMax || isOfAPerson(request)) {
      change(activation, { requestTries: requestTries + 1 });
      await noteBegun(activation, { kind: 'request' });
      await carryOut(activation, request);
    } else deps.report('a request was given up', { profile, request: nameOf(request), tries: requestTries });
    change(activation, { requests: activation.profile.requests.slice(1), requestTries: 0 });
  }
}

/** That somebody connected again, or no longer wants to be, is short, and nobody would say it a second time. */
const isOfAPerson = (request: ProfileRequest): boolean => request === 'relinked' || request === 'disconnect';

const nameOf = (request: ProfileRequest): string => (typeof request === 'object' ? request.kind : request);

async function carryOut(activation: Activation, request: ProfileRequest): Promise<void> {
  if (typeof request === 'object') {
    if (request.kind === 'rebuild') return activation.deps.log.rebuild(activation.profile._id, activation.head);
    return request.kind === 'repair_deletions' ? beginRepair(activation, request) : settleHeld(activation, request);
  }
  const { name } = activation.profile.state;
  if (request === 'relinked') {
    // A person who has just connected need not wait for others to find out that the host answers.
    leaveGate(activation);
    await step(activation, { kind: 'relinked' });
    // New credentials are proved by using them.
    pullNow(activation);
  } else if (request !== 'disconnect') await askHostSoon(activation);
  if (request === 'disconnect') await step(activation, { kind: 'disconnect' });
  if (request === 'reinstate') {
    if (name === 'backing_off' || name === 'quarantined' || name === 'relink_required')
      await step(activation, { kind: 'operator_reinstate' });
    reinstateCalendars(activation);
  }
  if (request === 'resync') await resync(activation);
  if (request === 'pull') pullNow(activation);
}

function pullNow(activation: Activation): void {
  const nowMs = activation.deps.clock.now();
  for (const [calendarId, work] of worksOf(activation))
    changeCalendar(activation, calendarId, { ...work, nextPollAtMs: nowMs });
  change(activation, { nextListAtMs: Math.min(activation.profile.nextListAtMs, nowMs) });
}

function reinstateCalendars(activation: Activation): void {
  const { clock, random } = activation.deps;
  const context = { nowMs: clock.now(), random, numbers: profileNumbers };
  for (const [calendarId, work] of worksOf(activation)) {
    if (work.state.name !== 'quarantined') continue;
    const { state } = transition(work.state, { kind: 'operator_reinstate' }, context);
    changeCalendar(activation, calendarId, { ...work, state, nextPollAtMs: context.nowMs, failures: 0 });
  }
}

/** Forgets tokens, keeps what is owed and held: every calendar is listed in full and compared with the cache. */
export async function resync(activation: Activation): Promise<void> {
  const { documents, clock } = activation.deps;
  const nowMs = clock.now();
  for (const [calendarId, work] of worksOf(activation)) {
    const checkpoint = await documents.get('checkpoints', calendarId);
    if (checkpoint !== null) {
      const anew = { ...checkpoint, token: null, ctag: null, listedAtMs: null, rev: checkpoint.rev + 1 };
      if (!(await documents.replace('checkpoints', anew, checkpoint.rev)))
        throw new KalendsError('second_owner', `the checkpoint of ${calendarId} was changed by somebody else`);
    }
    changeCalendar(activation, calendarId, { ...work, nextPollAtMs: nowMs });
  }
  change(activation, { nextListAtMs: nowMs });
}

const worksOf = (activation: Activation) =>
  Object.entries(activation.profile.calendars) as [CalendarId, Activation['profile']['calendars'][CalendarId]][];
