/** A calendar's place in the agenda: when it is looked at next, and the way back from quarantine. */
import { profileNumbers } from '../../config/profile-numbers.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import { transition } from '../../domain/machines/calendar.ts';
import type { MachineContext } from '../../domain/machines/machine.ts';
import type { CalendarWork } from '../../domain/profile.ts';
import { isComplete, isDoubted } from '../../domain/sync/checkpoint.ts';
import { nextPollAt } from '../../domain/sync/polling.ts';
import { change, changeCalendar, save, type Activation } from './activation.ts';
import type { PullTurn } from './page.ts';

export const machineContext = ({ deps }: Activation): MachineContext => ({
  nowMs: deps.clock.now(),
  random: deps.random,
  numbers: profileNumbers,
});

/** After a page: polled by its own rhythm, or earlier where something is left over (`leftOverAtMs`, null: nothing is). */
export function planNext(turn: PullTurn, leftOverAtMs: number | null): void {
  const { activation, calendar, checkpoint } = turn;
  const { random, polling } = activation.deps;
  const context = machineContext(activation);
  const { nowMs } = context;
  const work = activation.profile.calendars[calendar._id];
  if (work === undefined) return;
  const changedAtMs = turn.changed ? nowMs : work.changedAtMs;
  const { state } = transition(work.state, { kind: isComplete(checkpoint) ? 'listed' : 'answered_well' }, context);
  const pollAtMs = nextPollAt(changedAtMs, nowMs, polling, random);
  const nextPollAtMs = leftOverAtMs === null ? pollAtMs : Math.min(pollAtMs, Math.max(nowMs, leftOverAtMs));
  const readAtMs = turn.vanished ? null : turn.read ? turn.beganAtMs : work.readAtMs;
  // What claimed removals that nobody believes yet may have kept silent about anything else, too.
  const believed = isComplete(checkpoint) && !checkpoint.held.some(isDoubted);
  const freshAtMs = believed && readAtMs !== null ? readAtMs : work.freshAtMs;
  // What brought it back is a listing, and proves nothing of what failed: where that fails again, it is set aside at once.
  const failures = work.state.name === 'quarantined' ? work.failures : 0;
  const readSeq = turn.read ? { readSeq: activation.profile.projectedSeq } : {};
  const next = { state, nextPollAtMs, changedAtMs, failures, readAtMs, ...readSeq, freshAtMs };
  changeCalendar(activation, calendar._id, { ...work, ...next });
  change(activation, { freshAtMs: stalest(Object.values(activation.profile.calendars)) });
}

/** Null while one of them has never been seen in full. */
function stalest(works: readonly CalendarWork[]): number | null {
  const times = works.flatMap(({ state, freshAtMs }) => (state.name === 'gone' ? [] : [freshAtMs]));
  return times.includes(null) ? null : Math.min(...times.flatMap((one) => one ?? []));
}

/**
 * A quarantined calendar is asked one cheap question before its ordinary work is tried; what `planNext` makes of a page
 * that went well reinstates it. Counted durably before the question: what fails again waits longer.
 */
export async function probeCalendar(activation: Activation, calendar: CalendarDoc): Promise<void> {
  const work = activation.profile.calendars[calendar._id];
  if (work === undefined) return;
  const { state } = transition(work.state, { kind: 'probe_due' }, machineContext(activation));
  changeCalendar(activation, calendar._id, { ...work, state });
  await save(activation);
  await activation.provider.version(activation.session, calendar.ref);
}
