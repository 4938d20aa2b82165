/** Verifying held removals: each by a direct request; a sign of life contradicts whoever reported it gone. */
import { backoff, pulling } from '../../config/policies.ts';
import { delayOf } from '../../domain/backoff.ts';
import type { Change } from '../../domain/commit.ts';
import { isKalendsError, KalendsError } from '../../domain/errors.ts';
import { settleHeld, type HeldRemoval } from '../../domain/sync/checkpoint.ts';
import type { Observation } from '../../domain/resource.ts';
import { cachedByRef, recordChanges, take, type PullTurn } from './page.ts';

/** Answers true while more may be verified at once. Rejects with `suspicious_delta` when the server contradicts itself. */
export async function verifyHeld(turn: PullTurn): Promise<boolean> {
  const { provider, session, deps } = turn.activation;
  const due = turn.checkpoint.held
    .filter((one) => one.nextCheckAtMs <= deps.clock.now())
    .slice(0, pulling.verifyPerTurn);
  const gone: Change[] = [];
  const found: Observation[] = [];
  const cached = await cachedByRef(
    turn,
    due.map((one) => one.ref),
  );
  for (const one of due) {
    try {
      const got = await provider.get(session, turn.calendar.ref, one.ref);
      if (got.kind === 'found') found.push(got.observation);
      else if (cached.get(one.ref)?.live === 1) {
        const { resourceId, ref } = one;
        gone.push({ kind: 'resource_removed', calendarId: turn.calendar._id, resourceId, ref, evidence: got.evidence });
      }
      if (got.kind === 'gone') turn.checkpoint = settleHeld(turn.checkpoint, new Set([one.ref]));
    } catch (error) {
      if (!isKalendsError(error) || (error.verdict !== 'item_permanent' && error.verdict !== 'ambiguous')) throw error;
      postpone(turn, one);
    }
  }
  await recordChanges(turn, gone);
  await take(turn, found);
  const lied = due.filter((one) => one.suspicious && found.some((observation) => observation.ref === one.ref));
  if (lied.length > 0) contradiction(turn, due.length, lied.length);
  return turn.checkpoint.held.some((one) => one.nextCheckAtMs <= deps.clock.now());
}

function postpone(turn: PullTurn, held: HeldRemoval): void {
  const { clock, random } = turn.activation.deps;
  const nextCheckAtMs = clock.now() + delayOf(backoff.probe, held.checks + 1, random);
  turn.checkpoint = {
    ...turn.checkpoint,
    held: turn.checkpoint.held.map((one) =>
      one.ref === held.ref ? { ...one, checks: one.checks + 1, nextCheckAtMs } : one,
    ),
  };
}

/** The calendar reported resources gone that are there: nothing it says about removals is believed until it was listed anew. */
function contradiction(turn: PullTurn, asked: number, alive: number): never {
  turn.checkpoint = { ...turn.checkpoint, token: null, ctag: null, listedAtMs: null };
  throw new KalendsError(
    'suspicious_delta',
    `${alive} of ${asked} resources that the calendar reported as gone are there; its removals are held and it is quarantined`,
    {
      ids: { calendar: turn.calendar._id },
    },
  );
}
