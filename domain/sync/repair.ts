/** Repair: which removals of a stretch of the log a server may have caused, and what was reinstated of them. */
import type { ChangeOf, CommitDoc } from '../commit.ts';

export type Removal = ChangeOf<'resource_removed'>;

/** What servers said. What an application's own delete or an operator removed is nobody's error. */
const saidByServers: ReadonlySet<Removal['evidence']['kind']> = new Set(['tombstone', 'direct_get']);

export const removalsOf = (commit: CommitDoc): Removal[] =>
  commit.changes.filter(
    (one): one is Removal => one.kind === 'resource_removed' && saidByServers.has(one.evidence.kind),
  );

export const reinstatedBy = (commit: CommitDoc): ChangeOf<'resource_put'>[] =>
  commit.cause === 'repair'
    ? commit.changes.filter((one): one is ChangeOf<'resource_put'> => one.kind === 'resource_put')
    : [];
