/** The only writer of log, cache and views: appends commits, projects them, and replays what was appended but not projected. */
import type { Clock } from '../domain/clock.ts';
import {
  commitKey,
  maxBytesPerCommit,
  maxChangesPerCommit,
  type Cause,
  type Change,
  type CommitDoc,
  type Horizon,
} from '../domain/commit.ts';
import { isKalendsError, KalendsError } from '../domain/errors.ts';
import type { Normalise } from '../domain/event.ts';
import type { AccountId, AppId, OperationId, ProfileId, RunId } from '../domain/ids.ts';
import type { HorizonNumbers } from '../domain/projection/horizon.ts';
import type { Documents } from './documents.ts';
import { projectOne } from './projecting.ts';
import { storeTarget } from './projection-target.ts';
import { correctionsOf } from './rebuild.ts';

export interface LogOwner {
  readonly profileId: ProfileId;
  readonly accountId: AccountId;
  readonly appId: AppId;
  /** One activation: what tells our own timed-out append from a second owner's. */
  readonly runId: RunId;
}

/** Where the log of a profile ends. */
export interface LogHead {
  readonly seq: number;
  readonly atMs: number;
}

export interface Batch {
  readonly cause: Cause;
  readonly operations: readonly OperationId[];
  readonly changes: readonly Change[];
}

export interface CommitLog {
  /** Where the log ends by what is stored of it; reads a whole commit. */
  head(profileId: ProfileId): Promise<LogHead>;
  /** Durable when it resolves. Rejects with `second_owner` when somebody else took the seq. */
  append(owner: LogOwner, head: LogHead, batch: Batch): Promise<readonly CommitDoc[]>;
  /** `horizon`: in force before these commits; answers the one in force after them. */
  project(commits: readonly CommitDoc[], horizon: Horizon | null): Promise<Horizon | null>;
  /** Projects everything after `projected`; answers where the log ends. `horizon`: in force at `projected`. */
  replay(
    profileId: ProfileId,
    projected: LogHead,
    horizon: Horizon | null,
  ): Promise<{ readonly head: LogHead; readonly horizon: Horizon | null }>;
  /** Puts the projections right where they differ from the log, all of which is projected; may be repeated. */
  rebuild(profileId: ProfileId, head: LogHead): Promise<void>;
}

export interface CommitLogDeps {
  readonly documents: Documents;
  readonly normalise: Normalise;
  readonly clock: Clock;
  readonly horizon: HorizonNumbers;
}

/** Commits read at once when a log is replayed: bounds what is held in memory. */
const replayPage = 20;

export function createCommitLog(deps: CommitLogDeps): CommitLog {
  const target = storeTarget(deps.documents);
  const project: CommitLog['project'] = async (commits, horizon) => {
    let current = horizon;
    for (const commit of commits) current = await projectOne(target, commit, current, deps);
    return current;
  };
  return {
    project,
    head: async (profileId) => {
      const [last] = await deps.documents.find('commitsOfProfile', { profileId }, { limit: 1, descending: true });
      return last === undefined ? { seq: 0, atMs: 0 } : { seq: last.seq, atMs: last.atMs };
    },
    append: async (owner, from, batch) => {
      const commits: CommitDoc[] = [];
      let at = from;
      for (const changes of split(batch.changes)) {
        const atMs = Math.max(deps.clock.now(), at.atMs);
        const commit = commitDoc(owner, { seq: at.seq + 1, atMs }, { ...batch, changes });
        await insertCommit(deps.documents, commit);
        commits.push(commit);
        at = commit;
      }
      return commits;
    },
    replay: async (profileId, projected, horizon) => {
      let head = projected;
      let current = horizon;
      for (;;) {
        const after = { profileId, seq: { gt: head.seq } };
        const page = await deps.documents.find('commitsOfProfile', after, { limit: replayPage });
        current = await project(page, current);
        const last = page.at(-1);
        if (last !== undefined) head = { seq: last.seq, atMs: last.atMs };
        if (page.length < replayPage) return { head, horizon: current };
      }
    },
    rebuild: async (profileId, head) => {
      const { unexpected, writes } = await correctionsOf(deps, profileId, head.seq);
      for (const [collection, ids] of unexpected) await deps.documents.remove(collection, ids);
      await target.write(writes);
    },
  };
}

function commitDoc(owner: LogOwner, at: LogHead, batch: Batch): CommitDoc {
  return {
    _id: commitKey(owner.profileId, at.seq),
    profileId: owner.profileId,
    accountId: owner.accountId,
    appId: owner.appId,
    seq: at.seq,
    atMs: at.atMs,
    cause: batch.cause,
    runId: owner.runId,
    operations: batch.operations,
    changes: batch.changes,
  };
}

/** A timed-out append that did land looks like a duplicate of our own run; any other duplicate is a second owner. */
async function insertCommit(documents: Documents, commit: CommitDoc): Promise<void> {
  try {
    await documents.insert('commits', commit);
  } catch (error) {
    if (!isKalendsError(error) || error.code !== 'duplicate_key') throw error;
    const present = await documents.get('commits', commit._id);
    if (present?.runId === commit.runId) return;
    throw new KalendsError(
      'second_owner',
      `somebody else appended commit ${commit.seq} of ${commit.profileId}; this activation stops and reads the log again`,
      {
        ids: { profile: commit.profileId, run: present?.runId ?? 'unknown' },
        cause: error,
      },
    );
  }
}

/** Commits of at most 500 changes and 4 MiB; an empty batch is no commit. */
function split(changes: readonly Change[]): Change[][] {
  const parts: Change[][] = [];
  let part: Change[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = change.kind === 'resource_put' ? Buffer.byteLength(change.body) + 512 : 512;
    if (part.length > 0 && (part.length >= maxChangesPerCommit || bytes + size > maxBytesPerCommit)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(change);
    bytes += size;
  }
  return part.length === 0 ? parts : [...parts, part];
}
