/** What a run of many seeds must have hit: every fault, in every state that it can meet, and a death at every await. */
import { faultNames } from '../support/caldav-model/faults.ts';
import type { Coverage } from './coverage.ts';
import { commonStates, statesToMeet } from './meeting.ts';
import { lastingAwaits } from './plan.ts';

const askedOften = 5_000;

/** What was not hit, by name. */
export function missing({ hits }: Coverage): readonly string[] {
  const met = faultNames.flatMap((fault) =>
    [...commonStates(fault), ...statesToMeet(fault)].map((state) => `fault ${fault} × ${state}`),
  );
  // What is hardly ever asked cannot be met by every run.
  const often = [...hits].filter(([key, times]) => key.startsWith('asked ') && times >= askedOften);
  const asked = often.map(([key]) => key.slice('asked '.length));
  const died = [...new Set<string>([...asked, ...lastingAwaits])].map((name) => `crash ${name}`);
  const diedAfter = lastingAwaits.filter((name) => name !== 'http GET').map((name) => `crash ${name} done`);
  return [...met, ...died, ...diedAfter].filter((key) => !hits.has(key));
}
