/** Net: what a stretch of the log comes to for one subscriber. */
import type { NotificationType, SubscriberDoc } from '../channel.ts';
import type { ProfileId } from '../ids.ts';
import type { NoticeType } from '../notice.ts';
import { relevant, type CommitHeader, type Marks } from './relevance.ts';

/** First and last moment of what is to be told, by commit times. */
export interface Span {
  readonly earliestAtMs: number;
  readonly latestAtMs: number;
}

export interface Net {
  /** Null: nothing here that this subscriber is told as a change. */
  readonly span: Span | null;
  /** profileId → the last seq looked at. */
  readonly through: Readonly<Record<ProfileId, number>>;
  /** What is told by a type of its own, oldest first. */
  readonly notices: readonly NotificationType[];
  /** Told without waiting for quiet: a notice is among it, or more of the log waits behind it. */
  readonly flush: boolean;
}

/** A stretch of the log: everything untold up to `through`, which never passes what is projected. */
export interface Stretch {
  /** Ascending by seq within a profile. */
  readonly commits: readonly CommitHeader[];
  readonly through: Readonly<Record<ProfileId, number>>;
  /** The stretch was cut: more is projected already. */
  readonly more: boolean;
}

const types: Readonly<Record<NoticeType, NotificationType>> = {
  initial_sync_completed: 'profile_initial_sync_completed',
  quarantined: 'profile_quarantined',
  reinstated: 'profile_reinstated',
  disconnected: 'profile_disconnected',
  relinked: 'profile_relinked',
};

/** Nothing is cancelled out: an event that came and went again counts, for a reader may have seen it. */
export function netOf(stretch: Stretch, subscriber: Pick<SubscriberDoc, 'kind' | 'filters'>, marks: Marks): Net {
  const notices: NotificationType[] = [];
  let span: Span | null = null;
  for (const commit of stretch.commits) {
    const told = commit.changes.flatMap((change) => (change.kind === 'notice' ? [types[change.notice]] : []));
    notices.push(...told);
    // A stream carries notices inside its messages, a channel sends each by its own type.
    const counts =
      (subscriber.kind === 'stream' && told.length > 0) ||
      commit.changes.some((change) => relevant(change, commit, subscriber.filters, marks));
    if (counts) span = widened(span, commit.atMs);
  }
  const own = subscriber.kind === 'stream' ? [] : notices;
  return { span, through: stretch.through, notices: own, flush: stretch.more || notices.length > 0 };
}

function widened(span: Span | null, atMs: number): Span {
  if (span === null) return { earliestAtMs: atMs, latestAtMs: atMs };
  return { earliestAtMs: Math.min(span.earliestAtMs, atMs), latestAtMs: Math.max(span.latestAtMs, atMs) };
}

/** `waiting` and then `more`; repeats that would stand side by side are told once. */
export function queued(
  waiting: readonly NotificationType[],
  more: readonly NotificationType[],
): readonly NotificationType[] {
  const all = [...waiting, ...more];
  return all.filter((type, at) => type !== all[at - 1]);
}
