/** The model application: it writes, listens to its webhook, and keeps a mirror from reads of what was modified alone. */
import type { Caller } from '../../domain/account.ts';
import { isKalendsError } from '../../domain/errors.ts';
import type { CalendarId, ProfileId } from '../../domain/ids.ts';
import type { HttpRequest } from '../../providers/http.ts';
import type { Api } from '../../services/api/api.ts';
import { below, pick, type Seeded } from '../support/seeded.ts';
import type { SimulatedNode } from './node.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Accepted {
  readonly operationId: string;
  readonly event: string;
  readonly marker: string | null;
}

/** What one write asks for, by the words of this file alone; what it leaves out stays as it was. */
export interface Asking {
  readonly summary: string;
  readonly description?: string;
  readonly location?: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Application {
  readonly name: string;
  readonly caller: Caller;
  readonly callbackUrl: string;
  readonly calendars: readonly CalendarId[];
  /** By event_uid, the deleted ones too. */
  readonly mirror: ReadonlyMap<string, Row>;
  /** Everything that was answered with 202. */
  readonly accepted: readonly Accepted[];
  /** Every upsert that was ever asked for, by the first word of its summary. */
  readonly asked: ReadonlyMap<string, Asking>;
  /** Opens its channel and reads everything once. */
  begin(node: SimulatedNode): Promise<void>;
  write(node: SimulatedNode, die: Seeded): Promise<string>;
  remove(node: SimulatedNode, die: Seeded): Promise<string>;
  /** Everything that it wrote, in one of its calendars or in all. */
  removeAll(node: SimulatedNode, die: Seeded): Promise<string>;
  /** Reads what notifications speak of, and what became of its own writes. */
  catchUp(node: SimulatedNode): Promise<void>;
  /** A webhook that it took. */
  notified(request: HttpRequest): void;
  /** What it still has to do, for people; null: nothing that it heard of is unread. */
  behind(): string | null;
  readonly notifications: number;
  /** Its writes are all settled: those whose answer it never got as well, so it reads its own events once more. */
  dispelDoubt(): void;
}

const baseUrl = 'http://kalends.test';

export interface ApplicationOptions {
  readonly name: string;
  readonly caller: Caller;
  readonly profileId: ProfileId;
  readonly calendarIds: readonly CalendarId[];
  readonly startMs: number;
}

export function createApplication({ name, caller, profileId, calendarIds, startMs }: ApplicationOptions): Application {
  const callbackUrl = `http://${name}.app.test/hook`;
  const mirror = new Map<string, Row>();
  const accepted: Accepted[] = [];
  const asked = new Map<string, Asking>();
  const unsettled = new Set<string>();
  let channel = false;
  let everything = false;
  /** The earliest `changes_since` that was not read from yet. */
  let since: string | null = null;
  /** Own writes were settled since the last read of them. */
  let ownUnread = false;
  /** Own events are read from this time of change on: those of one profile never run backwards. */
  let ownFrom: string | null = null;
  let notifications = 0;
  let doubt = false;
  let written = 0;

  function take(rows: readonly Row[], of: (row: Row) => boolean): void {
    for (const row of rows) {
      // What is provisional may never come to be: the next wish may replace it before it lands.
      if (row['kalends_provisional'] !== true && of(row)) mirror.set(String(row['event_uid']), row);
    }
  }

  /** Others' changes are learned from notifications alone. What a provisional row covered is read again. */
  function takeOwn(rows: readonly Row[]): void {
    take(rows, (row) => row['event_id'] !== undefined);
    if (rows.some((row) => row['kalends_provisional'] === true)) return;
    for (const row of rows) {
      const updated = String(row['updated']);
      if (ownFrom === null || updated > ownFrom) ownFrom = updated;
    }
  }

  const read = async (api: Api, params: Row): Promise<readonly Row[]> => {
    const rows: Row[] = [];
    const all = { tzid: 'Etc/UTC', include_managed: true, include_deleted: true, ...params };
    let answer = await api.listings.first('events', caller, all, baseUrl);
    for (;;) {
      const page = JSON.parse(answer.json.toString('utf8')) as { pages: { next_page?: string }; events: Row[] };
      rows.push(...page.events);
      const next = page.pages.next_page?.split('/').at(-1);
      if (next === undefined) return rows;
      answer = await api.listings.page('events', caller, next, baseUrl);
    }
  };

  async function settle(api: Api): Promise<void> {
    for (const operationId of unsettled) {
      const { operation } = (await api.readOperation(caller, operationId).catch(forgotten)) as { operation: Row };
      if (operation['state'] === 'queued' || operation['state'] === 'attempting') continue;
      unsettled.delete(operationId);
      ownUnread = true;
    }
  }

  const eventOf = (die: Seeded): { readonly calendarId: CalendarId; readonly eventId: string } => ({
    calendarId: pick(die, calendarIds),
    eventId: `${name}-e${below(die, 4)}`,
  });

  return {
    name,
    caller,
    callbackUrl,
    calendars: calendarIds,
    mirror,
    accepted,
    asked,
    get notifications() {
      return notifications;
    },
    async begin({ api }) {
      if (!channel) {
        const open = (await api.readChannels(caller)) as { channels: readonly unknown[] };
        // The answer to its first request may have been lost.
        if (open.channels.length === 0) await api.createChannel(caller, { callback_url: callbackUrl });
        channel = true;
      }
      if (everything) return;
      take(await read(api, {}), () => true);
      everything = true;
    },
    async write({ api }, die) {
      const { calendarId, eventId } = eventOf(die);
      written += 1;
      const marker = `${name}w${written}`;
      const from = startMs + (1 + below(die, 50)) * 86_400_000 + below(die, 24) * 3_600_000;
      const asking: Asking = {
        summary: `${marker} ${eventId}`,
        ...(die() < 0.4 ? { description: `as of ${marker}` } : {}),
        ...(die() < 0.5 ? { location: `hall ${written}` } : {}),
        startMs: from,
        endMs: from + 1_800_000,
      };
      asked.set(marker, asking);
      const { summary, description, location } = asking;
      const body = {
        event_id: eventId,
        summary,
        ...(description === undefined ? {} : { description }),
        ...(location === undefined ? {} : { location: { description: location } }),
        start: iso(asking.startMs),
        end: iso(asking.endMs),
        tzid: 'Etc/UTC',
      };
      doubt = true;
      const operationId = await accepting(calendarId, api.acceptUpsert(caller, calendarId, body));
      accepted.push({ operationId, event: `${calendarId} ${eventId}`, marker });
      unsettled.add(operationId);
      return `${marker} ${eventId}`;
    },
    async remove({ api }, die) {
      const { calendarId, eventId } = eventOf(die);
      doubt = true;
      const operationId = await accepting(calendarId, api.acceptDelete(caller, calendarId, { event_id: eventId }));
      accepted.push({ operationId, event: `${calendarId} ${eventId}`, marker: null });
      unsettled.add(operationId);
      return `removes ${eventId}`;
    },
    async removeAll({ intake }, die) {
      const only = die() < 0.5 ? null : [pick(die, calendarIds)];
      doubt = true;
      const { operationId } = await intake.accept(caller, profileId, { kind: 'delete_all', calendarIds: only });
      accepted.push({ operationId, event: 'everything', marker: null });
      unsettled.add(operationId);
      return `removes all of ${only?.join() ?? 'its calendars'}`;
    },
    async catchUp({ api }) {
      if (!everything) return;
      await settle(api);
      if (ownUnread) {
        ownUnread = false;
        try {
          takeOwn(await read(api, ownFrom === null ? {} : { last_modified: ownFrom }));
        } catch (error) {
          ownUnread = true;
          throw error;
        }
      }
      const from = since;
      if (from === null) return;
      take(await read(api, { last_modified: from }), () => true);
      if (since === from) since = null;
    },
    notified(request) {
      const { notification } = JSON.parse(request.body ?? '{}') as {
        notification: { type: string; changes_since?: string };
      };
      if (notification.type !== 'change') return;
      notifications += 1;
      const from = notification.changes_since ?? '';
      since = since === null || from < since ? from : since;
    },
    dispelDoubt() {
      if (doubt) ownUnread = true;
      doubt = false;
    },
    behind() {
      if (!channel) return 'has no channel yet';
      if (!everything) return 'has not read everything once';
      if (unsettled.size > 0) return `waits for the outcome of ${unsettled.size} writes`;
      if (since !== null || ownUnread) return 'has not read what it heard of';
      return null;
    },
  };
}

const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** A write to that calendar was not accepted. */
export class NotAccepted extends Error {
  readonly calendarId: string;

  constructor(calendarId: string, cause: unknown) {
    super(String(cause), { cause });
    this.calendarId = calendarId;
  }
}

/** What was answered with 202 is not known. */
export class Forgotten extends Error {}

function forgotten(error: unknown): never {
  if (isKalendsError(error) && error.code === 'not_known') throw new Forgotten(String(error), { cause: error });
  throw error;
}

async function accepting<T>(calendarId: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new NotAccepted(calendarId, error);
  }
}
