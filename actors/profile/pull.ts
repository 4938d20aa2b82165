/** Pulling one calendar: one page per turn, from what is owed, what is held, a delta, or a listing. */
import { pulling } from '../../config/policies.ts';
import { profileNumbers } from '../../config/profile-numbers.ts';
import { isKalendsError } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/ids.ts';
import { transition } from '../../domain/machines/calendar.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import { emptyCheckpoint, owe, sameCheckpoint } from '../../domain/sync/checkpoint.ts';
import { nextQuestion } from '../../domain/sync/owed.ts';
import { nextPollAt } from '../../domain/sync/polling.ts';
import type { ListedResource } from '../../providers/provider.ts';
import { change, changeCalendar, save, type Activation } from './activation.ts';
import { askOwed } from './owed.ts';
import { cachedByRef, chunkSize, nominate, take, type PullTurn } from './page.ts';
import { verifyHeld } from './verify.ts';

/** Does one page. Answers true when more is left to be done at once. */
export async function pullCalendar(activation: Activation, calendarId: CalendarId): Promise<boolean> {
  const { deps, profile } = activation;
  const calendar = await deps.documents.get('calendars', calendarId);
  if (calendar === null) return false;
  const before = (await deps.documents.get('checkpoints', calendarId)) ?? emptyCheckpoint(calendarId, profile._id);
  const turn: PullTurn = { activation, calendar, before, checkpoint: before, changed: false };
  if (profile.calendars[calendarId]?.state.name === 'quarantined') return probeCalendar(turn);
  try {
    const more = await onePage(turn);
    await storeCheckpoint(turn);
    planNext(turn, more);
    return more;
  } catch (error) {
    // What was learned before the failure is kept: a token stands only beside what it leaves behind, at every moment.
    if (!isStoreFailure(error)) await storeCheckpoint(turn);
    throw error;
  }
}

const isStoreFailure = (error: unknown): boolean =>
  isKalendsError(error) && (error.code.startsWith('store_') || error.code === 'second_owner');

async function onePage(turn: PullTurn): Promise<boolean> {
  const { activation, checkpoint } = turn;
  const nowMs = activation.deps.clock.now();
  const question = nextQuestion(checkpoint.owed, batchOf(activation), nowMs);
  if (question !== null && question.kind !== 'wait') return askOwed(turn, question);
  if (checkpoint.held.some((one) => one.nextCheckAtMs <= nowMs)) return verifyHeld(turn);
  const listAgain =
    checkpoint.listedAtMs === null || nowMs - checkpoint.listedAtMs > activation.deps.polling.reconcileMs;
  if (checkpoint.token === null || listAgain) return pullListing(turn);
  return pullDelta(turn, checkpoint.token);
}

export const batchOf = (activation: Activation): number =>
  Math.min(activation.provider.capabilities.fetchBatch, pulling.fetchBatchMax);

/** What changed since the token. A token that is not accepted is dropped: a listing and a comparison come next, never a wipe. */
async function pullDelta(turn: PullTurn, token: string): Promise<boolean> {
  const { activation, calendar } = turn;
  const page = await orNull(activation.provider.changes(activation.session, calendar.ref, token));
  if (page === null || (page.more && page.token === token)) {
    turn.checkpoint = { ...turn.checkpoint, token: null, ctag: null };
    return true;
  }
  const removed = page.removed.map((one) => ({ ...one, reason: 'tombstone' as const }));
  const { wanted } = await takeListed(turn, page.changed);
  const alive = new Set(page.changed.map((one) => one.ref));
  await nominate(
    turn,
    removed.filter((one) => !alive.has(one.ref)),
  );
  turn.checkpoint = { ...owe(turn.checkpoint, wanted, activation.deps.clock.now()), token: page.token };
  if (wanted.length > 0 && !page.more) return askAtOnce(turn);
  return page.more || turn.checkpoint.owed.length > 0;
}

/** Asks for what a small delta named within the same turn, so that a change costs two requests and one checkpoint. */
async function askAtOnce(turn: PullTurn): Promise<boolean> {
  const question = nextQuestion(turn.checkpoint.owed, batchOf(turn.activation), turn.activation.deps.clock.now());
  return question === null || question.kind === 'wait' ? false : askOwed(turn, question);
}

