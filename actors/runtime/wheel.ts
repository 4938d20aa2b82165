/** Ids that wait for a moment, with one sleeper for all of them. */
import type { Clock } from '../../domain/clock.ts';

export interface Wheel<Id> {
  /** Calls `due` with this id at or after `atMs` on the monotonic clock. */
  add(id: Id, atMs: number): void;
  /** Forgets everyone and ends the sleeper. */
  clear(): void;
  readonly size: number;
}

interface Entry<Id> {
  readonly id: Id;
  readonly atMs: number;
}

export function createWheel<Id>(clock: Clock, due: (id: Id) => void): Wheel<Id> {
  /** A binary heap, the earliest first. */
  const heap: Entry<Id>[] = [];
  let sleeping: { readonly atMs: number; readonly cancel: AbortController } | null = null;

  function wakeDue(): void {
    sleeping = null;
    const nowMs = clock.monotonic();
    for (let first = heap[0]; first !== undefined && first.atMs <= nowMs; first = heap[0]) {
      popFirst(heap);
      due(first.id);
    }
    sleepUntilFirst();
  }

  function sleepUntilFirst(): void {
    const first = heap[0];
    if (first === undefined || (sleeping !== null && sleeping.atMs <= first.atMs)) return;
    sleeping?.cancel.abort();
    const cancel = new AbortController();
    sleeping = { atMs: first.atMs, cancel };
    // A cancelled sleep rejects, and that is its end.
    clock.sleep(Math.max(0, first.atMs - clock.monotonic()), cancel.signal).then(
      () => (cancel.signal.aborted ? undefined : wakeDue()),
      () => undefined,
    );
  }

  return {
    get size() {
      return heap.length;
    },
    add(id, atMs) {
      push(heap, { id, atMs });
      sleepUntilFirst();
    },
    clear() {
      heap.length = 0;
      sleeping?.cancel.abort();
      sleeping = null;
    },
  };
}

function push<Id>(heap: Entry<Id>[], entry: Entry<Id>): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || parent.atMs <= entry.atMs) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function popFirst<Id>(heap: Entry<Id>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const child = right !== undefined && left !== undefined && right.atMs < left.atMs ? right : left;
    if (child === undefined || child.atMs >= last.atMs) break;
    heap[at] = child;
    at = child === right ? 2 * at + 2 : 2 * at + 1;
  }
  heap[at] = last;
}
