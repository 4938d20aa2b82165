/** Slots: how many deliveries are under way at once, in all and for each host; who waits goes first come, first served. */

export type Release = () => void;

export interface Slots {
  /** Resolves with the way to give the slot back; null when the slots are closed first. */
  take(host: string): Promise<Release | null>;
  /** Sends away everyone who waits; slots that are taken stay so until they are given back. */
  close(): void;
}

interface Waiting {
  readonly host: string;
  readonly go: (release: Release | null) => void;
}

/** A host that has its share waits, and those behind it that go elsewhere pass. */
export function createSlots(total: number, perHost: number): Slots {
  const taken = new Map<string, number>();
  const queue = new Set<Waiting>();
  let all = 0;
  let isClosed = false;

  const room = (host: string): boolean => all < total && (taken.get(host) ?? 0) < perHost;

  function grant(host: string): Release {
    all += 1;
    taken.set(host, (taken.get(host) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      all -= 1;
      const left = (taken.get(host) ?? 1) - 1;
      if (left === 0) taken.delete(host);
      else taken.set(host, left);
      admit();
    };
  }

  function admit(): void {
    for (const one of queue) {
      if (all >= total) return;
      if (!room(one.host)) continue;
      queue.delete(one);
      one.go(grant(one.host));
    }
  }

  return {
    take: (host) => {
      if (isClosed) return Promise.resolve(null);
      if (room(host)) return Promise.resolve(grant(host));
      return new Promise((go) => queue.add({ host, go }));
    },
    close: () => {
      isClosed = true;
      for (const one of queue) one.go(null);
      queue.clear();
    },
  };
}
