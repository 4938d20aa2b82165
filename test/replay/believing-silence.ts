/** A provider that makes the mistake of February 2020: what a multiget passes over in silence it calls gone. */
import type { Provider, Session } from '../../providers/provider.ts';

/**
 * For tests alone: its evidence is made up, as a client that trusts absence makes it up. With `asksForAll` it also asks
 * for everything that it knows of a calendar whenever something changed there, and lets that say what is gone.
 */
export function believingSilence(
  provider: Provider,
  believes: () => boolean,
  now: () => number,
  asksForAll = false,
): Provider {
  const passedOver = new Set<string>();
  const known = new Map<string, Set<string>>();
  const keyOf = ({ root }: Session, calendar: string): string => `${root['home'] ?? ''} ${calendar}`;
  const knownIn = (key: string): Set<string> => known.get(key) ?? known.set(key, new Set()).get(key) ?? new Set();
  return {
    ...provider,
    list: async (session, calendar, options) => {
      const listing = await provider.list(session, calendar, options);
      for (const { ref } of listing.resources) knownIn(keyOf(session, calendar)).add(ref);
      return listing;
    },
    changes: async (session, calendar, token) => {
      const page = await provider.changes(session, calendar, token);
      const refs = knownIn(keyOf(session, calendar));
      for (const { ref } of page.changed) refs.add(ref);
      if (!asksForAll || !believes() || page.changed.length + page.removed.length === 0) return page;
      const named = new Set(page.changed.map((one) => one.ref));
      const others = [...refs].filter((ref) => !named.has(ref));
      const all = [...page.changed, ...others.map((ref) => ({ ref, etag: null, observation: null }))];
      return { ...page, changed: all, removed: [] };
    },
    fetch: async (session, calendar, refs) => {
      const fetched = await provider.fetch(session, calendar, refs);
      const key = (ref: string): string => `${keyOf(session, calendar)} ${ref}`;
      for (const ref of refs) passedOver.delete(key(ref));
      if (!believes()) return fetched;
      for (const ref of fetched.unanswered) passedOver.add(key(ref));
      return { ...fetched, unanswered: [], missing: [...fetched.missing, ...fetched.unanswered] };
    },
    get: async (session, calendar, ref) => {
      knownIn(keyOf(session, calendar)).delete(ref);
      if (!passedOver.delete(`${keyOf(session, calendar)} ${ref}`)) return provider.get(session, calendar, ref);
      const evidence = { kind: 'direct_get', request: `GET ${ref}`, status: 404, collectionStatus: 207 } as const;
      return { kind: 'gone', evidence: { ...evidence, atMs: now() } };
    },
  };
}
