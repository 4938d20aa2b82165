/** A failure that was met in one calendar: whether it is that calendar's matter alone, or the profile's. */
import { profileNumbers } from '../../config/profile-numbers.ts';
import { backoff } from '../../config/policies.ts';
import { delayOf } from '../../domain/backoff.ts';
import { toKalendsError, type KalendsError } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/ids.ts';
import { transition } from '../../domain/machines/calendar.ts';
import { change, changeCalendar, type Activation } from './activation.ts';

/** Null when the calendar takes it; else the error that the profile machine is to be fed with. */
export async function calendarFailed(
  activation: Activation,
  calendarId: CalendarId,
  error: KalendsError,
): Promise<KalendsError | null> {
  const { clock, random } = activation.deps;
  const work = activation.profile.calendars[calendarId];
  if (work === undefined || !mayBeItsOwn(error)) return error;
  const account = await accountFailure(activation);
  if (account !== null) return account;
  const nowMs = clock.now();
  // The list decides whether a calendar that answers "not found" is gone.
  if (error.verdict === 'gone') change(activation, { nextListAtMs: nowMs });
  const failures = work.failures + 1;
  const context = { nowMs, random, numbers: profileNumbers };
  const { state, effects } = transition(work.state, { kind: 'failed', error, failures }, context);
  const planned = effects.find((one) => one.kind === 'wake')?.atMs;
  const nextPollAtMs = planned ?? nowMs + delayOf(backoff.transient, failures, random);
  changeCalendar(activation, calendarId, { ...work, failures, state, nextPollAtMs });
  return null;
}

/** Null when it concerns one write alone, whose intent waits already; else the error of the profile. */
export async function eventFailed(activation: Activation, error: KalendsError): Promise<KalendsError | null> {
  return mayBeItsOwn(error) ? accountFailure(activation) : error;
}

/** Failures that say something of the network or the credentials are never one calendar's or one event's. */
function mayBeItsOwn(error: KalendsError): boolean {
  return (
    ['ambiguous', 'gone', 'calendar_permanent', 'item_permanent', 'conflict', 'resync', 'permanent'].includes(
      error.verdict,
    ) ||
    error.code === 'malformed_multistatus' ||
    error.code === 'not_multistatus' ||
    error.code === 'cut_short'
  );
}

/** One cheap request tells whether the account answers while this calendar does not. */
async function accountFailure(activation: Activation): Promise<KalendsError | null> {
  try {
    await activation.provider.probe(activation.session);
    return null;
  } catch (error) {
    return toKalendsError(error);
  }
}
