/** What a run of many seeds must have hit: every fault, in every state that it can meet, and a death at every await. */
import { faultNames } from '../support/caldav-model/faults.ts';
import type { Coverage } from './coverage.ts';
import { commonStates, isMetSoon, statesToMeet } from './meeting.ts';
import { lastingAwaits } from './plan.ts';

const askedOften = 10_000;

/** Seeds after which nothing is left to chance. */
export const manySeeds = 2_000;

/** What was not hit, by name; of fewer than `manySeeds`, pairs that only chance brings together are not asked. */
export function missing({ hits }: Coverage, seeds: number): readonly string[] {
  const met = faultNames.flatMap((fault) =>
    [...commonStates(fault), ...statesToMeet(fault)]
      .filter((state) => seeds >= manySeeds || isMetSoon(fault, state))
      .map((state) => `fault ${fault} × ${state}`),
  );
  // What is hardly ever asked cannot be met by every run.
  const often = [...hits].filter(([key, times]) => key.startsWith('asked ') && times >= askedOften);
  const asked = often.map(([key]) => key.slice('asked '.length));
  const died = [...new Set<string>([...asked, ...lastingAwaits])].map((name) => `crash ${name}`);
  const diedAfter = lastingAwaits.filter((name) => name !== 'http GET').map((name) => `crash ${name} done`);
  return [...met, ...died, ...diedAfter].filter((key) => !hits.has(key));
}
