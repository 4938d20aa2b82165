/** A write whose outcome is not known yet may show itself in a pull first: what equals what was sent is ours. */
import type { Change } from '../../domain/commit.ts';
import type { Attempt, IntentDoc, LateCall } from '../../domain/intent.ts';
import type { Batch } from '../../store/commit.ts';

/** The changes as batches of their causes: `write` with its operation for our own, `pull` for everybody else's. */
export function withOurs(
  openIntents: readonly IntentDoc[],
  lateCalls: readonly LateCall[],
  changes: readonly Change[],
): readonly Batch[] {
  const open = new Set(openIntents.map((one) => one.operationId));
  const calls: Pick<LateCall, 'operationId' | 'attempt'>[] = openIntents.flatMap(({ operationId, attempt }) =>
    attempt === null ? [] : [{ operationId, attempt }],
  );
  // What a later call has taken the place of is nobody's wish any more: its late effect is told like a stranger's.
  calls.push(...lateCalls.filter((one) => open.has(one.operationId)));
  const pulled: Change[] = [];
  const batches: Batch[] = [];
  for (const change of changes) {
    const call = calls.find((one) => isOurs(one.attempt, change));
    if (call === undefined) pulled.push(change);
    else batches.push({ cause: 'write', operations: [call.operationId], changes: [change] });
  }
  return pulled.length === 0 ? batches : [...batches, { cause: 'pull', operations: [], changes: pulled }];
}

function isOurs(attempt: Attempt, change: Change): boolean {
  if (change.kind === 'resource_put') {
    return attempt.resourceId === change.resourceId && attempt.sentHash === change.observedHash;
  }
  return change.kind === 'resource_removed' && attempt.action === 'delete' && attempt.resourceId === change.resourceId;
}
