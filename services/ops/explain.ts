/** Explaining an event: who changed or removed it, when, and on what evidence, from the log itself. */
import type { Change, CommitDoc } from '../../domain/commit.ts';
import { KalendsError } from '../../domain/errors.ts';
import { asCalendarId, type EventUid, type ProfileId, type ResourceId } from '../../domain/ids.ts';
import { managedKey } from '../../domain/managed-event.ts';
import type { NormalisedResource } from '../../domain/event.ts';
import type { ResourceDoc } from '../../domain/resource.ts';
import type { OpsContext } from './context.ts';

/** One of: an event_uid, a resource id, or a calendar and the application's own event_id. */
export interface ExplainInput {
  readonly event: string;
  readonly calendar?: string;
}

export interface HistoryRow {
  readonly seq: number;
  readonly at: string;
  readonly cause: string;
  readonly what: 'added' | 'changed' | 'observed' | 'removed' | 'managed' | 'calendar gone';
  readonly operations: readonly string[];
  readonly evidence: unknown;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Explanation {
  readonly profile_id: ProfileId;
  readonly calendar_id: string;
  readonly resource_id: ResourceId;
  readonly event_id: string | null;
  readonly uid: string | null;
  readonly present: boolean;
  readonly problem: ResourceDoc['problem'];
  readonly history: readonly HistoryRow[];
}

type ExplainContext = Pick<OpsContext, 'documents' | 'normalise'>;

/** Commits read at once while the log is searched. */
const page = 50;

export async function explain(context: ExplainContext, input: ExplainInput): Promise<Explanation> {
  const resource = await resourceNamed(context, input);
  const history: HistoryRow[] = [];
  let before: NormalisedResource | null = null;
  let seq = 0;
  for (;;) {
    const commits: CommitDoc[] = await context.documents.find(
      'commitsOfProfile',
      { profileId: resource.profileId, seq: { gt: seq } },
      { limit: page },
    );
    for (const commit of commits) {
      for (const change of commit.changes) {
        const row = rowFor(context, resource, commit, change, before);
        if (row === null) continue;
        history.push(row);
        if (change.kind === 'resource_put') before = context.normalise(change.format, change.body);
        if (change.kind === 'resource_removed') before = null;
      }
    }
    if (commits.length < page) break;
    seq = commits.at(-1)?.seq ?? seq;
  }
  return {
    profile_id: resource.profileId,
    calendar_id: resource.calendarId,
    resource_id: resource._id,
    event_id: resource.eventId,
    uid: resource.uid,
    present: resource.live === 1,
    problem: resource.problem,
    history,
  };
}

async function resourceNamed({ documents }: ExplainContext, input: ExplainInput): Promise<ResourceDoc> {
  const [event] = await documents.find('eventsByUid', { eventUid: input.event as EventUid }, { limit: 1 });
  const managed =
    input.calendar === undefined
      ? null
      : await documents.get('managed_events', managedKey(asCalendarId(input.calendar), input.event));
  const id = event?.resourceId ?? managed?.resourceId ?? input.event;
  const resource = await documents.get('resources', id);
  if (resource !== null) return resource;
  throw new KalendsError('not_known', `nothing is known of ${input.event}`, {
    ids: { event: input.event },
    next: 'give an event_uid, a resource id, or an event_id together with --calendar',
  });
}

function rowFor(
  context: ExplainContext,
  resource: ResourceDoc,
  commit: CommitDoc,
  change: Change,
  before: NormalisedResource | null,
): HistoryRow | null {
  const base = {
    seq: commit.seq,
    at: new Date(commit.atMs).toISOString(),
    cause: commit.cause,
    operations: operationsOf(commit, resource._id),
  };
  if (change.kind === 'calendar_gone' && change.calendarId === resource.calendarId) {
    return { ...base, what: 'calendar gone', evidence: change.evidence, details: {} };
  }
  if (!('resourceId' in change) || change.resourceId !== resource._id) return null;
  if (change.kind === 'resource_removed') return { ...base, what: 'removed', evidence: change.evidence, details: {} };
  if (change.kind === 'managed') {
    const { generation, wanted, throughN } = change;
    return { ...base, what: 'managed', evidence: null, details: { generation, wanted, through: throughN } };
  }
  const after = context.normalise(change.format, change.body);
  const what = before === null ? 'added' : change.differs ? 'changed' : 'observed';
  return { ...base, what, evidence: null, details: { etag: change.etag, ...differences(before, after) } };
}

/** A commit may carry out the writes of many events. */
function operationsOf({ changes, operations }: CommitDoc, resourceId: ResourceId): CommitDoc['operations'] {
  const own = changes.find((one) => one.kind === 'managed' && one.resourceId === resourceId);
  return (own?.kind === 'managed' ? own.operations : null) ?? operations;
}

/** The fields of the master that differ, each as [before, after]. */
function differences(before: NormalisedResource | null, after: NormalisedResource): Record<string, unknown> {
  const old = (before?.master ?? {}) as Record<string, unknown>;
  const now = (after.master ?? {}) as Record<string, unknown>;
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  const unlike = keys.filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]));
  if (before === null) return { summary: now['summary'], start: now['start'] };
  return Object.fromEntries(unlike.map((key) => [key, [old[key] ?? null, now[key] ?? null]]));
}
