/** Mistakes in the store, in providers and in the API. */
import type { Mutation } from './mutation.ts';

export const mutationsAtTheEdges: readonly Mutation[] = [
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
    name: 'project before append',
    file: 'store/commit.ts',
    find: 'await insertCommit(deps.documents, commit);',
    replace: 'void insertCommit(deps.documents, commit).catch(() => undefined);',
  },
  {
    name: 'read the ctag after the listing',
    file: 'providers/caldav/list.ts',
    find: "  const { ctag } = await describeVersion(dav, calendar, ['cs:getctag']);\n  return { token: null, ctag, more: false, resources: await listByPropfind(dav, calendar) };",
    replace:
      "  const resources = await listByPropfind(dav, calendar);\n  const { ctag } = await describeVersion(dav, calendar, ['cs:getctag']);\n  return { token: null, ctag, more: false, resources };",
  },
  {
    name: 'ask the calendar server for each read',
    file: 'services/api/read-events.ts',
    find: '    async first(listing, caller, params, baseUrl) {\n',
    replace:
      "    async first(listing, caller, params, baseUrl) {\n      const [asked_] = await documents.find('profilesOfAccount', { accountId: caller.accountId });\n      const credentials = { kind: 'none' };\n      const { signal } = new AbortController();\n      await (context.providerOf('caldav') as unknown as { probe(session: unknown): Promise<void> }).probe({ root: asked_?.root, credentials, signal }).catch(() => undefined);\n",
  },
  {
    name: 'every second write is called invalid',
    file: 'services/api/intake.ts',
    find: '      const intent = await inTurn(profileId, () => insert(caller, profileId, wish));\n',
    replace:
      "      const intent = await inTurn(profileId, () => insert(caller, profileId, wish));\n      if (intent.n % 2 === 0) throw new KalendsError('invalid_input', 'no');\n",
  },
  {
    name: 'writes to a profile that backs off are refused',
    file: 'services/api/permission.ts',
    find: "  profile.state.name === 'relink_required' || profile.state.name === 'disconnected';",
    replace: "  profile.state.name !== 'live' && profile.state.name !== 'connecting';",
  },
  {
    name: 'own appends are taken for those of a second owner',
    file: 'store/commit.ts',
    find: '        await insertCommit(deps.documents, commit);\n',
    replace:
      "        if (commit.seq % 5 === 0 && commit.atMs % 3 === 0) throw new KalendsError('second_owner', 'no');\n        await insertCommit(deps.documents, commit);\n",
  },
];
