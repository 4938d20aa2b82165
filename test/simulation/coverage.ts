/** The coverage: which faults met which states, and between which awaits processes died. */
import type { Watch } from './watch.ts';

export interface Coverage {
  faults(fired: readonly string[], watch: Pick<Watch, 'profileState' | 'calendarStates'>, profileId: string): void;
  /** A process died while this was asked; `done`: it had its effect all the same. */
  crash(name: string, done: boolean): void;
  store(name: string, trouble: string): void;
  webhook(trouble: string): void;
  asked(name: string, life: unknown): void;
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
    faults: (fired, watch, profileId) => {
      if (fired.length === 0) return;
      const states = new Set(watch.calendarStates(profileId));
      for (const fault of fired) {
        hit(`fault ${fault}`);
        hit(`fault ${fault} × profile ${watch.profileState(profileId)}`);
        for (const state of states) hit(`fault ${fault} × calendar ${state}`);
      }
    },
    crash: (name, done) => {
      hit(`crash ${name}`);
      if (done) hit(`crash ${name} done`);
    },
    store: (name, trouble) => hit(`store ${name} ${trouble}`),
    webhook: (trouble) => hit(`webhook ${trouble}`),
    asked: (name) => hit(`asked ${name}`),
    add: (all) => {
      for (const [key, times] of all) hit(key, times);
    },
  };
}
