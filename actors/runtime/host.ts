/** The host: runs the turns of many actors, one at a time for each, in three lanes with reserved capacity. */
import { backoff } from '../../config/policies.ts';
import { delayOf, type BackoffPolicy } from '../../domain/backoff.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { Behaviour, Lane, TurnOutcome } from './behaviour.ts';
import { lanes, Mailboxes } from './mailbox.ts';
import { createQueue, type Queue } from './queue.ts';
import type { Shares } from './shares.ts';
import { createWheel, type Wheel } from './wheel.ts';

export interface FailedTurn<Id extends string> {
  readonly id: Id;
  readonly lane: Lane;
  /** In a row, this one included. */
  readonly failures: number;
  readonly retryInMs: number;
}

export interface HostOptions<Id extends string> {
  readonly behaviour: Behaviour<Id>;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Turns at once. Writes may also use pull slots for which no pull waits; pulls never use those of writes. What fell due
   * by itself shares the slots of pulls, after them, and takes no more than `sweep` of them (all, when absent).
   */
  readonly concurrency: { readonly pull: number; readonly write: number; readonly sweep?: number };
  /** What turns that answer `crowded` wait for. */
  readonly shares?: Shares;
  /** Whether this node runs that actor; asked at each nudge and again before each turn. */
  readonly owns: (id: Id) => boolean;
  /** A turn threw. Must not throw. */
  readonly onError: (error: unknown, turn: FailedTurn<Id>) => void;
  /** Between the tries of a turn that throws; `backoff.transient` unless told otherwise. */
  readonly retry?: BackoffPolicy;
}

export interface HostStats {
  /** Actors in memory for whatever reason: an idle one is not. */
  readonly active: number;
  readonly running: Readonly<Record<Lane, number>>;
  readonly queued: Readonly<Record<Lane, number>>;
  /** Actors whose turns throw, waiting for their next try. */
  readonly aside: number;
  /** Actors that wait for room in a share. */
  readonly crowded: number;
  /** Since the start of this host. */
  readonly turns: number;
  readonly failures: number;
  /** Age in milliseconds of the turn that has run longest; 0 while none runs. */
  readonly oldestTurnMs: number;
}

export interface Host<Id extends string> {
  /** "Look at your state": costs nothing when one is pending already; dropped when not owned or after `stop`. */
  nudge(id: Id, lane: Lane): void;
  /** Before this, nudges are remembered and nothing runs. */
  start(): void;
  /**
   * Starts no further turn and resolves when those that run have ended. After `graceMs` their signal is aborted with
   * `shutting_down`; without it they are waited for. Nudges that wait are dropped: the sweeps of the next owner find them.
   */
  stop(graceMs?: number): Promise<void>;
  /** Resolves when nothing runs and nothing waits for a slot. Actors set aside after a failure wait for time: not counted. */
  idle(): Promise<void>;
  stats(): HostStats;
}

/** Those that wait for one share: by lane, each in the order of their coming. */
type Crowd<Id extends string> = Readonly<Record<Lane, Queue<Id>>>;

/** Turns that may start without letting timers and sockets have their share of the process. */
const turnsPerBreath = 32;

/** One host per process and kind of actor. Deterministic: its order of turns depends on nudges, outcomes and the clock alone. */
export function createHost<Id extends string>(options: HostOptions<Id>): Host<Id> {
  return new ActorHost(options);
}

class ActorHost<Id extends string> implements Host<Id> {
  readonly #options: HostOptions<Id>;
  readonly #retry: BackoffPolicy;
  readonly #mailboxes = new Mailboxes<Id>();
  readonly #wheel: Wheel<Id>;
  /** Failures in a row, of those actors alone that have any. */
  readonly #failuresOf = new Map<Id, number>();
  readonly #running: Record<Lane, number> = { write: 0, pull: 0, sweep: 0 };
  /** In the order of their starts. */
  readonly #startedAtMs = new Map<Id, number>();
  /** By the share that they wait for. */
  readonly #crowds = new Map<string, Crowd<Id>>();
  /** Let out of a crowd, and on the way to their turns. */
  readonly #letOut = new Map<Id, string>();
  readonly #stopping = new AbortController();
  readonly #waiters = new Set<() => void>();
  #phase: 'new' | 'started' | 'stopped' = 'new';
  #scheduled = false;
  #turnsSinceBreath = 0;
  #turns = 0;
  #failures = 0;

