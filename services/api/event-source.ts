/** The source of rows: selected events in the order of their position, page by page, straight from the projection. */
import type { CalendarId } from '../../domain/ids.ts';
import { longEventMs, type EventDoc } from '../../domain/projected-event.ts';
import type { Documents } from '../../store/documents.ts';
import type { Range } from '../../store/queries.ts';
import { comparePositions, type Position } from './pages.ts';
import { earliestOf, edgesFor, latestOf, selects, type Edge, type Selection } from './selection.ts';

/** Rows that stand in for stored ones of the same id: writes that have not landed yet. */
export type Overlay = ReadonlyMap<string, EventDoc>;

export interface Page {
  readonly rows: readonly EventDoc[];
  /** Null: there is no further page. */
  readonly next: Position | null;
}

export interface EventSource {
  page(after: Position | null, size: number): Promise<Page>;
  /** How many rows there are, near enough to number pages: the edges of a window are counted generously. */
  count(): Promise<number>;
}

/** Rows of one query in order; those that reach the limit may have others behind them. */
interface Strand {
  after(position: Position | null, limit: number): Promise<EventDoc[]>;
  /** True: `after` answers everything, whatever the limit. */
  readonly whole: boolean;
  count(): Promise<number>;
}

export const positionOf = (selection: Selection, event: EventDoc): Position => ({
  atMs: selection.changedSinceMs === null ? event.startMs : event.updatedMs,
  id: event._id,
});

export function eventSource(
  documents: Documents,
  calendarIds: readonly CalendarId[],
  selection: Selection,
  overlay: Overlay,
): EventSource {
  const strands = calendarIds.length === 0 ? [] : strandsOf(documents, calendarIds, selection);
  const standIns = [...overlay.values()].filter(
    (one) => calendarIds.includes(one.calendarId) && selects(selection, one),
  );
  const chunk = (after: Position | null, limit: number): Promise<Chunk> =>
    readChunk({ strands, selection, overlay, standIns }, after, limit);
  return {
    async page(after, size) {
      const rows: EventDoc[] = [];
      for (let at = after; ;) {
        const { rows: more, upTo } = await chunk(at, size + 1 - rows.length);
        rows.push(...more);
        const last = rows[size - 1];
        if (rows.length > size && last !== undefined) {
          return { rows: rows.slice(0, size), next: positionOf(selection, last) };
        }
        if (upTo === null) return { rows, next: null };
        at = upTo;
      }
    },
    async count() {
      const counts = await Promise.all(strands.map((one) => one.count()));
      return counts.reduce((sum, one) => sum + one, standIns.length);
    },
  };
}

interface Chunk {
  /** Every selected row after the position and up to `upTo`, in order. */
  readonly rows: readonly EventDoc[];
  /** Null: up to the end. */
  readonly upTo: Position | null;
}

interface ChunkRequest {
  readonly strands: readonly Strand[];
  readonly selection: Selection;
  readonly overlay: Overlay;
  readonly standIns: readonly EventDoc[];
}

async function readChunk(request: ChunkRequest, after: Position | null, limit: number): Promise<Chunk> {
  const { strands, selection, overlay } = request;
  const position = (event: EventDoc): Position => positionOf(selection, event);
  const parts = await Promise.all(strands.map((one) => one.after(after, limit)));
  let upTo: Position | null = null;
  for (const [index, part] of parts.entries()) {
    const last = part.length < limit || strands[index]?.whole === true ? undefined : part.at(-1);
    if (last !== undefined && (upTo === null || comparePositions(position(last), upTo) < 0)) upTo = position(last);
  }
  const within = (event: EventDoc): boolean => {
    const at = position(event);
    return (after === null || comparePositions(at, after) > 0) && (upTo === null || comparePositions(at, upTo) <= 0);
  };
  const rows = parts.flat().filter((event) => !overlay.has(event._id) && within(event) && selects(selection, event));
  const extra = request.standIns.filter(within);
  if (extra.length === 0 && parts.length === 1) return { rows, upTo };
  rows.push(...extra);
  return { rows: rows.sort((a, b) => comparePositions(position(a), position(b))), upTo };
}

