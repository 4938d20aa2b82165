/** The kills: one process after the other on one data directory, each dead at its boundary with much in flight. */
import { boundaries, fromOutside, type Boundary } from './boundaries.ts';
import type { Application } from './application.ts';
import type { Orders } from './child.ts';
import type { People } from './people.ts';
import { below, shuffled, type Seeded } from '../support/seeded.ts';
import { startVictim, type Ending, type Victim } from './victim.ts';

export interface Kills {
  readonly application: Application;
  readonly people: People;
  readonly profiles: readonly string[];
  readonly orders: Omit<Orders, 'death'>;
  readonly random: Seeded;
  /** Mirrors and whoever else needs to know where the process listens. */
  readonly moved: (url: string | null) => void;
}

export interface Hit {
  readonly boundary: Boundary;
  /** In the store, as the next process found it. */
  inFlight: number;
}

export const leastInFlight = 20;
/** Kept in flight while a process lives. */
const fullFlight = 40;
const eachTimes = 3;
const patienceMs = 10_000;
/** Edits of people between two calendars that get another zone, which is seen when the list is read. */
const movesEvery = 25;

/** Every boundary three times, in a seeded order; a boundary that was not met in time is tried again at the end. */
export async function killAll(kills: Kills): Promise<readonly Hit[]> {
  const hits: Hit[] = [];
  const queue = shuffled(
    kills.random,
    boundaries.flatMap((one) => Array.from({ length: eachTimes }, () => one)),
  );
  let missed = 0;
  for (let boundary = queue.shift(); boundary !== undefined; boundary = queue.shift()) {
    const life = await oneLife(kills, boundary, hits);
    if (metItsBoundary(boundary, life)) {
      hits.push({ boundary, inFlight: 0 });
      continue;
    }
    const { ending } = life;
    missed += 1;
    process.stderr.write(`missed ${boundary}: ${ending.complaint.slice(-6000)}\n`);
    if (ending.signal !== 'SIGKILL' || missed > 10) {
      throw new Error(`the process did not die at "${boundary}": ${JSON.stringify({ ...ending, missed })}`);
    }
    queue.push(boundary);
  }
  return hits;
}

/** Who kills from outside: a 202 that has arrived, or whoever has waited long enough for the boundary. */
export type Killer = 'acceptance' | 'patience';

export interface Life {
  readonly ending: Ending;
  /** Null: nobody from outside. */
  readonly killer: Killer | null;
}

/** A process that was given up died somewhere, not at its boundary. */
export const metItsBoundary = (boundary: Boundary, { ending, killer }: Life): boolean =>
  ending.signal === 'SIGKILL' &&
  (boundary === fromOutside ? killer === 'acceptance' : ending.said.at(-1)?.said === 'died');

/** Whoever comes first has killed it: a 202 under way is still read after its process is gone. */
export function killedOnce(victim: Pick<Victim, 'kill'>) {
  let killer: Killer | null = null;
  return {
    killer: () => killer,
    kill: (by: Killer): void => {
      if (killer !== null) return;
      killer = by;
      victim.kill();
    },
  };
}

/** From the start of a process to its death, under load. */
async function oneLife(kills: Kills, boundary: Boundary, hits: readonly Hit[]): Promise<Life> {
  const { application, random } = kills;
  // Few zones change in one life.
  const passing = boundary.includes('laid out again') ? 1 : 1 + below(random, 3);
  const death = boundary === fromOutside ? null : { boundary, passing, leastOpen: leastInFlight };
  const victim = startVictim({ ...kills.orders, death });
  const { kill, killer } = killedOnce(victim);
  const giveUp = setTimeout(() => kill('patience'), patienceMs);
  if (death === null) {
    const enough = application.accepted() + leastInFlight + 6 + passing;
    application.onAccepted = (count) => void (count >= enough && kill('acceptance'));
  }
  try {
    const url = await victim.ready.catch(() => null);
    kills.moved(url);
    if (url !== null) await loadUntilDeath(kills, victim, url);
    const ending = await victim.ended;
    const before = hits.at(-1);
    if (before !== undefined) before.inFlight = victim.openAtStart() ?? 0;
    return { ending, killer: killer() };
  } finally {
    clearTimeout(giveUp);
    application.onAccepted = null;
    kills.moved(null);
  }
}

async function loadUntilDeath({ application, people, profiles }: Kills, victim: Victim, url: string): Promise<void> {
  const life = { over: false };
  const ended = victim.ended.then(() => (life.over = true));
  const writing = (async () => {
    while (!life.over) {
      // As much as keeps enough in flight: a backlog without bound would test nothing more.
      const open = await victim.openNow().catch(() => fullFlight);
      if (open < fullFlight) await application.burst(url, fullFlight - open);
      await pause(10);
    }
  })();
  for (let edits = 0; !life.over; edits += 1) {
    people.edit();
    if (edits % movesEvery === 0) {
      await people.moveHouse();
      // Operators nudge as well: what polls would find within seconds is found at once.
      await Promise.all(profiles.map((profile) => victim.ops('nudge', { profile }).catch(() => undefined)));
    }
    await pause(30);
  }
  await Promise.all([ended, writing]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
