/** The host: runs the turns of many actors, one at a time for each, in two lanes with reserved capacity. */
import { backoff } from '../../config/policies.ts';
import { delayOf, type BackoffPolicy } from '../../domain/backoff.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import { KalendsError } from '../../domain/errors.ts';
import type { Behaviour, Lane, TurnOutcome } from './behaviour.ts';
import { Mailboxes } from './mailbox.ts';
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
  /** Turns at once. Writes may also use pull slots for which no pull waits; pulls never use those of writes. */
  readonly concurrency: { readonly pull: number; readonly write: number };
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
  readonly #running: Record<Lane, number> = { write: 0, pull: 0 };
  /** In the order of their starts. */
  readonly #startedAtMs = new Map<Id, number>();
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
    const { active, aside, queued } = this.#mailboxes.counts();
    const oldest = this.#startedAtMs.values().next();
    return {
      active,
      running: { ...this.#running },
      queued,
      aside,
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

  /** Writes in their own slots first, then pulls, then writes in what pulls leave free: neither lane starves. */
  #nextTurn(): { readonly id: Id; readonly lane: Lane } | null {
    const { write, pull } = this.#options.concurrency;
    const borrowed = Math.max(0, this.#running.write - write);
    const pullSlotFree = this.#running.pull + borrowed < pull;
    return (
      (this.#running.write < write ? this.#take('write') : null) ??
      (pullSlotFree ? (this.#take('pull') ?? this.#take('write')) : null)
    );
  }

  #take(lane: Lane): { readonly id: Id; readonly lane: Lane } | null {
    for (let id = this.#mailboxes.take(lane); id !== null; id = this.#mailboxes.take(lane)) {
      if (this.#options.owns(id)) return { id, lane };
      this.#failuresOf.delete(id);
      this.#mailboxes.release(id, null);
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
      this.#schedule();
      this.#tellIdle();
    }
  }

  #end(id: Id, lane: Lane, outcome: TurnOutcome): void {
    // A turn that only sends its actor to the other lane proves nothing of the work that fails there.
    if (outcome.kind === 'idle' || outcome.lane === lane) this.#failuresOf.delete(id);
    this.#mailboxes.release(id, this.#phase === 'started' && outcome.kind === 'more' ? outcome.lane : null);
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
    const { active, running, aside } = this.#mailboxes.counts();
    return running === 0 && (this.#phase === 'stopped' || active === aside);
  }

  #tellIdle(): void {
    if (this.#waiters.size === 0 || !this.#isIdle()) return;
    for (const tell of this.#waiters) tell();
    this.#waiters.clear();
  }
}
