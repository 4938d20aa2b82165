/** The watch: sees every write to the store and every effect at the server, and knows which must not be. */
import type { GrantDoc } from '../../domain/account.ts';
import type { CalendarDoc } from '../../domain/calendar.ts';
import type { Change, ChangeOf, CommitDoc } from '../../domain/commit.ts';
import type { SubscriberDoc } from '../../domain/channel.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { ProfileDoc } from '../../domain/profile.ts';
import type { CalendarId } from '../../domain/ids.ts';
import type { Evidence } from '../../domain/resource.ts';
import type { CheckpointDoc } from '../../domain/sync/checkpoint.ts';
import type { BaselineDoc } from '../../domain/sync/sentinel/baseline.ts';
import type { Documents } from '../../store/documents.ts';
import type { LogEntry, ModelAnswer, ModelRequest } from '../support/caldav-model/exchange.ts';
import type { LatestVersions } from '../support/caldav-model/world.ts';
import { createAccessWatch, type AccessWatch } from './access.ts';
import { createBreakerWatch, type BreakerWatch } from './breaker.ts';
import { unproved } from './evidence.ts';
import { createFreshness, omitting } from './freshness.ts';
import { createIntentWatch, summaryLine } from './intent-watch.ts';
import { createLateness } from './lateness.ts';
import type { People } from './people.ts';
import { createProjectedWatch } from './projected.ts';
import { saidBy } from './reader.ts';
import { askedBy, placeOf, type Asked } from './requests.ts';
import type { Ties } from './ties.ts';
import { lineOf, watched } from './watched-store.ts';

export interface Violation {
  /** `I1` … `I10`. */
  readonly invariant: string;
  readonly what: string;
}

/** One PUT or DELETE that changed something at the server. */
export interface Effect {
  readonly kind: 'created' | 'updated' | 'removed';
  /** Calendar and name, `work/kalends-….ics`. */
  readonly resource: string;
  /** The two words of the summary of what was put: which write, and which event. */
  readonly marker: string | null;
  readonly event: string | null;
  readonly faults: readonly string[];
  readonly atMs: number;
}

export interface Omission {
  readonly login: string;
  /** As its owner knows it. */
  readonly calendar: string;
  /** What could not be read when it was asked for; null: nobody knows what was left out. */
  readonly name: string | null;
  readonly atMs: number;
}

export interface Counts {
  commits: number;
  removals: number;
  held: number;
  /** Updates without a real difference that servers told of. */
  phantoms: number;
  attempts: number;
}

export interface Watch {
  readonly store: Documents;
  readonly violations: readonly Violation[];
  readonly effects: readonly Effect[];
  /** Listings and deltas that left something out, and what was not shown when it was asked for. */
  readonly omissions: readonly Omission[];
  readonly counts: Counts;
  readonly breaker: Pick<BreakerWatch, 'came' | 'met'>;
  readonly access: Pick<AccessWatch, 'storeFailed' | 'storeFailedAtMs' | 'unfounded'>;
  /** Machine states that were ever stored: `profile live`, `calendar quarantined`, `item owed`; of writes, `write expired`. */
  readonly states: ReadonlySet<string>;
  profileState(profileId: string): string;
  calendarStates(profileId: string): readonly string[];
  calendarState(profileId: string, calendarId: string): string;
  /** Of what the calendar's checkpoint left behind. */
  itemStates(calendarId: string): readonly string[];
  /** Whether the calendar was said to be gone at some time between a write's acceptance and its end. */
  readonly wasGone: (calendarId: string, intent: IntentDoc) => boolean;
  /** Of the calendar server, of which something was recorded. */
  calendars(): number;
  /** When a request last changed something at the server. */
  lastEffectMs(): number;
  seen(entry: LogEntry, request: ModelRequest, answer: ModelAnswer): void;
  /** The store or the endpoint failed, a nudge was lost, or a process died: what is to be told may be late. */
  disturbed(): void;
  /** An application took this delivery. */
  heard(deliveryId: string): void;
  violated(invariant: string, what: string): void;
}

