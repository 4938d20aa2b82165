/** A provider that makes the mistake of February 2020: what a multiget passes over in silence it calls gone. */
import type { Provider } from '../../providers/provider.ts';

/** For tests alone: its evidence is made up, as a client that trusts absence makes it up. */
export function believingSilence(provider: Provider, believes: () => boolean, now: () => number): Provider {
  const passedOver = new Set<string>();
  return {
    ...provider,
    fetch: async (session, calendar, refs) => {
      const fetched = await provider.fetch(session, calendar, refs);
      const key = (ref: string): string => `${session.root['home'] ?? ''} ${calendar} ${ref}`;
      for (const ref of refs) passedOver.delete(key(ref));
      if (!believes()) return fetched;
      for (const ref of fetched.unanswered) passedOver.add(key(ref));
      return { ...fetched, unanswered: [], missing: [...fetched.missing, ...fetched.unanswered] };
    },
    get: async (session, calendar, ref) => {
      if (!passedOver.delete(`${session.root['home'] ?? ''} ${calendar} ${ref}`))
        return provider.get(session, calendar, ref);
      const evidence = { kind: 'direct_get', request: `GET ${ref}`, status: 404, collectionStatus: 207 } as const;
      return { kind: 'gone', evidence: { ...evidence, atMs: now() } };
    },
  };
}
