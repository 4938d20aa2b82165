/** A write whose outcome is not known yet may show itself in a pull first: what equals what was sent is ours. */
import type { Change } from '../../domain/commit.ts';
import type { IntentDoc } from '../../domain/intent.ts';
import type { Batch } from '../../store/commit.ts';

/** The changes as batches of their causes: `write` with its operation for our own, `pull` for everybody else's. */
export function withOurs(openIntents: readonly IntentDoc[], changes: readonly Change[]): readonly Batch[] {
  const attempts = openIntents.filter((one) => one.attempt !== null);
  const pulled: Change[] = [];
  const batches: Batch[] = [];
  for (const change of changes) {
    const intent = attempts.find((one) => isOurs(one, change));
    if (intent === undefined) pulled.push(change);
    else batches.push({ cause: 'write', operations: [intent.operationId], changes: [change] });
  }
  return pulled.length === 0 ? batches : [...batches, { cause: 'pull', operations: [], changes: pulled }];
}

function isOurs({ attempt }: IntentDoc, change: Change): boolean {
  if (change.kind === 'resource_put') {
    return attempt?.resourceId === change.resourceId && attempt.sentHash === change.observedHash;
  }
  return change.kind === 'resource_removed' && attempt?.action === 'delete' && attempt.resourceId === change.resourceId;
}
