/** The coverage: which faults met which states, which states there were, and at which awaits processes died. */

export interface Coverage {
  /** They changed the answer to a request that met these states: `profile live`, `calendar initial`, `item owed`. */
  faults(fired: readonly string[], states: readonly string[]): void;
  /** What was stored. */
  state(name: string): void;
  /** A process died while this was asked; `done`: it had its effect all the same. */
  crash(name: string, done: boolean): void;
  store(name: string, trouble: string): void;
  webhook(trouble: string): void;
  asked(name: string): void;
  /** It came while removals were held. */
  underBreaker(what: string): void;
  /** How often each was hit. */
  readonly hits: ReadonlyMap<string, number>;
  /** Adds the hits of another. */
  add(hits: Iterable<readonly [string, number]>): void;
}

export function createCoverage(): Coverage {
  const hits = new Map<string, number>();
  const hit = (key: string, times = 1): void => void hits.set(key, (hits.get(key) ?? 0) + times);
  return {
    hits,
    faults: (fired, states) => {
      for (const fault of fired) {
        hit(`fault ${fault}`);
        for (const state of states) hit(`fault ${fault} × ${state}`);
      }
    },
    state: (name) => hit(`state ${name}`),
    crash: (name, done) => {
      hit(`crash ${name}`);
      if (done) hit(`crash ${name} done`);
    },
    store: (name, trouble) => hit(`store ${name} ${trouble}`),
    webhook: (trouble) => hit(`webhook ${trouble}`),
    asked: (name) => hit(`asked ${name}`),
    underBreaker: (what) => hit(`held ${what}`),
    add: (all) => {
      for (const [key, times] of all) hit(key, times);
    },
  };
}
