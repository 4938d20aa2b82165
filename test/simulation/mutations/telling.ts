/** Mistakes behind the log: projections, reads, and what applications are told. */
import type { Mutation } from './mutation.ts';

export const telling: readonly Mutation[] = [
  {
    name: 'echo own writes',
    mistake: 'an application is told of what it wrote itself',
    file: 'domain/notification/relevance.ts',
    find: "  if (commit.cause === 'write') return false;\n",
    replace: '',
  },
  {
    name: 'notify before projecting',
    mistake: 'an application is told of a commit that is not projected yet',
    file: 'actors/subscriber/facts.ts',
    find: 'const part = await log.read(profile._id, after, profile.projectedSeq, room);',
    replace: 'const part = await log.read(profile._id, after, profile.projectedSeq + 1, room);',
  },
  {
    name: 'project before append',
    mistake: 'the projections follow a commit that is not in the log yet',
    file: 'store/commit.ts',
    find: 'await insertCommit(deps.documents, commit);',
    replace: 'void insertCommit(deps.documents, commit).catch(() => undefined);',
  },
  {
    name: 'key events by UID',
    mistake: 'two resources of one UID overwrite each other in the event cache',
    file: 'domain/projection/lay-out.ts',
    find: '_id: occurrence.recurrenceKey === null ? resource._id :',
    replace: '_id: occurrence.recurrenceKey === null ? (normalised.uid ?? resource._id) :',
  },
  {
    name: 'no tombstones',
    mistake: 'a removed event leaves no tombstone in the event cache',
    file: 'domain/projection/lay-out.ts',
    find: '.filter((one) => one.deleted === 0 || one.eventId !== resource.eventId)',
    replace: '.filter((one) => one.deleted === 2)',
  },
  {
    name: 'a removal keeps its old time of change',
    mistake: 'a tombstone does not count as changed since the last read',
    file: 'domain/projection/lay-out.ts',
    find: '  deleted: 1,\n  updatedMs: commit.atMs,',
    replace: '  deleted: 1,',
  },
  {
    name: 'no replay after a crash',
    mistake: 'what the log holds beyond the projections is not projected at the next activation',
    file: 'actors/profile/activation.ts',
    find: 'const replayed = await deps.log.replay(profileId, projected, horizonOf(profile));',
    replace: 'const replayed = { head: await deps.log.head(profileId), horizon: horizonOf(profile), projected };',
  },
  {
    name: 'tell of the latest change alone',
    mistake: '`changes_since` is the time of the last change, so that earlier ones are not read',
    file: 'domain/notification/plan.ts',
    find: 'const sinceMs = Math.min(subscriber.toldAtMs, span.earliestAtMs);',
    replace: 'const sinceMs = Math.max(subscriber.toldAtMs, span.latestAtMs);',
  },
  {
    name: 'take a refused notification for told',
    mistake: 'whatever answers a webhook, it counts as delivered',
    file: 'actors/subscriber/webhook.ts',
    find: "if (status >= 200 && status < 300) return { kind: 'accepted', status };",
    replace: "if (status > 0) return { kind: 'accepted', status };",
  },
  {
    name: 'tell of changes hours later',
    mistake: 'changes are collected for six hours before an application is told',
    file: 'config/policies.ts',
    find: '  quietMs: 5 * second,\n  /** … but never longer than this after the first. */\n  maxDelayMs: 30 * second,',
    replace: '  quietMs: 6 * hour,\n  maxDelayMs: 6 * hour,',
  },
  {
    name: 'look for no lost nudges',
    mistake: 'profiles whose nudge was lost are not found by the sweep of the notifier',
    file: 'actors/subscriber/rounds.ts',
    find: '  for (const profile of fresh) void nudged.request(profile._id);\n',
    replace: '',
  },
  {
    name: 'ask the calendar server for each read',
    mistake: 'a read of events asks the calendar server first',
    file: 'services/api/read-events.ts',
    find: '    async first(listing, caller, params, baseUrl) {\n',
    replace:
      "    async first(listing, caller, params, baseUrl) {\n      const [asked_] = await documents.find('profilesOfAccount', { accountId: caller.accountId });\n      const credentials = { kind: 'none' };\n      const { signal } = new AbortController();\n      await (context.providerOf('caldav') as unknown as { probe(session: unknown): Promise<void> }).probe({ root: asked_?.root, credentials, signal }).catch(() => undefined);\n",
  },
  {
    name: 'project a removal without its evidence',
    mistake: 'the projected resource does not say what proved its removal',
    file: 'domain/projection/project.ts',
    find: 'live: 0, evidence: change.evidence,',
    replace: 'live: 0, evidence: null,',
  },
];
