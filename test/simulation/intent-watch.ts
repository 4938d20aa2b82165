/** The watch over accepted writes: how each goes on and ends, and what its application may change (I4, I5, I7). */
import type { GrantDoc } from '../../domain/account.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import { unjustified } from './ends.ts';
import type { Asked } from './requests.ts';
import { isNamed } from './wishes.ts';

const minute = 60_000;

/** How writes end; a run of many seeds has had all of it. */
export const ends = ['written', 'merged', 'rejected', 'expired'] as const;
const final: ReadonlySet<string> = new Set(ends);

export interface Span {
  readonly fromMs: number;
  /** Infinity: it goes on. */
  readonly toMs: number;
}

export interface IntentWatch {
  stored(intent: IntentDoc): void;
  grantStored(grant: GrantDoc): void;
  /** A commit carries them out, and nobody was asked: as they are permitted now, or were when they were accepted. */
  carriedOut(operations: readonly string[]): void;
  /** Something stands, or was to be put, under that name: `work/kalends-….ics`. */
  seen(resource: string, body: string): void;
  /** Why that operation does not delete what stood there, for people; null: it does. */
  notDeletedBy(operationId: string, resource: string): string | null;
  /** A PUT or DELETE of that login had its effect there. */
  effect(kind: string, resource: string, login: string, body: string, faults: readonly string[]): void;
  /** When it was accepted and when it ended, on no node's clock. */
  spanOf(intentId: string): Span;
}

export interface IntentWatchWorld {
  readonly refOf: (calendarId: string) => string;
  readonly now: () => number;
  readonly violated: (invariant: string, what: string) => void;
  readonly asked: readonly Asked[];
  readonly loginOf: (profileId: string) => string | undefined;
  /** The application whose calendars a login holds, as its events are named. */
  readonly appOf: (login: string) => string | undefined;
  /** When a calendar was said to be gone, on no node's clock. */
  readonly goneSpans: (profileId: string, calendarId: string) => readonly Span[];
  readonly attempted: () => void;
}

