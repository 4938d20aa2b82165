/** What a run of many seeds must have hit: every fault, in every state that it can meet, and a death at every await. */
import { faultNames, type FaultName } from '../support/caldav-model/faults.ts';
import type { Coverage } from './coverage.ts';

const profileStates = ['connecting', 'live', 'backing_off', 'quarantined'] as const;
const calendarStates = ['initial', 'live', 'quarantined'] as const;

/** Faults that change what was asked of a calendar's resources: a quarantined profile asks nothing but whether the account answers. */
const ofResources: readonly FaultName[] = [];

/** Pairs that cannot meet, each with its reason. */
const cannotMeet: ReadonlyMap<string, string> = new Map(
  ofResources.map((fault) => [`fault ${fault} × profile quarantined`, 'a quarantined profile is only probed']),
);

/** Boundaries that only some settings reach. */
export function missing({ hits }: Coverage): readonly string[] {
  const wanted: string[] = [];
  for (const fault of faultNames) {
    wanted.push(`fault ${fault}`);
    for (const state of profileStates) wanted.push(`fault ${fault} × profile ${state}`);
    for (const state of calendarStates) wanted.push(`fault ${fault} × calendar ${state}`);
  }
  const asked = [...hits.keys()].filter((key) => key.startsWith('asked ')).map((key) => key.slice('asked '.length));
  for (const name of asked) wanted.push(`crash ${name}`);
  return wanted.filter((key) => !hits.has(key) && !cannotMeet.has(key));
}
