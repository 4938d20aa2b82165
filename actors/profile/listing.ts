/** Reading the calendar list: new, renamed, withdrawn and deleted calendars, under the same rule about absence. */
import { pulling } from '../../config/policies.ts';
import { sameCalendar, type CalendarDoc, type ObservedCalendar } from '../../domain/calendar.ts';
import type { ChangeOf } from '../../domain/commit.ts';
import { toKalendsError } from '../../domain/errors.ts';
import { calendarIdOf, type CalendarId } from '../../domain/ids.ts';
import { transition } from '../../domain/machines/calendar.ts';
import type { CalendarWork, MissingCalendar } from '../../domain/profile.ts';
import type { Evidence } from '../../domain/resource.ts';
import { spread } from '../../domain/sync/polling.ts';
import { change, changeCalendar, record, removalsHeld, warn, type Activation } from './activation.ts';
import { concernsProfile } from './failure-scope.ts';
import { machineContext } from './calendar-work.ts';

/** Missing calendars asked for directly in one turn. */
const askedPerTurn = 10;

type Known = ReadonlyMap<CalendarId, CalendarDoc>;
type Seen = ReadonlyMap<CalendarId, ObservedCalendar>;

export async function readCalendarList(activation: Activation): Promise<void> {
  const { provider, session, deps, profile } = activation;
  const calendars = await deps.documents.find('calendarsOfProfile', { profileId: profile._id });
  const known: Known = new Map(calendars.map((one) => [one._id, one]));
  const listed = await provider.listCalendars(session);
  const seen: Seen = new Map(listed.map((one) => [calendarIdOf(profile._id, one.ref), one]));
  await recordListed(activation, seen, known);
  for (const one of calendars) if (one.deleted && !seen.has(one._id)) await dropWork(activation, one._id, one);
  const missing = await askForMissing(activation, seen, known);
  const nowMs = deps.clock.now();
  const unchecked = missing.some((one) => one.checkedAtMs === null);
  change(activation, {
    missingCalendars: missing,
    nextListAtMs: unchecked ? nowMs : nextListAt(activation, nowMs),
    ...(activation.profile.listDeaths ? { listDeaths: 0 } : {}),
  });
}

/** A provider without another side has nothing that could change behind our back. */
function nextListAt(activation: Activation, nowMs: number): number {
  return activation.provider.capabilities.pull
    ? nowMs + spread(activation.deps.polling.listMs, activation.deps.polling.jitter, activation.deps.random)
    : Number.MAX_SAFE_INTEGER;
}

/** A changed zone moves floating times, which is a cause of its own. */
async function recordListed(activation: Activation, seen: Seen, known: Known): Promise<void> {
  const moved: ChangeOf<'calendar_put'>[] = [];
  const others: ChangeOf<'calendar_put'>[] = [];
  for (const [calendarId, calendar] of seen) {
    const before = known.get(calendarId);
    if (before !== undefined && !before.deleted && sameCalendar(before, calendar)) continue;
    // What a calendar that was gone would be continued from means nothing for the one that came back.
    if (before?.deleted === true) await forgetCheckpoint(activation, calendarId);
    const zoneChanged = before !== undefined && !before.deleted && before.timeZone !== calendar.timeZone;
    (zoneChanged ? moved : others).push({ kind: 'calendar_put', calendarId, calendar });
  }
  await record(activation, { cause: 'pull', operations: [], changes: others });
  await record(activation, { cause: 'zone', operations: [], changes: moved });
  addWork(activation, [...seen.keys()]);
}

/** After a crash the log may know of calendars that the profile does not: what is accepted for them is part of its work. */
export async function addForgottenWork(activation: Activation): Promise<void> {
  const { deps, profile } = activation;
  const calendars = await deps.documents.find('calendarsOfProfile', { profileId: profile._id });
  const forgotten = calendars.filter((one) => !one.deleted && profile.calendars[one._id] === undefined);
  addWork(
    activation,
    forgotten.map((one) => one._id),
  );
}

