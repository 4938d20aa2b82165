/** Carrying out what operators asked of a profile: relinked credentials, disconnection, reinstatement, a full resync. */
import type { CalendarId } from '../../domain/ids.ts';
import { transition } from '../../domain/machines/calendar.ts';
import type { ProfileRequest } from '../../domain/profile.ts';
import { profileNumbers } from '../../config/profile-numbers.ts';
import { change, changeCalendar, step, type Activation } from './activation.ts';

/** All of them, in order; the list is emptied in the same document that carries their effects. */
export async function carryOutRequests(activation: Activation): Promise<void> {
  const { requests } = activation.profile;
  change(activation, { requests: [] });
  for (const request of requests) await carryOut(activation, request);
}

async function carryOut(activation: Activation, request: ProfileRequest): Promise<void> {
  const { name } = activation.profile.state;
  if (request === 'relinked') await step(activation, { kind: 'relinked' });
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
async function resync(activation: Activation): Promise<void> {
  const { documents, clock } = activation.deps;
  const nowMs = clock.now();
  for (const [calendarId, work] of worksOf(activation)) {
    const checkpoint = await documents.get('checkpoints', calendarId);
    if (checkpoint !== null) {
      const anew = { ...checkpoint, token: null, ctag: null, listedAtMs: null, rev: checkpoint.rev + 1 };
      await documents.replace('checkpoints', anew, checkpoint.rev);
    }
    changeCalendar(activation, calendarId, { ...work, nextPollAtMs: nowMs });
  }
  change(activation, { nextListAtMs: nowMs });
}

const worksOf = (activation: Activation) =>
  Object.entries(activation.profile.calendars) as [CalendarId, Activation['profile']['calendars'][CalendarId]][];
