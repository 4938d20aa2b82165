/** What must hold when the last process has settled everything, whatever died before it. */
import { expect } from 'vitest';
import type { IntentDoc } from '../../domain/intent.ts';
import type { CalendarId, ProfileId } from '../../domain/ids.ts';
import type { WorldContents } from '../support/caldav-model/world.ts';
import type { Row } from '../support/api-client.ts';
import type { Documents } from '../../store/documents.ts';
import type { OwnEvent } from './application.ts';

/** One PUT or DELETE that changed something at the server, or a person who removed what the application wrote. */
export interface Effect {
  readonly kind: 'created' | 'updated' | 'removed' | 'removed by a person';
  readonly path: string;
  /** From the summary of what was put, or of what a person removed; each wish has its own. */
  readonly marker: string | null;
}

export const summaryOf = (body: string): string => /^SUMMARY:(.*?)\r?$/m.exec(body)?.[1] ?? '';
export const markerOf = (summary: string): string => summary.split(' ')[0] ?? '';

/** I3: seq from 1 without gap or fork, time that never runs backwards. */
export async function seqIsWhole(documents: Documents, profileId: string): Promise<number> {
  const commits = await documents.find('commitsOfProfile', { profileId: profileId as ProfileId });
  expect(commits.map((one) => one.seq)).toEqual(commits.map((_, index) => index + 1));
  const times = commits.map((one) => one.atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const profile = await documents.get('profiles', profileId);
  expect(profile?.projectedSeq).toBe(commits.length);
  return commits.length;
}

/** I4: every 202 that a client saw is an intent, in the order in which it was asked, and every intent was carried out. */
export async function intentsAreSettled(
  documents: Documents,
  events: readonly OwnEvent[],
): Promise<Map<OwnEvent, IntentDoc[]>> {
  const byEvent = new Map<OwnEvent, IntentDoc[]>();
  for (const profileId of new Set(events.map((one) => one.profileId))) {
    const intents = await documents.find('intentsOfProfile', { profileId: profileId as ProfileId });
    expect(intents.map((one) => one.n)).toEqual(intents.map((_, index) => index + 1));
    expect(intents.filter((one) => one.state !== 'written' && one.state !== 'merged')).toEqual([]);
    const names = new Map(intents.map((one) => [one.operationId as string, one]));
    for (const one of intents) expect(outcomeOf(one, names).state).toBe('written');
    for (const event of events.filter((one) => one.profileId === profileId)) {
      const own = intents.filter(({ wish }) => 'eventId' in wish && wish.eventId === event.eventId);
      const seen = event.sent.flatMap((one) => (one.operation === null ? [] : [one.operation]));
      expect(own.map((one) => one.operationId as string).filter((id) => seen.includes(id))).toEqual(seen);
      byEvent.set(event, own);
    }
  }
  return byEvent;
}

/** What carried it out, along as many steps as it took: what was merged may be merged on after a crash. */
function outcomeOf(intent: IntentDoc, names: ReadonlyMap<string, IntentDoc>): IntentDoc {
  let one = intent;
  for (
    let next = names.get(one.mergedInto ?? '');
    next !== undefined && next.n > one.n;
    next = names.get(one.mergedInto ?? '')
  )
    one = next;
  return one;
}

/** What the application asked for, by a fold of the test's own: patches over patches, a delete forgets all. */
function wishOf(intents: readonly IntentDoc[]): { readonly summary?: string; readonly description?: string } | null {
  let wish: { summary?: string; description?: string } | null = null;
  for (const { wish: one } of intents) wish = one.kind === 'upsert' ? Object.assign({}, wish, one.patch) : null;
  return wish;
}

/**
 * Each event is at the server once, as it was asked for; or not at all, where that was asked for, or where a person
 * removed it after the last of its wishes had arrived.
 */
export function wishesAreAtTheServer(
  byEvent: ReadonlyMap<OwnEvent, readonly IntentDoc[]>,
  contents: WorldContents,
  effects: readonly Effect[],
): void {
  for (const [event, intents] of byEvent) {
    const bodies = [...(contents.get(event.calendar) ?? [])].filter(([, body]) =>
      summaryOf(body).endsWith(` ${event.eventId}`),
    );
    const wish = wishOf(intents);
    const shown = bodies.map(([, body]) => ({
      summary: summaryOf(body),
      description: /^DESCRIPTION:(.*?)\r?$/m.exec(body)?.[1],
    }));
    const wanted = wish === null ? [] : [{ summary: wish.summary, description: wish.description }];
    const gone = shown.length === 0 && wish !== null && endedByAPerson(effects, markerOf(wish.summary ?? ''));
    if (!gone) expect({ event: event.eventId, shown }).toEqual({ event: event.eventId, shown: wanted });
  }
}

/**
 * The resource that was put last with this wish was removed, holding it, by a person, and by nobody else after that.
 * What it held is told by the person, not by the order of effects: a PUT is noted when it is answered, which may be
 * after the removal.
 */
function endedByAPerson(effects: readonly Effect[], marker: string): boolean {
  const written = effects.findLast((one) => isPut(one) && one.marker === marker);
  const removal = effects.findLast(
    (one) => one.path === written?.path && (one.kind === 'removed' || one.kind === 'removed by a person'),
  );
  return removal?.kind === 'removed by a person' && removal.marker === marker;
}

const isPut = ({ kind }: Effect): boolean => kind === 'created' || kind === 'updated';

/** Path of a resource → how many removals of it the log knows of. */
export async function removalsIn(
  documents: Documents,
  accounts: readonly {
    readonly connection: { readonly profileId: string };
    readonly known: readonly { readonly calendarId: string; readonly calendar: string }[];
  }[],
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (const { connection, known } of accounts) {
    const pathOf = new Map(known.map((one) => [one.calendarId, one.calendar]));
    const commits = await documents.find('commitsOfProfile', { profileId: connection.profileId as ProfileId });
    for (const change of commits.flatMap((one) => one.changes)) {
      if (change.kind !== 'resource_removed') continue;
      const path = (pathOf.get(change.calendarId) ?? '') + change.ref;
      times.set(path, (times.get(path) ?? 0) + 1);
    }
  }
  return times;
}

/**
 * Every path comes and goes once at most, and no wish was put twice; what people changed meanwhile may be put again.
 * What a person removed before anybody saw it looks as if it had never been there, and is made once more: then the log
 * knows of no removal but of those that came after (`told`).
 */
export function effectsHappenedOnce(
  effects: readonly Effect[],
  intents: readonly IntentDoc[],
  { changed, told }: { readonly changed: ReadonlySet<string>; readonly told: ReadonlyMap<string, number> },
): void {
  const lives = [...Map.groupBy(effects, (one) => one.path)].map(
    ([path, all]) => [path, withoutUnseen(all, told.get(path) ?? 0)] as const,
  );
  for (const [path, all] of lives) {
    const story = all.map((one) => one.kind).join(', ');
    const times = (kind: Effect['kind']): number => all.filter((one) => one.kind === kind).length;
    expect({ path, created: times('created') }, story).toEqual({ path, created: 1 });
    expect({ path, removed: Math.max(1, times('removed')) }, story).toEqual({ path, removed: 1 });
  }
  const asked = new Map<string, number>();
  for (const { wish } of intents) {
    if (wish.kind !== 'upsert') continue;
    const marker = markerOf(wish.patch.summary ?? '');
    asked.set(marker, (asked.get(marker) ?? 0) + 1);
  }
  const puts = Map.groupBy(lives.flatMap(([, all]) => all).filter(isPut), (one) => `${one.path} ${one.marker}`);
  for (const [what, all] of puts) {
    const [one] = all;
    const most = changed.has(one?.path ?? '') ? (asked.get(one?.marker ?? '') ?? 0) : 1;
    expect({ what, times: Math.max(all.length, most) }).toEqual({ what, times: most });
  }
}

/** `told`: how many removals of it the log knows of; what came before an unseen one is left out. */
function withoutUnseen(all: readonly Effect[], told: number): readonly Effect[] {
  const first = all.findIndex((one) => one.kind === 'removed by a person');
  const after = all.slice(first + 1);
  const removals = after.filter((one) => one.kind === 'removed' || one.kind === 'removed by a person').length;
  return first !== -1 && after[0]?.kind === 'created' && told <= removals ? after : all;
}

/** The cache holds, byte for byte, what the server holds. */
export async function cacheEqualsServer(
  documents: Documents,
  calendars: readonly { readonly calendarId: string; readonly calendar: string }[],
  contents: WorldContents,
): Promise<void> {
  for (const { calendarId, calendar } of calendars) {
    const cached = await documents.find('resourcesOfCalendar', { calendarId: calendarId as CalendarId, live: 1 });
    const seen = new Map(cached.map((one) => [one.ref, one.body]));
    expect(seen).toEqual(new Map(contents.get(calendar)));
  }
}

/**
 * The rows say what the server's resources say: single events one by one, and each series however often it takes place.
 * Name and place are all that people change, so that rows that are equal have seen the last of their changes.
 */
export function rowsEqualServer(rows: readonly Row[], calendars: readonly string[], contents: WorldContents): void {
  const shown = (recurring: boolean): string[] =>
    rows
      .filter((row) => row['recurring'] === recurring)
      .map(({ summary, location }) => `${String(summary)} at ${placeOf(location)}`);
  const bodies = calendars.flatMap((one) => [...(contents.get(one)?.values() ?? [])]);
  const held = (recurring: boolean): string[] =>
    bodies
      .filter((body) => body.includes('RRULE:') === recurring)
      .map((body) => `${summaryOf(body)} at ${/^LOCATION:(.*?)\r?$/m.exec(body)?.[1] ?? ''}`);
  expect(shown(false).sort()).toEqual(held(false).sort());
  expect(new Set(shown(true))).toEqual(new Set(held(true)));
}

const placeOf = (location: unknown): string => (location as { description?: string } | undefined)?.description ?? '';

/**
 * I6: what others did is told. A mirror that heard of nothing but that equals the calendar in all that others do:
 * every external event, and of the application's own what people changed or removed.
 */
export function mirrorEqualsCalendar(
  mirror: ReadonlyMap<string, Row>,
  rows: readonly Row[],
  ownRemovals: ReadonlySet<string>,
): void {
  const now = new Map(rows.map((row) => [String(row['event_uid']), row]));
  const external = (all: Iterable<Row>): Row[] =>
    [...all].filter(
      (row) => row['event_id'] === undefined && row['deleted'] !== true && row['series_master'] === undefined,
    );
  const byUid = (a: Row, b: Row): number => String(a['event_uid']).localeCompare(String(b['event_uid']));
  expect(external(mirror.values()).sort(byUid)).toEqual(external(rows).sort(byUid));
  for (const [uid, row] of now) {
    if (row['event_id'] === undefined || row['location'] === undefined) continue;
    expect({ uid, location: mirror.get(uid)?.['location'] }).toEqual({ uid, location: row['location'] });
  }
  const unexplained = [...mirror].filter(
    ([uid, row]) => row['event_id'] !== undefined && row['deleted'] !== true && !now.has(uid) && !ownRemovals.has(uid),
  );
  expect(unexplained).toEqual([]);
}
