/** Mistakes about what calendar servers say: what is there, what is gone, and who may ask. */
import type { Mutation } from './mutation.ts';

export const reading: readonly Mutation[] = [
  {
    name: 'trust absence',
    mistake: 'what a listing leaves out is recorded as removed, on evidence that is made up',
    file: 'domain/sync/guard.ts',
    find: 'const proved = nominations.filter((one): one is Nomination & { evidence: Evidence } => one.evidence !== null);',
    replace:
      "const proved = nominations.map((one) => ({ ...one, evidence: one.evidence ?? { kind: 'tombstone', request: 'none', status: 404, atMs: nowMs } }) as Nomination & { evidence: Evidence });",
  },
  {
    name: 'trust a multiget 404',
    mistake: 'a 404 inside a multiget is taken for proof that a resource is gone',
    file: 'actors/profile/owed.ts',
    find: 'await learn(turn, afterFetch(refs, missing, unanswered));',
    replace:
      "await learn(turn, each([...missing], { kind: 'verified_gone', evidence: { kind: 'tombstone', request: 'multiget', status: 404, atMs: 0 } })); await learn(turn, afterFetch(refs.filter((ref) => !missing.has(ref)), new Set(), unanswered));",
  },
  {
    name: 'take silence for deletion',
    mistake: 'what a multiget passes over in silence is taken for gone, as in February 2020',
    file: 'actors/profile/owed.ts',
    find: 'await learn(turn, afterFetch(refs, missing, unanswered));',
    replace:
      "await learn(turn, each([...unanswered], { kind: 'verified_gone', evidence: { kind: 'tombstone', request: 'multiget', status: 404, atMs: 0 } })); await learn(turn, afterFetch(refs.filter((ref) => !unanswered.has(ref)), missing, new Set()));",
  },
  {
    name: 'one question is proof',
    mistake: 'one direct 404 proves a removal: the resource is not asked for a second time',
    file: 'providers/caldav/fetch.ts',
    find: 'const response = await ask();\n',
    replace: 'const response = first;\n',
  },
  {
    name: 'a cut document is whole',
    mistake: 'xML that ends in the middle is read as if it were complete',
    file: 'providers/caldav/xml/parse.ts',
    find: '      this.#parser.close();\n',
    replace: '',
  },
  {
    name: 'drop the guard',
    mistake: 'any number of removals is believed at once',
    file: 'domain/sync/guard.ts',
    find: 'counted + nominations.length > allowed || nominations.length >= input.liveCount',
    replace: 'false',
  },
  {
    name: 'count the guard per page',
    mistake: 'removals of earlier pages are not counted by the guard',
    file: 'domain/sync/guard.ts',
    find: 'tally.reduce((sum, entry) => sum + entry.count, 0)',
    replace: '0',
  },
  {
    name: 'advance the token without owed',
    mistake: 'the token moves on, and what the delta named is not noted as owed',
    file: 'actors/profile/pull.ts',
    find: "  await learn(turn, each(wanted, { kind: 'reported' }));\n  const spokenOf",
    replace: '  const spokenOf',
  },
  {
    name: 'forget what only our own requests showed',
    mistake: 'what a write or read back showed before the delta did is not noted',
    file: 'actors/profile/own-traces.ts',
    find: 'if (stored.token === null || stored.unseen.includes(ref)) return;',
    replace: 'if (stored.rev >= 0) return;',
  },
  {
    name: 'a token that stands still has seen what it showed',
    mistake: 'what a delta showed without moving its token is not expected of the next one',
    file: 'actors/profile/pull.ts',
    find: 'const ahead = page.token === token ? [...alive] : [];',
    replace: 'const ahead: string[] = [];',
  },
  {
    name: 'read the ctag after the listing',
    mistake: 'a change between a listing and its ctag is never seen',
    file: 'providers/caldav/list.ts',
    find: "  const { ctag } = await describeVersion(dav, calendar, ['cs:getctag']);\n  return { token: null, ctag, more: false, resources: await listByPropfind(dav, calendar) };",
    replace:
      "  const resources = await listByPropfind(dav, calendar);\n  const { ctag } = await describeVersion(dav, calendar, ['cs:getctag']);\n  return { token: null, ctag, more: false, resources };",
  },
  {
    name: 'relink on the first 401',
    mistake: 'one refused login is enough to ask the person to connect again',
    file: 'domain/errors.ts',
    find: "  unauthorized: 'auth_suspect',",
    replace: "  unauthorized: 'auth_revoked',",
  },
  {
    name: 'make up the evidence',
    mistake: 'a removal is recorded on a direct answer that nobody gave',
    file: 'domain/sync/guard.ts',
    find: '  const holdAll = suspicious || input.breakerHolds;\n  const believed = holdAll ? [] : proved;\n',
    replace:
      "  const holdAll = false;\n  const believed = proved.map((one) => ({ ...one, evidence: { kind: 'direct_get', request: '', status: 200, collectionStatus: 500, atMs: nowMs } as Evidence }));\n",
  },
  {
    name: 'refusals within a moment are proof',
    mistake: 'three refused logins in a row are enough, however quickly they came',
    file: 'config/policies.ts',
    find: '  relinkAfterMs: 30 * minute,',
    replace: '  relinkAfterMs: 0,',
  },
  {
    name: 'the guard forgets within the hour',
    mistake: 'removals are counted over one hour in place of a day',
    file: 'config/policies.ts',
    find: '  windowMs: 1 * day,',
    replace: '  windowMs: 1 * hour,',
  },
  {
    name: 'what the list of calendars leaves out is gone',
    mistake: 'a calendar that a list leaves out is recorded as gone',
    file: 'actors/profile/listing.ts',
    find: 'const got = await provider.getCalendar(session, calendar.ref);',
    replace:
      "const got = { kind: 'gone' as string, evidence: { kind: 'tombstone', request: session.root.home, status: provider.name.length, atMs: 0 } as never };",
  },
  {
    name: 'tombstones are believed while removals are held',
    mistake: 'the breaker does not hold what a server names as removed',
    file: 'domain/sync/guard.ts',
    find: 'suspicious || input.breakerHolds;',
    replace: 'suspicious;',
  },
  {
    name: 'a calendar ends while removals are held',
    mistake: 'a calendar is recorded as gone although the breaker holds removals',
    file: 'actors/profile/listing.ts',
    find: '  if (removalsHeld(activation)) return false;\n',
    replace: '',
  },
  {
    name: 'a write believes a 404 while removals are held',
    mistake: 'a write records its event as removed although the breaker holds removals',
    file: 'actors/profile/write-commit.ts',
    find: 'called?.live === 1 && removalsHeld(activation);',
    replace: 'called?.live === 1 && removalsHeld(activation) === null;',
  },
  {
    name: 'stamps count as changes',
    mistake: 'an event that is only stored again, with other stamps, is told as a change',
    file: 'domain/normalise.ts',
    find: 'const resource = known ?? parseResource(body);',
    replace:
      "const read = known ?? parseResource(body);\n    const stamp = /^DTSTAMP:.*/m.exec(body)?.[0] ?? '';\n    const resource = known ?? { ...read, observedHash: `${read.observedHash}${stamp}` };",
  },
  {
    name: 'a new description is no change',
    mistake: 'a description that a person changes is an observation that nobody is told of',
    file: 'domain/hashes.ts',
    find: '  const { reminders: _reminders, ...shown } = component;',
    replace: '  const { reminders: _reminders, description: _description, ...shown } = component;',
  },
  {
    name: 'bury what is only written again',
    mistake: 'an occurrence that stands is buried when its resource is laid out again',
    file: 'domain/projection/lay-out.ts',
    find: '  for (const occurrence of occurrences) {\n',
    replace:
      '  for (const occurrence of resource.etag?.includes("7") === true ? occurrences.slice(1) : occurrences) {\n',
  },
  {
    name: 'a calendar that changes its name keeps it',
    mistake: 'the projection of a calendar keeps the name that it had first',
    file: 'domain/projection/project.ts',
    find: '        ...change.calendar,\n',
    replace: '        ...change.calendar,\n        name: known?.name ?? change.calendar.name,\n',
  },
];
