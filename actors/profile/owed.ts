/** Asking for what is owed: together where that works, alone where it does not; silence is never an answer. */
import { backoff, pulling } from '../../config/policies.ts';
import { isKalendsError } from '../../domain/errors.ts';
import { afterFailedGet, afterFetch, type Question } from '../../domain/sync/owed.ts';
import { settleHeld, settleOwed } from '../../domain/sync/checkpoint.ts';
import { cachedByRef, recordChanges, take, type PullTurn } from './page.ts';

/** Answers true while something is owed that may be asked for at once. */
export async function askOwed(turn: PullTurn, question: Exclude<Question, { kind: 'wait' }>): Promise<boolean> {
  if (question.kind === 'get') await askAlone(turn, question.ref);
  else await askTogether(turn, question.refs);
  const nowMs = turn.activation.deps.clock.now();
  return turn.checkpoint.owed.some((one) => one.quarantinedUntilMs === null || one.quarantinedUntilMs <= nowMs);
}

async function askTogether(turn: PullTurn, refs: readonly string[]): Promise<void> {
  const { provider, session, deps } = turn.activation;
  try {
    const fetched = await provider.fetch(session, turn.calendar.ref, refs);
    await take(turn, fetched.answered);
    const open = new Set([...fetched.missing, ...fetched.unanswered]);
    if (open.size > 0)
      deps.report('a multiget left resources unanswered', {
        calendar: turn.calendar._id,
        asked: refs.length,
        unanswered: open.size,
      });
    turn.checkpoint = afterFetch(
      turn.checkpoint,
      refs,
      refs.filter((ref) => open.has(ref)),
    );
  } catch (error) {
    if (!concernsTheRequest(error)) throw error;
    // The collection answers while this request fails: one resource may poison it, so halve. If it does not answer
    // either, its failure is the one to act on.
    await provider.version(session, turn.calendar.ref);
    turn.checkpoint = afterFetch(turn.checkpoint, refs, refs);
  }
}

/** A direct request: the only one whose 404 proves a removal. */
async function askAlone(turn: PullTurn, ref: string): Promise<void> {
  const { provider, session, deps } = turn.activation;
  try {
    const got = await provider.get(session, turn.calendar.ref, ref);
    if (got.kind === 'found') return await take(turn, [got.observation]);
    const cached = (await cachedByRef(turn, [ref])).get(ref);
    if (cached?.live === 1) {
      const { calendarId } = cached;
      await recordChanges(turn, [
        { kind: 'resource_removed', calendarId, resourceId: cached._id, ref, evidence: got.evidence },
      ]);
    }
    const refs = new Set([ref]);
    turn.checkpoint = settleHeld(settleOwed(turn.checkpoint, refs), refs);
  } catch (error) {
    if (!concernsTheRequest(error)) throw error;
    const numbers = { askedMax: pulling.askedMax, setAsideMs: backoff.probe.baseMs };
    await provider.version(session, turn.calendar.ref);
    turn.checkpoint = afterFailedGet(turn.checkpoint, ref, deps.clock.now(), numbers);
  }
}

/** The failure may lie in what was asked for, not in the server as a whole. */
function concernsTheRequest(error: unknown): boolean {
  if (!isKalendsError(error)) return false;
  const { verdict, code } = error;
  return (
    verdict === 'item_permanent' ||
    verdict === 'ambiguous' ||
    code === 'not_multistatus' ||
    code === 'malformed_multistatus' ||
    code === 'cut_short'
  );
}
