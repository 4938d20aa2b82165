/** Writes of calendars that have no other side: many in one commit, since nobody is asked and no outcome is unknown. */
import type { Change } from '../../domain/commit.ts';
import { isKalendsError } from '../../domain/errors.ts';
import type { EventOfIntents } from '../../domain/sync/agenda.ts';
import type { Reconciled } from '../../domain/sync/reconcile.ts';
import { assertMayWrite, record, type Activation } from './activation.ts';
import { endsActivation } from './failure-scope.ts';
import { settleIntents } from './intents.ts';
import { refusedOf } from './permission.ts';
import { callPut, callRemove, openTurn, planOf, wishOf } from './push.ts';
import { changesOfPut, changesOfRemoval, changesOfSettled } from './write-commit.ts';
import type { WriteTurn } from './write-turn.ts';

interface Carried {
  readonly turn: WriteTurn;
  readonly changes: readonly Change[];
}

/**
 * No attempt is recorded: a process that dies before the commit has done nothing, and after it the log says what is
 * done. Answers the events that are not plain (refused, or settled by the log already), each to be looked at alone.
 */
export async function writeHere(
  activation: Activation,
  events: readonly EventOfIntents[],
): Promise<readonly EventOfIntents[]> {
  assertMayWrite(activation);
  const carried: Carried[] = [];
  const others: EventOfIntents[] = [];
  for (const event of events) {
    const one = await carry(activation, event);
    if (one === null) others.push(event);
    else carried.push(one);
  }
  const intents = carried.flatMap((one) => one.turn.intents);
  await record(activation, {
    cause: 'write',
    operations: intents.map((one) => one.operationId),
    changes: carried.flatMap((one) => one.changes),
  });
  await Promise.all(carried.map(({ turn }) => settleIntents(activation, turn.intents)));
  return others;
}

async function carry(activation: Activation, event: EventOfIntents): Promise<Carried | null> {
  const opened = await openTurn(activation, { ...event, closes: true });
  const throughN = opened.applied?.throughN ?? 0;
  if (event.intents.some((one) => one.n <= throughN)) return null;
  if ((await refusedOf(activation, event)) !== null) return null;
  const { turn, wish } = wishOf(opened);
  try {
    const operations = turn.intents.map((one) => one.operationId);
    const changes = await changesOf(turn, wish);
    return { turn, changes: changes.map((one) => (one.kind === 'managed' ? { ...one, operations } : one)) };
  } catch (error) {
    if (!isKalendsError(error) || endsActivation(error)) throw error;
    return null;
  }
}

async function changesOf(turn: WriteTurn, wish: Reconciled): Promise<readonly Change[]> {
  if (wish.kind === 'settled') return changesOfSettled(turn, wish);
  const planned = planOf(turn, wish);
  if (planned.body !== null) return changesOfPut(turn, planned, await callPut(turn, planned, planned.body));
  const { evidence } = await callRemove(turn, planned);
  return changesOfRemoval(turn, planned.state, evidence);
}
