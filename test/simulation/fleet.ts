/** The nodes of a seed: which of them live, how far their clocks are off, and when the next one dies. */
import { below, type Seeded } from '../support/seeded.ts';
import type { Coverage } from './coverage.ts';
import type { SimulatedNode } from './node.ts';
import type { Ownership } from './ownership.ts';
import type { Action, Plan } from './plan.ts';
import type { Scheduler } from './scheduler.ts';

export interface Fleet {
  /** Those that live now. */
  nodes(): readonly SimulatedNode[];
  /** This one, or the other while it is dead. */
  node(number: number): SimulatedNode | undefined;
  /** Rejects when this node dies. */
  died(number: number): Promise<never>;
  beat(): void;
  setClock(number: number, skewMs: number): void;
  /** The owner makes no heartbeats from now on, and its clock runs behind. Answers its number. */
  cutOff(): number;
  /** All nodes die, and stay away until they are told to come back. */
  allDie(): Promise<() => void>;
  /** A node is to die. */
  doom(crash: Crash): void;
  /** Starts and ends those whose time it is. */
  step(): Promise<void>;
  /** All start again, and nobody dies any more. */
  mend(): void;
  readonly crashes: number;
  /** When a node last died. */
  diedAtMs(): number;
  /** How far two clocks were apart at most. */
  readonly clocksApartMs: number;
}

type Crash = Extract<Action, { kind: 'crash' }>;

interface Dying extends Crash {
  readonly latest: number;
}

export interface FleetWorld {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
  readonly die: Seeded;
  readonly ownership: Ownership;
  readonly start: (number: number, skewMs: () => number) => SimulatedNode;
  /** A node died, or is cut off, or comes back when none was left. */
  readonly disturbed: () => void;
}

/** Clocks are not further off than this. */
const skewMostMs = 60_000;
const setBackMs = 45_000;

/** Without nodes until `mend` or `step` has started them. */
export function createFleet({ plan, scheduler, coverage, die, ownership, start, disturbed }: FleetWorld): Fleet {
  const nodes = new Map<number, SimulatedNode>();
  const deaths = new Map<number, () => void>();
  const restarts = new Map(Array.from({ length: plan.nodes }, (_, number) => [number, 0]));
  const skews = new Map<number, number>();
  const dying: Dying[] = [];
  let mended = false;
  let crashes = 0;
  let diedAtMs = -Infinity;
  let clocksApartMs = 0;
  let starts = 0;

  function startOne(number: number): void {
    restarts.delete(number);
    if (nodes.size === 0) disturbed();
    setClock(number, plan.skewsMs[starts % plan.skewsMs.length] ?? 0);
    starts += 1;
    ownership.started(number);
    nodes.set(
      number,
      start(number, () => skews.get(number) ?? 0),
    );
  }

  function setClock(number: number, skewMs: number): void {
    skews.set(number, skewMs);
    const [one = 0, other = 0] = skews.values();
    clocksApartMs = Math.max(clocksApartMs, Math.abs(one - other));
  }

  async function crash(number: number): Promise<void> {
    const node = nodes.get(number);
    if (node === undefined) return;
    crashes += 1;
    diedAtMs = scheduler.now();
    disturbed();
    nodes.delete(number);
    ownership.died(number);
    restarts.set(number, scheduler.steps + 20 + below(die, 150));
    await scheduler.kill(node.life, (name, done) => coverage.crash(name, done));
    deaths.get(number)?.();
    deaths.delete(number);
  }

  /** Who waits for what is to be cut off; else the one that was meant, or any that lives. */
  const victimOf = ({ node, at }: Dying): number =>
    ([...nodes.values()].find((one) => scheduler.waitsFor(one.life, at)) ?? nodes.get(node) ?? [...nodes.values()][0])
      ?.number ?? node;
  const isTime = ({ at, latest }: Dying): boolean =>
    nodes.size > 0 &&
    (latest <= scheduler.steps || [...nodes.values()].some((one) => scheduler.waitsFor(one.life, at)));

  return {
    nodes: () => [...nodes.values()],
    node: (number) => nodes.get(number) ?? nodes.get(1 - number),
    died: (number) =>
      new Promise((_, reject) => {
        const before = deaths.get(number);
        deaths.set(number, () => {
          before?.();
          reject(new Error('the connection was lost'));
        });
      }),
    beat: () => nodes.forEach((node) => node.beat()),
    setClock,
    cutOff: () => {
      const [owner = 0] = ownership.owners();
      setClock(owner, Math.max(-skewMostMs, (skews.get(owner) ?? 0) - setBackMs));
      disturbed();
      ownership.move([1 - owner]);
      return owner;
    },
    async allDie() {
      for (const number of nodes.keys()) await crash(number);
      const numbers = [...restarts.keys()];
      for (const number of numbers) restarts.set(number, Infinity);
      return () => numbers.forEach((number) => restarts.set(number, scheduler.steps));
    },
    doom: (one) => void dying.push({ ...one, latest: scheduler.steps + one.patience }),
    async step() {
      if (mended) return;
      for (const [number, at] of restarts) if (at <= scheduler.steps) startOne(number);
      for (const one of dying.filter(isTime)) {
        dying.splice(dying.indexOf(one), 1);
        await crash(victimOf(one));
      }
    },
    mend: () => {
      mended = true;
      for (const number of restarts.keys()) startOne(number);
    },
    diedAtMs: () => diedAtMs,
    get crashes() {
      return crashes;
    },
    get clocksApartMs() {
      return clocksApartMs;
    },
  };
}