function strandsOf(documents: Documents, calendarIds: readonly CalendarId[], selection: Selection): Strand[] {
  const managed: (0 | 1)[] = selection.managed === 'included' ? [0, 1] : [selection.managed === 'only' ? 1 : 0];
  // The default window does not bind managed events: where both kinds are asked for, they have different edges.
  const differ = managed.length === 2 && (selection.from?.given === false || selection.to?.given === false);
  return (differ ? managed.map((one) => [one]) : [managed]).flatMap((kinds) => {
    const request = requestOf(documents, calendarIds, selection, kinds);
    if (selection.changedSinceMs !== null) return [changedStrand(request, selection.changedSinceMs)];
    return request.from === null ? [startStrand(request)] : [startStrand(request), longStrand(request, request.from)];
  });
}

interface StrandRequest {
  readonly documents: Documents;
  readonly calendarId: readonly CalendarId[];
  readonly managed: readonly (0 | 1)[];
  readonly deleted: readonly (0 | 1)[];
  readonly from: Edge | null;
  readonly to: Edge | null;
}

function requestOf(
  documents: Documents,
  calendarId: readonly CalendarId[],
  selection: Selection,
  managed: readonly (0 | 1)[],
): StrandRequest {
  const edges = edgesFor(selection, managed.includes(0) ? 0 : 1);
  return { documents, calendarId, managed, deleted: selection.includeDeleted ? [0, 1] : [0], ...edges };
}

/** By start: everything that starts inside the window or shortly before it, so that no earlier row is looked at. */
function startStrand({ documents, calendarId, managed, deleted, from, to }: StrandRequest): Strand {
  const range: Range<number> = {
    ...(from === null ? {} : { gte: earliestOf(from) - longEventMs }),
    ...(to === null ? {} : { lt: latestOf(to) }),
  };
  const fixed = { calendarId, managed, deleted, ...(from === null ? {} : { endMs: { gte: earliestOf(from) } }) };
  return {
    whole: false,
    after: (position, limit) =>
      keyset(position, limit, range, (startMs, most) =>
        documents.find('eventsByStart', { ...fixed, startMs }, most === null ? {} : { limit: most }),
      ),
    count: () => documents.count('eventsByStart', { ...fixed, startMs: range }),
  };
}

/** The few long events that started before the first strand begins and still run: found by their end. */
function longStrand({ documents, calendarId, managed, deleted, from, to }: StrandRequest, edge: Edge): Strand {
  const before = Math.min(earliestOf(edge) - longEventMs, to === null || from === null ? Infinity : latestOf(to));
  const params = {
    calendarId,
    long: 1,
    endMs: { gte: earliestOf(edge) },
    startMs: { lt: before },
    managed,
    deleted,
  } as const;
  return {
    whole: true,
    after: async (position) =>
      position !== null && position.atMs >= before ? [] : documents.find('longEvents', params),
    count: () => documents.count('longEvents', params),
  };
}

/** By time of change, for readers that continue from one. */
function changedStrand({ documents, calendarId, managed, deleted, from, to }: StrandRequest, sinceMs: number): Strand {
  const fixed = {
    calendarId,
    managed,
    deleted,
    ...(from === null ? {} : { endMs: { gte: earliestOf(from) } }),
    ...(to === null ? {} : { startMs: { lt: latestOf(to) } }),
  };
  return {
    whole: false,
    after: (position, limit) =>
      keyset(position, limit, { gte: sinceMs }, (updatedMs, most) =>
        documents.find('eventsUpdated', { ...fixed, updatedMs }, most === null ? {} : { limit: most }),
      ),
    count: () => documents.count('eventsUpdated', { ...fixed, updatedMs: { gte: sinceMs } }),
  };
}

/** Rows behind a position: those that share its time and have a larger id, then the later ones. */
async function keyset(
  position: Position | null,
  limit: number,
  range: Range<number>,
  read: (range: Range<number>, limit: number | null) => Promise<EventDoc[]>,
): Promise<EventDoc[]> {
  // Before the range lie the rows of another strand.
  if (position === null || position.atMs < (range.gte ?? -Infinity)) return read(range, limit);
  const tied = await read({ gte: position.atMs, lte: position.atMs }, null);
  const rows = tied.filter((one) => one._id > position.id).slice(0, limit);
  if (rows.length === limit) return rows;
  const { gte: _gte, ...rest } = range;
  return [...rows, ...(await read({ ...rest, gt: position.atMs }, limit - rows.length))];
}
