/** The overlay: writes that were accepted and have not landed yet, as the rows that readers will see when they have. */
import type { CalendarDoc } from '../../domain/calendar.ts';
import type { CommitDoc } from '../../domain/commit.ts';
import { resourceIdOf, type CalendarId, type ResourceId, type RunId } from '../../domain/ids.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { managedKey, type ManagedEventDoc, type RequestedFields } from '../../domain/managed-event.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import { windowOf } from '../../domain/projection/horizon.ts';
import { bury, layOut } from '../../domain/projection/lay-out.ts';
import type { EventDoc } from '../../domain/projected-event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { bodyOf } from '../../domain/sync/body.ts';
import { foldIntents, type WantedState } from '../../domain/sync/fold.ts';
import { firstGeneration, reconcile, resourceName } from '../../domain/sync/reconcile.ts';
import { ianaZone, utc } from '../../domain/time/iana.ts';
import { dateOf } from '../../domain/time/zone.ts';
import { horizon } from '../../config/policies.ts';
import type { ApiContext } from './context.ts';
import type { Overlay } from './event-source.ts';

export interface OverlayRequest {
  readonly profiles: readonly ProfileDoc[];
  readonly calendars: ReadonlyMap<string, CalendarDoc>;
}

/** What readers see of events, once everything that was accepted has landed. */
export interface Overlaid {
  readonly rows: Overlay;
  /** What is wanted of each resource that open intents will have written. */
  readonly wanted: ReadonlyMap<ResourceId, RequestedFields>;
}

export const notOverlaid: Overlaid = { rows: new Map(), wanted: new Map() };

/** One event that open intents speak of. */
interface Pending {
  readonly profile: ProfileDoc;
  readonly calendarId: CalendarId;
  readonly eventId: string;
  readonly intents: readonly IntentDoc[];
}

/**
 * Intents are read before the projection: a write that lands in between is then seen twice, which the fold notices by
 * `throughN`, and never not at all.
 */
export async function readOverlay(context: ApiContext, request: OverlayRequest): Promise<Overlaid> {
  const perProfile = await Promise.all(request.profiles.map((profile) => pendingOf(context, profile)));
  const pending = perProfile.flat();
  if (pending.length === 0) return notOverlaid;
  const managed = await managedOf(context, pending);
  const rows = new Map<string, EventDoc>();
  const wanted = new Map<ResourceId, RequestedFields>();
  for (const one of pending) {
    const key = managedKey(one.calendarId, one.eventId);
    const applied = managed.get(key) ?? null;
    const intents = one.intents.filter((intent) => intent.n > (applied?.throughN ?? 0));
    const before = { generation: applied?.generation ?? firstGeneration, wanted: applied?.wanted ?? null };
    const after = foldIntents(before, intents);
    const last = intents.at(-1);
    if (last === undefined) continue;
    const step = { pending: one, applied, before, after, commit: commitOf(one.profile, last.acceptedAtMs) };
    const { written, events } = await standIns(context, request, step);
    for (const row of events) rows.set(row._id, row);
    if (written !== null && after.wanted !== null) wanted.set(written, after.wanted);
  }
  return { rows, wanted };
}

async function pendingOf(context: ApiContext, profile: ProfileDoc): Promise<Pending[]> {
  const open = await context.documents.find('openIntentsOfProfile', { profileId: profile._id, open: 1 });
  const events = new Map<
    string,
    { readonly calendarId: CalendarId; readonly eventId: string; readonly intents: IntentDoc[] }
  >();
  const concerns = (calendarId: CalendarId, eventId: string, intent: IntentDoc): void => {
    const key = managedKey(calendarId, eventId);
    const known = events.get(key);
    if (known === undefined) events.set(key, { calendarId, eventId, intents: [intent] });
    else known.intents.push(intent);
  };
  for (const intent of open) {
    const { wish } = intent;
    if (wish.kind === 'upsert' || wish.kind === 'delete') concerns(wish.calendarId, wish.eventId, intent);
    if (wish.kind !== 'delete_all') continue;
    const standing = await context.documents.find('managedOfProfile', { profileId: profile._id });
    const named = [...events.values(), ...standing].map(({ calendarId, eventId }) => ({ calendarId, eventId }));
    const meant = named.filter((one) => wish.calendarIds === null || wish.calendarIds.includes(one.calendarId));
    const once = new Map(meant.map((one) => [managedKey(one.calendarId, one.eventId), one]));
    for (const one of once.values()) concerns(one.calendarId, one.eventId, intent);
  }
  return Array.from(events.values(), (one) => Object.assign({ profile }, one));
}

async function managedOf(context: ApiContext, pending: readonly Pending[]): Promise<Map<string, ManagedEventDoc>> {
  const keys = pending.map((one) => managedKey(one.calendarId, one.eventId));
  const found = await context.documents.getMany('managed_events', keys);
  return new Map(found.map((one) => [one._id, one]));
}

interface Step {
  readonly pending: Pending;
  readonly applied: ManagedEventDoc | null;
  readonly before: WantedState;
  readonly after: WantedState;
  readonly commit: CommitDoc;
}

interface StandIns {
  /** The resource that the intents will have written; null: none. */
  readonly written: ResourceId | null;
  readonly events: readonly EventDoc[];
}

