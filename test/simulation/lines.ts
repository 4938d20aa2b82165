/** Contents as lines that are compared, whoever shows them. */
import { eventUidOf, resourceIdOf, type CalendarId } from '../../domain/ids.ts';
import type { Application, Row } from './application.ts';
import { occurrencesIn } from './reader.ts';

/** What is missing and what is too much, for people; null: they are the same. */
export function differing(what: string, found: readonly string[], wanted: readonly string[]): string | null {
  const missing = without(wanted, found);
  const surplus = without(found, wanted);
  if (missing.length + surplus.length === 0) return null;
  return `${what}: missing ${JSON.stringify(missing)}, surplus ${JSON.stringify(surplus)}`;
}

function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return all.filter((one) => {
    const at = left.indexOf(one);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}

/** What applications are to read of a body that stands under that name: a line for each occurrence, with its name for good. */
export function rowsOf(calendarId: CalendarId, ref: string, body: string): readonly string[] {
  const resourceId = resourceIdOf(calendarId, ref);
  return occurrencesIn(body).map(({ key, line }) => `${calendarId} ${eventUidOf(resourceId, key)} ${line}`);
}

/** What an application believes is there, as `rowsOf` says it. */
export function rowsBelieved({ mirror }: Application): readonly string[] {
  return [...mirror.values()].filter((row) => row['deleted'] !== true).map(lineOfRow);
}

function lineOfRow(row: Row): string {
  const time = (value: unknown): string => String(value).replace(/Z$/, '');
  const location = (row['location'] as { description?: string } | undefined)?.description ?? '';
  const shown = [time(row['start']), time(row['end']), row['summary'], location, row['description']].join(' | ');
  return `${String(row['calendar_id'])} ${String(row['event_uid'])} ${shown}`;
}

/** Rows with a name of the application's own that is another event's, or none of its events'. */
export const namedWrongly = ({ mirror, name }: Application): readonly Row[] =>
  [...mirror.values()].filter((row) => {
    const own = row['event_id'];
    if (own === undefined || row['deleted'] === true) return false;
    const meant = String(row['summary']).split(' ')[1] ?? '';
    return own !== meant || !meant.startsWith(`${name}-e`);
  });
