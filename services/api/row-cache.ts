/** The row cache: finished rows of listings by where they lie in time, so that a window nobody asked for is cut, not built. */
import type { ProfileDoc } from '../../domain/profile.ts';
import { longEventMs, type EventDoc } from '../../domain/projected-event.ts';
import { keptMs, stateOf } from './answer-cache.ts';
import { comparePositions, type Position } from './pages.ts';
import { earliestOf, latestOf, selects, type Selection } from './selection.ts';

/** What the exact test of a window looks at. */
export type Placed = Parameters<typeof selects>[1] & Pick<EventDoc, '_id'>;

export interface ShownRow {
  readonly event: Placed;
  /** JSON, as it goes out. */
  readonly text: string;
}

/** How rows are got where they are not known. Both answer rows of the calendars that the key stands for. */
export interface RowReader {
  /** The first `limit` rows that start in `[fromMs, toMs)`, by start. */
  starting(fromMs: number, toMs: number, limit: number): Promise<readonly ShownRow[]>;
  /** The first `limit` of all that last longer than `longEventMs`. */
  long(limit: number): Promise<readonly ShownRow[]>;
}

export interface RowRequest {
  /** Everything that the text of a row depends on, and which calendars it is about. */
  readonly key: string;
  readonly selection: Selection;
  readonly after: Position | null;
  readonly size: number;
  /** Read before any row. */
  readonly profiles: readonly ProfileDoc[];
  readonly nowMs: number;
  readonly reader: RowReader;
}

export interface ShownPage {
  readonly texts: readonly string[];
  /** Null: there is no further page. */
  readonly next: Position | null;
}

export interface RowCache {
  /** Null: this question has to be read from the projection. */
  page(request: RowRequest): Promise<ShownPage | null>;
}

/** Rows of some 120 accounts with a thousand events each in the windows that are asked for. */
const bytesMax = 64 * 1024 * 1024;
/** One account must not push out all the others. */
const keyBytesMax = 16 * 1024 * 1024;
/** What a row costs beside its text: the object, its place, its slot in an array. */
const rowBytes = 200;
/** Looked through for every window, so there must be few. */
const longRowsMax = 500;
/** Questions are widened to whole days, so that windows that differ by minutes need the same rows. */
const dayMs = 86_400_000;

/** Everything that starts in `[fromMs, toMs)`, in order. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: readonly ShownRow[];
}

interface Entry {
  readonly state: string;
  readonly untilMs: number;
  /** Apart from each other, in order. */
  spans: readonly Span[];
  /** Null: not read yet. */
  long: readonly ShownRow[] | null;
  bytes: number;
}

/** Entries by key, as many as there is room for: what was asked for longest ago goes first. */
class Entries {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** What is known of the key, if it is still true; else an empty entry in its place. */
  of({ key, profiles, nowMs }: RowRequest): Entry {
    const state = stateOf(profiles);
    const known = this.#entries.get(key);
    if (known !== undefined) this.#drop(key, known);
    const valid = known?.state === state && known.untilMs > nowMs;
    const entry = valid ? known : { state, untilMs: nowMs + keptMs, spans: [], long: null, bytes: 0 };
    // The end of the map is what was asked for last.
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    return entry;
  }

