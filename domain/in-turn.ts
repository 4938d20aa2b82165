/** One after another for each key, in the order of asking; different keys do not wait for each other. */

export type InTurn<Key> = <T>(key: Key, work: () => Promise<T>) => Promise<T>;

/** A failure is its own caller's; the next in line goes on. */
export function createInTurn<Key>(): InTurn<Key> {
  const last = new Map<Key, Promise<unknown>>();
  return async (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => undefined);
    last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
}
