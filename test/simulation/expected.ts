/** What a run of many seeds must have hit: every fault, in every state that it can meet, and a death at every await. */
import { faultNames, type FaultName } from '../support/caldav-model/faults.ts';
import type { Coverage } from './coverage.ts';
import { lastingAwaits } from './plan.ts';

/** Faults that no request of Kalends can meet, with the reason. */
export const neverMet: ReadonlyMap<FaultName, string> = new Map([
  ['limit_refused_507', 'Kalends sends no limit with a sync-collection'],
  [
    'duplicate_uids_accepted',
    'no two resources that Kalends writes have one UID; people add theirs without any request',
  ],
]);

/** States in which everything may be asked; `backing_off`: as the one try of a retry. */
const workingStates = [
  'profile connecting',
  'profile live',
  'profile backing_off',
  'calendar initial',
  'calendar live',
] as const;
/** A quarantined profile is asked whether it answers, and for its list; a quarantined calendar for its version first. */
const probedStates = ['profile quarantined', 'calendar quarantined'] as const;

/** Faults of any request at all, so that a probe meets them as well. */
const ofAnyRequest: ReadonlySet<FaultName> = new Set([
  'second_root',
  'body_cut',
  'body_cut_clean',
  'html_200',
  'unauthorized_anyway',
  'forbidden_anyway',
  'moved_redirect',
  'clock_skew',
  'throttled_429',
  'throttled_429_seconds',
  'throttled_429_date',
  'throttled_503_seconds',
  'slow_answer',
  'slow_drip',
  'host_down',
  'hangs',
  'status_500',
  'status_502',
  'status_503',
  'status_504',
  'dropped_before_effect',
]);
/** The list of calendars is there before any calendar is, and tells of no calendar's state. */
const ofTheHome: ReadonlySet<FaultName> = new Set(['home_empty', 'home_omits']);

function statesOf(fault: FaultName): readonly string[] {
  if (ofTheHome.has(fault)) return workingStates.filter((state) => state.startsWith('profile'));
  return ofAnyRequest.has(fault) ? [...workingStates, ...probedStates] : workingStates;
}

const askedOften = 5_000;

/** What was not hit, by name. */
export function missing({ hits }: Coverage): readonly string[] {
  const faults = faultNames.filter((fault) => !neverMet.has(fault));
  const met = faults.flatMap((fault) => statesOf(fault).map((state) => `fault ${fault} × ${state}`));
  // What is hardly ever asked cannot be met by every run.
  const often = [...hits].filter(([key, times]) => key.startsWith('asked ') && times >= askedOften);
  const asked = often.map(([key]) => key.slice('asked '.length));
  const died = [...new Set<string>([...asked, ...lastingAwaits])].map((name) => `crash ${name}`);
  const diedAfter = lastingAwaits.filter((name) => name !== 'http GET').map((name) => `crash ${name} done`);
  return [...met, ...died, ...diedAfter].filter((key) => !hits.has(key));
}
