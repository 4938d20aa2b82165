/** Mistakes in what acts: profiles and subscribers. */
import type { Mutation } from './mutation.ts';

export const mutationsInActors: readonly Mutation[] = [
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
    name: 'notify before projecting',
    file: 'actors/subscriber/facts.ts',
    find: 'const part = await log.read(profile._id, after, profile.projectedSeq, room);',
    replace: 'const part = await log.read(profile._id, after, profile.projectedSeq + 1, room);',
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
    name: 'no replay after a crash',
    file: 'actors/profile/activation.ts',
    find: 'const replayed = await deps.log.replay(profileId, projected, horizonOf(profile));',
    replace: 'const replayed = { head: await deps.log.head(profileId), horizon: horizonOf(profile), projected };',
  },
  {
    name: 'take a refused notification for told',
    file: 'actors/subscriber/attempt.ts',
    find: "if (answer.kind === 'accepted') return acknowledged(subscriber, inFlight, nowMs);",
    replace: 'if (nowMs > 0) return acknowledged(subscriber, inFlight, nowMs);',
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
    name: 'look for no lost nudges',
    file: 'actors/subscriber/rounds.ts',
    find: '  for (const profile of fresh) void nudged.request(profile._id);\n',
    replace: '',
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
  {
    name: 'a calendar that came back is gone for writes',
    file: 'actors/profile/permission.ts',
    find: '  if (calendar.deleted)\n',
    replace: '  if (calendar.deleted || activation.profile.calendars[event.calendarId]?.backSeq !== undefined)\n',
  },
  {
    name: 'write twice what a person changed before',
    file: 'actors/profile/push.ts',
    find: '  const stored = await callPut(turn, planned, body);\n',
    replace: `  const first = await callPut(turn, planned, body);
  const again = first.etag !== null && turn.resource?.body.includes('LOCATION:room') === true;
  const { provider, session } = turn.activation;
  const target = { calendar: turn.calendar, ref: first.ref, body, format: 'icalendar' as const };
  const stored = again ? await provider.put(session, { ...target, precondition: { kind: 'etag', etag: first.etag } }) : first;
`,
  },
  {
    name: 'skip the read back when the permission ended',
    file: 'actors/profile/push.ts',
    find: '  if (open?.attempt) return readBack(turn, open, open.attempt);\n',
    replace: '  if (open?.attempt && refusal === null) return readBack(turn, open, open.attempt);\n',
  },
  {
    name: 'a settled write is forgotten',
    file: 'actors/profile/listing.ts',
    find: "  await activation.deps.documents.remove('checkpoints', [calendarId]);\n",
    replace:
      "  await activation.deps.documents.remove('checkpoints', [calendarId]);\n  const { documents } = activation.deps;\n  const all = await documents.find('intentsOfProfile', { profileId: activation.profile._id });\n  await documents.remove('intents', all.filter((one) => one.open === 0).map((one) => one._id));\n",
  },
];
