/** Asking for a pull of one calendar before long: what a write met there has to be seen first. */
import type { CalendarId } from '../../domain/ids.ts';
import { changeCalendar, type Activation } from './activation.ts';

/** A calendar that was set aside, or is gone, keeps its own time. */
export function pullSoon({ activation, calendarId }: { activation: Activation; calendarId: CalendarId }): void {
  const work = activation.profile.calendars[calendarId];
  if (work?.state.name === 'live' || work?.state.name === 'initial')
    changeCalendar(activation, calendarId, { ...work, nextPollAtMs: activation.deps.clock.now() });
}
