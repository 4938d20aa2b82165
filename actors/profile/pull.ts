/** Pulling one calendar: one page per turn, from what is owed, what is held, a delta, or a listing. */
import { guard, pulling } from '../../config/policies.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import type { CalendarId, ResourceId } from '../../domain/ids.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { each, isDoubted, leftOverAt, repairLeft } from '../../domain/sync/checkpoint.ts';
import { isPlausible } from '../../domain/sync/guard.ts';
import { nextQuestion } from '../../domain/sync/owed.ts';
import type { DeltaPage, ListedResource, Listing, ListOptions } from '../../providers/provider.ts';
import { removalsHeld, type Activation } from './activation.ts';
import { planNext, probeCalendar } from './calendar-work.ts';
import { readCheckpoint } from './checkpoint-store.ts';
import { dropWork } from './listing.ts';
import { askOwed, batchOf } from './owed.ts';
import { cachedByRef, chunkSize, holdQuietly, learn, nominate, storeCheckpoint, take, type PullTurn } from './page.ts';
import { verifyHeld } from './verify.ts';

/** By ref. */
type Etags = ReadonlyMap<string, string | null>;

/** Does one page, and plans the next. */
export async function pullCalendar(activation: Activation, calendarId: CalendarId): Promise<void> {
  const { deps, profile } = activation;
  const calendar = await deps.documents.get('calendars', calendarId);
  // Its end was recorded before a crash: there is nothing to be asked any more.
  if (calendar === null || calendar.deleted) return dropWork(activation, calendarId, calendar);
  const quarantined = profile.calendars[calendarId]?.state.name === 'quarantined';
  if (quarantined) await probeCalendar(activation, calendar);
  const stored = await readCheckpoint(activation, calendarId);
  // The way back leads through a listing: nothing that was handed out before is trusted.
  const checkpoint = quarantined ? { ...stored, token: null, ctag: null } : stored;
  const begun = { beganAtMs: deps.clock.now(), read: false, vanished: false, changed: false, proved: 0 };
  const turn: PullTurn = { activation, calendar, stored, checkpoint, ...begun };
  let more: boolean;
  try {
    more = await onePage(turn);
    // A calendar that was set aside does not come back by claiming that it lost its events: a sample is verified first.
    if (quarantined && claimsInVain(turn)) await verifyHeld(turn);
    if (quarantined && claimsInVain(turn)) throw unproved(turn);
  } catch (error) {
    // What was learned before the failure is kept: a token stands only beside what it leaves behind, at every moment.
    if (!isStoreFailure(error)) await storeCheckpoint(turn);
    throw error;
  }
  turn.checkpoint = repairLeft(turn.checkpoint);
  await storeCheckpoint(turn);
  const nowMs = deps.clock.now();
  // Pages of a delta that are left come as soon as what the last one named has arrived.
  const unfinished = more || turn.checkpoint.deltaPages > 0;
  // Held by the breaker: nothing is asked about them before it is released.
  const { owed, held } = turn.checkpoint;
  planNext(turn, unfinished ? nowMs : leftOverAt({ owed, held: removalsHeld(activation) ? [] : held }));
}

const claimsInVain = ({ checkpoint, proved }: PullTurn): boolean => proved === 0 && checkpoint.held.some(isDoubted);

const unproved = ({ calendar }: PullTurn): KalendsError =>
  new KalendsError('suspicious_delta', `none of the removals that ${calendar._id} claims can be proved yet`, {
    ids: { calendar: calendar._id },
  });

const isStoreFailure = (error: unknown): boolean =>
  !isKalendsError(error) || error.code.startsWith('store_') || error.code === 'second_owner';

