/** Relevance: which changes of the log a subscriber must be told of. */
import type { ChannelFilters } from '../channel.ts';
import { commitKey, type Cause, type Change, type CommitDoc } from '../commit.ts';
import { unreachable } from '../errors.ts';
import type { CalendarId, ProfileId, ResourceId } from '../ids.ts';
import type { NoticeType } from '../notice.ts';
import type { Evidence } from '../resource.ts';

/** A change without the body: all that decides whether and how it is told. */
export type ChangeHeader =
  | { readonly kind: 'calendar_put'; readonly calendarId: CalendarId }
  | { readonly kind: 'calendar_gone'; readonly calendarId: CalendarId; readonly evidence: Evidence }
  | {
      readonly kind: 'resource_put';
      readonly calendarId: CalendarId;
      readonly resourceId: ResourceId;
      readonly differs: boolean;
    }
  | {
      readonly kind: 'resource_removed';
      readonly calendarId: CalendarId;
      readonly resourceId: ResourceId;
      readonly evidence: Evidence;
    }
  | { readonly kind: 'managed'; readonly resourceId: ResourceId | null }
  | { readonly kind: 'horizon' }
  | { readonly kind: 'notice'; readonly notice: NoticeType };

/** A commit without bodies; a `CommitDoc` is one too. */
export interface CommitHeader {
  readonly profileId: ProfileId;
  readonly seq: number;
  readonly atMs: number;
  readonly cause: Cause;
  readonly changes: readonly ChangeHeader[];
}

/** What the projections say about changes that the log alone cannot judge. */
export interface Marks {
  /** Resources that carry a managed event. */
  readonly managed: ReadonlySet<ResourceId>;
  /** Keys of commits after which some event looks different to this subscriber. */
  readonly visible: ReadonlySet<string>;
}

export const noMarks: Marks = { managed: new Set(), visible: new Set() };

/** What must be asked of the projections before `relevant` can judge. */
export interface Questions {
  readonly resources: readonly ResourceId[];
  readonly commits: readonly CommitHeader[];
}

export function headerOf(commit: CommitDoc): CommitHeader {
  const { profileId, seq, atMs, cause } = commit;
  return { profileId, seq, atMs, cause, changes: commit.changes.map(changeHeader) };
}

function changeHeader(change: Change): ChangeHeader {
  switch (change.kind) {
    case 'resource_put': {
      const { kind, calendarId, resourceId, differs } = change;
      return { kind, calendarId, resourceId, differs };
    }
    case 'resource_removed': {
      const { kind, calendarId, resourceId, evidence } = change;
      return { kind, calendarId, resourceId, evidence };
    }
    case 'calendar_put':
      return { kind: change.kind, calendarId: change.calendarId };
    case 'calendar_gone':
      return { kind: change.kind, calendarId: change.calendarId, evidence: change.evidence };
    case 'managed':
      return { kind: change.kind, resourceId: change.resourceId };
    case 'horizon':
      return { kind: change.kind };
    case 'notice':
      return { kind: change.kind, notice: change.notice };
    default:
      return unreachable(change);
  }
}

export function questionsOf(commits: readonly CommitHeader[], filters: ChannelFilters): Questions {
  const resources = new Set<ResourceId>();
  const asked: CommitHeader[] = [];
  for (const commit of commits) {
    if (commit.cause === 'write') continue;
    for (const change of commit.changes) {
      const named = change.kind === 'resource_put' || change.kind === 'resource_removed';
      if (named && filters.onlyManaged) resources.add(change.resourceId);
    }
    const open = (kind: ChangeHeader['kind']) =>
      kind === 'horizon' || (kind === 'calendar_gone' && filters.onlyManaged);
    if (commit.changes.some((change) => open(change.kind))) asked.push(commit);
  }
  return { resources: [...resources], commits: asked };
}

/**
 * Notices are told by their own type, so they are not relevant here. Commits of cause `write` hold what the account's
 * one application wrote itself: whatever else the server made of it is in a commit of cause `pull`.
 */
export function relevant(change: ChangeHeader, commit: CommitHeader, filters: ChannelFilters, marks: Marks): boolean {
  if (commit.cause === 'write') return false;
  const visible = () => marks.visible.has(commitKey(commit.profileId, commit.seq));
  switch (change.kind) {
    case 'resource_put':
      return change.differs && inCalendars(change.calendarId, filters) && carried(change.resourceId, filters, marks);
    case 'resource_removed':
      return inCalendars(change.calendarId, filters) && carried(change.resourceId, filters, marks);
    case 'calendar_put':
      return inCalendars(change.calendarId, filters) && !filters.onlyManaged;
    case 'calendar_gone':
      return inCalendars(change.calendarId, filters) && (!filters.onlyManaged || visible());
    case 'horizon':
      return visible();
    case 'managed':
    case 'notice':
      return false;
    default:
      return unreachable(change);
  }
}

const inCalendars = (calendarId: CalendarId, filters: ChannelFilters): boolean =>
  filters.calendarIds === null || filters.calendarIds.includes(calendarId);

const carried = (resourceId: ResourceId, filters: ChannelFilters, marks: Marks): boolean =>
  !filters.onlyManaged || marks.managed.has(resourceId);
