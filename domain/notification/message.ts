/** Messages for consumers of streams: the net changes of one stretch of a profile's log, named by that stretch. */
import { unreachable } from '../errors.ts';
import { eventUidOf, type AccountId, type AppId, type ProfileId } from '../ids.ts';
import { noMarks, relevant, type ChangeHeader, type CommitHeader } from './relevance.ts';
import { wholeSeconds } from './wire.ts';

export interface StreamOwner {
  readonly appId: AppId;
  readonly accountId: AccountId;
}

export interface NetMessage {
  /** `profileId:from-to`: the same stretch has the same name at every attempt. */
  readonly id: string;
  readonly body: string;
}

/** Keeps a message below 200 KB, well under the 1 MB that a NATS server takes unless told otherwise. */
const changesPerMessage = 500;

const everything = { calendarIds: null, onlyManaged: false } as const;

/**
 * Messages for all commits of one profile in (from, to]; `commits` are exactly those, ascending. Which stretch ends
 * where depends on the log alone, so that a retry makes the same messages. Stretches without content make none.
 */
export function netMessages(owner: StreamOwner, profileId: ProfileId, commits: readonly CommitHeader[]): NetMessage[] {
  return stretches(commits).flatMap((stretch) => {
    const from = stretch[0]?.seq ?? 0;
    const to = stretch.at(-1)?.seq ?? 0;
    const { changes, notices } = contentOf(stretch);
    if (changes.length === 0 && notices.length === 0) return [];
    const id = `${profileId}:${from}-${to}`;
    const ids = { app_id: owner.appId, account_id: owner.accountId, profile_id: profileId };
    return [{ id, body: JSON.stringify({ message_id: id, ...ids, from_seq: from, to_seq: to, changes, notices }) }];
  });
}

function stretches(commits: readonly CommitHeader[]): CommitHeader[][] {
  const parts: CommitHeader[][] = [];
  let room = 0;
  for (const commit of commits) {
    const size = Math.max(1, commit.changes.length);
    if (size > room) {
      parts.push([]);
      room = changesPerMessage;
    }
    parts.at(-1)?.push(commit);
    room -= size;
  }
  return parts;
}

type Entry = Readonly<Record<string, unknown>>;

/** The last state of each resource and calendar: one that came and went is told as removed, never as if it had not been. */
function contentOf(stretch: readonly CommitHeader[]): { changes: Entry[]; notices: Entry[] } {
  const last = new Map<string, Entry>();
  const notices: Entry[] = [];
  for (const commit of stretch) {
    const stamp = { cause: commit.cause, seq: commit.seq, at: wholeSeconds(commit.atMs) };
    for (const change of commit.changes) {
      if (change.kind === 'notice') notices.push({ type: change.notice, ...stamp });
      if (change.kind !== 'horizon' && !relevant(change, commit, everything, noMarks)) continue;
      const [key, entry] = entryOf(change) ?? [];
      if (key === undefined) continue;
      // Set anew, so that the entries stay in the order of their seq.
      last.delete(key);
      last.set(key, { ...entry, ...stamp });
    }
  }
  return { changes: [...last.values()], notices };
}

function entryOf(change: ChangeHeader): readonly [string, Entry] | null {
  switch (change.kind) {
    case 'resource_put':
    case 'resource_removed': {
      const removed = change.kind === 'resource_removed';
      const ids = { resource_id: change.resourceId, event_uid: eventUidOf(change.resourceId, null) };
      const entry = { kind: removed ? 'removed' : 'changed', calendar_id: change.calendarId, ...ids };
      return [change.resourceId, removed ? { ...entry, evidence: change.evidence.kind } : entry];
    }
    case 'calendar_put':
      return [change.calendarId, { kind: 'calendar_changed', calendar_id: change.calendarId }];
    case 'calendar_gone': {
      const entry = { kind: 'calendar_removed', calendar_id: change.calendarId, evidence: change.evidence.kind };
      return [change.calendarId, entry];
    }
    case 'horizon':
      return ['horizon', { kind: 'horizon_moved' }];
    case 'managed':
    case 'notice':
      return null;
    default:
      return unreachable(change);
  }
}
