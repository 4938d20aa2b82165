/** Counting what arrived, for the sentinel: how much of it differs, and how much can be read. */
import type { ChangeOf } from '../../commit.ts';
import type { Normalise } from '../../event.ts';
import type { CachedResource } from '../diff.ts';
import type { Tally } from './tally.ts';

/** Adds to `tally`, in place. `normalise` has seen the bodies of `changes` a moment ago. */
export function countTaken(
  tally: Tally,
  refs: readonly string[],
  cached: ReadonlyMap<string, Pick<CachedResource, 'live'>>,
  changes: ReadonlyArray<ChangeOf<'resource_put'>>,
  normalise: Normalise,
): void {
  let standing = 0;
  for (const ref of refs) if (cached.get(ref)?.live === 1) standing += 1;
  let real = 0;
  for (const one of changes) {
    if (!one.differs) continue;
    if (cached.get(one.ref)?.live === 1) real += 1;
    if (normalise(one.format, one.body).problem?.code === 'resource_unparsable') tally.unreadable += 1;
  }
  tally.updates += standing;
  tally.phantoms += standing - real;
  tally.read += refs.length;
}
