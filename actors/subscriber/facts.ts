/** Facts for a plan: what is projected and not told, and what the projections say about it. */
import type { SubscriberDoc } from '../../domain/channel.ts';
import { commitKey } from '../../domain/commit.ts';
import type { CalendarId, ProfileId, ResourceId } from '../../domain/ids.ts';
import { netOf, type Net, type Stretch } from '../../domain/notification/net.ts';
import { questionsOf, type CommitHeader, type Marks } from '../../domain/notification/relevance.ts';
import type { Documents } from '../../store/documents.ts';
import type { LogReader } from './log-reader.ts';

/** Resources fetched at once; each carries its body. */
const resourcesAtOnce = 200;
/** Events looked at to judge one commit; where there are more, it is told rather than missed. */
const eventsMax = 200;

/** Never looks past `projectedSeq`: what is told can be read. */
export async function gatherNet(
  store: Pick<Documents, 'find' | 'getMany'>,
  log: LogReader,
  subscriber: SubscriberDoc,
  changesMax: number,
): Promise<Net> {
  const stretch = await untold(store, log, subscriber, changesMax);
  return netOf(stretch, subscriber, await marksOf(store, stretch.commits, subscriber));
}

async function untold(
  store: Pick<Documents, 'find'>,
  log: LogReader,
  subscriber: SubscriberDoc,
  changesMax: number,
): Promise<Stretch> {
  const commits: CommitHeader[] = [];
  const through: Record<ProfileId, number> = {};
  let more = false;
  let room = changesMax;
  for (const profile of await store.find('profilesOfAccount', { accountId: subscriber.accountId })) {
    const after = subscriber.told[profile._id] ?? 0;
    if (profile.projectedSeq <= after) continue;
    const part = await log.read(profile._id, after, profile.projectedSeq, room);
    if (part.through > after) through[profile._id] = part.through;
    more ||= part.through < profile.projectedSeq;
    commits.push(...part.commits);
    room -= part.commits.reduce((sum, commit) => sum + commit.changes.length, 0);
  }
  return { commits, through, more };
}

async function marksOf(
  store: Pick<Documents, 'find' | 'getMany'>,
  commits: readonly CommitHeader[],
  subscriber: SubscriberDoc,
): Promise<Marks> {
  const questions = questionsOf(commits, subscriber.filters);
  const managed = new Set<ResourceId>();
  for (let at = 0; at < questions.resources.length; at += resourcesAtOnce) {
    const resources = await store.getMany('resources', questions.resources.slice(at, at + resourcesAtOnce));
    for (const resource of resources) if (resource.eventId !== null) managed.add(resource._id);
  }
  const visible = new Set<string>();
  for (const commit of questions.commits) {
    if (await looksDifferent(store, commit, subscriber)) visible.add(commitKey(commit.profileId, commit.seq));
  }
  return { managed, visible };
}

/**
 * Whether some event that this subscriber reads was last changed by this commit, or by a later one that may have
 * covered its trace: a later pull is told anyway, an own write would not be.
 */
async function looksDifferent(
  store: Pick<Documents, 'find'>,
  commit: CommitHeader,
  subscriber: SubscriberDoc,
): Promise<boolean> {
  const { calendarIds, onlyManaged } = subscriber.filters;
  const calendars = await store.find('calendarsOfProfile', { profileId: commit.profileId });
  const calendarId: CalendarId[] = calendars
    .map((calendar) => calendar._id)
    .filter((id) => calendarIds === null || calendarIds.includes(id));
  if (calendarId.length === 0) return false;
  const events = await store.find(
    'eventsUpdated',
    { calendarId, updatedMs: { gte: commit.atMs }, ...(onlyManaged ? { managed: 1 as const } : {}) },
    { limit: eventsMax },
  );
  const traces = events.filter((event) => event.seq === commit.seq || (event.seq > commit.seq && event.recurring));
  return traces.length > 0 || events.length === eventsMax;
}