/** New calendars, and those that came back, are listed from the beginning. */
export function addWork(activation: Activation, calendarIds: readonly CalendarId[]): void {
  const context = machineContext(activation);
  const { nowMs } = context;
  for (const calendarId of calendarIds) {
    const work = activation.profile.calendars[calendarId];
    const never = { failures: 0, readAtMs: null, freshAtMs: null };
    const fresh: CalendarWork = { state: { name: 'initial' }, nextPollAtMs: nowMs, changedAtMs: nowMs, ...never };
    if (work === undefined || work.state.name === 'gone') change(activation, { freshAtMs: null });
    if (work === undefined) changeCalendar(activation, calendarId, fresh);
    else if (work.state.name === 'gone') {
      const { state } = transition(work.state, { kind: 'reappeared' }, context);
      changeCalendar(activation, calendarId, { ...fresh, state, backSeq: activation.head.seq });
    }
  }
}

/**
 * Absence only nominates: a calendar is gone when it answers so itself while the account's home is readable. Those that
 * were asked for longest ago come first, so that everybody's turn comes. Answers who is missing still.
 */
async function askForMissing(activation: Activation, seen: Seen, known: Known): Promise<readonly MissingCalendar[]> {
  const nowMs = activation.deps.clock.now();
  const before = new Map(activation.profile.missingCalendars.map((one) => [one.calendarId, one]));
  const missing = [...known.values()].filter((one) => !one.deleted && !seen.has(one._id));
  const queue = missing
    .map((one) => before.get(one._id) ?? { calendarId: one._id, sinceMs: nowMs, checkedAtMs: null })
    .sort((a, b) => (a.checkedAtMs ?? 0) - (b.checkedAtMs ?? 0));
  const waiting = queue.filter((one) => one.checkedAtMs === null);
  const round = (waiting.length > 0 ? waiting : queue).slice(0, askedPerTurn);
  const left: MissingCalendar[] = queue.filter((one) => !round.includes(one));
  const { clock } = activation.deps;
  const untilMs = clock.monotonic() + pulling.roundMs;
  for (const one of round) {
    if (clock.monotonic() >= untilMs) {
      left.push(one);
      continue;
    }
    const calendar = known.get(one.calendarId);
    const isGone = calendar !== undefined && (await endIfGone(activation, calendar));
    if (!isGone) left.push({ ...one, checkedAtMs: nowMs });
  }
  return left;
}

async function endIfGone(activation: Activation, calendar: CalendarDoc): Promise<boolean> {
  if (removalsHeld(activation)) return false;
  const { provider, session } = activation;
  try {
    const got = await provider.getCalendar(session, calendar.ref);
    if (got.kind === 'gone') {
      await endCalendar(activation, calendar, got.evidence);
      return true;
    }
    warn(activation, 'a calendar is missing from the list but answers', { calendar: calendar._id });
  } catch (error) {
    const failure = toKalendsError(error);
    if (concernsProfile(failure)) throw failure;
    // The list was read a moment ago, so this is the calendar's own matter: no evidence, no end.
    warn(activation, 'a calendar is missing from the list and cannot be asked', {
      calendar: calendar._id,
      code: failure.code,
    });
  }
  return false;
}

/** The checkpoint goes first: whatever dies in between, a calendar that comes back is listed from the beginning. */
async function endCalendar(activation: Activation, calendar: CalendarDoc, evidence: Evidence): Promise<void> {
  await forgetCheckpoint(activation, calendar._id);
  const changes = [{ kind: 'calendar_gone', calendarId: calendar._id, evidence } as const];
  await record(activation, { cause: 'pull', operations: [], changes });
  leave(activation, calendar._id, evidence);
}

/** For calendars whose end was recorded before a crash, but whose work was not ended; or that the cache does not know. */
export async function dropWork(
  activation: Activation,
  calendarId: CalendarId,
  calendar: CalendarDoc | null,
): Promise<void> {
  const work = activation.profile.calendars[calendarId];
  if (work === undefined || work.state.name === 'gone') return;
  await forgetCheckpoint(activation, calendarId);
  const atMs = activation.deps.clock.now();
  const note = calendar === null ? 'the cache does not know it' : 'recorded in the log before a restart';
  leave(activation, calendarId, { kind: 'operator', note, atMs });
  if (calendar === null) change(activation, { nextListAtMs: atMs });
}

function leave(activation: Activation, calendarId: CalendarId, evidence: Evidence): void {
  const work = activation.profile.calendars[calendarId];
  if (work === undefined) return;
  const { state } = transition(work.state, { kind: 'gone', evidence }, machineContext(activation));
  changeCalendar(activation, calendarId, { ...work, state });
}

async function forgetCheckpoint(activation: Activation, calendarId: CalendarId): Promise<void> {
  await activation.deps.documents.remove('checkpoints', [calendarId]);
}
