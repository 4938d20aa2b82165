/** The scheduler: everything that waits, for the store, the network or a time, waits here, and one die decides who goes on. */
import type { Clock } from '../../domain/clock.ts';
import { below, type Seeded } from '../support/seeded.ts';

/** One life of a process. What a dead one waits for never comes. */
export interface Life {
  readonly name: string;
  dead: boolean;
}

interface Waiting {
  readonly life: Life;
  /** What is asked, e.g. `insert commits`, `http PROPFIND`. */
  readonly name: string;
  readonly lasting: boolean;
  readonly run: () => Promise<unknown>;
  readonly settle: (outcome: Promise<unknown>) => void;
}

interface Sleeper {
  readonly life: Life | null;
  readonly atMs: number;
  readonly wake: () => void;
}

export interface Gate {
  readonly name: string;
  /** It changes something that outlives the process. */
  readonly lasting: boolean;
}

export interface Scheduler {
  now(): number;
  /** Runs `run` when the die says so; never, when the life ends first. */
  pass<T>(life: Life, gate: Gate, run: () => Promise<T>): Promise<T>;
  /** `skewMs`: how far this clock's `now` is ahead just now: clocks are set. Its `monotonic` begins with it. */
  clock(life: Life | null, skewMs: () => number): Clock;
  /** Lets one thing go on, and everything that follows from it without waiting. False: nothing waits, not even for a time. */
  step(): Promise<boolean>;
  /** Ends a life. What it was about to change is done or not, as the die says; `told` hears of each. */
  kill(life: Life, told: (name: string, done: boolean) => void): Promise<void>;
  /** Lets follow what needs neither the die nor time. */
  drain(): Promise<void>;
  waiting(): number;
  /** What this life waits for, by name. */
  waitsFor(life: Life, name: string): boolean;
  readonly steps: number;
}

/** While something waits for the store or the network, time goes on in one step of this many. */
const timePassesEvery = 40;
/** Those who waited longest go first in one of two steps: nobody waits for ever. */
const oldestShare = 0.5;

/** `timePassed` is called whenever it has, before anybody wakes. */
export function createScheduler(startMs: number, die: Seeded, timePassed: () => void = () => undefined): Scheduler {
  let nowMs = startMs;
  let steps = 0;
  let waiting: Waiting[] = [];
  let asleep: Sleeper[] = [];

  // All that does not wait here goes on in microtasks, which are over before the next tick; the event loop need not turn for them.
  const drain = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

  const next = (): Sleeper | null =>
    asleep.reduce<Sleeper | null>((first, one) => (first === null || one.atMs < first.atMs ? one : first), null);

  function wake(sleeper: Sleeper): void {
    asleep = asleep.filter((one) => one !== sleeper);
    nowMs = Math.max(nowMs, sleeper.atMs);
    timePassed();
    sleeper.wake();
  }

  function goOn(): boolean {
    if (waiting.length === 0) {
      const sleeper = next();
      if (sleeper !== null) wake(sleeper);
      return sleeper !== null;
    }
    if (below(die, timePassesEvery) === 0) {
      const sleeper = next();
      // Longer sleeps are not cut short by a slow store.
      if (sleeper !== null && sleeper.atMs - nowMs < 2_000) {
        wake(sleeper);
        return true;
      }
    }
    const at = die() < oldestShare ? 0 : below(die, waiting.length);
    const [one] = waiting.splice(at, 1);
    one?.settle(one.run());
    return true;
  }

  return {
    now: () => nowMs,
    pass: (life, { name, lasting }, run) =>
      new Promise((resolve) => {
        if (life.dead) return;
        const settle = (outcome: Promise<unknown>): void => resolve(outcome as ReturnType<typeof run>);
        waiting.push({ life, name, lasting, run, settle });
      }),
    clock: (life, skewMs) => {
      const bornMs = nowMs;
      return {
        now: () => Math.round(nowMs + skewMs()),
        monotonic: () => nowMs - bornMs,
        breathe: () => Promise.resolve(),
        sleep: (ms, signal) =>
          new Promise((resolve, reject) => {
            if (life?.dead === true) return;
            if (signal?.aborted === true) return reject(reasonOf(signal));
            const abort = (): void => {
              asleep = asleep.filter((one) => one !== sleeper);
              if (life?.dead !== true) reject(reasonOf(signal));
            };
            const awake = (): void => {
              signal?.removeEventListener('abort', abort);
              resolve();
            };
            const sleeper: Sleeper = { life, atMs: nowMs + Math.max(0, ms), wake: awake };
            signal?.addEventListener('abort', abort, { once: true });
            asleep.push(sleeper);
          }),
      };
    },
    async step() {
      steps += 1;
      const went = goOn();
      await drain();
      return went;
    },
    async kill(life, told) {
      life.dead = true;
      const own = waiting.filter((one) => one.life === life);
      waiting = waiting.filter((one) => one.life !== life);
      asleep = asleep.filter((one) => one.life !== life);
      for (const one of own) {
        const done = one.lasting && die() < 0.5;
        if (done) one.run().catch(() => undefined);
        told(one.name, done);
      }
      await drain();
    },
    drain,
    waiting: () => waiting.length,
    waitsFor: (life, name) => waiting.some((one) => one.life === life && one.name === name),
    get steps() {
      return steps;
    },
  };
}

const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error('aborted');
