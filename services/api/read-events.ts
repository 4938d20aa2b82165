/** Reading: events and free/busy, straight from the projection, page by page. */
import type { Caller } from '../../domain/account.ts';
import { freshSince, readAccountHead, withCalendars, type AccountHead, type AccountView } from './account-view.ts';
import { createAnswerCache } from './answer-cache.ts';
import type { ApiContext } from './context.ts';
import { createListingRows, type ListingRows } from './listing-rows.ts';
import { createPageCodec, type Cursor, type Listing, type PageCodec, type Position } from './pages.ts';
import type { Params } from './params.ts';
import { requireScope } from './permission.ts';
import { createRowCache, type RowCache, type ShownPage } from './row-cache.ts';
import { namesCalendars, readSelection, type Selection } from './selection.ts';

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
  const answers = createAnswerCache();
  const making: Making = { context, codec, kept: createRowCache() };
  const answer = async (request: ListingRequest, head: AccountHead | AccountView): Promise<ListingAnswer> => {
    const { listing, caller, selection, from, baseUrl } = request;
    requireReading(listing, caller, selection);
    const freshAtMs = freshSince(head);
    // Where managed events show, so do open intents.
    const cacheable = selection.managed === 'excluded';
    const key = JSON.stringify([caller.accountId, listing, selection, from.after, from.page, from.total, baseUrl]);
    const known = cacheable ? answers.get(key, head.profiles, clock.now()) : null;
    if (known !== null) return { json: known, freshAtMs };
    const json = Buffer.from(await makeAnswer(making, request, head), 'utf8');
    if (cacheable) answers.set(key, head.profiles, clock.now(), json);
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

interface Making {
  readonly context: ApiContext;
  readonly codec: PageCodec;
  readonly kept: RowCache;
}

/** JSON: the page of rows with its address of the next one. */
async function makeAnswer(
  { context, codec, kept }: Making,
  request: ListingRequest,
  head: AccountHead | AccountView,
): Promise<string> {
  const { listing, selection, from, caller } = request;
  const size = pageSizes[listing];
  const rows = createListingRows(context, request, head);
  const page = (await cutPage(context, kept, request, head, rows)) ?? (await rows.page(from.after, size));
  const body = (pages: object): string => `{"pages":${JSON.stringify(pages)},"${listing}":[${page.texts.join(',')}]}`;
  // The last page knows the true number; before it the first page's count is the best there is.
  if (page.next === null) return body({ current: from.page, total: from.page });
  const total = Math.max(from.total ?? Math.ceil((await rows.count()) / size), from.page + 1);
  const next = codec.encode({ listing, selection, after: page.next, page: from.page + 1, total }, caller);
  return body({ current: from.page, total, next_page: addressOf(request, next) });
}

/** From finished rows; null where the question is none for them. */
function cutPage(
  context: ApiContext,
  cache: RowCache,
  { listing, caller, selection, from }: ListingRequest,
  head: AccountHead,
  rows: ListingRows,
): Promise<ShownPage | null> {
  const { calendarIds, localized, withIds } = selection;
  return cache.page({
    key: JSON.stringify([caller.accountId, listing, localized, withIds, calendarIds?.toSorted() ?? null]),
    selection,
    after: from.after,
    size: pageSizes[listing],
    profiles: head.profiles,
    nowMs: context.clock.now(),
    reader: rows,
  });
}

/** An application may always read what it manages itself. */
function requireReading(listing: Listing, caller: Caller, selection: Selection): void {
  if (selection.managed === 'only') return;
  if (listing === 'events') requireScope(caller, 'read_events');
  else requireScope(caller, 'read_free_busy', 'read_events');
}

const addressOf = ({ listing, baseUrl }: ListingRequest, page: string): string =>
  `${baseUrl}/v1/${listing}/pages/${page}`;