/** Answers true while there is more to be asked now: pages of the same delta, or what was put off for a verification. */
async function onePage(turn: PullTurn): Promise<boolean> {
  const { activation, checkpoint } = turn;
  const nowMs = activation.deps.clock.now();
  const question = nextQuestion(checkpoint.owed, batchOf(turn), nowMs);
  if (question !== null && question.kind !== 'wait') {
    if (question.kind === 'get' && question.probe) await countProbe(turn, question.ref);
    await askOwed(turn, question);
    return false;
  }
  if (!removalsHeld(activation) && checkpoint.held.some((one) => one.nextCheckAtMs <= nowMs)) {
    await verifyHeld(turn);
    // The poll that was due comes after it: what waits for verification must not make the rest wait.
    return true;
  }
  if (checkpoint.token === null || isOld(turn)) {
    return pullListing(turn);
  }
  return pullDelta(turn, checkpoint.token);
}

/** Durable before the question: a process that dies of the answer finds it counted. */
async function countProbe(turn: PullTurn, ref: string): Promise<void> {
  await learn(turn, each([ref], { kind: 'probe_due' }));
  await storeCheckpoint(turn);
}

/** What changed since the token. A token that is not accepted is dropped: a listing and a comparison come next, never a wipe. */
async function pullDelta(turn: PullTurn, token: string): Promise<boolean> {
  const { activation, calendar } = turn;
  const page = await orNull(activation.provider.changes(activation.session, calendar.ref, token));
  const empty = page?.changed.length === 0 && page.removed.length === 0;
  const deltaPages = turn.checkpoint.deltaPages + 1;
  // More is promised, and nothing is got from asking on.
  const endless = page?.more === true && (empty || page.token === token || deltaPages >= pulling.deltaPagesMax);
  if (page === null || endless) {
    // A first listing that broke off between its parts is remembered by their number: the next one is whole.
    const inParts = turn.checkpoint.listedAtMs === null;
    activation.tally.pages += 1;
    activation.tally.resyncs += 1;
    turn.checkpoint = { ...turn.checkpoint, token: null, ctag: null, deltaPages: inParts ? deltaPages : 0 };
    return true;
  }
  const isAnew = await startsOver(turn, token, page);
  await noteShown(turn, page.changed);
  const wanted = await takeListed(turn, page.changed);
  const brought = page.changed.filter((one) => one.observation !== null).length;
  countPage(turn, turn.checkpoint.listedAtMs === null ? 0 : brought + wanted.length + page.removed.length);
  const alive = new Set(page.changed.map((one) => one.ref));
  const removed = page.removed.filter((one) => !alive.has(one.ref));
  await nominate(
    turn,
    removed.map((one) => ({ ...one, reason: 'tombstone' as const })),
  );
  await learn(turn, each(wanted, { kind: 'reported' }));
  const spokenOf = new Set([...alive, ...removed.map((one) => one.ref)]);
  const unseen = turn.checkpoint.unseen.filter((ref) => !spokenOf.has(ref));
  // The delta is at its end and passed over them: they may have gone again, unseen.
  if (!page.more) await holdQuietly(turn, unseen);
  const listedAtMs = turn.checkpoint.listedAtMs ?? activation.deps.clock.now();
  // A token that stands still is older than what was shown: should that go, a delta may pass over it.
  const ahead = page.token === token ? [...alive] : [];
  const pages = page.more ? { unseen, deltaPages } : { unseen: ahead, deltaPages: 0, listedAtMs };
  turn.checkpoint = { ...turn.checkpoint, token: isAnew ? null : page.token, ...pages };
  if (isAnew) activation.tally.resyncs += 1;
  turn.read = !page.more && !isAnew;
  if (wanted.length > 0 && !page.more) await askAtOnce(turn);
  return page.more || isAnew;
}

/**
 * A server that tells at least half of what is known once more, though nobody has touched that since the last reading,
 * went back behind the token, to the beginning or nearly so. What has been removed meanwhile was there neither then nor
 * now, and is passed over (RFC 6578 3.5.2): only a listing shows it. Where the token stays as it was, nothing has happened
 * that could be passed over.
 */
