/** Mistakes about accepted writes: their order, their one effect, and their ends. */
import type { Mutation } from './mutation.ts';

export const writing: readonly Mutation[] = [
  {
    name: 'skip If-Match',
    mistake: 'an update or delete is sent without the etag that it is based on',
    file: 'providers/caldav/write.ts',
    find: "return { 'if-match': isWeak(etag) ? await strongCondition(dav, path, etag) : etag };",
    replace: 'return {};',
  },
  {
    name: 'a page is an answer to a write',
    mistake: 'whatever answers a write is taken for success',
    file: 'providers/caldav/write.ts',
    find: 'if (!succeeded(status) || ',
    replace: 'if (status > 0 || ',
  },
  {
    name: 'acknowledge before durable',
    mistake: 'a write is answered with 202 before it is in the store',
    file: 'services/api/intake.ts',
    find: "await context.documents.insert('intents', intent);",
    replace: "void context.documents.insert('intents', intent).catch(() => undefined);",
  },
  {
    name: 'fold newest wins',
    mistake: 'a patch replaces the earlier ones in place of being laid over them',
    file: 'domain/sync/fold.ts',
    find: 'applyPatch(state.wanted ?? nothing, intent.wish.patch)',
    replace: 'applyPatch(nothing, intent.wish.patch)',
  },
  {
    name: 'order by clock',
    mistake: "writes are carried out by the time on their node's clock, not in order of acceptance",
    file: 'actors/profile/supervisor.ts',
    find: "activation.openIntents = await documents.find('openIntentsOfProfile', open, { limit: intentsAtOnce });",
    replace:
      "activation.openIntents = (await documents.find('openIntentsOfProfile', open, { limit: intentsAtOnce })).toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);",
  },
  {
    name: 'drop the attempt record',
    mistake: 'a call begins without a durable record of it',
    file: 'actors/profile/intents.ts',
    find: "{ ...intent, state: 'attempting', attempt, attempts: attempt.number }",
    replace: "{ ...intent, state: 'attempting', attempt: null, attempts: attempt.number }",
  },
  {
    name: 'read nothing back',
    mistake: 'a call whose outcome is unknown is not looked for, and made again',
    file: 'actors/profile/read-back.ts',
    find: 'const found = await settleIfLanded(turn, intent, attempt);',
    replace: "const found = attempt.number > 0 ? 'something_else' : await settleIfLanded(turn, intent, attempt);",
  },
  {
    name: 'forget calls that may come late',
    mistake: 'calls that a server may still carry out are not kept',
    file: 'actors/profile/late-calls.ts',
    find: '  change(activation, { lateCalls });\n  await save(activation);\n',
    replace: '',
  },
  {
    name: 'no generation in the name',
    mistake: 'the next life of an event has the name of the one before it',
    file: 'domain/sync/reconcile.ts',
    find: '-g${generation}`',
    replace: '`',
  },
  {
    name: 'carry out again what the log calls carried out',
    mistake: 'a write that is in the log is carried out again',
    file: 'actors/profile/push.ts',
    find: 'turn.intents.filter((one) => one.n <= (applied?.throughN ?? 0))',
    replace: 'turn.intents.filter((one) => one.n < 0)',
  },
  {
    name: 'make anew, or call removed, what may only have moved',
    mistake: 'an event is not looked for under another name first',
    file: 'actors/profile/push.ts',
    find: '  if (await looksElsewhere(turn)) return;\n',
    replace: '',
  },
  {
    name: 'leave behind what moved',
    mistake: 'a move to another name is not recorded',
    file: 'actors/profile/moves.ts',
    find: 'changes: [...batch.changes, ...moves]',
    replace: 'changes: batch.changes',
  },
  {
    name: 'no re-check of authorisation',
    mistake: 'a write whose permission ended since it was accepted is carried out',
    file: 'actors/profile/permission.ts',
    find: 'if (missing === undefined) return null;',
    replace: 'if (missing !== null) return null;',
  },
  {
    name: 'refuse some writes for no reason',
    mistake: 'every fourth write is rejected',
    file: 'actors/profile/push.ts',
    find: '  if (refused !== null) return endRefused({ ...turn, intents: refused.intents }, refused.refusal);\n',
    replace:
      "  if (refused !== null) return endRefused({ ...turn, intents: refused.intents }, refused.refusal);\n  if (turn.intents.some((one) => one.n % 4 === 0)) return refuse(turn, { code: 'internal', description: 'no' });\n",
  },
  {
    name: 'refuse writes while the profile is not live',
    mistake: 'a write is rejected while its profile backs off or is quarantined',
    file: 'actors/profile/push.ts',
    find: '  if (refused !== null) return endRefused({ ...turn, intents: refused.intents }, refused.refusal);\n',
    replace:
      "  if (refused !== null) return endRefused({ ...turn, intents: refused.intents }, refused.refusal);\n  if (activation.profile.state.name !== 'live') return refuse(turn, { code: 'internal', description: 'no' });\n",
  },
  {
    name: 'call a write of a removed event written',
    mistake: 'a write that comes after the event was removed ends as written, without effect',
    file: 'domain/sync/reconcile.ts',
    find: '  const generation = lifeEnded &&',
    replace:
      "  if (lifeEnded) return { kind: 'settled', generation: state.generation, wanted: state.wanted };\n  const generation = lifeEnded &&",
  },
  {
    name: 'never write a location',
    mistake: 'the location is missing in what is sent',
    file: 'domain/sync/body.ts',
    find: 'fields: input.wanted,',
    replace: 'fields: { ...input.wanted, location: null },',
  },
  {
    name: 'keep the old time and place',
    mistake: 'an update changes neither time nor place',
    file: 'domain/sync/fold.ts',
    find: 'const merged: RequestedFields = { ...before, ...fields };',
    replace:
      'const { start, end, location } = before; const kept = { ...(start && { start }), ...(end && { end }), ...(location !== undefined && { location }) }; const merged: RequestedFields = { ...before, ...fields, ...kept };',
  },
  {
    name: 'expire writes within the hour',
    mistake: 'a write expires after ten minutes in place of seven days',
    file: 'config/policies.ts',
    find: 'expireAfterMs: 7 * day,',
    replace: 'expireAfterMs: 10 * minute,',
  },
  {
    name: 'refuse a write after one conflict',
    mistake: 'a write is rejected at its first conflict',
    file: 'config/policies.ts',
    find: 'conflictsMax: 3,',
    replace: 'conflictsMax: 0,',
  },
  {
    name: 'wall-clock lease',
    mistake: 'the lease is measured on a clock that people set',
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
    mistake: 'a write is started however little is left of the lease',
    file: 'actors/profile/activation.ts',
    find: 'if (deps.mayWrite(profile.slot, timeouts.writeMs)) return;',
    replace: 'if (timeouts.writeMs > 0) return;',
  },
  {
    name: 'a bulk delete leaves one out',
    mistake: 'the last event of each page is not deleted',
    file: 'actors/profile/bulk-delete.ts',
    find: '{ limit: pageSize });',
    replace: '{ limit: pageSize }).then((all) => all.slice(0, -1));',
  },
  {
    name: 'a bulk delete goes beyond its calendars',
    mistake: 'events of calendars that were not named are deleted as well',
    file: 'domain/sync/bulk.ts',
    find: '(wish.calendarIds ?? all)',
    replace: 'all',
  },
  {
    name: 'later writes do not wait for a bulk delete',
    mistake: 'what was accepted after a bulk delete is carried out before it',
    file: 'domain/sync/agenda.ts',
    find: '      for (const calendarId of left) barred.add(calendarId);\n',
    replace: '',
  },
  {
    name: 'a batch loses its last write',
    mistake: 'the last of the writes that are carried out together is not in the commit',
    file: 'actors/profile/write-here.ts',
    find: 'changes: carried.flatMap((one) => one.changes),',
    replace: 'changes: carried.slice(0, Math.max(1, carried.length - 1)).flatMap((one) => one.changes),',
  },
  {
    name: 'a batch writes again what the log knows',
    mistake: 'what is in the log is carried out again with the next batch',
    file: 'actors/profile/write-here.ts',
    find: '  if (event.intents.some((one) => one.n <= throughN)) return null;\n',
    replace: '  if (event.intents.some((one) => one.n < 0 * throughN)) return null;\n',
  },
  {
    name: 'a batch asks for no permission',
    mistake: 'writes of a batch are carried out whatever the application may do by then',
    file: 'actors/profile/write-here.ts',
    find: '  if ((await refusedOf(activation, event)) !== null) return null;\n',
    replace: '',
  },
  {
    name: 'a calendar that came back is gone for writes',
    mistake: 'writes to a calendar that was gone once are rejected for good',
    file: 'actors/profile/permission.ts',
    find: '  if (calendar.deleted)\n',
    replace: '  if (calendar.deleted || activation.profile.calendars[calendarId]?.backSeq !== undefined)\n',
  },
  {
    name: 'write twice what a person changed before',
    mistake: 'a write over what a person changed is sent a second time when it is done',
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
    mistake: 'a write of unknown outcome is called refused without a look at what it did',
    file: 'actors/profile/push.ts',
    find: '  if (open?.attempt) return readBack(turn, open, open.attempt);\n',
    replace: '  if (open?.attempt && refusal === null) return readBack(turn, open, open.attempt);\n',
  },
  {
    name: 'a settled write is forgotten',
    mistake: 'settled writes are removed with the checkpoint of a calendar that is gone',
    file: 'actors/profile/listing.ts',
    find: "  await activation.deps.documents.remove('checkpoints', [calendarId]);\n",
    replace:
      "  await activation.deps.documents.remove('checkpoints', [calendarId]);\n  const { documents } = activation.deps;\n  const all = await documents.find('intentsOfProfile', { profileId: activation.profile._id });\n  await documents.remove('intents', all.filter((one) => one.open === 0).map((one) => one._id));\n",
  },
  {
    name: 'every second write is called invalid',
    mistake: 'every second valid write is answered as invalid after it was accepted',
    file: 'services/api/intake.ts',
    find: '      const intent = await inTurn(profileId, () => insert(caller, profileId, wish));\n',
    replace:
      "      const intent = await inTurn(profileId, () => insert(caller, profileId, wish));\n      if (intent.n % 2 === 0) throw new KalendsError('invalid_input', 'no');\n",
  },
  {
    name: 'writes to a profile that backs off are refused',
    mistake: 'a profile that backs off is taken for one that its person has to connect again',
    file: 'services/api/permission.ts',
    find: "  profile.state.name === 'relink_required' || profile.state.name === 'disconnected';",
    replace: "  profile.state.name !== 'live' && profile.state.name !== 'connecting';",
  },
  {
    name: 'own appends are taken for those of a second owner',
    mistake: 'now and then an append ends as if a second owner had made it',
    file: 'store/commit.ts',
    find: '        await insertCommit(deps.documents, commit);\n',
    replace:
      "        if (commit.seq % 5 === 0 && commit.atMs % 3 === 0) throw new KalendsError('second_owner', 'no');\n        await insertCommit(deps.documents, commit);\n",
  },
];