/** Everything there is, compared with the cache. The version is read first, so that what changes meanwhile is seen again. */
async function pullListing(turn: PullTurn): Promise<boolean> {
  const { activation, calendar } = turn;
  const { provider, session, deps } = activation;
  const version = await provider.version(session, calendar.ref);
  const same = version.token === null && version.ctag !== null && version.ctag === turn.checkpoint.ctag;
  if (same && !isOld(turn)) return false;
  const known = await deps.documents.find('resourcesOfCalendar', { calendarId: calendar._id, live: 1 });
  const listing = await provider.list(session, calendar.ref, { withBodies: known.length === 0 });
  const present = new Set(listing.resources.map((one) => one.ref));
  const { wanted } = await takeListed(turn, listing.resources, new Map(known.map((one) => [one.ref, one])));
  const absent = known.filter((one) => !present.has(one.ref));
  await nominate(
    turn,
    absent.map((one) => ({ ref: one.ref, reason: 'absent' as const, evidence: null })),
  );
  turn.checkpoint = {
    ...owe(turn.checkpoint, wanted, deps.clock.now()),
    token: version.token,
    ctag: version.ctag,
    listedAtMs: deps.clock.now(),
  };
  return turn.checkpoint.owed.length > 0 || turn.checkpoint.held.length > 0;
}

const isOld = (turn: PullTurn): boolean =>
  turn.checkpoint.listedAtMs === null ||
  turn.activation.deps.clock.now() - turn.checkpoint.listedAtMs > turn.activation.deps.polling.reconcileMs;

/** Takes what came with bodies; answers the refs whose bodies are still wanted: new ones, and those with another etag. */
async function takeListed(
  turn: PullTurn,
  listed: readonly ListedResource[],
  known?: ReadonlyMap<string, ResourceDoc>,
): Promise<{ readonly wanted: readonly string[] }> {
  const wanted: string[] = [];
  for (let at = 0; at < listed.length; at += chunkSize) {
    const part = listed.slice(at, at + chunkSize);
    const cached =
      known ??
      (await cachedByRef(
        turn,
        part.map((one) => one.ref),
      ));
    const bodies = part.flatMap((one) => (one.observation === null ? [] : [one.observation]));
    if (bodies.length > 0) await take(turn, bodies, cached);
    for (const one of part) if (one.observation === null && !isCached(one, cached.get(one.ref))) wanted.push(one.ref);
  }
  return { wanted };
}

const isCached = (listed: ListedResource, cached: ResourceDoc | undefined): boolean =>
  cached !== undefined && cached.live === 1 && listed.etag !== null && cached.etag === listed.etag;

/** Projected first, then the checkpoint: a crash between repeats the page, which then differs in nothing. */
async function storeCheckpoint(turn: PullTurn): Promise<void> {
  const { documents } = turn.activation.deps;
  const { before, checkpoint } = turn;
  if (sameCheckpoint(before, checkpoint) && before.rev > 0) return;
  const next = { ...checkpoint, rev: before.rev + 1 };
  if (before.rev === 0) await documents.upsertMany('checkpoints', [next]);
  else await documents.replace('checkpoints', next, before.rev);
  turn.checkpoint = next;
}

function planNext(turn: PullTurn, more: boolean): void {
  const { activation, calendar } = turn;
  const { clock, random, polling } = activation.deps;
  const nowMs = clock.now();
  const work = activation.profile.calendars[calendar._id];
  if (work === undefined) return;
  const changedAtMs = turn.changed ? nowMs : work.changedAtMs;
  const kind = turn.checkpoint.listedAtMs === null ? 'answered_well' : 'listed';
  const { state } = transition(work.state, { kind }, { nowMs, random, numbers: profileNumbers });
  const nextPollAtMs = more ? nowMs : Math.min(nextPollAt(changedAtMs, nowMs, polling, random), laterWork(turn));
  changeCalendar(activation, calendar._id, { state, nextPollAtMs, changedAtMs, failures: 0 });
  change(activation, { freshAtMs: nowMs });
}

/** A quarantined calendar is asked one cheap question; a good answer reinstates it. The count is durable before the question. */
async function probeCalendar(turn: PullTurn): Promise<boolean> {
  const { activation, calendar } = turn;
  const { clock, random } = activation.deps;
  const context = { nowMs: clock.now(), random, numbers: profileNumbers };
  const work = activation.profile.calendars[calendar._id];
  if (work === undefined) return false;
  const counted = transition(work.state, { kind: 'probe_due' }, context);
  changeCalendar(activation, calendar._id, { ...work, state: counted.state });
  await save(activation);
  await activation.provider.version(activation.session, calendar.ref);
  const { state } = transition(counted.state, { kind: 'answered_well' }, context);
  changeCalendar(activation, calendar._id, { ...work, state, failures: 0, nextPollAtMs: context.nowMs });
  return true;
}

/** Held removals and resources that were set aside come due before the next poll may. */
function laterWork(turn: PullTurn): number {
  const { owed, held } = turn.checkpoint;
  const times = [...held.map((one) => one.nextCheckAtMs), ...owed.map((one) => one.quarantinedUntilMs ?? 0)];
  return times.length === 0 ? Number.MAX_SAFE_INTEGER : Math.max(turn.activation.deps.clock.now(), Math.min(...times));
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