async function startsOver(turn: PullTurn, token: string, page: DeltaPage): Promise<boolean> {
  const { activation, calendar, checkpoint } = turn;
  const { documents, clock } = activation.deps;
  const readSeq = activation.profile.calendars[calendar._id]?.readSeq;
  if (page.more || page.token === token || checkpoint.listedAtMs === null || readSeq === undefined) return false;
  if (page.changed.length === 0) return false;
  const live = await documents.count('resourcesOfCalendar', { calendarId: calendar._id, live: 1 });
  if (2 * page.changed.length < live) return false;
  let told = 0;
  for (let at = 0; at < page.changed.length; at += chunkSize) {
    const part = page.changed.slice(at, at + chunkSize);
    const cached = await cachedByRef(
      turn,
      part.map((one) => one.ref),
    );
    told += part.filter(({ ref, etag }) => {
      const known = cached.get(ref);
      return etag !== null && known?.live === 1 && known.etag === etag && known.seq <= readSeq;
    }).length;
    await clock.breathe();
  }
  return told > 0 && 2 * told >= live;
}

/** For the sentinel. A first listing has nothing to compare with, so its resources say nothing of what is usual. */
function countPage({ activation: { tally } }: PullTurn, news: number): void {
  tally.pages += 1;
  tally.synced += news;
}

/** What a delta brings along is recorded before its token is durable: after a crash it may be gone, and passed over. */
async function noteShown(turn: PullTurn, changed: readonly ListedResource[]): Promise<void> {
  const shown = changed.flatMap((one) => (one.observation === null ? [] : [one.ref]));
  if (shown.length === 0) return;
  turn.checkpoint = { ...turn.checkpoint, unseen: [...new Set([...turn.checkpoint.unseen, ...shown])] };
  await storeCheckpoint(turn);
}

/** Absence only nominates: it is confirmed by a direct request. */
const asAbsent = (ref: string) => ({ ref, reason: 'absent' as const, evidence: null });

/**
 * Asks for what a small delta named within the same turn, so that a change costs two requests. The token is durable
 * before anything is recorded that only its delta has shown: after a crash an older one would be continued from, and
 * a delta need not speak of what came and went since its token (RFC 6578 3.5.2).
 */
async function askAtOnce(turn: PullTurn): Promise<void> {
  await storeCheckpoint(turn);
  const { activation, checkpoint } = turn;
  const question = nextQuestion(checkpoint.owed, batchOf(turn), activation.deps.clock.now());
  if (question?.kind === 'fetch') await askOwed(turn, question);
}

/** Everything there is, compared with the cache; answers true when a first listing has more parts. Its token and ctag were read before it, so what changes meanwhile is seen again. */
async function pullListing(turn: PullTurn): Promise<boolean> {
  const { activation, calendar } = turn;
  const { deps } = activation;
  if (!isOld(turn) && (await sameCtag(turn))) {
    turn.read = true;
    return false;
  }
  const known = await knownEtags(turn);
  // What failed is asked for in smaller pieces.
  const failures = activation.profile.calendars[calendar._id]?.failures ?? 0;
  // Where nothing is known no removal is decided: a first listing may come in parts, between which writes go on.
  const first = known.size === 0;
  const options = { withBodies: first && failures === 0, inParts: first && turn.checkpoint.deltaPages === 0 };
  const listing = await listPlausibly(turn, known, options);
  const wanted = await takeListed(turn, listing.resources, known);
  const absent = absentFrom(listing, known);
  countPage(turn, first ? 0 : wanted.length + absent.length);
  await nominate(turn, absent.map(asAbsent));
  await learn(turn, each(wanted, { kind: 'reported' }));
  const { token, ctag, more } = listing;
  if (more && !options.inParts)
    throw new KalendsError('no_progress', `a part of ${calendar.ref} was answered where all of it was asked for`);
  const pages = more ? { deltaPages: 1, listedAtMs: null } : { deltaPages: 0, listedAtMs: deps.clock.now() };
  turn.checkpoint = { ...turn.checkpoint, token, ctag, unseen: [], ...pages };
  turn.read = !more;
  return more;
}

