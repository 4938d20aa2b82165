/** Shares of what turns may use at once: whoever finds one used up waits outside, in no slot, until there is room. */

/** At most so many turns at once under one name, e.g. of one host. */
export interface Limit {
  readonly name: string;
  readonly atMost: number;
}

export type Taken =
  | { readonly kind: 'taken'; readonly giveBack: () => void }
  /** Nothing was taken; `share` is the one without room. */
  | { readonly kind: 'full'; readonly share: string };

export interface Shares {
  /** All of them or none. */
  take(limits: readonly Limit[]): Taken;
  /** As far as is known: judged by the limit that was last asked for. */
  hasRoom(share: string): boolean;
  /** Called whenever something is given back. */
  onRoom(listener: (share: string) => void): void;
}

interface Share {
  used: number;
  atMost: number;
}

/** Costs nothing for names of which nothing is taken. */
export function createShares(): Shares {
  const shares = new Map<string, Share>();
  const listeners: ((share: string) => void)[] = [];

  function giveBack(names: readonly string[]): void {
    for (const name of names) {
      const share = shares.get(name);
      if (share === undefined) continue;
      share.used -= 1;
      if (share.used === 0) shares.delete(name);
      for (const listener of listeners) listener(name);
    }
  }

  return {
    take(limits) {
      for (const { name, atMost } of limits) {
        const share = shares.get(name);
        if (share === undefined) continue;
        share.atMost = atMost;
        if (share.used >= atMost) return { kind: 'full', share: name };
      }
      for (const { name, atMost } of limits) {
        const share = shares.get(name);
        if (share === undefined) shares.set(name, { used: 1, atMost });
        else share.used += 1;
      }
      let given = false;
      return {
        kind: 'taken',
        giveBack() {
          if (given) return;
          given = true;
          giveBack(limits.map((one) => one.name));
        },
      };
    },
    hasRoom(name) {
      const share = shares.get(name);
      return share === undefined || share.used < share.atMost;
    },
    onRoom: (listener) => void listeners.push(listener),
  };
}
