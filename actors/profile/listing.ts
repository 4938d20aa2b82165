/** Reading the calendar list: new, renamed, withdrawn and deleted calendars, under the same rule about absence. */
import { sameCalendar, type CalendarDoc, type ObservedCalendar } from '../../domain/calendar.ts';
import type { Change } from '../../domain/commit.ts';
import { calendarIdOf, type CalendarId } from '../../domain/ids.ts';
import type { CalendarWork } from '../../domain/profile.ts';
import type { Evidence } from '../../domain/resource.ts';
import { spread } from '../../domain/sync/polling.ts';
import { change, changeCalendar, record, type Activation } from './activation.ts';

/** Missing calendars confirmed by direct requests in one turn. */
const confirmedPerTurn = 10;

/** Answers true while missing calendars wait for confirmation. */
export async function readCalendarList(activation: Activation): Promise<boolean> {
  const { provider, session, deps, profile } = activation;
  const known = new Map(
    (await deps.documents.find('calendarsOfProfile', { profileId: profile._id })).map((one) => [one._id, one]),
  );
  const listed = await provider.listCalendars(session);
  const seen = new Map(listed.map((one) => [calendarIdOf(profile._id, one.ref), one]));
  await recordListed(activation, seen, known);
  await endUnfinished(activation, [...known.values()], seen);
  const absent = [...known.values()].filter((one) => !one.deleted && !seen.has(one._id));
  await confirmAbsent(activation, absent.slice(0, confirmedPerTurn));
  const nowMs = deps.clock.now();
  const later = absent.length > confirmedPerTurn;
  change(activation, {
    missingCalendars: absent.slice(confirmedPerTurn).map((one) => ({ calendarId: one._id, sinceMs: nowMs })),
    nextListAtMs: later ? nowMs : nextListAt(activation, nowMs),
  });
  return later;
}

/** A provider without another side has nothing that could change behind our back. */
function nextListAt(activation: Activation, nowMs: number): number {
  return activation.provider.capabilities.pull
    ? nowMs + spread(activation.deps.polling.listMs, activation.deps.polling.jitter, activation.deps.random)
    : Number.MAX_SAFE_INTEGER;
}

async function recordListed(
  activation: Activation,
  seen: ReadonlyMap<CalendarId, ObservedCalendar>,
  known: ReadonlyMap<CalendarId, CalendarDoc>,
): Promise<void> {
  const changes: Change[] = [];
  let zoneChanged = false;
  for (const [calendarId, calendar] of seen) {
    const before = known.get(calendarId);
    if (before !== undefined && !before.deleted && sameCalendar(before, calendar)) continue;
    zoneChanged ||= before !== undefined && before.timeZone !== calendar.timeZone;
    changes.push({ kind: 'calendar_put', calendarId, calendar });
  }
  await record(activation, { cause: zoneChanged ? 'zone' : 'pull', operations: [], changes });
  addWork(activation, [...seen.keys()]);
}

/** New calendars, and those that came back, are listed from the beginning. */
export function addWork(activation: Activation, calendarIds: readonly CalendarId[]): void {
  const { profile, deps } = activation;
  const fresh = calendarIds.filter((id) => {
    const work = profile.calendars[id];
    return work === undefined || work.state.name === 'gone';
  });
  if (fresh.length === 0) return;
  const nowMs = deps.clock.now();
  const work: CalendarWork = { state: { name: 'initial' }, nextPollAtMs: nowMs, changedAtMs: nowMs, failures: 0 };
  change(activation, { calendars: { ...profile.calendars, ...Object.fromEntries(fresh.map((id) => [id, work])) } });
}

/** Absence only nominates: a calendar is gone when it answers so itself while the account's home is readable. */
async function confirmAbsent(activation: Activation, absent: readonly CalendarDoc[]): Promise<void> {
  const { provider, session, deps } = activation;
  for (const calendar of absent) {
    const got = await provider.getCalendar(session, calendar.ref);
    if (got.kind === 'found') {
      deps.report('a calendar is missing from the list but answers', { calendar: calendar._id });
      continue;
    }
    const { evidence } = got;
    const changes: Change[] = [{ kind: 'calendar_gone', calendarId: calendar._id, evidence }];
    await record(activation, { cause: 'pull', operations: [], changes });
    await endWork(activation, calendar._id, evidence);
  }
}

/** Also for calendars whose end was recorded before a crash, but whose work was not ended. */
async function endWork(activation: Activation, calendarId: CalendarId, evidence: Evidence): Promise<void> {
  await forgetCheckpoint(activation, calendarId);
  const work = activation.profile.calendars[calendarId];
  if (work !== undefined) changeCalendar(activation, calendarId, { ...work, state: { name: 'gone', evidence } });
}

async function endUnfinished(
  activation: Activation,
  known: readonly CalendarDoc[],
  seen: ReadonlyMap<CalendarId, ObservedCalendar>,
): Promise<void> {
  const unfinished = known.filter((one) => {
    const work = activation.profile.calendars[one._id];
    return one.deleted && !seen.has(one._id) && work !== undefined && work.state.name !== 'gone';
  });
  if (unfinished.length === 0) return;
  const nowMs = activation.deps.clock.now();
  const evidence: Evidence = { kind: 'operator', note: 'recorded in the log before a restart', atMs: nowMs };
  for (const one of unfinished) await endWork(activation, one._id, evidence);
}

/** What a calendar that is gone would be continued from means nothing for one that comes back. */
async function forgetCheckpoint(activation: Activation, calendarId: CalendarId): Promise<void> {
  await activation.deps.documents.remove('checkpoints', [calendarId]);
}
