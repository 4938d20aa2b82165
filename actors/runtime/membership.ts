/**
 * Membership: which slots this node runs, and whether it may still start a provider write.
 *
 * 1. At any moment at most one live node answers true to `owns` of a slot, but for the time that news takes; two owners
 *    at once are harmless for the log, and made harmless at the provider by `mayWrite`.
 * 2. `mayWrite(timeoutMs)` is true only if the write's time-out ends before the lease does. A new owner waits until the
 *    old lease must have ended, so their writes never overlap. It is asked immediately before each provider write.
 * 3. Leases are judged on this node's monotonic clock; no wall clock is compared between nodes.
 * 4. Listeners of `onChange` run after `owns` has changed: slots gained are to be swept, turns of slots lost end by themselves.
 * 5. After `stop` this node owns nothing and may write nothing; stop the host first, so that its turns finish in peace.
 */
import type { Clock } from '../../domain/clock.ts';

export interface Membership {
  /** Makes this node known; resolves when it knows its slots. */
  start(): Promise<void>;
  /** Gives up every slot and says so. */
  stop(): Promise<void>;
  owns(slot: number): boolean;
  /** The name of the node that runs this slot, as far as is known: where calls to its actors go; null while nobody does. */
  ownerOf(slot: number): string | null;
  /** The fencing number of this start of this node. */
  readonly epoch: number;
  mayWrite(timeoutMs: number): boolean;
  /** Returns the end of the subscription. */
  onChange(listener: () => void): () => void;
}

/** The only node there is: it runs every slot until it is stopped, and its lease has no end. */
export function singleNode(options: { readonly nodeId?: string; readonly epoch?: number } = {}): Membership {
  const { nodeId = 'single', epoch = 1 } = options;
  const listeners = new Set<() => void>();
  let stopped = false;
  return {
    epoch,
    start: async () => undefined,
    async stop() {
      if (stopped) return;
      stopped = true;
      for (const listener of listeners) listener();
      listeners.clear();
    },
    owns: () => !stopped,
    ownerOf: () => (stopped ? null : nodeId),
    mayWrite: () => !stopped,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** A lease on this node's monotonic clock. */
export interface Lease {
  /** `sinceMs`: `monotonic()` as it was **before** the renewal was sent, so that a slow answer shortens the lease. */
  renewed(sinceMs: number): void;
  /** True while a write with this time-out, started now, must have ended before the lease has. */
  mayWrite(timeoutMs: number): boolean;
  /** Milliseconds left; 0 when it has ended or was never granted. */
  leftMs(): number;
}

export function createLease(clock: Pick<Clock, 'monotonic'>, lengthMs: number): Lease {
  let renewedAtMs: number | null = null;
  const leftMs = (): number => (renewedAtMs === null ? 0 : Math.max(0, lengthMs - (clock.monotonic() - renewedAtMs)));
  return {
    renewed(sinceMs) {
      renewedAtMs = Math.max(renewedAtMs ?? sinceMs, sinceMs);
    },
    leftMs,
    mayWrite: (timeoutMs) => leftMs() > timeoutMs,
  };
}
