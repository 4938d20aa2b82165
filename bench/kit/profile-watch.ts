/** Between the actors and the store: tells when profile documents became durable, to the moment. */
import type { ProfileDoc } from '../../domain/profile.ts';
import type { Documents } from '../../store/documents.ts';

export interface ProfileWatch {
  /** What `createNode` puts around the store. */
  readonly around: (documents: Documents) => Documents;
  /** The next profile that is inserted. */
  inserted(): Promise<Stored>;
  /** The next profile of which this holds. */
  stored(holds: (profile: ProfileDoc) => boolean): Promise<Stored>;
}

export interface Stored {
  readonly profile: ProfileDoc;
  /** When its document was durable, by `performance.now()`. */
  readonly atMs: number;
}

interface Waiting {
  readonly holds: (profile: ProfileDoc) => boolean;
  readonly tell: (stored: Stored) => void;
}

export function createProfileWatch(): ProfileWatch {
  const inserts = new Set<Waiting>();
  const replaces = new Set<Waiting>();
  const wait = (among: Set<Waiting>, holds: Waiting['holds']): Promise<Stored> =>
    new Promise((resolve) => among.add({ holds, tell: resolve }));
  return {
    around: (documents) => watched(documents, inserts, replaces),
    inserted: () => wait(inserts, () => true),
    stored: (holds) => wait(replaces, holds),
  };
}

function tell(among: Set<Waiting>, profile: ProfileDoc): void {
  const atMs = performance.now();
  for (const one of among) {
    if (!one.holds(profile)) continue;
    among.delete(one);
    one.tell({ profile, atMs });
  }
}

/** A proxy, because an engine keeps private fields that only the object itself can reach. */
function watched(documents: Documents, inserts: Set<Waiting>, replaces: Set<Waiting>): Documents {
  const insert: Documents['insert'] = async (collection, document) => {
    await documents.insert(collection, document);
    if (collection === 'profiles') tell(inserts, document as unknown as ProfileDoc);
  };
  const replace: Documents['replace'] = async (collection, document, expectedRev) => {
    const replaced = await documents.replace(collection, document, expectedRev);
    if (replaced && collection === 'profiles') tell(replaces, document as unknown as ProfileDoc);
    return replaced;
  };
  const own = new Map<string | symbol, unknown>([
    ['insert', insert],
    ['replace', replace],
  ]);
  return new Proxy(documents, {
    get(target, name) {
      if (own.has(name)) return own.get(name);
      const value: unknown = Reflect.get(target, name);
      const bound: unknown = typeof value === 'function' ? value.bind(target) : value;
      own.set(name, bound);
      return bound;
    },
  });
}
