/** Asking for what is owed: together where that works, alone where it does not; silence is never an answer. */
import { pulling } from '../../config/policies.ts';
import { isKalendsError } from '../../domain/errors.ts';
import { nextBatch } from '../../domain/sync/batch.ts';
import { each } from '../../domain/sync/checkpoint.ts';
import { afterFetch, type Question } from '../../domain/sync/owed.ts';
import { removalsHeld, warn } from './activation.ts';
import { endsActivation, ofTheAccount } from './failure-scope.ts';
import { cachedByRef, learn, nominate, take, type PullTurn } from './page.ts';

export async function askOwed(turn: PullTurn, question: Exclude<Question, { kind: 'wait' }>): Promise<void> {
  await (question.kind === 'get' ? askAlone(turn, question.ref) : askTogether(turn, question.refs));
}

async function askTogether(turn: PullTurn, refs: readonly string[]): Promise<void> {
  const { provider, session, deps } = turn.activation;
  const beganMs = deps.clock.monotonic();
  let missing: ReadonlySet<string> = new Set();
  let unanswered: ReadonlySet<string> = new Set(refs);
  try {
    const fetched = await provider.fetch(session, turn.calendar.ref, refs);
    noteDuration(turn, refs.length, deps.clock.monotonic() - beganMs);
    await take(turn, fetched.answered);
    missing = new Set(fetched.missing);
    unanswered = new Set(fetched.unanswered);
    countAsked(turn, refs.length, unanswered.size, missing.size);
  } catch (error) {
    if (!mayLieInTheQuestion(error)) throw error;
    await calendarAnswers(turn);
  }
  const left = missing.size + unanswered.size;
  if (left > 0)
    warn(turn.activation, 'resources were left unanswered', {
      calendar: turn.calendar._id,
      asked: refs.length,
      unanswered: left,
    });
  await learn(turn, afterFetch(refs, missing, unanswered));
}

/** For the sentinel: silence about a resource breaks the protocol, and began the incident of February 2020. */
function countAsked({ activation: { tally } }: PullTurn, asked: number, unanswered: number, missing: number): void {
  tally.asked += asked;
  tally.unanswered += unanswered;
  tally.missing += missing;
}

/** Of answers only: what fails is asked for in halves, and says nothing about the next that does not. */
function noteDuration(turn: PullTurn, asked: number, tookMs: number): void {
  turn.checkpoint = { ...turn.checkpoint, batch: nextBatch(batchOf(turn), asked, tookMs, pulling.fetchBatch) };
}

/** How many resources may be asked for together. */
export const batchOf = ({ activation, checkpoint }: PullTurn): number =>
  Math.min(activation.provider.capabilities.fetchBatch, checkpoint.batch ?? pulling.fetchBatch.start);

/** A direct request: the only one whose 404 proves a removal. */
async function askOne(turn: PullTurn, ref: string): Promise<void> {
  const { provider, session } = turn.activation;
  const got = await provider.get(session, turn.calendar.ref, ref);
  if (got.kind === 'found') return take(turn, [got.observation]);
  // What is proved is held all the same while the breaker holds: it may be the answers that are wrong.
  if (removalsHeld(turn.activation)) return nominate(turn, [{ ref, reason: 'direct_404', evidence: null }]);
  turn.activation.tally.removals += 1;
  if ((await cachedByRef(turn, [ref])).get(ref)?.live !== 1) turn.vanished = true;
  await learn(turn, each([ref], { kind: 'verified_gone', evidence: got.evidence }));
}

async function askAlone(turn: PullTurn, ref: string): Promise<void> {
  try {
    await askOne(turn, ref);
  } catch (error) {
    if (!mayLieInTheQuestion(error)) throw error;
    await calendarAnswers(turn);
    if (turn.checkpoint.owed.length > 1 && !(await anyIsCached(turn))) await askAnother(turn, ref, error);
    await learn(turn, each([ref], { kind: 'failed' }));
  }
}

/**
 * Where nothing could ever be read it may be the calendar that fails, not this one resource (`ref`, which failed with
 * `error`): another one tells. When it fails, too, the calendar is to blame for now, and the next two are asked after it.
 */
async function askAnother(turn: PullTurn, ref: string, error: unknown): Promise<void> {
  const another = turn.checkpoint.owed.find((one) => one.ref !== ref && one.quarantinedUntilMs === null);
  if (another === undefined) throw error;
  try {
    await askOne(turn, another.ref);
  } catch (failure) {
    if (!mayLieInTheQuestion(failure)) throw failure;
    await learn(turn, each([ref, another.ref], { kind: 'unanswered', among: 1 }));
    throw error;
  }
}

async function anyIsCached({ activation, calendar }: PullTurn): Promise<boolean> {
  const params = { calendarId: calendar._id, live: 1 } as const;
  return (await activation.deps.documents.find('resourcesOfCalendar', params, { limit: 1 })).length > 0;
}

/** While the calendar answers, the resources that were named may be at fault; else its own failure is the one to act on. */
export async function calendarAnswers(turn: PullTurn): Promise<void> {
  await turn.activation.provider.version(turn.activation.session, turn.calendar.ref);
}

/** One resource among many may poison an answer, or make it too long or too slow; whether it did, the calendar says. */
export const mayLieInTheQuestion = (error: unknown): boolean =>
  isKalendsError(error) && !endsActivation(error) && !ofTheAccount.has(error.code);
