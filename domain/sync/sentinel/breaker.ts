/** The breaker of one kind of server: whether its removals are held, who said so, and how that ends. */

export type Breaker =
  /** Removals go their usual way. */
  | { readonly name: 'clear' }
  /** Every removal is held; additions and updates apply. */
  | { readonly name: 'holding'; readonly by: 'sentinel' | 'operator'; readonly sinceMs: number; readonly note: string }
  /** An operator released it: the sentinel alerts, and holds nothing until then. */
  | { readonly name: 'overridden'; readonly sinceMs: number; readonly untilMs: number; readonly note: string };

export type BreakerInput =
  /** The sentinel saw what holds removals. */
  | { readonly kind: 'deviated'; readonly note: string }
  /** Nothing of that kind lasts. */
  | { readonly kind: 'quiet' }
  | { readonly kind: 'hold'; readonly note: string }
  | { readonly kind: 'release'; readonly note: string; readonly forMs: number };

/** What an operator says counts more than what the sentinel thinks, and ends only by an operator's word or its time. */
export function nextBreaker(breaker: Breaker, input: BreakerInput, nowMs: number): Breaker {
  const before: Breaker = breaker.name === 'overridden' && breaker.untilMs <= nowMs ? { name: 'clear' } : breaker;
  switch (input.kind) {
    case 'hold':
      return { name: 'holding', by: 'operator', sinceMs: nowMs, note: input.note };
    case 'release':
      if (input.forMs <= 0) return { name: 'clear' };
      return { name: 'overridden', sinceMs: nowMs, untilMs: nowMs + input.forMs, note: input.note };
    case 'deviated':
      return before.name === 'clear' ? { name: 'holding', by: 'sentinel', sinceMs: nowMs, note: input.note } : before;
    case 'quiet':
      return before.name === 'holding' && before.by === 'sentinel' ? { name: 'clear' } : before;
    default:
      return input satisfies never;
  }
}
