/** Playing a scenario to its end, cut or whole, and what is compared between the two. */
import type { FakeClock } from '../../support/fake-clock.ts';
import type { Cut } from './gate.ts';
import { cacheOf, commitsOf, expectAllWell, outcomesOf } from './invariants.ts';
import { createRig, hour, type Rig } from './rig.ts';
import type { Scenario } from './scenarios.ts';
import { memorySide, type OtherSide } from './worlds.ts';

/** Nothing is polled by itself while a scenario runs: what happens is what it says. */
const still = { baseMs: 400 * hour, activeMs: 400 * hour, quietMs: 400 * hour, listMs: 400 * hour };

export interface Told {
  readonly passages: readonly string[];
  /** Per event, over all its lives, in order: different events may come in any order. */
  readonly effects: Readonly<Record<string, readonly string[]>>;
  readonly outcomes: readonly string[];
  /** Each once: after a crash a notice may be told again. */
  readonly notices: readonly string[];
  readonly state: string;
  readonly cache: unknown;
}

export type MakeSide = (clock: FakeClock, random: () => number) => OtherSide;

/** `stepMs`: how long each step is left to settle; longer than the failures that are asked for make things wait. */
export async function play(
  scenario: Scenario,
  cuts: readonly Cut[],
  stepMs: number,
  side: MakeSide = (clock) => memorySide(clock),
): Promise<Told> {
  const rig: Rig<OtherSide> = await createRig<OtherSide>({ side, cuts, polling: still });
  try {
    scenario.world(rig);
    for (const step of [...scenario.steps, (one: Rig<OtherSide>) => one.request('pull')]) {
      await step(rig);
      await rig.pass(stepMs);
      if ((await rig.profile()).state.name !== 'relink_required') continue;
      await rig.request('relinked');
      await rig.pass(stepMs);
    }
    await expectAllWell(rig);
    return {
      passages: [...rig.plan.passages],
      effects: byEvent(rig.effects),
      outcomes: outcomesOf(await rig.intents()),
      notices: await noticesOf(rig),
      state: (await rig.profile()).state.name,
      cache: await cacheOf(rig),
    };
  } finally {
    await rig.close();
  }
}

async function noticesOf(rig: Rig<OtherSide>): Promise<readonly string[]> {
  const changes = (await commitsOf(rig)).flatMap((one) => one.changes);
  return [...new Set(changes.flatMap((one) => (one.kind === 'notice' ? [one.notice] : [])))];
}

function byEvent(effects: readonly string[]): Told['effects'] {
  const name = (effect: string): string => (effect.split(' ')[2] ?? '').replace(/-g\d+\.ics$/, '');
  return Object.fromEntries(Map.groupBy(effects, name));
}

/** Plays all of `cuts`, each on its own, and answers what went otherwise than `expected` says. */
export async function playEach(
  scenario: Scenario,
  cuts: readonly (readonly Cut[])[],
  stepMs: number,
  check: (told: Told) => void,
  side?: MakeSide,
): Promise<string> {
  const failures: string[] = [];
  for (const some of cuts) {
    try {
      check(await play(scenario, some, stepMs, side));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      failures.push(`${JSON.stringify(some)}: ${text.slice(0, 700)}`);
    }
  }
  return failures.length === 0
    ? ''
    : `${failures.length} of ${cuts.length} went wrong.\n${failures.slice(0, 5).join('\n\n')}`;
}
