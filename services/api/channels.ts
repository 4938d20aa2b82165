/** Channels: an application's subscriptions to the changes of an account. */
import type { Caller } from '../../domain/account.ts';
import type { ChannelFilters, SubscriberDoc } from '../../domain/channel.ts';
import { KalendsError } from '../../domain/errors.ts';
import { asChannelId, newChannelId, type CalendarId } from '../../domain/ids.ts';
import { closed } from '../../domain/notification/outcome.ts';
import { newChannel } from '../../domain/notification/subscriber.ts';
import { channelBody } from '../../domain/notification/wire.ts';
import { limits } from '../../config/policies.ts';
import { readAccountView, type AccountView } from './account-view.ts';
import type { ApiContext } from './context.ts';
import type { Row } from './event-row.ts';
import { isObject, readBoolean, readText, readTexts, type Params } from './params.ts';
import { requireScope } from './permission.ts';
import { collectProblems, problem, type Problems } from './problems.ts';
import { isWebAddress } from './upsert-patch.ts';

/** `POST /v1/channels {callback_url, filters}`: the first notification is a verification. */
export async function createChannel(context: ApiContext, caller: Caller, params: Params): Promise<Row> {
  const view = await readAccountView(context.documents, caller);
  const { callbackUrl, filters } = readRequest(params, view);
  // An application may always hear of what it manages itself.
  if (!filters.onlyManaged) requireScope(caller, 'read_events', 'read_free_busy');
  const open = await openChannels(context, caller);
  if (open.length >= limits.channelsPerAccount) {
    throw problem('callback_url', 'errors.too_many', `an account has at most ${limits.channelsPerAccount} channels`);
  }
  const nowMs = context.clock.now();
  const { appId, accountId } = caller;
  const request = { channelId: newChannelId(nowMs, context.random), appId, accountId, callbackUrl, filters };
  const channel = newChannel(request, view.profiles, nowMs);
  await context.documents.insert('subscribers', channel);
  context.nudgeNotifier(accountId);
  return { channel: channelBody(channel) };
}

/** `GET /v1/channels`: the open ones, the oldest first. */
export async function readChannels(context: ApiContext, caller: Caller): Promise<Row> {
  const open = await openChannels(context, caller);
  return { channels: open.sort((a, b) => a.createdAtMs - b.createdAtMs).map(channelBody) };
}

/** `DELETE /v1/channels/{id}`; closing a closed one is accepted too. Rejects with `not_known`. */
export async function closeChannel(context: ApiContext, caller: Caller, channelId: string): Promise<void> {
  for (;;) {
    const channel = await context.documents.get('subscribers', asChannelId(channelId));
    if (channel === null || channel.kind !== 'channel' || !belongs(channel, caller)) {
      throw new KalendsError('not_known', 'this account has no such channel');
    }
    if (channel.open === 0) return;
    if (await context.documents.replace('subscribers', closed(channel), channel.rev)) return;
  }
}

const belongs = (channel: SubscriberDoc, caller: Caller): boolean =>
  channel.accountId === caller.accountId && channel.appId === caller.appId;

async function openChannels(context: ApiContext, caller: Caller): Promise<SubscriberDoc[]> {
  const all = await context.documents.find('subscribersOfAccount', { accountId: caller.accountId, open: 1 });
  return all.filter((one) => one.kind === 'channel' && belongs(one, caller));
}

function readRequest(
  params: Params,
  view: AccountView,
): { readonly callbackUrl: string; readonly filters: ChannelFilters } {
  const problems = collectProblems();
  const rules = { max: 2_048, required: true };
  const callbackUrl = readText(params['callback_url'], 'callback_url', rules, problems);
  if (callbackUrl !== undefined && !isWebAddress(callbackUrl)) {
    problems.add('callback_url', 'errors.must_be_url', 'must be an http or https URL');
  }
  const filters = readFilters(params['filters'], view, problems);
  problems.throwIfAny();
  return { callbackUrl: callbackUrl ?? '', filters };
}

/** PHP writes an empty object as `[]`. */
function readFilters(value: unknown, view: AccountView, problems: Problems): ChannelFilters {
  const none = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
  if (none) return { calendarIds: null, onlyManaged: false };
  if (!isObject(value)) {
    problems.add('filters', 'errors.must_be_object', 'must be an object');
    return { calendarIds: null, onlyManaged: false };
  }
  const asked = readTexts(value, 'calendar_ids', problems);
  const given = value['calendar_ids'];
  const empty = Array.isArray(given) && given.length === 0;
  if (empty || asked?.some((id) => !view.calendars.has(id)) === true) {
    const text = 'must name at least one calendar, all of this account';
    problems.add('filters.calendar_ids', 'errors.invalid_calendar_ids', text);
  }
  const calendarIds = asked === null ? null : asked.map((id) => id as CalendarId);
  return { calendarIds, onlyManaged: readBoolean(value, 'only_managed', problems, 'filters.only_managed') };
}
