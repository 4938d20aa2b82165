/** What the runtime asks of those whose actors it runs; it knows nothing else of them. */

/**
 * Three queues with capacity of their own: `write` for writes and operators, `pull` for reading that somebody asked for,
 * `sweep` for what fell due by itself and can wait.
 */
export type Lane = 'write' | 'pull' | 'sweep';

export type TurnOutcome =
  /** More work is ready now: the actor goes to the back of that lane's queue. */
  | { readonly kind: 'more'; readonly lane: Lane }
  /** There is work, and a share that it needs is used up: the actor waits, in no slot, until that has room. */
  | { readonly kind: 'crowded'; readonly lane: Lane; readonly share: string }
  /** Nothing to do before then. The owner has already made the time durable: the runtime keeps no timer for it. */
  | { readonly kind: 'idle'; readonly nextWakeAtMs: number };

export interface Behaviour<Id extends string> {
  /**
   * One turn: one short piece of work. Turns of one id never overlap. What must survive is in the store
   * before it resolves. Rejecting means that the turn could not even record its own failure (the store is down, or a
   * defect); the runtime then tries again by a bounded backoff. `signal` aborts when the host gives up waiting for it.
   */
  turn(id: Id, lane: Lane, signal: AbortSignal): Promise<TurnOutcome>;
}
