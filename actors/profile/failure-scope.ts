/** A failure that was met in one place: whether it is that place's matter alone, or the profile's. */
import { backoff } from '../../config/policies.ts';
import { delayOf } from '../../domain/backoff.ts';
import { toKalendsError, type ErrorCode, type KalendsError, type Verdict } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { transition } from '../../domain/machines/calendar.ts';
import { respectRetryAfter } from '../../domain/machines/delays.ts';
import type { Failure } from '../../domain/machines/machine.ts';
import { triedAgainAt } from '../../domain/machines/profile.ts';
import { spread } from '../../domain/sync/polling.ts';
import { change, changeCalendar, type Activation } from './activation.ts';
import { machineContext } from './calendar-work.ts';
import { postponeLast, waitsUntil } from './intents.ts';

/** What a piece of work concerns: the scope that a failure in it may be confined to. */
export type Scope =
  | { readonly kind: 'profile' | 'list' }
  | { readonly kind: 'event'; readonly intents: readonly IntentDoc[] }
  | { readonly kind: 'calendar'; readonly calendarId: CalendarId };

/** Null when the calendar takes it; else the error that the profile machine is to be fed with. */
export async function calendarFailed(
  activation: Activation,
  calendarId: CalendarId,
  error: KalendsError,
): Promise<KalendsError | null> {
  const wider = await widerFailure(activation, error);
  if (wider !== null) return wider;
  // The list decides whether a calendar that answers "not found" is gone.
  if (error.verdict === 'gone') change(activation, { nextListAtMs: activation.deps.clock.now() });
  setCalendarBack(activation, calendarId, error);
  return null;
}

/** One failure more in a row of this calendar alone: it waits longer, or is set aside. */
export function setCalendarBack(activation: Activation, calendarId: CalendarId, error: KalendsError): void {
  const work = activation.profile.calendars[calendarId];
  if (work === undefined || work.state.name === 'gone') return;
  const context = machineContext(activation);
  const failures = work.failures + 1;
  const { state, effects } = transition(work.state, { kind: 'failed', error: asOfCalendar(error), failures }, context);
  const planned = effects.find((one) => one.kind === 'wake')?.atMs;
  const nextPollAtMs = planned ?? context.nowMs + delayOf(backoff.transient, failures, context.random);
  changeCalendar(activation, calendarId, { ...work, failures, state, nextPollAtMs });
}

/** What no calendar should answer sets it aside; "not found" and refusals that the account does not share may pass. */
function asOfCalendar({ code, verdict, retryAtMs, evidence }: KalendsError): Failure {
  const mayPass = verdict === 'gone' || verdict === 'auth_suspect';
  const known = ['transient', 'rate_limited', 'ambiguous', 'permanent', 'calendar_permanent'].includes(verdict);
  return { code, verdict: mayPass ? 'transient' : known ? verdict : 'ambiguous', retryAtMs, evidence };
}

/** Null when it concerns these writes alone, which wait from now on; else the error of the profile. */
export async function eventFailed(
  activation: Activation,
  intents: readonly IntentDoc[],
  error: KalendsError,
): Promise<KalendsError | null> {
  const wider = await widerFailure(activation, error);
  if (wider !== null) return wider;
  if (error.verdict === 'gone' || error.code === 'parent_missing')
    change(activation, { nextListAtMs: activation.deps.clock.now() });
  await postponeLast(activation, intents, error);
  return null;
}

/** The list fails while the account answers: the calendars that are known go on, and it is read again before long. */
export async function listFailed(activation: Activation, error: KalendsError): Promise<KalendsError | null> {
  const { polling, random } = activation.deps;
  const wider = knowsCalendars(activation) ? await widerFailure(activation, error) : error;
  if (wider !== null) return wider;
  const context = machineContext(activation);
  const ownMs = context.nowMs + spread(polling.baseMs, polling.jitter, random);
  change(activation, { nextListAtMs: respectRetryAfter(ownMs, error, context) });
  return null;
}

export const knowsCalendars = ({ profile }: Activation): boolean =>
  Object.values(profile.calendars).some((one) => one.state.name !== 'gone');

