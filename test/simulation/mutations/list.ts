/** Deliberate mistakes in the real code, each of which the simulation must notice. */

export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** Occurs exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const mutations: readonly Mutation[] = [
  {
    name: 'trust absence',
    file: 'domain/sync/guard.ts',
    find: 'const proved = nominations.filter((one): one is Nomination & { evidence: Evidence } => one.evidence !== null);',
    replace:
      "const proved = nominations.map((one) => ({ ...one, evidence: one.evidence ?? { kind: 'tombstone', request: 'none', status: 404, atMs: nowMs } }) as Nomination & { evidence: Evidence });",
  },
  {
    name: 'trust a multiget 404',
    file: 'actors/profile/owed.ts',
    find: 'await learn(turn, afterFetch(refs, missing, unanswered));',
    replace:
      "await learn(turn, each([...missing], { kind: 'verified_gone', evidence: { kind: 'tombstone', request: 'multiget', status: 404, atMs: 0 } })); await learn(turn, afterFetch(refs.filter((ref) => !missing.has(ref)), new Set(), unanswered));",
  },
  {
    name: 'take silence for deletion',
    file: 'actors/profile/owed.ts',
    find: 'await learn(turn, afterFetch(refs, missing, unanswered));',
    replace:
      "await learn(turn, each([...unanswered], { kind: 'verified_gone', evidence: { kind: 'tombstone', request: 'multiget', status: 404, atMs: 0 } })); await learn(turn, afterFetch(refs.filter((ref) => !unanswered.has(ref)), missing, new Set()));",
  },
  {
    name: 'one question is proof',
    file: 'providers/caldav/fetch.ts',
    find: 'const response = await ask();\n',
    replace: 'const response = first;\n',
  },
  {
    name: 'a cut document is whole',
    file: 'providers/caldav/xml/parse.ts',
    find: '      this.#parser.close();\n',
    replace: '',
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
    name: 'skip If-Match',
    file: 'providers/caldav/write.ts',
    find: "return { 'if-match': isWeak(etag) ? await strongCondition(dav, path, etag) : etag };",
    replace: 'return {};',
  },
  {
    name: 'a page is an answer to a write',
    file: 'providers/caldav/write.ts',
    find: 'if (!succeeded(status) || ',
    replace: 'if (status > 0 || ',
  },
  {
    name: 'acknowledge before durable',
    file: 'services/api/intake.ts',
    find: "await context.documents.insert('intents', intent);",
    replace: "void context.documents.insert('intents', intent).catch(() => undefined);",
  },
  {
    name: 'echo own writes',
    file: 'domain/notification/relevance.ts',
    find: "  if (commit.cause === 'write') return false;\n",
    replace: '',
  },
  {
    name: 'notify before projecting',
    file: 'actors/subscriber/facts.ts',
    find: 'const part = await log.read(profile._id, after, profile.projectedSeq, room);',
    replace: 'const part = await log.read(profile._id, after, profile.projectedSeq + 1, room);',
  },
  {
    name: 'project before append',
    file: 'store/commit.ts',
    find: 'await insertCommit(deps.documents, commit);',
    replace: 'void insertCommit(deps.documents, commit).catch(() => undefined);',
  },
  {
    name: 'advance the token without owed',
    file: 'actors/profile/pull.ts',
    find: "  await learn(turn, each(wanted, { kind: 'reported' }));\n  const spokenOf",
    replace: '  const spokenOf',
  },
  {
    name: 'forget what only our own requests showed',
    file: 'actors/profile/own-traces.ts',
    find: 'if (stored.token === null || stored.unseen.includes(ref)) return;',
    replace: 'if (stored.rev >= 0) return;',
  },
  {
    name: 'read the ctag after the listing',
    file: 'providers/caldav/list.ts',
    find: "  const { ctag } = await describeVersion(dav, calendar, ['cs:getctag']);\n  return { token: null, ctag, more: false, resources: await listByPropfind(dav, calendar) };",
    replace:
      "  const resources = await listByPropfind(dav, calendar);\n  const { ctag } = await describeVersion(dav, calendar, ['cs:getctag']);\n  return { token: null, ctag, more: false, resources };",
  },
  {
    name: 'fold newest wins',
    file: 'domain/sync/fold.ts',
    find: 'applyPatch(state.wanted ?? nothing, intent.wish.patch)',
    replace: 'applyPatch(nothing, intent.wish.patch)',
  },
  {
    name: 'order by clock',
    file: 'actors/profile/supervisor.ts',
    find: "activation.openIntents = await documents.find('openIntentsOfProfile', open, { limit: intentsAtOnce });",
    replace:
      "activation.openIntents = (await documents.find('openIntentsOfProfile', open, { limit: intentsAtOnce })).toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);",
  },
  {
    name: 'drop the attempt record',
    file: 'actors/profile/intents.ts',
    find: "{ ...intent, state: 'attempting', attempt, attempts: attempt.number }",
    replace: "{ ...intent, state: 'attempting', attempt: null, attempts: attempt.number }",
  },
  {
    name: 'read nothing back',
    file: 'actors/profile/read-back.ts',
    find: 'const found = await settleIfLanded(turn, intent, attempt);',
    replace: "const found = attempt.number > 0 ? 'something_else' : await settleIfLanded(turn, intent, attempt);",
  },
  {
    name: 'forget calls that may come late',
    file: 'actors/profile/late-calls.ts',
    find: '  change(activation, { lateCalls });\n  await save(activation);\n',
    replace: '',
  },
  {
    name: 'no generation in the name',
    file: 'domain/sync/reconcile.ts',
    find: '-g${generation}`',
    replace: '`',
  },
  {
    name: 'carry out again what the log calls carried out',
    file: 'actors/profile/push.ts',
    find: 'turn.intents.filter((one) => one.n <= (applied?.throughN ?? 0))',
    replace: 'turn.intents.filter((one) => one.n < 0)',
  },
  {
    name: 'make anew, or call removed, what may only have moved',
    file: 'actors/profile/push.ts',
    find: '  if (await looksElsewhere(turn)) return;\n',
    replace: '',
  },
  {
    name: 'leave behind what moved',
    file: 'actors/profile/moves.ts',
    find: 'changes: [...batch.changes, ...moves]',
    replace: 'changes: batch.changes',
  },
  {
    name: 'no re-check of authorisation',
    file: 'actors/profile/permission.ts',
    find: 'if (missing.length === 0) return null;',
    replace: 'if (missing.length >= 0) return null;',
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
    name: 'no replay after a crash',
    file: 'actors/profile/activation.ts',
    find: 'const replayed = await deps.log.replay(profileId, projected, horizonOf(profile));',
    replace: 'const replayed = { head: await deps.log.head(profileId), horizon: horizonOf(profile), projected };',
  },
  {
    name: 'tell of the latest change alone',
    file: 'domain/notification/plan.ts',
    find: 'const sinceMs = Math.min(subscriber.toldAtMs, span.earliestAtMs);',
    replace: 'const sinceMs = Math.max(subscriber.toldAtMs, span.latestAtMs);',
  },
  {
    name: 'take a refused notification for told',
    file: 'actors/subscriber/attempt.ts',
    find: "if (answer.kind === 'accepted') return acknowledged(subscriber, inFlight, nowMs);",
    replace: 'if (nowMs > 0) return acknowledged(subscriber, inFlight, nowMs);',
  },
  {
    name: 'relink on the first 401',
    file: 'config/policies.ts',
    find: '  relinkAfterRefusals: 3,',
    replace: '  relinkAfterRefusals: 1,',
  },
  {
    name: 'refuse some writes for no reason',
    file: 'actors/profile/push.ts',
    find: '  if (refusal !== null) return endRefused(turn, refusal);\n',
    replace:
      "  if (refusal !== null) return endRefused(turn, refusal);\n  if (turn.intents.some((one) => one.n % 4 === 0)) return refuse(turn, { code: 'internal', description: 'no' });\n",
  },
  {
    name: 'refuse writes while the profile is not live',
    file: 'actors/profile/push.ts',
    find: '  if (refusal !== null) return endRefused(turn, refusal);\n',
    replace:
      "  if (refusal !== null) return endRefused(turn, refusal);\n  if (activation.profile.state.name !== 'live') return refuse(turn, { code: 'internal', description: 'no' });\n",
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
    name: 'look for no lost nudges',
    file: 'actors/subscriber/rounds.ts',
    find: '  for (const profile of fresh) void nudged.request(profile._id);\n',
    replace: '',
  },
  {
    name: 'ask the calendar server for each read',
    file: 'services/api/read-events.ts',
    find: '    async first(listing, caller, params, baseUrl) {\n',
    replace:
      "    async first(listing, caller, params, baseUrl) {\n      const [asked_] = await documents.find('profilesOfAccount', { accountId: caller.accountId });\n      const credentials = { kind: 'none' };\n      const { signal } = new AbortController();\n      await (context.providerOf('caldav') as unknown as { probe(session: unknown): Promise<void> }).probe({ root: asked_?.root, credentials, signal }).catch(() => undefined);\n",
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
    name: 'wall-clock lease',
    file: 'actors/runtime/membership.ts',
    find: `(renewedAtMs === null ? 0 : Math.max(0, lengthMs - (clock.monotonic() - renewedAtMs)));
  return {
    renewed(sinceMs) {
`,
    replace: `(renewedAtMs === null ? 0 : Math.max(0, lengthMs - (wall() - wallAtMs)));
  const wall = (): number => (clock as unknown as { now(): number }).now();
  let wallAtMs = 0;
  return {
    renewed(sinceMs) {
      wallAtMs = wall() - (clock.monotonic() - sinceMs);
`,
  },
  {
    name: 'no fence before a write',
    file: 'actors/profile/activation.ts',
    find: 'if (deps.mayWrite(profile.slot, timeouts.writeMs)) return;',
    replace: 'if (timeouts.writeMs > 0) return;',
  },
  {
    name: 'what the list of calendars leaves out is gone',
    file: 'actors/profile/listing.ts',
    find: 'const got = await provider.getCalendar(session, calendar.ref);',
    replace:
      "const got = { kind: 'gone' as string, evidence: { kind: 'tombstone', request: session.root.home, status: provider.name.length, atMs: 0 } as never };",
  },
  {
    name: 'what went with its calendar does not come back with it',
    file: 'actors/profile/push.ts',
    find: '  if (!givesUp && (await cameBack(turn))) return;\n',
    replace: '',
  },
  {
    name: 'a bulk delete leaves one out',
    file: 'actors/profile/bulk-delete.ts',
    find: '{ limit: pageSize });',
    replace: '{ limit: pageSize }).then((all) => all.slice(0, -1));',
  },
  {
    name: 'a bulk delete goes beyond its calendars',
    file: 'actors/profile/bulk-delete.ts',
    find: '(calendarIds?.includes(event.calendarId) ?? true)',
    replace: '(calendarIds?.includes(event.calendarId) !== null)',
  },
  {
    name: 'later writes do not wait for a bulk delete',
    file: 'domain/sync/agenda.ts',
    find: '      barriers.push(intent);\n',
    replace: '',
  },
  {
    name: 'a batch loses its last write',
    file: 'actors/profile/write-here.ts',
    find: 'changes: carried.flatMap((one) => one.changes),',
    replace: 'changes: carried.slice(0, Math.max(1, carried.length - 1)).flatMap((one) => one.changes),',
  },
  {
    name: 'a batch writes again what the log knows',
    file: 'actors/profile/write-here.ts',
    find: '  if (event.intents.some((one) => one.n <= throughN)) return null;\n',
    replace: '  if (event.intents.some((one) => one.n < 0 * throughN)) return null;\n',
  },
  {
    name: 'a batch asks for no permission',
    file: 'actors/profile/write-here.ts',
    find: '  if ((await mayCarryOut(activation, event)) !== null) return null;\n',
    replace: '',
  },
  {
    name: 'tombstones are believed while removals are held',
    file: 'domain/sync/guard.ts',
    find: 'suspicious || input.breakerHolds;',
    replace: 'suspicious;',
  },
  {
    name: 'a calendar ends while removals are held',
    file: 'actors/profile/listing.ts',
    find: '  if (removalsHeld(activation)) return false;\n',
    replace: '',
  },
  {
    name: 'a write believes a 404 while removals are held',
    file: 'actors/profile/write-commit.ts',
    find: 'called?.live === 1 && removalsHeld(activation);',
    replace: 'called?.live === 1 && removalsHeld(activation) === null;',
  },
];
