/** Verifying held removals: each by a direct request; a sign of life contradicts whoever reported it gone. */
import { pulling } from '../../config/policies.ts';
import { KalendsError, toKalendsError } from '../../domain/errors.ts';
import type { ResourceInput } from '../../domain/machines/item.ts';
import type { Observation } from '../../domain/resource.ts';
import { each, type HeldRemoval } from '../../domain/sync/checkpoint.ts';
import { nextToVerify } from '../../domain/sync/verification.ts';
import { removalsHeld } from './activation.ts';
import { calendarAnswers, mayLieInTheQuestion } from './owed.ts';
import { learn, take, type PullTurn } from './page.ts';

interface Verified {
  readonly inputs: ReadonlyMap<string, ResourceInput>;
  readonly found: readonly Observation[];
  /** What ended the round early; what was learned before it counts. */
  readonly failure: unknown;
}

/** Counts how many are proved to be gone. Rejects with `suspicious_delta` when the server contradicts itself. */
export async function verifyHeld(turn: PullTurn): Promise<void> {
  // The breaker holds: what answers now is not to be trusted with a removal.
  if (removalsHeld(turn.activation)) return;
  const nowMs = turn.activation.deps.clock.now();
  const due = nextToVerify(turn.checkpoint.held, pulling.verifyPerTurn, nowMs);
  const { inputs, found, failure } = await askEach(turn, due);
  await learn(turn, inputs);
  await take(turn, found);
  const alive = new Set(found.map((one) => one.ref));
  const lied = due.filter((one) => one.suspicious && alive.has(one.ref));
  if (lied.length > 0) contradiction(turn, due.length, lied.length);
  const proved = [...inputs.values()].filter((one) => one.kind === 'verified_gone').length;
  turn.proved += proved;
  const claimed = turn.checkpoint.held.filter((one) => one.suspicious).map((one) => one.ref);
  if (proved > 0) await learn(turn, each(claimed, { kind: 'borne_out' }));
  if (failure !== null) throw failure;
}

/** Those that were not come to stay due: the next turn goes on with them. */
async function askEach(turn: PullTurn, due: readonly HeldRemoval[]): Promise<Verified> {
  const { provider, session, deps } = turn.activation;
  const untilMs = deps.clock.monotonic() + pulling.roundMs;
  const inputs = new Map<string, ResourceInput>();
  const found: Observation[] = [];
  for (const { ref } of due) {
    try {
      const got = await provider.get(session, turn.calendar.ref, ref);
      if (got.kind === 'found') found.push(got.observation);
      else inputs.set(ref, { kind: 'verified_gone', evidence: got.evidence });
    } catch (error) {
      if (!mayLieInTheQuestion(error)) return { inputs, found, failure: error };
      inputs.set(ref, { kind: 'unverified' });
      // Others are likely to fare the same: either the calendar fails, or the next turn tries another.
      if (toKalendsError(error).verdict === 'transient')
        return { inputs, found, failure: await failureOf(calendarAnswers(turn)) };
    }
    if (deps.clock.monotonic() >= untilMs) break;
  }
  return { inputs, found, failure: null };
}

const failureOf = (answer: Promise<void>): Promise<unknown> =>
  answer.then(
    () => null,
    (error: unknown) => error,
  );

/** The calendar reported resources gone that are there: all that it claimed is forgotten, and it is listed anew. */
function contradiction(turn: PullTurn, asked: number, alive: number): never {
  turn.checkpoint = { ...turn.checkpoint, token: null, ctag: null, listedAtMs: null, held: [] };
  throw new KalendsError(
    'suspicious_delta',
    `${alive} of ${asked} resources that the calendar reported as gone are there; it is quarantined, and listed anew`,
    { ids: { calendar: turn.calendar._id } },
  );
}
