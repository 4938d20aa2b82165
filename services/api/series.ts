/** Managed series: how they repeat, and which occurrence comes first. */
import type { EventTime } from '../../domain/event.ts';
import type { ManagedEventDoc, RequestedFields } from '../../domain/managed-event.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import type { ApiContext } from './context.ts';
import { seriesKey, type SeriesHead } from './event-row.ts';
import type { Overlaid } from './overlay.ts';
import { basicInstant, wireRecurrence } from './recurrence-rules.ts';

/**
 * The series among the rows, by key. A wish that has not landed (`coming`) says itself where its series starts; one
 * that has may have been moved in the calendar since.
 */
export async function seriesOf(
  context: ApiContext,
  rows: readonly EventDoc[],
  coming: Overlaid['wanted'],
): Promise<ReadonlyMap<string, SeriesHead>> {
  const keys = [...new Set(rows.filter((one) => one.recurring && one.eventId !== null).map(seriesKey))];
  if (keys.length === 0) return new Map();
  const managed = new Map((await context.documents.getMany('managed_events', keys)).map((one) => [one._id, one]));
  const standing = await startsOf(
    context,
    [...managed.values()].filter((one) => !coming.has(one._id)),
  );
  const heads = keys.flatMap((key) => {
    const wanted = coming.has(key) ? coming.get(key) : managed.get(key)?.wanted;
    return headOf(wanted ?? null, standing.get(key)).map((head) => [key, head] as const);
  });
  return new Map(heads);
}

/** Where the calendar has the first occurrence of each; what it does not say, or cannot be read, is left out. */
async function startsOf(
  { documents, normalise }: ApiContext,
  managed: readonly ManagedEventDoc[],
): Promise<ReadonlyMap<string, EventTime>> {
  const ids = managed.flatMap((one) => one.resourceId ?? []);
  const resources = new Map((await documents.getMany('resources', ids)).map((one) => [one._id, one]));
  const starts = managed.flatMap(({ _id, resourceId }) => {
    const resource = resourceId === null ? undefined : resources.get(resourceId);
    const start = resource === undefined ? undefined : normalise(resource.format, resource.body).master?.start;
    return start === undefined ? [] : [[_id, start] as const];
  });
  return new Map(starts);
}

function headOf(wanted: RequestedFields | null, standing: EventTime | undefined): SeriesHead[] {
  const start = wanted?.start;
  if (start === undefined) return [];
  const rules = wanted?.recurrence ?? [];
  return [{ firstKey: keyOf(standing ?? start), recurrence: rules.length === 0 ? null : wireRecurrence(rules, start) }];
}

/** The recurrence key of an occurrence that starts then. */
function keyOf(start: EventTime): string {
  if (start.kind === 'instant') return basicInstant(start.ms);
  return (start.kind === 'date' ? start.date : start.local).replaceAll(/[-:]/g, '');
}