/** The rows that change when these intents land: new ones, changed ones, and tombstones. */
async function standIns(context: ApiContext, request: OverlayRequest, step: Step): Promise<StandIns> {
  const { applied, before, after, commit } = step;
  const standing = await standingOf(context, applied);
  const sameLife = after.generation === before.generation;
  const ended = sameLife && after.wanted !== null ? [] : buried(standing, commit);
  if (after.wanted === null) return { written: null, events: neverOlder(ended, standing) };
  const resource = sameLife ? (standing?.resource ?? null) : null;
  const next = await provisional(context, step, sameLife ? applied : null, resource);
  const begun = next === null ? [] : laidOut(context, request, next, sameLife ? standing : null, commit);
  return { written: next?._id ?? null, events: neverOlder([...ended, ...begun], standing) };
}

/** A reader that was told of a later change of the same row, and reads from its time on, must find the row. */
function neverOlder(rows: readonly EventDoc[], standing: Standing | null): readonly EventDoc[] {
  const stored = new Map(standing?.events.map((one) => [one._id, one.updatedMs]));
  return rows.map((row) => ({ ...row, updatedMs: Math.max(row.updatedMs, stored.get(row._id) ?? 0) }));
}

interface Standing {
  readonly resource: ResourceDoc;
  readonly events: readonly EventDoc[];
}

async function standingOf(context: ApiContext, applied: ManagedEventDoc | null): Promise<Standing | null> {
  if (applied === null || applied.resourceId === null) return null;
  const [resource, events] = await Promise.all([
    context.documents.get('resources', applied.resourceId),
    context.documents.find('eventsOfResource', { resourceId: applied.resourceId }),
  ]);
  return resource === null ? null : { resource, events };
}

const buried = (standing: Standing | null, commit: CommitDoc): readonly EventDoc[] =>
  standing === null ? [] : bury(standing.resource, standing.events, commit).events;

/** The resource as the write would leave it; null where there is nothing to write, or no way to write it. */
async function provisional(
  context: ApiContext,
  { pending, before, after, commit }: Step,
  applied: ManagedEventDoc | null,
  resource: ResourceDoc | null,
): Promise<ResourceDoc | null> {
  const { calendarId, eventId, profile } = pending;
  const named = { appId: profile.appId, calendarId, eventId };
  const call = reconcile({ ...named, applied, resource, generation: before.generation, state: after });
  if (call.kind !== 'create' && call.kind !== 'update') return null;
  const basis = call.kind === 'update' ? call.resource : null;
  const { wanted } = call;
  const refOf = (life: number): string =>
    context.providerOf(profile.provider).newResourceRef(resourceName(named, life));
  let { generation } = call;
  // A life that ended unnoticed has had that name, and its tombstone is not to be covered: the write will begin the next.
  if (basis === null) while (await isTombstone(context, resourceIdOf(calendarId, refOf(generation)))) generation += 1;
  try {
    const written = { generation, wanted, organizer: profile.email, nowMs: commit.atMs };
    const body = bodyOf({ ...named, ...written, body: basis?.body ?? null });
    if (basis !== null) return { ...basis, body };
    return newResource(pending, refOf(generation), body, commit.atMs);
  } catch {
    // The write itself will find this out and reject the intent with its reason; until then there is nothing to show.
    return null;
  }
}

const isTombstone = async ({ documents }: ApiContext, id: ResourceId): Promise<boolean> =>
  (await documents.get('resources', id))?.live === 0;

function newResource({ profile, calendarId, eventId }: Pending, ref: string, body: string, nowMs: number): ResourceDoc {
  return {
    _id: resourceIdOf(calendarId, ref),
    profileId: profile._id,
    calendarId,
    ref,
    uid: null,
    etag: null,
    scheduleTag: null,
    body,
    format: 'icalendar',
    observedHash: '',
    normaliser: 0,
    problem: null,
    recurring: false,
    live: 1,
    evidence: null,
    eventId,
    createdMs: nowMs,
    seq: 0,
  };
}

/** By the projector itself, so that a provisional row is the row that follows it, with the same event_uid. */
function laidOut(
  context: ApiContext,
  request: OverlayRequest,
  resource: ResourceDoc,
  standing: Standing | null,
  commit: CommitDoc,
): readonly EventDoc[] {
  const day = request.profiles.find((one) => one._id === resource.profileId)?.horizonDay ?? null;
  const zoneName = request.calendars.get(resource.calendarId)?.timeZone ?? null;
  const zone = (zoneName === null ? null : ianaZone(zoneName)) ?? utc;
  const window = windowOf(day ?? dateOf(context.clock.now()), horizon);
  const { normalise } = context;
  return layOut({ ...resource, live: 1 }, standing?.events ?? [], commit, { normalise, window, zone }).events;
}

/** What the projector takes its stamps from; it is appended nowhere. */
const commitOf = (profile: ProfileDoc, atMs: number): CommitDoc => ({
  _id: '',
  profileId: profile._id,
  accountId: profile.accountId,
  appId: profile.appId,
  seq: 0,
  atMs,
  cause: 'write',
  runId: '' as RunId,
  operations: [],
  changes: [],
});
