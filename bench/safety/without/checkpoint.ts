/** A checkpoint that keeps a list of what is to be asked for, and runs no machine over it. For comparison alone. */
import type { ResourceInput } from '../../../domain/machines/item.ts';
import type { Advanced, CheckpointDoc, OwedResource } from '../../../domain/sync/checkpoint.ts';

export * from '../../../domain/sync/checkpoint.ts';

export function advance(checkpoint: CheckpointDoc, inputs: ReadonlyMap<string, ResourceInput>): Advanced {
  if (inputs.size === 0) return { checkpoint, removals: [] };
  const others = checkpoint.owed.filter((one) => !inputs.has(one.ref));
  const wanted: OwedResource[] = [];
  for (const [ref, { kind }] of inputs)
    if (kind === 'reported') wanted.push({ ref, asked: 0, among: null, sinceMs: 0, quarantinedUntilMs: null });
  return { checkpoint: { ...checkpoint, owed: [...others, ...wanted] }, removals: [] };
}