/**
 * Where the profile waits because of one answer, which nobody asked a second question about: what met it waits longer than
 * the profile. Something else is tried first, and goes on where it is this piece of work alone that always meets it; so do
 * writes to other calendars, and reads, where it is all the writes of a calendar.
 */
export async function setBehind(activation: Activation, scope: Scope, error: KalendsError): Promise<void> {
  const { deps, profile } = activation;
  if (!ofTheAccount.has(error.code) || profile.state.name === 'relink_required') return;
  const fromMs = triedAgainAt(profile.state) ?? deps.clock.now();
  if (scope.kind === 'list' && knowsCalendars(activation))
    change(activation, { nextListAtMs: fromMs + spread(deps.polling.baseMs, deps.polling.jitter, deps.random) });
  if (scope.kind === 'calendar') {
    const work = profile.calendars[scope.calendarId];
    if (work === undefined) return;
    const failures = work.failures + 1;
    const nextPollAtMs = waitsUntil(activation, failures, { fromMs, verdict: error.verdict });
    changeCalendar(activation, scope.calendarId, { ...work, failures, nextPollAtMs });
  }
  if (scope.kind === 'event') {
    const writtenAtMs = setWritesBack(activation, scope.intents, { fromMs, verdict: error.verdict });
    await postponeLast(activation, scope.intents, error, { fromMs: writtenAtMs });
  }
}

/** Answers when the calendar of these intents is written to again. */
function setWritesBack(
  activation: Activation,
  intents: readonly IntentDoc[],
  from: { readonly fromMs: number; readonly verdict: Verdict },
): number {
  const found = writtenTo(activation, intents);
  if (found === null) return from.fromMs;
  const times = (found.work.writesSetBack?.times ?? 0) + 1;
  const untilMs = waitsUntil(activation, times, from);
  changeCalendar(activation, found.calendarId, { ...found.work, writesSetBack: { times, untilMs } });
  return untilMs;
}

/** A write was answered: the others of its calendar need not wait. */
export function writesGoOn(activation: Activation, intents: readonly IntentDoc[]): void {
  const found = writtenTo(activation, intents);
  if (found?.work.writesSetBack === undefined) return;
  const { writesSetBack: _setBack, ...work } = found.work;
  changeCalendar(activation, found.calendarId, work);
}

function writtenTo({ profile }: Activation, intents: readonly IntentDoc[]) {
  const wish = intents.at(-1)?.wish;
  const calendarId = wish === undefined || wish.kind === 'delete_all' ? null : wish.calendarId;
  const work = calendarId === null ? undefined : profile.calendars[calendarId];
  return calendarId === null || work === undefined ? null : { calendarId, work };
}

/** The host cannot be reached, or asks for patience, or the person must act: nobody needs to be asked again. */
export const ofTheAccount: ReadonlySet<ErrorCode> = new Set([
  'connect_failed',
  'name_not_found',
  'tls_failed',
  'address_refused',
  'credentials_revoked',
  'rate_limited',
  'unsealable',
  'shutting_down',
]);

/** Not of the calendar that was asked for, whatever other questions would be answered with. */
export const concernsProfile = (error: KalendsError): boolean =>
  ofTheAccount.has(error.code) || error.verdict === 'auth_suspect' || endsActivation(error);

/**
 * Failures of the store, and of who may act, end the activation; the next turn reads everything again. Defects of our
 * own do not: they are confined like any failure that nobody understands.
 */
export const endsActivation = (error: KalendsError): boolean =>
  error.code.startsWith('store_') ||
  ['second_owner', 'not_owner', 'duplicate_key', 'shutting_down'].includes(error.code);

/** Null where the account answers one cheap request while this one failed; else what the profile suffers from. */
async function widerFailure(activation: Activation, error: KalendsError): Promise<KalendsError | null> {
  if (ofTheAccount.has(error.code)) return error;
  if (error.code === 'suspicious_delta' || error.code === 'removals_held') return null;
  try {
    await activation.provider.probe(activation.session);
    return null;
  } catch (failure) {
    return toKalendsError(failure);
  }
}
