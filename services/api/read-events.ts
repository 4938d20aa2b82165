/** Reading: events and free/busy, straight from the projection, page by page. */
import type { Caller } from '../../domain/account.ts';
import type { CalendarId } from '../../domain/ids.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import {
  freshSince,
  ownAddresses,
  readAccountHead,
  withCalendars,
  type AccountHead,
  type AccountView,
} from './account-view.ts';
import { createAnswerCache } from './answer-cache.ts';
import type { ApiContext } from './context.ts';
import { eventSource } from './event-source.ts';
import { eventRow, freeBusyRow, type Row, type RowContext } from './event-row.ts';
import { notOverlaid, readOverlay, type Overlaid } from './overlay.ts';
import { createPageCodec, type Cursor, type Listing, type PageCodec, type Position } from './pages.ts';
import type { Params } from './params.ts';
import { requireScope } from './permission.ts';
import { namesCalendars, readSelection, type Selection } from './selection.ts';
import { seriesOf } from './series.ts';

/** Rows of one page: large enough that most windows fit, small enough to answer at once. */
export const pageSizes: Readonly<Record<Listing, number>> = { events: 300, free_busy: 1_000 };

export interface ListingAnswer {
  /** UTF-8: `{pages, events}` or `{pages, free_busy}`. */
  readonly json: Buffer;
  /** When the calendars were last seen in full, epoch milliseconds; null while one never was. */
  readonly freshAtMs: number | null;
}

/** `baseUrl`: what the caller addressed, without a trailing slash: `next_page` is on the same. */
export interface ListingReader {
  first(listing: Listing, caller: Caller, params: Params, baseUrl: string): Promise<ListingAnswer>;
  page(listing: Listing, caller: Caller, page: string, baseUrl: string): Promise<ListingAnswer>;
}

interface Continuation {
  readonly after: Position | null;
  readonly page: number;
  readonly total: number | null;
}

interface ListingRequest {
  readonly listing: Listing;
  readonly caller: Caller;
  readonly selection: Selection;
  readonly from: Continuation;
  readonly baseUrl: string;
}

export function createListingReader(context: ApiContext): ListingReader {
  const { documents, clock } = context;
  const codec = createPageCodec(context.pageKey);
  const cache = createAnswerCache();
  const answer = async (request: ListingRequest, head: AccountHead | AccountView): Promise<ListingAnswer> => {
    const { listing, caller, selection, from, baseUrl } = request;
    requireReading(listing, caller, selection);
    const freshAtMs = freshSince(head);
    // Where managed events show, so do open intents.
    const cacheable = selection.managed === 'excluded';
    const key = JSON.stringify([caller.accountId, listing, selection, from.after, from.page, from.total, baseUrl]);
    const known = cacheable ? cache.get(key, head.profiles, clock.now()) : null;
    if (known !== null) return { json: known, freshAtMs };
    const view = 'calendars' in head ? head : await withCalendars(documents, head);
    const json = Buffer.from(JSON.stringify(await readListing(context, codec, request, view)), 'utf8');
    if (cacheable) cache.set(key, head.profiles, clock.now(), json);
    return { json, freshAtMs };
  };
  return {
    async first(listing, caller, params, baseUrl) {
      const head = await readAccountHead(documents, caller);
      const view = namesCalendars(params) ? await withCalendars(documents, head) : null;
      const asked = listing === 'events' ? params : withoutChanges(params);
      const selection = readSelection(asked, view?.calendars ?? new Map(), clock.now());
      return answer({ listing, caller, selection, from: firstPage, baseUrl }, view ?? head);
    },
    async page(listing, caller, page, baseUrl) {
      const cursor: Cursor = codec.decode(page, listing, caller);
      const { selection, after, page: number, total } = cursor;
      const from = { after, page: number, total };
      return answer({ listing, caller, selection, from, baseUrl }, await readAccountHead(documents, caller));
    },
  };
}

/** Parameters of events that free/busy does not know: a filter of changes would hide time that is taken. */
function withoutChanges(params: Params): Params {
  const { last_modified: _since, include_deleted: _deleted, include_moved: _moved, ...rest } = params;
  return rest;
}

const firstPage: Continuation = { after: null, page: 1, total: null };

async function readListing(
  context: ApiContext,
  codec: PageCodec,
  request: ListingRequest,
  view: AccountView,
): Promise<Row> {
  const { listing, selection, from, caller } = request;
  const overlay = await overlayFor(context, selection, view);
  const source = eventSource(context.documents, idsOf(view, selection), selection, overlay.rows);
  const size = pageSizes[listing];
  const { rows, next } = await source.page(from.after, size);
  const shown = await shownRows(context, request, view, rows, overlay);
  // The last page knows the true number; before it the first page's count is the best there is.
  if (next === null) return { pages: { current: from.page, total: from.page }, [listing]: shown };
  const total = Math.max(from.total ?? Math.ceil((await source.count()) / size), from.page + 1);
  const page = codec.encode({ listing, selection, after: next, page: from.page + 1, total }, caller);
  return { pages: { current: from.page, total, next_page: addressOf(request, page) }, [listing]: shown };
}

/** An application may always read what it manages itself. */
function requireReading(listing: Listing, caller: Caller, selection: Selection): void {
  if (selection.managed === 'only') return;
  if (listing === 'events') requireScope(caller, 'read_events');
  else requireScope(caller, 'read_free_busy', 'read_events');
}

const addressOf = ({ listing, baseUrl }: ListingRequest, page: string): string =>
  `${baseUrl}/v1/${listing}/pages/${page}`;

function idsOf(view: AccountView, selection: Selection): CalendarId[] {
  const all = [...view.calendars.values()].map((one) => one._id);
  return selection.calendarIds === null ? all : all.filter((id) => selection.calendarIds?.includes(id));
}

/** Open intents concern managed events alone. */
const overlayFor = (context: ApiContext, selection: Selection, view: AccountView): Promise<Overlaid> =>
  selection.managed === 'excluded'
    ? Promise.resolve(notOverlaid)
    : readOverlay(context, { profiles: view.profiles, calendars: view.calendars });

async function shownRows(
  context: ApiContext,
  { listing, selection }: ListingRequest,
  view: AccountView,
  rows: readonly EventDoc[],
  overlay: Overlaid,
): Promise<readonly Row[]> {
  const row: RowContext = {
    calendars: view.calendars,
    own: ownAddresses(view),
    localized: selection.localized,
    provisional: overlay.rows,
    series: listing === 'events' ? await seriesOf(context, rows, overlay.wanted) : new Map(),
  };
  return listing === 'events'
    ? rows.map((event) => eventRow(event, row))
    : rows.map((event) => freeBusyRow(event, row, selection.withIds));
}
