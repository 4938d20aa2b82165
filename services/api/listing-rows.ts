/** The rows of a listing, read from the projection and written as they go out. */
import type { CalendarId } from '../../domain/ids.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import { ownAddresses, withCalendars, type AccountHead, type AccountView } from './account-view.ts';
import type { ApiContext } from './context.ts';
import { eventRow, freeBusyRow, type RowContext } from './event-row.ts';
import { eventSource } from './event-source.ts';
import { notOverlaid, readOverlay, type Overlaid } from './overlay.ts';
import type { Listing, Position } from './pages.ts';
import type { Placed, RowReader, ShownPage, ShownRow } from './row-cache.ts';
import type { Selection } from './selection.ts';
import { seriesOf } from './series.ts';

export interface Asked {
  readonly listing: Listing;
  readonly selection: Selection;
}

/** `starting` and `long` answer external events that are there, `page` and `count` whatever the selection asks for. */
export interface ListingRows extends RowReader {
  page(after: Position | null, size: number): Promise<ShownPage>;
  /** How many rows there are, near enough to number pages. */
  count(): Promise<number>;
}

/** Calendars and open intents are read when the first rows are, and not again. */
export function createListingRows(context: ApiContext, asked: Asked, head: AccountHead | AccountView): ListingRows {
  const { documents } = context;
  let known: Promise<Scene> | null = null;
  const scene = (): Promise<Scene> => (known ??= readScene(context, asked, head));
  const kept = async (read: (calendarId: CalendarId[]) => Promise<EventDoc[]>): Promise<ShownRow[]> => {
    const { calendarIds, view } = await scene();
    const events = calendarIds.length === 0 ? [] : await read(calendarIds);
    const texts = await textsOf(context, asked, { view, overlay: notOverlaid }, events);
    return events.map((event, at) => ({ event: placeOf(event), text: texts[at] ?? '' }));
  };
  const kind = { managed: [0], deleted: [0] } as const;
  return {
    starting: (fromMs, toMs, limit) =>
      kept((calendarId) =>
        documents.find('eventsByStart', { calendarId, ...kind, startMs: { gte: fromMs, lt: toMs } }, { limit }),
      ),
    long: (limit) => kept((calendarId) => documents.find('longEvents', { calendarId, long: 1, ...kind }, { limit })),
    async page(after, size) {
      const all = await scene();
      const { rows, next } = await sourceOf(context, asked, all).page(after, size);
      return { texts: await textsOf(context, asked, all, rows), next };
    },
    count: async () => sourceOf(context, asked, await scene()).count(),
  };
}

interface Scene {
  readonly view: AccountView;
  readonly calendarIds: CalendarId[];
  readonly overlay: Overlaid;
}

async function readScene(context: ApiContext, { selection }: Asked, head: AccountHead | AccountView): Promise<Scene> {
  const view = 'calendars' in head ? head : await withCalendars(context.documents, head);
  const { profiles, calendars } = view;
  // Open intents concern managed events alone.
  const overlay = selection.managed === 'excluded' ? notOverlaid : await readOverlay(context, { profiles, calendars });
  const all = [...calendars.values()].map((one) => one._id);
  const named = selection.calendarIds;
  return { view, overlay, calendarIds: named === null ? all : all.filter((id) => named.includes(id)) };
}

const sourceOf = ({ documents }: ApiContext, { selection }: Asked, { calendarIds, overlay }: Scene) =>
  eventSource(documents, calendarIds, selection, overlay.rows);

/** A kept row holds no more of its event than where it lies. */
const placeOf = ({ _id, start, startMs, endMs, deleted, managed, updatedMs }: EventDoc): Placed => ({
  _id,
  start,
  startMs,
  endMs,
  deleted,
  managed,
  updatedMs,
});

/** JSON, one text for each row. */
async function textsOf(
  context: ApiContext,
  { listing, selection }: Asked,
  { view, overlay }: Pick<Scene, 'view' | 'overlay'>,
  rows: readonly EventDoc[],
): Promise<readonly string[]> {
  const row: RowContext = {
    calendars: view.calendars,
    own: ownAddresses(view),
    localized: selection.localized,
    provisional: overlay.rows,
    series: listing === 'events' ? await seriesOf(context, rows, overlay.wanted) : new Map(),
  };
  const shown = (event: EventDoc): object =>
    listing === 'events' ? eventRow(event, row) : freeBusyRow(event, row, selection.withIds);
  return rows.map((event) => JSON.stringify(shown(event)));
}
