/** Whereabouts: what a write does about an event that is not where it was, which may stand under another name. */
import type { Attempt } from '../../domain/intent.ts';
import type { CalendarState } from '../../domain/machines/calendar.ts';
import { voidAttempt, waitsUntil } from './intents.ts';
import { lateCallsOf } from './late-calls.ts';
import { pullSoon } from './pull-soon.ts';
import type { WriteTurn } from './write-turn.ts';

/**
 * True: this turn is over. An event that is wanted, and that somebody else took away, is looked for in its calendar
 * before it is made anew, or called removed: what moves to another name is seen to go before it is seen to come.
 */
export async function looksElsewhere(turn: WriteTurn): Promise<boolean> {
  const { activation, calendarId, resource, applied, intents } = turn;
  const last = intents.at(-1);
  const work = activation.profile.calendars[calendarId];
  if (resource?.live !== 0 || !activation.provider.capabilities.pull || last === undefined) return false;
  // A life that nobody noted, since the outcome of what began it is unknown, was wanted by whoever began it.
  const missed = (applied !== null && applied.wanted !== null) || applied?.resourceId !== resource._id;
  if (!missed) return false;
  const { afterReadMs, afterReadSeq } = last;
  // Asked for since its removal was recorded.
  const asked = afterReadMs !== undefined && (afterReadSeq ?? -1) >= resource.seq;
  if (asked && (work?.freshAtMs ?? -1) >= afterReadMs) return false;
  const read = asked ? {} : await pullSoon(turn);
  // A bulk delete is not held back by what one of its calendars waits for, and a calendar without work is read by nobody.
  const byItself = !turn.closes || work === undefined || work.state.name === 'gone';
  const notBeforeMs = byItself ? Math.max(waitsUntil(activation, last.attempts), untilProbe(work?.state)) : 0;
  await voidAttempt(activation, last, { ...read, notBeforeMs });
  return true;
}

const untilProbe = (state: CalendarState | undefined): number => (state?.name === 'quarantined' ? state.probeAtMs : 0);

/**
 * Whether an earlier call of ours may have removed what is gone: one of unknown outcome that a read back found without
 * effect, or one that expired before anybody could ask.
 */
export async function mayBeOurs(turn: WriteTurn, { resourceId }: Attempt): Promise<boolean> {
  const { activation, applied, intents } = turn;
  const isDelete = (one: Attempt | null): boolean => one?.action === 'delete' && one.resourceId === resourceId;
  if (lateCallsOf(activation).some((one) => isDelete(one.attempt))) return true;
  const last = intents.at(-1);
  if (last === undefined) return false;
  const since = { gt: applied?.throughN ?? 0, lt: last.n };
  const params = { profileId: last.profileId, n: since };
  const before = await activation.deps.documents.find('intentsOfProfile', params);
  return before.some((one) => isDelete(one.attempt));
}
