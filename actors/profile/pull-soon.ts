/** Asking for a pull of one calendar before long: what a write met there has to be seen first. */
import type { CalendarId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { changeCalendar, save, type Activation } from './activation.ts';

/**
 * Answers the time after which the calendar is to be read: now, and later than it was read before, by whatever clock;
 * and where the log ends now. That it is due is stored before anybody waits for it. One that was set aside, or is gone, keeps its own time.
 */
export async function pullSoon(turn: {
  activation: Activation;
  calendarId: CalendarId;
}): Promise<Required<Pick<IntentDoc, 'afterReadMs' | 'afterReadSeq'>>> {
  const { activation, calendarId } = turn;
  const work = activation.profile.calendars[calendarId];
  const afterReadMs = Math.max(activation.deps.clock.now(), (work?.readAtMs ?? -1) + 1, (work?.freshAtMs ?? -1) + 1);
  if (work?.state.name === 'live' || work?.state.name === 'initial') {
    changeCalendar(activation, calendarId, { ...work, nextPollAtMs: afterReadMs });
    await save(activation);
  }
  return { afterReadMs, afterReadSeq: activation.head.seq };
}
