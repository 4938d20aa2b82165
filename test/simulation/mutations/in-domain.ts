/** Mistakes in what decides: domain and policies. */
import type { Mutation } from './mutation.ts';

export const mutationsInDomain: readonly Mutation[] = [
  {
    name: 'trust absence',
    file: 'domain/sync/guard.ts',
    find: 'const proved = nominations.filter((one): one is Nomination & { evidence: Evidence } => one.evidence !== null);',
    replace:
      "const proved = nominations.map((one) => ({ ...one, evidence: one.evidence ?? { kind: 'tombstone', request: 'none', status: 404, atMs: nowMs } }) as Nomination & { evidence: Evidence });",
  },
  {
    name: 'drop the guard',
    file: 'domain/sync/guard.ts',
    find: 'counted + nominations.length > allowed || nominations.length >= input.liveCount',
    replace: 'false',
  },
  {
    name: 'count the guard per page',
    file: 'domain/sync/guard.ts',
    find: 'tally.reduce((sum, entry) => sum + entry.count, 0)',
    replace: '0',
  },
  {
    name: 'echo own writes',
    file: 'domain/notification/relevance.ts',
    find: "  if (commit.cause === 'write') return false;\n",
    replace: '',
  },
  {
    name: 'fold newest wins',
    file: 'domain/sync/fold.ts',
    find: 'applyPatch(state.wanted ?? nothing, intent.wish.patch)',
    replace: 'applyPatch(nothing, intent.wish.patch)',
  },
  {
    name: 'no generation in the name',
    file: 'domain/sync/reconcile.ts',
    find: '-g${generation}`',
    replace: '`',
  },
  {
    name: 'key events by UID',
    file: 'domain/projection/lay-out.ts',
    find: '_id: occurrence.recurrenceKey === null ? resource._id :',
    replace: '_id: occurrence.recurrenceKey === null ? (normalised.uid ?? resource._id) :',
  },
  {
    name: 'no tombstones',
    file: 'domain/projection/lay-out.ts',
    find: 'const events = before.filter((one) => one.deleted === 0).map((one) => tombstone(one, resource, commit));',
    replace: 'const events = before.filter((one) => one.deleted === 2).map((one) => tombstone(one, resource, commit));',
  },
  {
    name: 'a removal keeps its old time of change',
    file: 'domain/projection/lay-out.ts',
    find: '  deleted: 1,\n  updatedMs: commit.atMs,',
    replace: '  deleted: 1,',
  },
  {
    name: 'tell of the latest change alone',
    file: 'domain/notification/plan.ts',
    find: 'const sinceMs = Math.min(subscriber.toldAtMs, span.earliestAtMs);',
    replace: 'const sinceMs = Math.max(subscriber.toldAtMs, span.latestAtMs);',
  },
  {
    name: 'relink on the first 401',
    file: 'config/policies.ts',
    find: '  relinkAfterRefusals: 3,',
    replace: '  relinkAfterRefusals: 1,',
  },
  {
    name: 'call a write of a removed event written',
    file: 'domain/sync/reconcile.ts',
    find: '  const generation = lifeEnded &&',
    replace:
      "  if (lifeEnded) return { kind: 'settled', generation: state.generation, wanted: state.wanted };\n  const generation = lifeEnded &&",
  },
  {
    name: 'never write a location',
    file: 'domain/sync/body.ts',
    find: 'fields: input.wanted,',
    replace: 'fields: { ...input.wanted, location: null },',
  },
  {
    name: 'keep the old time and place',
    file: 'domain/sync/fold.ts',
    find: 'const merged: RequestedFields = { ...before, ...fields };',
    replace:
      'const { start, end, location } = before; const kept = { ...(start && { start }), ...(end && { end }), ...(location !== undefined && { location }) }; const merged: RequestedFields = { ...before, ...fields, ...kept };',
  },
  {
    name: 'make up the evidence',
    file: 'domain/sync/guard.ts',
    find: '  const holdAll = suspicious || input.breakerHolds;\n  const believed = holdAll ? [] : proved;\n',
    replace:
      "  const holdAll = false;\n  const believed = proved.map((one) => ({ ...one, evidence: { kind: 'direct_get', request: '', status: 200, collectionStatus: 500, atMs: nowMs } as Evidence }));\n",
  },
  {
    name: 'tell of changes hours later',
    file: 'config/policies.ts',
    find: '  quietMs: 5 * second,\n  /** … but never longer than this after the first. */\n  maxDelayMs: 30 * second,',
    replace: '  quietMs: 6 * hour,\n  maxDelayMs: 6 * hour,',
  },
  {
    name: 'expire writes within the hour',
    file: 'config/policies.ts',
    find: 'expireAfterMs: 7 * day,',
    replace: 'expireAfterMs: 10 * minute,',
  },
  {
    name: 'refuse a write after one conflict',
    file: 'config/policies.ts',
    find: 'conflictsMax: 3,',
    replace: 'conflictsMax: 0,',
  },
  {
    name: 'project a removal without its evidence',
    file: 'domain/projection/project.ts',
    find: 'live: 0, evidence: change.evidence,',
    replace: 'live: 0, evidence: null,',
  },
  {
    name: 'refusals within a moment are proof',
    file: 'config/policies.ts',
    find: '  relinkAfterMs: 30 * minute,',
    replace: '  relinkAfterMs: 0,',
  },
  {
    name: 'the guard forgets within the hour',
    file: 'config/policies.ts',
    find: '  windowMs: 1 * day,',
    replace: '  windowMs: 1 * hour,',
  },
  {
    name: 'later writes do not wait for a bulk delete',
    file: 'domain/sync/agenda.ts',
    find: '      barriers.push(intent);\n',
    replace: '',
  },
  {
    name: 'tombstones are believed while removals are held',
    file: 'domain/sync/guard.ts',
    find: 'suspicious || input.breakerHolds;',
    replace: 'suspicious;',
  },
  {
    name: 'stamps count as changes',
    file: 'domain/normalise.ts',
    find: 'const resource = known ?? parseResource(body);',
    replace:
      "const read = known ?? parseResource(body);\n    const stamp = /^DTSTAMP:.*/m.exec(body)?.[0] ?? '';\n    const resource = known ?? { ...read, observedHash: `${read.observedHash}${stamp}` };",
  },
  {
    name: 'a new description is no change',
    file: 'domain/hashes.ts',
    find: '  const { reminders: _reminders, ...shown } = component;',
    replace: '  const { reminders: _reminders, description: _description, ...shown } = component;',
  },
  {
    name: 'bury what is only written again',
    file: 'domain/projection/lay-out.ts',
    find: '  for (const occurrence of occurrences) {\n',
    replace:
      '  for (const occurrence of resource.etag?.includes("7") === true ? occurrences.slice(1) : occurrences) {\n',
  },
  {
    name: 'a calendar that changes its name keeps it',
    file: 'domain/projection/project.ts',
    find: '        ...change.calendar,\n',
    replace: '        ...change.calendar,\n        name: known?.name ?? change.calendar.name,\n',
  },
];