export function createIntentWatch(world: IntentWatchWorld): IntentWatch {
  const { refOf, now, violated, asked } = world;
  const states = new Map<string, string>();
  /** application → since when it may write nothing, and until when. */
  const revoked = new Map<string, { readonly sinceMs: number; untilMs: number }>();
  /** operation → which end of its application's permission it was accepted after. */
  const forbiddenFrom = new Map<string, unknown>();
  const acceptedAtMs = new Map<string, number>();
  const endedAtMs = new Map<string, number>();
  const byOperation = new Map<string, IntentDoc>();
  /** `calendar event` → the first write of it that was accepted. */
  const firstN = new Map<string, number>();
  /** The summary of each write → when it was accepted among the others of its profile. */
  const nOf = new Map<string, number>();
  /** `work/ event` → the latest write that was put there. */
  const putN = new Map<string, number>();
  /** `work/kalends-….ics` → the event that it carries, by its summary. */
  const eventAt = new Map<string, string>();

  /** What ended without being done, and should not have. */
  function checkEnd(intent: IntentDoc): void {
    const { wish } = intent;
    if (wish.kind === 'create_calendar') return;
    const sinceMs = acceptedAtMs.get(intent._id) ?? 0;
    const login = world.loginOf(intent.profileId);
    const isMeant = meantBy(intent);
    const since = asked.filter(({ user, atMs, at }) => user === login && atMs >= sinceMs && isMeant(at));
    const answers = since.filter(({ what }) => what === 'PUT' || what === 'DELETE');
    const unversioned = since.some(({ what, faults }) => what === 'GET' && faults.includes('etags_absent'));
    const forbidden = revoked.get(intent.appId);
    // A bulk delete goes on after the event that it had to leave.
    const untilMs = wish.kind === 'delete_all' ? Infinity : forbidden?.untilMs;
    const forbiddenAtMs =
      forbidden === undefined || forbidden.untilMs < sinceMs ? null : Math.min(untilMs ?? Infinity, now());
    // A bulk delete has nothing to say of what a calendar held that is gone.
    const gone = wish.kind === 'delete_all' ? [] : world.goneSpans(intent.profileId, wish.calendarId);
    const calendarGoneUntilMs = gone.findLast((one) => one.toMs >= sinceMs)?.toMs ?? null;
    const eventOf = ({ at }: Asked): string => `${placeIn(at)} ${eventAt.get(at) ?? ''}`;
    const groups = wish.kind === 'delete_all' ? [...Map.groupBy(answers, eventOf).values()] : [answers];
    const ended = { intent, acceptedAtMs: sinceMs, nowMs: now(), forbiddenAtMs, calendarGoneUntilMs, unversioned };
    // Of a bulk delete, one event is enough.
    const whys = (groups.length === 0 ? [[]] : groups).map((one) => unjustified({ ...ended, answers: one }));
    const [why = null] = whys;
    if (why === null || whys.includes(null)) return;
    const what = wish.kind === 'delete_all' ? 'all events' : wish.eventId;
    violated('I4', `the write ${intent._id} of ${what} is ${intent.state} (${intent.reason?.code}): ${why}`);
  }

  /** An earlier write never comes after a later one of its event, but for a call that was given up, or a server that looks at no precondition. */
  function checkOrder(resource: string, body: string, faults: readonly string[]): void {
    const [, marker = '', event = ''] = summaryLine.exec(body) ?? [];
    const n = nOf.get(`${marker} ${event}`);
    if (n === undefined) return;
    const key = `${placeIn(resource)} ${event}`;
    const latest = putN.get(key) ?? 0;
    putN.set(key, Math.max(latest, n));
    if (n < latest && !faults.includes('effect_late') && !faults.includes('preconditions_ignored'))
      violated('I4', `${marker} was put to ${resource} after a later write of ${event}`);
  }

  /** Whether what stands at a place is what this write is about. */
  function meantBy({ wish, appId }: IntentDoc): (resource: string) => boolean {
    if (wish.kind === 'create_calendar') return () => false;
    if (wish.kind !== 'delete_all')
      return (at) => at.startsWith(refOf(wish.calendarId)) && eventAt.get(at) === wish.eventId;
    const refs = wish.calendarIds?.map(refOf) ?? null;
    return (at) => isNamed(refs, placeIn(at)) && isEventOf(eventAt.get(at), appId.slice('app_'.length));
  }

  return {
    stored(intent) {
      const before = states.get(intent._id);
      const isEnd = final.has(intent.state);
      if (before !== undefined && final.has(before) && before !== intent.state)
        violated('I4', `intent ${intent._id} was ${before} and is ${intent.state}`);
      if ((intent.state === 'rejected' || intent.state === 'expired') && intent.reason === null)
        violated('I4', `intent ${intent._id} is ${intent.state} without a reason`);
      if (before === undefined) {
        acceptedAtMs.set(intent._id, now());
        if (revoked.get(intent.appId)?.untilMs === Infinity)
          forbiddenFrom.set(intent.operationId, revoked.get(intent.appId));
        const { wish } = intent;
        const key = wish.kind === 'upsert' ? `${refOf(wish.calendarId)} ${wish.eventId}` : null;
        if (key !== null && !firstN.has(key)) firstN.set(key, intent.n);
        if (wish.kind === 'upsert' && intent.repair !== true) nOf.set(wish.patch.summary ?? '', intent.n);
      }
      if (isEnd && !endedAtMs.has(intent._id)) endedAtMs.set(intent._id, now());
      byOperation.set(intent.operationId, intent);
      if (before !== intent.state && (intent.state === 'rejected' || intent.state === 'expired')) checkEnd(intent);
      if (intent.state === 'attempting' && before !== 'attempting') {
        world.attempted();
        // The check is made in the same turn, which the store may slow down.
        const { sinceMs: revokedAtMs = Infinity, untilMs = 0 } = revoked.get(intent.appId) ?? {};
        if (intent.attempt !== null && untilMs === Infinity && now() - revokedAtMs > 5 * minute)
          violated(
            'I5',
            `${intent._id} is carried out ${Math.round((now() - revokedAtMs) / minute)} min after its permission ended`,
          );
      }
      states.set(intent._id, intent.state);
    },
    grantStored({ appId, scopes }) {
      const ended = revoked.get(appId);
      if (!scopes.includes('create_event')) {
        if (ended?.untilMs !== Infinity) revoked.set(appId, { sinceMs: now(), untilMs: Infinity });
      } else if (ended?.untilMs === Infinity) ended.untilMs = now();
    },
    carriedOut(operations) {
      for (const operation of operations) {
        const end = revoked.get(byOperation.get(operation)?.appId ?? '');
        if (end?.untilMs === Infinity && forbiddenFrom.get(operation) === end)
          violated('I5', `${operation} is carried out, and was not permitted at any time since it was accepted`);
      }
    },
    seen(resource, body) {
      const event = eventIn(body);
      if (event !== null) eventAt.set(resource, event);
    },
    notDeletedBy(operationId, resource) {
      const intent = byOperation.get(operationId);
      if (intent === undefined || intent.wish.kind === 'upsert' || !meantBy(intent)(resource))
        return 'that operation does not delete it';
      // A bulk delete ends what was accepted before it.
      const first = firstN.get(`${placeIn(resource)} ${eventAt.get(resource) ?? ''}`) ?? Infinity;
      return first < intent.n ? null : 'that operation was accepted before the event';
    },
    effect(kind, resource, login, body, faults) {
      const event = eventIn(body) ?? eventAt.get(resource);
      const app = world.appOf(login);
      if (event !== undefined && app !== undefined && !isEventOf(event, app))
        violated('I5', `the profile of ${app} ${kind} ${resource}, which is ${event}`);
      checkOrder(resource, body, faults);
    },
    spanOf: (id) => ({ fromMs: acceptedAtMs.get(id) ?? 0, toMs: endedAtMs.get(id) ?? now() }),
  };
}

/** `work/`, of `work/kalends-….ics`. */
const placeIn = (resource: string): string => resource.slice(0, resource.indexOf('/') + 1);

const isEventOf = (event: string | undefined, app: string): boolean => event?.startsWith(`${app}-e`) === true;

/** Of what applications write: which write, and which event. */
export const summaryLine = /^SUMMARY:(\S+) (\S+)/m;
const eventIn = (body: string): string | null => summaryLine.exec(body)?.[2] ?? null;