/**
 * A listing that lacks more of what is known than people are likely to remove is not taken for complete, and read again.
 * What the second says counts, for it is no chance any more; what it lacks is for the guard to doubt.
 */
async function listPlausibly(turn: PullTurn, known: Etags, options: ListOptions): Promise<Listing> {
  const { activation, calendar } = turn;
  const { provider, session, deps } = activation;
  const listing = await provider.list(session, calendar.ref, options);
  const lacking = absentFrom(listing, known).length;
  if (isPlausible(known.size, lacking, guard)) return listing;
  const facts = { calendar: calendar._id, known: known.size, lacking };
  deps.report('a listing lacks more than is plausible: it is read again', facts);
  return provider.list(session, calendar.ref, options);
}

function absentFrom(listing: Listing, known: Etags): readonly string[] {
  const present = new Set(listing.resources.map((one) => one.ref));
  return [...known.keys()].filter((ref) => !present.has(ref));
}

/** For servers without sync tokens: the ctag of the last listing is still the calendar's. */
async function sameCtag(turn: PullTurn): Promise<boolean> {
  const { activation, calendar, checkpoint } = turn;
  if (checkpoint.ctag === null) return false;
  const { ctag } = await activation.provider.version(activation.session, calendar.ref);
  return ctag === checkpoint.ctag;
}

/** Listed so long ago that tokens are not trusted any more. */
const isOld = ({ activation, checkpoint }: PullTurn): boolean =>
  checkpoint.listedAtMs !== null &&
  activation.deps.clock.now() - checkpoint.listedAtMs > activation.deps.polling.reconcileMs;

/** The etags of all that the cache holds of this calendar, by ref; a page at a time, since bodies come along. */
async function knownEtags({ activation, calendar }: PullTurn): Promise<Etags> {
  const { documents, clock } = activation.deps;
  const etags = new Map<string, string | null>();
  let after: ResourceId | null = null;
  for (;;) {
    const page: readonly ResourceDoc[] = await documents.find(
      'resourcesOfCalendar',
      { calendarId: calendar._id, live: 1, ...(after === null ? {} : { _id: { gt: after } }) },
      { limit: chunkSize },
    );
    for (const one of page) etags.set(one.ref, one.etag);
    after = page.at(-1)?._id ?? null;
    if (after === null || page.length < chunkSize) return etags;
    await clock.breathe();
  }
}

/** Takes what came with bodies; answers the refs whose bodies are still wanted: new ones, and those with another etag. */
async function takeListed(
  turn: PullTurn,
  listed: readonly ListedResource[],
  known?: Etags,
): Promise<readonly string[]> {
  const wanted: string[] = [];
  for (let at = 0; at < listed.length; at += chunkSize) {
    const part = listed.slice(at, at + chunkSize);
    const bare = part.filter((one) => one.observation === null);
    const etags = known ?? (await etagsOf(turn, bare));
    const bodies = part.flatMap((one) => (one.observation === null ? [] : [one.observation]));
    // A calendar of which nothing is known needs no comparison.
    if (bodies.length > 0) await take(turn, bodies, known?.size === 0 ? new Map() : undefined);
    for (const one of bare) if (one.etag === null || etags.get(one.ref) !== one.etag) wanted.push(one.ref);
  }
  return wanted;
}

async function etagsOf(turn: PullTurn, listed: readonly ListedResource[]): Promise<Etags> {
  const cached = await cachedByRef(
    turn,
    listed.map((one) => one.ref),
  );
  return new Map([...cached].flatMap(([ref, one]) => (one.live === 1 ? [[ref, one.etag]] : [])));
}

/** Null where the verdict is `resync`. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isKalendsError(error) && error.verdict === 'resync') return null;
    throw error;
  }
}