  /** These rows were added to an entry, which may have been dropped while they were read. */
  charge(key: string, entry: Entry, rows: readonly ShownRow[]): void {
    const more = rows.reduce((sum, one) => sum + one.text.length + rowBytes, 0);
    entry.bytes += more;
    if (this.#entries.get(key) !== entry) return;
    this.#bytes += more;
    if (entry.bytes > keyBytesMax) this.#drop(key, entry);
    for (const [oldest, one] of this.#entries) {
      if (this.#bytes <= bytesMax) break;
      this.#drop(oldest, one);
    }
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/**
 * Valid as the answer cache is: as long as no projection of the account moved. Not for questions about managed events,
 * changes or removals: open intents and tombstones are not rows of a window.
 */
export function createRowCache(): RowCache {
  const entries = new Entries();
  return {
    page: async (request) => {
      const window = windowOf(request.selection);
      if (window === null) return null;
      const entry = entries.of(request);
      const charge = (rows: readonly ShownRow[]): void => entries.charge(request.key, entry, rows);
      const long = await longOf(entry, request.reader, charge);
      if (long === null) return null;
      const found = long.filter(({ event }) => event.startMs < Math.min(window.firstMs, window.endMs));
      return fill(entry, request, window, found.filter(wantedOf(request)), charge);
    },
  };
}

interface Window {
  /** What starts before this lasts longer than `longEventMs`, or is over when the window begins. */
  readonly firstMs: number;
  readonly endMs: number;
}

/** Null where the question is about more than the rows of a window. */
function windowOf({ from, to, managed, changedSinceMs, includeDeleted }: Selection): Window | null {
  const plain = managed === 'excluded' && changedSinceMs === null && !includeDeleted;
  if (!plain || from === null || to === null) return null;
  return { firstMs: earliestOf(from) - longEventMs, endMs: latestOf(to) };
}

type Charge = (rows: readonly ShownRow[]) => void;

/** Null where there are too many. */
async function longOf(entry: Entry, reader: RowReader, charge: Charge): Promise<readonly ShownRow[] | null> {
  if (entry.long !== null) return entry.long;
  const read = await reader.long(longRowsMax + 1);
  if (read.length > longRowsMax) return null;
  const long = inOrder(read);
  entry.long = long;
  charge(long);
  return long;
}

/** Adds to what was found what starts inside the window, known or read now, up to a page and one. */
async function fill(
  entry: Entry,
  request: RowRequest,
  { firstMs, endMs }: Window,
  found: ShownRow[],
  charge: Charge,
): Promise<ShownPage | null> {
  const wanted = wantedOf(request);
  const most = request.size + 1;
  let atMs = Math.max(firstMs, request.after?.atMs ?? firstMs);
  while (atMs < endMs && found.length < most) {
    const span = entry.spans.find((one) => one.fromMs <= atMs && one.toMs > atMs);
    if (span === undefined) {
      const read = await readSpan(entry, request.reader, atMs, endMs, most);
      if (read === null) return null;
      charge(read.rows);
      // Another request may have read it meanwhile; what is there is looked up again.
      if (!entry.spans.some((one) => one.fromMs < read.toMs && one.toMs > read.fromMs)) {
        entry.spans = joined([...entry.spans, read]);
      }
      continue;
    }
    collect(span, atMs, endMs, { wanted, into: found, most });
    atMs = span.toMs;
  }
  return pageOf(found, request.size);
}

function wantedOf({ selection, after }: RowRequest): (row: ShownRow) => boolean {
  return ({ event }) =>
    (after === null || comparePositions({ atMs: event.startMs, id: event._id }, after) > 0) &&
    selects(selection, event);
}

function pageOf(found: readonly ShownRow[], size: number): ShownPage {
  const last = found[size - 1]?.event;
  const texts = found.slice(0, size).map((one) => one.text);
  const more = found.length > size && last !== undefined;
  return { texts, next: more ? { atMs: last.startMs, id: last._id } : null };
}

/** Rows from `atMs` on, of which there are enough for a page or all up to the end or to the next known span. */
async function readSpan(
  entry: Entry,
  reader: RowReader,
  atMs: number,
  endMs: number,
  limit: number,
): Promise<Span | null> {
  const before = entry.spans.findLast((one) => one.toMs <= atMs)?.toMs ?? -Infinity;
  const behind = entry.spans.find((one) => one.fromMs > atMs)?.fromMs ?? Infinity;
  const fromMs = Math.max(before, Math.floor(atMs / dayMs) * dayMs);
  const toMs = Math.min(behind, Math.ceil(endMs / dayMs) * dayMs);
  const rows = inOrder(await reader.starting(fromMs, toMs, limit));
  const last = rows.at(-1);
  if (rows.length < limit || last === undefined) return { fromMs, toMs, rows };
  // Behind the limit others may start at the same time as the last one.
  const knownMs = last.event.startMs;
  if (knownMs <= atMs) return null;
  return { fromMs, toMs: knownMs, rows: rows.filter(({ event }) => event.startMs < knownMs) };
}

const inOrder = (rows: readonly ShownRow[]): readonly ShownRow[] =>
  rows.toSorted(({ event: a }, { event: b }) => a.startMs - b.startMs || (a._id < b._id ? -1 : a._id > b._id ? 1 : 0));

/** Spans in order, those that touch made one. */
function joined(spans: readonly Span[]): readonly Span[] {
  const whole: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = whole.at(-1);
    if (last?.toMs !== span.fromMs) whole.push(span);
    else whole.splice(-1, 1, { fromMs: last.fromMs, toMs: span.toMs, rows: [...last.rows, ...span.rows] });
  }
  return whole;
}

interface Collecting {
  readonly wanted: (row: ShownRow) => boolean;
  readonly into: ShownRow[];
  readonly most: number;
}

function collect({ rows }: Span, atMs: number, endMs: number, { wanted, into, most }: Collecting): void {
  for (let at = firstFrom(rows, atMs); at < rows.length && into.length < most; at += 1) {
    const row = rows[at];
    if (row === undefined || row.event.startMs >= endMs) return;
    if (wanted(row)) into.push(row);
  }
}

/** Index of the first row that starts at this time or later. */
function firstFrom(rows: readonly ShownRow[], atMs: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.event.startMs ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
