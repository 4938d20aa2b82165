/** Actions of the gateway: parameters → one call of the API → result, and nothing else. */
import type { Context, ServiceSchema } from 'moleculer';

import type { Caller } from '../../domain/account.ts';
import { wireInstant } from '../../domain/wire/times.ts';
import type { Api } from '../api/api.ts';
import type { Params } from '../api/params.ts';
import type { ListingAnswer } from '../api/read-events.ts';

/** As moleculer-web gives them when it merges nothing. */
export interface RequestParams {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Params;
  readonly body: Params;
}

/** What the gateway knows of a request before its action, and what the action says of its answer. */
export interface RequestMeta {
  caller: Caller;
  /** What the caller addressed, e.g. `https://calendar.example`; without a trailing slash. */
  baseUrl: string;
  $statusCode?: number;
  /** Of an answer that is a Buffer. */
  $responseType?: string;
  $responseHeaders?: Record<string, string>;
}

type Ctx = Context<RequestParams, RequestMeta>;

export function gatewayActions(api: Api): NonNullable<ServiceSchema['actions']> {
  const path = (ctx: Ctx, name: string): string => ctx.params.params[name] ?? '';
  const actions: Record<string, (ctx: Ctx) => Promise<unknown>> = {
    readUserinfo: (ctx) => api.readUserinfo(ctx.meta.caller),
    readAccount: (ctx) => api.readAccount(ctx.meta.caller),
    readProfiles: (ctx) => api.readProfiles(ctx.meta.caller),
    readCalendars: (ctx) => api.readCalendars(ctx.meta.caller),
    createCalendar: async (ctx) => {
      const created = await api.createCalendar(ctx.meta.caller, ctx.params.body);
      answerWith(ctx, created.done ? 200 : 202, { 'X-Kalends-Operation': created.intent.operationId });
      return created.body;
    },
    readEvents: async (ctx) =>
      listed(ctx, await api.listings.first('events', ctx.meta.caller, ctx.params.query, ctx.meta.baseUrl)),
    readEventsPage: async (ctx) =>
      listed(ctx, await api.listings.page('events', ctx.meta.caller, path(ctx, 'page'), ctx.meta.baseUrl)),
    readFreeBusy: async (ctx) =>
      listed(ctx, await api.listings.first('free_busy', ctx.meta.caller, ctx.params.query, ctx.meta.baseUrl)),
    readFreeBusyPage: async (ctx) =>
      listed(ctx, await api.listings.page('free_busy', ctx.meta.caller, path(ctx, 'page'), ctx.meta.baseUrl)),
    upsertEvent: async (ctx) =>
      accepted(ctx, await api.acceptUpsert(ctx.meta.caller, path(ctx, 'calendar_id'), ctx.params.body)),
    deleteEvent: async (ctx) =>
      // Python's client puts the parameters of some deletions into the query.
      accepted(
        ctx,
        await api.acceptDelete(ctx.meta.caller, path(ctx, 'calendar_id'), { ...ctx.params.query, ...ctx.params.body }),
      ),
    createChannel: (ctx) => api.createChannel(ctx.meta.caller, ctx.params.body),
    readChannels: (ctx) => api.readChannels(ctx.meta.caller),
    closeChannel: async (ctx) => {
      await api.closeChannel(ctx.meta.caller, path(ctx, 'channel_id'));
      answerWith(ctx, 202, {});
      return null;
    },
    readOperation: (ctx) => api.readOperation(ctx.meta.caller, path(ctx, 'operation_id')),
  };
  return Object.fromEntries(Object.entries(actions).map(([name, handler]) => [name, { handler }]));
}

function answerWith(ctx: Ctx, status: number, headers: Record<string, string>): void {
  ctx.meta.$statusCode = status;
  ctx.meta.$responseHeaders = headers;
}

/** 202 with an empty body; the operation id is the receipt. */
function accepted(ctx: Ctx, operationId: string): null {
  answerWith(ctx, 202, { 'X-Kalends-Operation': operationId });
  return null;
}

/** Reads answer while a calendar server is down: the header says how old the answer may be. */
function listed(ctx: Ctx, { json, freshAtMs }: ListingAnswer): Buffer {
  ctx.meta.$responseType = 'application/json; charset=utf-8';
  if (freshAtMs !== null) ctx.meta.$responseHeaders = { 'X-Kalends-Fresh-At': wireInstant(freshAtMs) };
  return json;
}