  constructor(options: HostOptions<Id>) {
    this.#options = options;
    this.#retry = options.retry ?? backoff.transient;
    this.#wheel = createWheel<Id>(options.clock, (id) => {
      this.#mailboxes.resume(id);
      this.#schedule();
    });
    options.shares?.onRoom((share) => this.#letOneOut(share));
  }

  nudge(id: Id, lane: Lane): void {
    if (this.#phase === 'stopped' || !this.#options.owns(id)) return;
    if (this.#mailboxes.post(id, lane)) this.#schedule();
  }

  start(): void {
    if (this.#phase === 'stopped') throw new Error('a host that was stopped is not started again: make a new one');
    this.#phase = 'started';
    this.#schedule();
  }

  async stop(graceMs?: number): Promise<void> {
    this.#phase = 'stopped';
    this.#wheel.clear();
    this.#failuresOf.clear();
    this.#crowds.clear();
    this.#mailboxes.clear();
    const patience = new AbortController();
    if (graceMs !== undefined && !this.#isIdle()) {
      const giveUp = (): void => this.#stopping.abort(new KalendsError('shutting_down', 'this node is stopping'));
      this.#options.clock.sleep(graceMs, patience.signal).then(giveUp, () => undefined);
    }
    await this.idle();
    patience.abort();
    this.#tellIdle();
  }

  async idle(): Promise<void> {
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  stats(): HostStats {
    const { active, aside, crowded, queued } = this.#mailboxes.counts();
    const oldest = this.#startedAtMs.values().next();
    return {
      active,
      running: { ...this.#running },
      queued,
      aside,
      crowded,
      turns: this.#turns,
      failures: this.#failures,
      oldestTurnMs: oldest.done === true ? 0 : this.#options.clock.monotonic() - oldest.value,
    };
  }

  /** Turns never start inside the caller's stack: a nudge runs nobody's code. */
  #schedule(): void {
    if (this.#scheduled || this.#phase !== 'started') return;
    this.#scheduled = true;
    if (this.#turnsSinceBreath < turnsPerBreath) return queueMicrotask(() => this.#startTurns());
    this.#turnsSinceBreath = 0;
    const goOn = (): void => this.#startTurns();
    this.#options.clock.breathe().then(goOn, goOn);
  }

  #startTurns(): void {
    this.#scheduled = false;
    for (; this.#turnsSinceBreath < turnsPerBreath; this.#turnsSinceBreath += 1) {
      const next = this.#phase === 'started' ? this.#nextTurn() : null;
      if (next === null) return this.#tellIdle();
      void this.#runTurn(next.id, next.lane);
    }
    this.#schedule();
  }

  /** Writes in their own slots first, then pulls, what fell due, and writes in what these leave free: no lane starves. */
  #nextTurn(): { readonly id: Id; readonly lane: Lane } | null {
    const { write, pull, sweep = pull } = this.#options.concurrency;
    const borrowed = Math.max(0, this.#running.write - write);
    const pullSlotFree = this.#running.pull + this.#running.sweep + borrowed < pull;
    const sweepSlotFree = pullSlotFree && this.#running.sweep < sweep;
    return (
      (this.#running.write < write ? this.#take('write') : null) ??
      (pullSlotFree ? this.#take('pull') : null) ??
      (sweepSlotFree ? this.#take('sweep') : null) ??
      (pullSlotFree ? this.#take('write') : null)
    );
  }

  #take(lane: Lane): { readonly id: Id; readonly lane: Lane } | null {
    for (let id = this.#mailboxes.take(lane); id !== null; id = this.#mailboxes.take(lane)) {
      if (this.#options.owns(id)) return { id, lane };
      this.#failuresOf.delete(id);
      this.#mailboxes.release(id, null);
      this.#passOn(id);
    }
    return null;
  }

  async #runTurn(id: Id, lane: Lane): Promise<void> {
    this.#running[lane] += 1;
    this.#turns += 1;
    this.#startedAtMs.set(id, this.#options.clock.monotonic());
    try {
      this.#end(id, lane, await this.#options.behaviour.turn(id, lane, this.#stopping.signal));
    } catch (error) {
      this.#fail(id, lane, error);
    } finally {
      this.#running[lane] -= 1;
      this.#startedAtMs.delete(id);
      this.#passOn(id);
      this.#schedule();
      this.#tellIdle();
    }
  }

  #end(id: Id, lane: Lane, outcome: TurnOutcome): void {
    // A turn that only sends its actor to the other lane proves nothing of the work that fails there.
    if (outcome.kind === 'idle' || outcome.lane === lane) this.#failuresOf.delete(id);
    if (outcome.kind === 'crowded' && this.#phase === 'started') return this.#crowd(id, outcome);
    this.#mailboxes.release(id, this.#phase === 'started' && outcome.kind === 'more' ? outcome.lane : null);
  }

  #crowd(id: Id, { lane, share }: Extract<TurnOutcome, { readonly kind: 'crowded' }>): void {
    this.#mailboxes.crowd(id, lane);
    const crowd = this.#crowds.get(share) ?? { write: createQueue(), pull: createQueue(), sweep: createQueue() };
    crowd[lane].push(id);
    this.#crowds.set(share, crowd);
    // There may be room since the turn looked.
    if (this.#options.shares?.hasRoom(share) !== false) this.#letOneOut(share);
  }

  /** Whoever was let out and did not use the room, or not all of it, leaves it to the next. */
  #passOn(id: Id): void {
    const share = this.#letOut.get(id);
    if (share === undefined) return;
    this.#letOut.delete(id);
    if (this.#options.shares?.hasRoom(share) !== false) this.#letOneOut(share);
  }

  /** What somebody asked for before what fell due by itself. */
  #letOneOut(share: string): void {
    const crowd = this.#crowds.get(share);
    if (crowd === undefined) return;
    const admitted = lanes.some((lane) => this.#letFirstOut(share, lane, crowd[lane]));
    if (!admitted) this.#crowds.delete(share);
  }

  #letFirstOut(share: string, lane: Lane, queue: Queue<Id>): boolean {
    for (let first = queue.shift(); first !== undefined; first = queue.shift()) {
      if (!this.#mailboxes.admit(first, lane)) continue;
      this.#letOut.set(first, share);
      this.#schedule();
      return true;
    }
    return false;
  }

  /** Each failure in a row waits longer, up to the cap: whatever breaks, no actor becomes a hot loop. */
  #fail(id: Id, lane: Lane, error: unknown): void {
    const failures = (this.#failuresOf.get(id) ?? 0) + 1;
    const retryInMs = Math.max(1, delayOf(this.#retry, failures, this.#options.random));
    this.#failures += 1;
    if (this.#phase === 'started') {
      this.#failuresOf.set(id, failures);
      this.#mailboxes.setAside(id, lane);
      this.#wheel.add(id, this.#options.clock.monotonic() + retryInMs);
    } else this.#mailboxes.release(id, null);
    this.#options.onError(error, { id, lane, failures, retryInMs });
  }

  #isIdle(): boolean {
    const { running, queued } = this.#mailboxes.counts();
    return running === 0 && (this.#phase === 'stopped' || queued.write + queued.pull + queued.sweep === 0);
  }

  #tellIdle(): void {
    if (this.#waiters.size === 0 || !this.#isIdle()) return;
    for (const tell of this.#waiters) tell();
    this.#waiters.clear();
  }
}
