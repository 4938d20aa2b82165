/** A VEVENT as an event component: every field by its own file. */
import type { EventComponent, EventTime } from '../event.ts';
import { readAttendees } from './attendees.ts';
import { readCategories } from './categories.ts';
import { readColor } from './color.ts';
import { readDescription } from './description.ts';
import { readLocation } from './location.ts';
import { readOrganizer } from './organizer.ts';
import { readPrivate } from './privacy.ts';
import { readReminders } from './reminders.ts';
import type { Span } from './span.ts';
import { readStatus } from './status.ts';
import { readSummary } from './summary.ts';
import { readExtendedTransparency, readTransparency } from './transparency.ts';
import type { Component } from './tree.ts';
import { readUrl } from './url.ts';

/** What makes an exception of a component. */
export interface ExceptionMark {
  readonly recurrenceId: EventTime | null;
  readonly thisAndFuture: boolean;
}

export function readEvent(event: Component, span: Span, mark: ExceptionMark): EventComponent {
  return {
    summary: readSummary(event),
    description: readDescription(event),
    location: readLocation(event),
    start: span.start,
    end: span.end,
    status: readStatus(event),
    transparency: readTransparency(event),
    extendedTransparency: readExtendedTransparency(event),
    organizer: readOrganizer(event),
    attendees: readAttendees(event),
    categories: readCategories(event),
    private: readPrivate(event),
    url: readUrl(event),
    color: readColor(event),
    reminders: readReminders(event),
    ...mark,
  };
}
