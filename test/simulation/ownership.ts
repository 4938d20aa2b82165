/**
 * Which nodes believe that they run the profiles, and whose leases are renewed: ownership moves as the cluster moves it,
 * when the old lease has run out, while the old owner may not have heard of it yet; or it is doubled on purpose.
 */
import { membership } from '../../config/policies.ts';

export interface Ownership {
  believes(node: number): boolean;
  /** A lease is renewed by heartbeats; who cannot make any is taken for dead by the others, and hears of that later. */
  renews(node: number): boolean;
  /** To one node: the others are cut off from now on. To several: they all believe it, and all of them renew. */
  move(to: readonly number[]): void;
  /** Those whose heartbeats are seen. */
  owners(): readonly number[];
  /** When several last believed it, or one took over. */
  contestedAtMs(): number;
  died(node: number): void;
  started(node: number): void;
}

interface Span {
  readonly fromMs: number;
  /** Infinity: it is not cut off. */
  readonly renewsUntilMs: number;
  readonly untilMs: number;
}

/** The store, whose heartbeats decide, comes back to who was cut off after this long. */
const newsMs = 45_000;

export function createOwnership(now: () => number): Ownership {
  const living = new Set<number>();
  const spans = new Map<number, Span>();
  const own = (node: number, fromMs: number): void =>
    void spans.set(node, { fromMs, renewsUntilMs: Infinity, untilMs: Infinity });
  const owners = (): number[] => [...spans].filter(([, one]) => one.renewsUntilMs === Infinity).map(([node]) => node);
  let movedAtMs = -Infinity;
  /** A new owner waits until it has seen no heartbeat for long enough. */
  const takeOverAtMs = (): number => now() + membership.deadAfterMs;
  return {
    owners,
    believes: (node) => {
      const one = spans.get(node);
      return one !== undefined && one.fromMs <= now() && now() < one.untilMs;
    },
    renews: (node) => {
      const one = spans.get(node);
      return one !== undefined && one.fromMs <= now() && one.renewsUntilMs === Infinity;
    },
    move: (to) => {
      movedAtMs = now();
      const before = owners();
      const next = to.filter((node) => living.has(node));
      if (next.length === 0) return;
      for (const node of before) {
        if (next.includes(node)) continue;
        const { fromMs = now() } = spans.get(node) ?? {};
        spans.set(node, { fromMs, renewsUntilMs: now(), untilMs: now() + newsMs });
      }
      for (const node of next) if (!before.includes(node)) own(node, next.length > 1 ? now() : takeOverAtMs());
    },
    contestedAtMs: () => (owners().length > 1 ? now() : movedAtMs),
    died: (node) => {
      living.delete(node);
      spans.delete(node);
      const [heir] = living;
      if (owners().length === 0 && heir !== undefined) own(heir, takeOverAtMs());
    },
    started: (node) => {
      living.add(node);
      if (owners().length === 0) own(node, now());
    },
  };
}
