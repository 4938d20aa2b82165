/** What an answer shows of one resource. */
import type { Observation } from '../../domain/resource.ts';
import type { MultistatusResponse } from './xml/multistatus.ts';
import { textOf } from './xml/multistatus.ts';
import { names, type PrefixedName } from './xml/names.ts';

/** The properties that make an observation. */
export const resourceProperties: readonly PrefixedName[] = ['d:getetag', 'c:schedule-tag', 'c:calendar-data'];

/** Null where the response has no body: it may say 404 of that property alone, or of nothing. */
export function observationOf(ref: string, response: MultistatusResponse): Observation | null {
  const body = response.props.get(names.calendarBody)?.text ?? '';
  if (body.trim() === '' || (response.status !== null && response.status >= 300)) return null;
  return {
    ref,
    etag: textOf(response, names.etag),
    scheduleTag: textOf(response, names.scheduleTag),
    body,
    format: 'icalendar',
  };
}