const minute = 60_000;
const day = 24 * 60 * minute;

interface Known {
  /** By seq: whether the commit holds something that an application must be told. */
  readonly tellable: boolean[];
  /** Calendar id → when removals were believed without a direct request. */
  readonly unverified: Map<string, number[]>;
  /** resource id → calendar id. */
  readonly calendarOf: Map<string, string>;
  seq: number;
  atMs: number;
  /** resource id → what stands there by the log, as `saidBy` reads it. */
  readonly standing: Map<string, string>;
  /** `work/a.ics` → removals recorded. */
  readonly removed: Map<string, number>;
  /** calendar id → since when it was said to be gone, each time, and until when. */
  readonly gone: Map<string, { readonly fromMs: number; toMs: number }[]>;
}

/** `refOf`: calendar id → its ref in the home of its owner. */
export function createWatch(
  inner: Documents,
  people: () => People,
  refOf: (calendarId: string) => string,
  /** Null: nobody reads the lines. */
  tell: ((line: string) => void) | null,
  now: () => number,
  ties: Pick<Ties, 'typed' | 'withdrawals'>,
  latest: (login: string, calendarId: string) => LatestVersions | null,
): Watch {
  const violations: Violation[] = [];
  const effects: Effect[] = [];
  const omissions: Omission[] = [];
  const counts: Counts = { commits: 0, removals: 0, held: 0, phantoms: 0, attempts: 0 };
  const known = new Map<string, Known>();
  const profiles = new Map<string, ProfileDoc>();
  const states = new Set<string>();
  const heldBefore = new Map<string, number>();
  /** calendar id → states of its items. */
  const items = new Map<string, readonly string[]>();
  const asked: Asked[] = [];
  const projections = createProjectedWatch();
  const lateness = createLateness(now);
  const access = createAccessWatch(now);
  const freshness = createFreshness(now, refOf, latest);
  /** login → when its password was refused, since it last worked. */
  const refusals = new Map<string, number[]>();
  let lastEffectMs = 0;
  const violated = (invariant: string, what: string): void => void violations.push({ invariant, what });
  const breaker = createBreakerWatch(now, violated);
  const intents = createIntentWatch({
    refOf,
    now,
    violated,
    asked,
    loginOf: (profileId) => profiles.get(profileId)?.name,
    appOf: (login) => [...profiles.values()].find((one) => one.name === login)?.appId.slice('app_'.length),
    goneSpans: (profileId, calendarId) => knownOf(profileId).gone.get(calendarId) ?? [],
    attempted: () => {
      counts.attempts += 1;
    },
  });

  function knownOf(profileId: string): Known {
    const one = known.get(profileId) ?? {
      seq: 0,
      atMs: 0,
      standing: new Map(),
      removed: new Map(),
      gone: new Map(),
      tellable: [],
      unverified: new Map(),
      calendarOf: new Map(),
    };
    known.set(profileId, one);
    return one;
  }

  function commitInserted(commit: CommitDoc): void {
    counts.commits += 1;
    const log = knownOf(commit.profileId);
    if (commit.seq !== log.seq + 1) violated('I3', `commit ${commit.seq} follows ${log.seq}`);
    if (commit.atMs < log.atMs) violated('I3', `commit ${commit.seq} is earlier than the one before it`);
    log.seq = commit.seq;
    log.atMs = commit.atMs;
    projections.appended(commit);
    freshness.appended(commit);
    if (!isHere(commit.profileId)) breaker.appended(commit);
    // To record that nothing is left to be done needs no permission.
    else if (commit.changes.some((one) => one.kind === 'resource_put' || one.kind === 'resource_removed'))
      intents.carriedOut(commit.operations);
    log.tellable[commit.seq] = commit.cause !== 'write' && commit.changes.some(isTold);
    countUnverified(log, commit);
    for (const change of commit.changes) {
      if (change.kind === 'resource_put') {
        const said = saidBy(change.body);
        const differs = log.standing.get(change.resourceId) !== said;
        if (change.differs !== differs) violated('I2', `seq ${commit.seq} says ${change.differs} of ${change.ref}`);
        if (!change.differs) counts.phantoms += 1;
        log.standing.set(change.resourceId, said);
        log.calendarOf.set(change.resourceId, change.calendarId);
        intents.seen(refOf(change.calendarId) + change.ref, change.body);
      }
      if (change.kind === 'resource_removed') {
        counts.removals += 1;
        const name = refOf(change.calendarId) + change.ref;
        const times = (log.removed.get(name) ?? 0) + 1;
        log.removed.set(name, times);
        if (!log.standing.delete(change.resourceId))
          violated('I2', `seq ${commit.seq} removes ${name}, which is not there`);
        // A removal that nobody made, whatever evidence it claims.
        if (!isHere(commit.profileId) && times > (people().removals.get(name) ?? 0))
          violated('I1', `seq ${commit.seq} removes ${name} on ${JSON.stringify(change.evidence)}; nobody removed it`);
        checkEvidence(commit, change);
      }
      const back = change.kind === 'calendar_put' ? log.gone.get(change.calendarId)?.at(-1) : undefined;
      if (back !== undefined) back.toMs = Math.min(back.toMs, now());
      if (change.kind === 'calendar_gone') calendarGone(log, commit.seq, change.calendarId);
    }
  }

  const isHere = (profileId: string): boolean => profiles.get(profileId)?.provider === 'cronofy';

  function checkEvidence(commit: CommitDoc, { evidence, calendarId, ref }: ChangeOf<'resource_removed'>): void {
    const login = profiles.get(commit.profileId)?.name ?? '';
    const removed = { login, calendar: refOf(calendarId), name: ref };
    const resource = removed.calendar + ref;
    const foreign = evidence.kind === 'own_write' ? intents.notDeletedBy(evidence.operationId, resource) : null;
    // Without another side there is nothing but own deletes.
    const otherwise = isHere(commit.profileId) ? notOwn(evidence) : unproved(evidence, removed, asked);
    const why = foreign ?? otherwise;
    if (why !== null) violated('I1', `seq ${commit.seq} removes ${resource} on ${JSON.stringify(evidence)}: ${why}`);
  }

  /** With it goes what it held. Should it come back, all of it is new, and what had been removed wrongly is there again. */
  function calendarGone(log: Known, seq: number, calendarId: string): void {
    const spans = [...(log.gone.get(calendarId) ?? []), { fromMs: now(), toMs: Infinity }];
    log.gone.set(calendarId, spans);
    if (spans.length > ties.withdrawals(calendarId))
      violated('I1', `seq ${seq} says that the calendar ${refOf(calendarId)} is gone; it is there`);
    for (const [id, of] of log.calendarOf) if (of === calendarId) log.standing.delete(id);
    log.unverified.delete(calendarId);
  }

  /** The guard: what is removed within a day on a tombstone alone stays within a few, or a tenth. */
  function countUnverified(log: Known, commit: CommitDoc): void {
    for (const [calendarId, removals] of Map.groupBy(commit.changes.filter(isTombstone), (one) => one.calendarId)) {
      const recent = (log.unverified.get(calendarId) ?? []).filter((atMs) => atMs > now() - day);
      const standing = [...log.calendarOf].filter(([id, of]) => of === calendarId && log.standing.has(id)).length;
      const allowed = Math.max(5, Math.floor((standing + recent.length) / 10));
      if (recent.length + removals.length > allowed)
        violated(
          'I1',
          `${recent.length + removals.length} removals from ${refOf(calendarId)} within a day, none verified`,
        );
      log.unverified.set(calendarId, [...recent, ...removals.map(() => now())]);
    }
  }

  function profileStored(profile: ProfileDoc): void {
    const before = profiles.get(profile._id);
    const { credentials } = profile;
    const same = before === undefined || JSON.stringify(before.credentials) === JSON.stringify(credentials);
    if (!same && credentials?.box !== ties.typed(profile._id))
      violated('I7', `the credentials of ${profile._id} changed`);
    if (profile.projectedSeq > knownOf(profile._id).seq)
      violated('I9', `${profile._id} says that seq ${profile.projectedSeq} is projected; the log ends before it`);
    if (profile.state.name === 'relink_required' && before?.state.name !== 'relink_required') checkProof(profile);
    profiles.set(profile._id, profile);
    access.profileStored(profile);
    lateness.projected(profile, (seq) => knownOf(profile._id).tellable[seq] === true);
    const stale = freshness.claimed(profile);
    if (stale !== null) violated('I10', stale);
    states.add(`profile ${profile.state.name}`);
    if (profile.missingCalendars.length > 0) breaker.came('a calendar is missing');
    for (const work of Object.values(profile.calendars)) states.add(`calendar ${work.state.name}`);
  }

  /** One 401 is never proof: a password is refused several times, over half an hour. */
  function checkProof({ _id, name }: ProfileDoc): void {
    const times = refusals.get(name) ?? [];
    const overMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    // Clocks are a minute off, and two nodes may have noted them.
    if (times.length < 3 || overMs < 28 * minute)
      violated(
        'I7',
        `${_id} must be linked again after ${times.length} refusals within ${Math.round(overMs / minute)} min`,
      );
  }

  function subscriberStored(subscriber: SubscriberDoc): void {
    const unheard = lateness.told(subscriber);
    if (unheard !== null) violated('I6', unheard);
    for (const [profileId, seq] of Object.entries({ ...subscriber.told, ...subscriber.inFlight?.through })) {
      const projected = profiles.get(profileId)?.projectedSeq ?? 0;
      if (seq > projected) violated('I6', `${subscriber._id} is told of seq ${seq}; ${projected} are projected`);
    }
    const { inFlight, told } = subscriber;
    if (inFlight?.notification !== 'change' || inFlight.attempts > 0) return;
    const covered = Object.entries(inFlight.through).flatMap(([id, seq]) =>
      knownOf(id).tellable.slice((told as Record<string, number>)[id] ?? 0, seq + 1),
    );
    if (!covered.includes(true)) violated('I6', `${subscriber._id} is told of a change, and there is none but its own`);
  }

  function stored(collection: unknown, document: unknown): void {
    tell?.(lineOf(collection, document));
    if (collection === 'commits') commitInserted(document as CommitDoc);
    if (collection === 'intents') {
      intents.stored(document as IntentDoc);
      states.add(`write ${(document as IntentDoc).state}`);
    }
    if (collection === 'baselines') breaker.stored(document as BaselineDoc);
    if (collection === 'grants') intents.grantStored(document as GrantDoc);
    if (collection === 'profiles') profileStored(document as ProfileDoc);
    if (collection === 'subscribers') subscriberStored(document as SubscriberDoc);
    const late = lateness.late();
    if (late !== null) violated('I6', late);
    if (collection === 'checkpoints') {
      breaker.checkpointStored(document as CheckpointDoc);
      const { _id, held, owed, profileId } = document as CheckpointDoc;
      freshness.checkpointStored(document as CheckpointDoc, profiles.get(profileId)?.name ?? '');
      items.set(_id, [
        ...new Set([
          ...held.map(() => 'held'),
          ...owed.map((one) => (one.quarantinedUntilMs === null ? 'owed' : 'quarantined')),
        ]),
      ]);
      for (const state of items.get(_id) ?? []) states.add(`item ${state}`);
      counts.held += Math.max(0, held.length - (heldBefore.get(_id) ?? 0));
      heldBefore.set(_id, held.length);
    }
  }

  function projectionWritten(collection: unknown, document: unknown): void {
    const contradiction = projections.contradiction(collection, document);
    if (contradiction !== null) violated('I9', contradiction);
    if (collection === 'calendars') access.calendarProjected(document as CalendarDoc);
  }

  return {
    violations,
    effects,
    omissions,
    counts,
    breaker,
    access,
    states,
    violated,
    profileState: (profileId) => profiles.get(profileId)?.state.name ?? 'none',
    calendarStates: (profileId) => Object.values(profiles.get(profileId)?.calendars ?? {}).map((one) => one.state.name),
    calendarState: (profileId, calendarId) =>
      profiles.get(profileId)?.calendars[calendarId as CalendarId]?.state.name ?? 'none',
    itemStates: (calendarId) => items.get(calendarId) ?? [],
    store: watched(inner, {
      stored,
      projected: projectionWritten,
      removed: (what) => violated('I3', `${what} is removed, and is kept for good`),
    }),
    wasGone: (calendarId, { _id, profileId }) => {
      const { fromMs, toMs } = intents.spanOf(_id);
      const spans = knownOf(profileId).gone.get(calendarId) ?? [];
      return spans.some((one) => one.fromMs <= toMs && fromMs <= one.toMs);
    },
    calendars: () => {
      const ofServer = [...known].filter(([profileId]) => !isHere(profileId));
      return new Set(ofServer.flatMap(([, log]) => [...log.calendarOf.values()].map(refOf))).size;
    },
    lastEffectMs: () => lastEffectMs,
    disturbed: () => lateness.disturbed(),
    heard: (deliveryId) => lateness.heard(deliveryId),
    seen(entry, request, answer) {
      const { effect, faults, atMs, user, status } = entry;
      asked.push(askedBy(entry, request, answer));
      const login = user ?? loginOf(request);
      if (login !== null && status === 401) refusals.set(login, [...(refusals.get(login) ?? []), atMs]);
      else if (user !== null && status >= 200 && status < 300 && !faults.includes('html_200')) refusals.delete(user);
      const { calendar, name } = placeOf(request.path);
      if (user !== null && faults.some((one) => omitting.has(one)))
        omissions.push({ login: user, calendar, name: null, atMs });
      freshness.answered(entry, calendar);
      if (user !== null && request.method === 'GET' && status >= 500)
        omissions.push({ login: user, calendar, name, atMs });
      const resource = calendar + name;
      if (request.method === 'PUT') intents.seen(resource, request.body);
      if (effect.kind !== 'created' && effect.kind !== 'updated' && effect.kind !== 'removed') return;
      lastEffectMs = atMs;
      if (!name.startsWith('kalends-')) violated('I5', `${effect.kind} ${resource}, which no application manages`);
      if (user !== null) intents.effect(effect.kind, resource, user, request.body, faults);
      if (effect.kind === 'removed') people().noteRemoval(calendar, name);
      const [, marker = '', event = ''] = summaryLine.exec(request.body) ?? [];
      const put = effect.kind === 'removed' ? { marker: null, event: null } : { marker, event };
      effects.push({ kind: effect.kind, resource, ...put, faults, atMs });
    },
  };
}

/** Who a request says that it is from, whether or not the password is right. */
function loginOf({ headers }: ModelRequest): string | null {
  const encoded = /^Basic (.+)$/i.exec(headers['authorization'] ?? '')?.[1];
  return encoded === undefined ? null : (Buffer.from(encoded, 'base64').toString('utf8').split(':')[0] ?? null);
}

const notOwn = ({ kind }: Evidence): string | null =>
  kind === 'own_write' ? null : 'nobody else removes anything there';

const isTombstone = (change: Change): change is ChangeOf<'resource_removed'> =>
  change.kind === 'resource_removed' && change.evidence.kind === 'tombstone';

/** Whether it may show: what a reader would not see differently is not looked at here. */
const isTold = (change: Change): boolean =>
  change.kind === 'resource_put' ? change.differs : change.kind !== 'managed' && change.kind !== 'notice';
