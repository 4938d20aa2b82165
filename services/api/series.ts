/** Managed series: how they repeat, and which occurrence comes first. */
import type { EventTime } from '../../domain/event.ts';
import type { ResourceId } from '../../domain/ids.ts';
import { managedKey, type RequestedFields } from '../../domain/managed-event.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import type { ApiContext } from './context.ts';
import type { SeriesHead } from './event-row.ts';
import type { Overlaid } from './overlay.ts';
import { basicInstant, wireRecurrence } from './recurrence-rules.ts';

/**
 * The series among the rows, each life of an event_id by its resource: what has ended keeps its first occurrence,
 * whatever is wanted under the same event_id since. A wish that has not landed says itself where its series starts; one
 * that has may have been moved in the calendar since.
 */
export async function seriesOf(
  context: ApiContext,
  rows: readonly EventDoc[],
  coming: Overlaid['wanted'],
): Promise<ReadonlyMap<ResourceId, SeriesHead>> {
  const keys = new Map<ResourceId, string>();
  for (const { resourceId, calendarId, eventId, recurring } of rows)
    if (recurring && eventId !== null) keys.set(resourceId, managedKey(calendarId, eventId));
  if (keys.size === 0) return new Map();
  const managed = await context.documents.getMany('managed_events', [...new Set(keys.values())]);
  const applied = new Map(managed.flatMap((one) => (one.resourceId === null ? [] : [[one.resourceId, one.wanted]])));
  const standing = await startsOf(context, [...keys.keys()]);
  const heads = [...keys.keys()].flatMap((resourceId) => {
    const wish = coming.get(resourceId);
    const wanted = wish ?? applied.get(resourceId) ?? null;
    return headOf(wish?.start ?? standing.get(resourceId) ?? wanted?.start, wanted).map(
      (head) => [resourceId, head] as const,
    );
  });
  return new Map(heads);
}

/** Where each resource has its first occurrence, or had when it was there last; what does not say, or cannot be read, is left out. */
async function startsOf(
  { documents, normalise }: ApiContext,
  ids: readonly ResourceId[],
): Promise<ReadonlyMap<ResourceId, EventTime>> {
  const starts = (await documents.getMany('resources', ids)).flatMap(({ _id, format, body }) => {
    const start = normalise(format, body).master?.start;
    return start === undefined ? [] : [[_id, start] as const];
  });
  return new Map(starts);
}

function headOf(first: EventTime | undefined, wanted: RequestedFields | null): SeriesHead[] {
  if (first === undefined) return [];
  const rules = wanted?.recurrence ?? [];
  const start = wanted?.start;
  const repeats = rules.length > 0 && start !== undefined;
  return [{ firstKey: keyOf(first), recurrence: repeats ? wireRecurrence(rules, start) : null }];
}

/** The recurrence key of an occurrence that starts then. */
function keyOf(start: EventTime): string {
  if (start.kind === 'instant') return basicInstant(start.ms);
  return (start.kind === 'date' ? start.date : start.local).replaceAll(/[-:]/g, '');
}
