/**
 * The mailboxes of all actors: who waits in which lane, who runs, who is set aside until when.
 *
 * A nudge carries no content, so a mailbox is a few bits: at most one pending nudge per lane. An actor has an entry
 * only while one of its bits is set; an idle actor costs nothing.
 */
import type { Lane } from './behaviour.ts';
import { createQueue, type Queue } from './queue.ts';

const bits: Readonly<Record<Lane, number>> = { write: 1, pull: 2, sweep: 4 };
const allLanes = bits.write | bits.pull | bits.sweep;
const runningBit = 8;
const asideBit = 16;
/** Waiting for the end of the turn or of the setting aside, in no queue: the lane's bit moved up. */
const markedShift = 5;
/** Waiting for room in a share, in no queue: the lane's bit moved up further. */
const crowdedShift = 8;
export const lanes: readonly Lane[] = ['write', 'pull', 'sweep'];

export interface MailboxCounts {
  /** Actors in memory: with something pending, running, or set aside. */
  readonly active: number;
  readonly running: number;
  readonly aside: number;
  /** Waiting for room in a share, counted by lane. */
  readonly crowded: number;
  /** An actor that runs in one lane may still be counted in the other. */
  readonly queued: Readonly<Record<Lane, number>>;
}

export class Mailboxes<Id extends string> {
  readonly #entries = new Map<Id, number>();
  readonly #queues: Readonly<Record<Lane, Queue<Id>>> = {
    write: createQueue<Id>(),
    pull: createQueue<Id>(),
    sweep: createQueue<Id>(),
  };
  #running = 0;
  #aside = 0;
  #crowded = 0;

  /** Remembers a nudge. False when the same one was pending already. */
  post(id: Id, lane: Lane): boolean {
    const entry = this.#entries.get(id) ?? 0;
    const bit = bits[lane];
    if ((entry & (bit | (bit << markedShift) | (bit << crowdedShift))) !== 0) return false;
    const busy = (entry & (runningBit | asideBit)) !== 0;
    if (!busy) this.#queues[lane].push(id);
    this.#entries.set(id, entry | (busy ? bit << markedShift : bit));
    return true;
  }

  /** The actor that has waited longest in that lane and may run; it is running from now on. Null where none may. */
  take(lane: Lane): Id | null {
    const bit = bits[lane];
    const queue = this.#queues[lane];
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const entry = (this.#entries.get(id) ?? 0) & ~bit;
      if ((entry & (runningBit | asideBit)) === 0) {
        this.#entries.set(id, entry | runningBit);
        this.#running += 1;
        return id;
      }
      // Busy in the other lane: it comes back to this queue when that turn ends.
      this.#entries.set(id, entry | (bit << markedShift));
    }
    return null;
  }

  /** Ends the turn: the nudges that came meanwhile, and `more`, wait at the back of their queues. */
  release(id: Id, more: Lane | null): void {
    const entry = this.#entries.get(id) ?? 0;
    this.#running -= 1;
    this.#settle(id, (entry & ~runningBit) | (more === null ? 0 : bits[more] << markedShift));
  }

  /** Ends a turn that found a share used up: what it came for waits until `admit`; nudges in other lanes do not. */
  crowd(id: Id, lane: Lane): void {
    const entry = this.#entries.get(id) ?? 0;
    const bit = bits[lane];
    this.#running -= 1;
    this.#crowded += 1;
    // A nudge for the same lane that came meanwhile is the same nudge.
    this.#settle(id, (entry & ~(runningBit | (bit << markedShift))) | (bit << crowdedShift));
  }

  /** There may be room: it waits for its turn again. False where it does not wait any more. */
  admit(id: Id, lane: Lane): boolean {
    const entry = this.#entries.get(id) ?? 0;
    const bit = bits[lane] << crowdedShift;
    if ((entry & bit) === 0) return false;
    this.#crowded -= 1;
    const pending = (entry & ~bit) | (bits[lane] << markedShift);
    if ((entry & (runningBit | asideBit)) !== 0) this.#entries.set(id, pending);
    else this.#settle(id, pending);
    return true;
  }

  /** Ends a failed turn: the nudge that caused it, and all that come, wait until `resume`. */
  setAside(id: Id, lane: Lane): void {
    const entry = this.#entries.get(id) ?? 0;
    this.#running -= 1;
    this.#aside += 1;
    this.#entries.set(id, (entry & ~runningBit) | asideBit | (bits[lane] << markedShift));
  }

  /** Ends the waiting of an actor that was set aside. */
  resume(id: Id): void {
    const entry = this.#entries.get(id) ?? 0;
    if ((entry & asideBit) === 0) return;
    this.#aside -= 1;
    this.#settle(id, entry & ~asideBit);
  }

  /** Drops every nudge that waits; turns that run stay counted until they are released. */
  clear(): void {
    for (const lane of lanes) this.#queues[lane].clear();
    for (const [id, entry] of this.#entries) {
      if ((entry & runningBit) === 0) this.#entries.delete(id);
      else this.#entries.set(id, runningBit);
    }
    this.#aside = 0;
    this.#crowded = 0;
  }

  counts(): MailboxCounts {
    const { write, pull, sweep } = this.#queues;
    const queued = { write: write.length, pull: pull.length, sweep: sweep.length };
    return {
      active: this.#entries.size,
      running: this.#running,
      aside: this.#aside,
      crowded: this.#crowded,
      queued,
    };
  }

  /** Puts every marked nudge into its queue, and forgets the actor when nothing is left. */
  #settle(id: Id, entry: number): void {
    let next = entry & (allLanes | (allLanes << crowdedShift));
    for (const lane of lanes) {
      if ((entry & (bits[lane] << markedShift)) === 0 || (next & bits[lane]) !== 0) continue;
      this.#queues[lane].push(id);
      next |= bits[lane];
    }
    if (next === 0) this.#entries.delete(id);
    else this.#entries.set(id, next);
  }
}
